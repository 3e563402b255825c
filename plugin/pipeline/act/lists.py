"""Lists that open under a control: their rows, and that opening one and choosing from it are one selection."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plugin.pipeline.act.geometry import bottom, right
from plugin.pipeline.act.labels import Control
from plugin.pipeline.act.naming import clean
from plugin.pipeline.act.values import inside
from plugin.pipeline.artefacts import Action, Click, Line, Point, Reading, Rect, Watched

OPEN_S = 12.0
"""For which a list may stand open before an option is pressed."""
_NEAREST_PX = 90
"""From the control to the first option; a field to search in may stand between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A list that a press opened beneath a control, with its options."""

    time_s: float
    label: str | None
    rows: tuple[Line, ...]

    def option_at(self, point: Point) -> str | None:
        near = [o for o in self.rows if o.box[1] - 6 <= point[1] <= bottom(o.box) + 6 and o.box[0] - 40 <= point[0] <= right(o.box) + 400]
        return clean(min(near, key=lambda o: abs(o.box[1] + o.box[3] // 2 - point[1])).text) if near else None

    def holds(self, point: Point, control: Rect) -> bool:
        """Whether a point lies in the list, between its control and the last option."""
        return control[0] <= point[0] <= right(control) and bottom(control) <= point[1] <= max(bottom(o.box) for o in self.rows) + 6


def opened(reading: Reading, click: Click, control: Control, following: Click | None) -> Opened | None:
    if control.role not in ("field", "list", "button"):
        return None
    until = following.before if following is not None else click.after
    for still in range(click.after, min(until, click.after + 3) + 1):
        rows = fresh_rows(reading, click, control.box, still)
        if len(rows) >= 2:
            return Opened(time_s=click.time_s, label=control.label if control.role == "button" else control.target, rows=rows)
    return None


def is_open(opened: Opened, reading: Reading, click: Click) -> bool:
    """Whether the list still stands there when the next press comes."""
    shown = {(clean(o.text), o.box[1]) for o in reading.screens[click.before].lines}
    there = sum(any(text == clean(row.text) and abs(y - row.box[1]) <= 3 for text, y in shown) for row in opened.rows)
    return click.time_s - opened.time_s < OPEN_S and there >= 0.5 * len(opened.rows)


def chosen(
    opener: Action, opened: Opened, option: str | None, watched: Watched, reading: Reading, click: Click, until: int
) -> Action | None:
    """The press that opened a list and the one on its option are one selection. Where the control shows what was chosen, that is believed.

    None where it was a menu: a button that says afterwards what it said before.
    """
    after = min(click.after, len(watched.stills) - 1)
    if opener.box is not None and opener.before is not None:
        was = clean(inside(reading.screens[opener.before].lines, opener.box))
        for still in range(after, min(until, after + 4) + 1):
            shown = clean(inside(reading.screens[still].lines, opener.box))
            if len(shown) >= 2 and shown != was:
                option = shown
            elif shown == was and opener.role == "button":
                return None
    end_s = max(click.time_s, watched.stills[after].time_s)
    return replace(
        opener, kind="select", role="list", target=opened.label or opener.target, value=option, end_s=round(end_s, 3), after=after
    )


def was_chosen(reading: Reading, click: Click, box: Rect, value: str, before: str, until: int) -> bool:
    """Whether ``value`` was chosen from a list that opened under the control: several new rows there, or the value itself among them."""
    for still in range(click.after, min(until, click.after + 4) + 1):
        rows = fresh_rows(reading, click, box, still)
        if (before and len(rows) >= 2) or any(clean(o.text) == value for o in rows):
            return True
    return False


def fresh_rows(reading: Reading, click: Click, box: Rect, still: int) -> tuple[Line, ...]:
    """The lines that a list opened with under a control: new ones at its left edge, the first right below it."""
    if still >= len(reading.screens):
        return ()
    old = {(o.text, o.box[1]) for o in reading.screens[click.before].lines}
    fresh = [
        o for o in reading.screens[still].lines
        if (o.text, o.box[1]) not in old and -12 <= o.box[0] - box[0] <= 40 and o.box[1] > box[1] and 0 <= o.box[1] - bottom(box) + 4 < 420
    ]  # fmt: skip
    return tuple(fresh) if fresh and min(o.box[1] for o in fresh) - bottom(box) < _NEAREST_PX else ()


def merged(found: list[Action]) -> list[Action]:
    """A choice and the press on its option that ended it are one selection."""
    out: list[Action] = []
    for action in found:
        last = out[-1] if out else None
        chosen = last is not None and last.kind == "select" and action.kind == "click" and action.target == last.value
        if chosen and last is not None and action.act_s - last.act_s < OPEN_S:
            out[-1] = replace(last, end_s=action.end_s, after=action.after)
        else:
            out.append(action)
    return out

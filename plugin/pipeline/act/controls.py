"""Clicks -> actions on named controls; a field's click and what was then typed or chosen in it are one action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from statistics import median

from plugin.pipeline.act import lists, pressed, values
from plugin.pipeline.act.frames import frame_at
from plugin.pipeline.act.geometry import centre, grown, holds, line_at
from plugin.pipeline.act.labels import Control, looks_like_field
from plugin.pipeline.act.naming import is_password
from plugin.pipeline.act.values import Picture
from plugin.pipeline.artefacts import Action, ActionKind, Click, Reading, Rect, Watched
from plugin.pipeline.engines import picture

_APPROACH_S = 1.5
_SOONEST_S = 0.85
"""A hand does not move to another control and press within this time."""
_APART_PX = 200
_ABOVE_PX = 40
_SURER, _MUCH_SURER = 0.15, 0.35
_EFFECT_S = 0.3
_LEAST_FIELD_PX = 40
_SURE = 0.65
"""From this on a press counts although what was pressed has no name."""
_ADDRESS = re.compile(r"^(?:https?://\S+|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?|localhost(?::\d+)?(?:/\S*)?)$", re.IGNORECASE)
_BAR_SHARE = 0.15
"""The address bar of a browser lies in this upper part of the picture."""


def actions(watched: Watched, reading: Reading, pictures: Picture, aside: Callable[[int, Click], bool]) -> list[Action]:
    """``aside`` says that a click fell on something that is told otherwise (a terminal). Clicks that did nothing are none."""
    pressed_ = [c for c in watched.clicks if not aside(c.before, c) and not _wheel(watched, reading, c)]
    clicks = _distinct(pressed_, watched, reading, pictures)
    found: list[Action] = []
    opened: lists.Opened | None = None
    for i, click in enumerate(clicks):
        following = clicks[i + 1] if i + 1 < len(clicks) else None
        control = pressed.control(watched, reading, pictures, click)
        point = (click.x, click.y)
        if opened is not None and found and found[-1].act_s == opened.time_s and lists.is_open(opened, reading, click):
            option = opened.option_at(point)
            if option is not None:
                until = following.before if following is not None else len(reading.screens) - 1
                selection = lists.chosen(found[-1], opened, option, watched, reading, click, until)
                if selection is not None:
                    found[-1] = selection
                    continue
            elif found[-1].role == "list" and found[-1].box is not None and opened.holds(point, found[-1].box):
                continue  # beside the options: what was chosen is what the control shows
        opened = lists.opened(reading, click, control, following)
        action = _action(watched, reading, pictures, control, clicks[i:])
        if action is not None:
            found.append(action)
    return lists.merged(found)


def _wheel(watched: Watched, reading: Reading, click: Click) -> bool:
    """Whether all that happened is that the page was scrolled down: words above the pointer have moved up too, most of them by the same distance.

    What a press puts into a page moves the rest of it down.
    """
    end_s = max((c.end_s for c in watched.changes if c.start_s <= click.time_s + _EFFECT_S <= c.end_s + _EFFECT_S), default=click.time_s)
    settled = max(i for i, s in enumerate(reading.screens) if i <= click.after or s.time_s <= end_s + _EFFECT_S)
    before, after = ({o.text: o.box for o in reading.screens[i].lines if len(o.text) >= 4} for i in (click.before, settled))
    moves = [(after[text][1] - box[1], box[1]) for text, box in before.items() if text in after and abs(after[text][0] - box[0]) <= 3]
    moved = [(dy, y) for dy, y in moves if abs(dy) >= 8]
    if len(moved) < 4 or len(moved) < 0.4 * len(moves):
        return False
    usual = median(dy for dy, _ in moved)
    alike = [y for dy, y in moved if abs(dy - usual) <= 3]
    return usual < 0 and len(alike) >= 0.8 * len(moved) and min(alike) < click.y - _ABOVE_PX


def _distinct(clicks: Sequence[Click], watched: Watched, reading: Reading, pictures: Picture) -> list[Click]:
    """Presses that a hand can have made: not two far apart at once, and not again in the field in which it is typing."""
    kept: list[Click] = []
    field: Rect | None = None
    for click in clicks:
        point = (click.x, click.y)
        last = kept[-1] if kept else None
        if last is not None and field is not None and holds(field, point, 6):
            continue
        if last is not None and click.time_s - last.time_s < _SOONEST_S:
            # The first has had its effect; a page that is drawn anew looks like a press elsewhere.
            apart = abs(click.x - last.x) + abs(click.y - last.y) > _APART_PX
            typed = apart and _typed_after(watched, reading, pictures, click)
            if not typed and click.confidence <= last.confidence + (_MUCH_SURER if apart else _SURER):
                continue
            kept.pop()
        kept.append(click)
        outline = frame_at(pictures(click.before), reading.screens[click.before].lines, point)
        line = line_at(tuple(o for o in reading.screens[click.before].lines if len(o.text) > 1), point)
        fits = outline is not None and 80 <= outline[2] < 0.9 * watched.width and outline[3] <= 60
        field = outline if fits and outline is not None and (line is None or looks_like_field(line.box, outline)) else None
    return kept


def _action(watched: Watched, reading: Reading, pictures: Picture, control: Control, clicks: Sequence[Click]) -> Action | None:
    """What the first of ``clicks`` did; the others say until when."""
    click, following = clicks[0], clicks[1] if len(clicks) > 1 else None
    point = (click.x, click.y)
    size = (watched.width, watched.height)
    lines = reading.screens[click.before].lines
    last = following.before if following is not None else _settled(watched, click)
    kind, value, secret, done = _outcome(control, reading, pictures, click, last)
    if kind == "click" and control.role in ("row", "icon"):
        area = pressed.text_area(watched, pictures, click, lines)
        if area is not None and (written := _outcome(area, reading, pictures, click, last))[0] == "type":
            control, (kind, value, secret, done) = area, written
    if kind == "click" and control.words and control.role in ("field", "list"):
        # A choice by keys may end later than the next thing that looks like a press.
        again = next((c.before for c in clicks[1:] if holds(control.box, (c.x, c.y))), len(reading.screens) - 1)
        kind, value, secret, done = _outcome(control, reading, pictures, click, min(_settled(watched, click), again))
    if kind == "click" and control.role == "field" and control.words is None:
        return None
    if kind == "click" and control.target is None and not _did_something(pictures, click):
        return None
    target, role = (control.label or control.target, "list") if kind == "select" else (control.target, control.role)
    if kind == "type" and role == "check box":
        target, role = control.label, "field"
    if kind == "type" and value and _ADDRESS.match(value) and control.box[1] < _BAR_SHARE * watched.height:
        kind, target = "navigate", None
    if kind == "click" and role == "icon":
        value = control.words
    elif kind == "click" and control.words:
        target, role = control.words, "button"
    box = _highlight(control, point, size)
    end_s = watched.stills[done].time_s if done < len(watched.stills) else click.time_s
    limit = following.time_s if following is not None else watched.duration_s
    return Action(
        kind=kind, start_s=round(max(0.0, click.time_s - _APPROACH_S), 3), act_s=click.time_s, end_s=round(max(click.time_s, min(end_s, limit)), 3),
        target=target, role=role, value=value, secret=secret, point=point,
        box=box, before=click.before, after=done, confidence=round(min(control.sure, 0.4 + click.confidence), 2),
    )  # fmt: skip


def _did_something(pictures: Picture, click: Click) -> bool:
    """Whether a press on something without a name counts: it is sure, or its target showed that it can be pressed, and the screen answered."""
    sure = pressed.recoloured(click) is not None or click.confidence >= _SURE
    return sure and click.after != click.before and not picture.alike(pictures(click.before), pictures(click.after))


def _settled(watched: Watched, click: Click) -> int:
    """For the last click: the rest at which typing into its field had ended, at most a quarter of a minute later."""
    late = [i for i, s in enumerate(watched.stills) if i >= click.after and s.time_s <= click.time_s + 15]
    return late[-1] if late else click.after


def _outcome(control: Control, reading: Reading, pictures: Picture, click: Click, last: int) -> tuple[ActionKind, str | None, bool, int]:
    """What the click led to: (kind, value, secret, still that shows the result)."""
    if control.role == "check box":
        small = replace(control, role="field", target=control.label, label=None)
        typed = _outcome(small, reading, pictures, click, last) if control.label and control.box[2] >= _LEAST_FIELD_PX else None
        return typed if typed is not None and typed[0] == "type" else ("tick", None, False, click.after)
    listed = control.role == "button" and len(lists.fresh_rows(reading, click, control.box, click.after)) >= 2
    if (control.role not in ("field", "list") and not listed) or last < click.after:
        return "click", None, False, click.after
    before = values.inside(reading.screens[click.before].lines, control.box)
    earlier = values.earlier(reading, pictures, click, control.box)
    for still in range(last, click.after - 1, -1):
        if not values.still_there(pictures(still), reading.screens[still].lines, (click.x, click.y), control.box):
            continue
        if control.role == "field" and picture.dots(pictures(still), control.box) and not picture.dots(pictures(click.before), control.box):
            return "type", None, True, still
        now = values.inside(reading.screens[still].lines, control.box)
        again = _retyped(reading, control.box, before, click.after, still)
        if (
            now == before
            or not _is_new(now, [] if again else earlier, before, None if again else control.words)
            or _is_pointer(reading, still, control.box, click, now)
        ):
            continue
        value = values.agreed(now, reading, pictures, (click.x, click.y), control.box, still)
        if not again and lists.was_chosen(reading, click, control.box, value, before, still):
            return "select", value, False, still
        if control.role == "list":
            return "select", value, False, still
        if control.role == "field":
            return "type", value, is_password(control.target), still
        break
    return "click", None, False, click.after


def _typed_after(watched: Watched, reading: Reading, pictures: Picture, click: Click) -> bool:
    """Whether something was typed right where a press led."""
    outline = frame_at(pictures(click.before), reading.screens[click.before].lines, (click.x, click.y))
    if outline is None or outline[3] > 60:
        return False
    soon = (c for c in watched.changes if click.time_s < c.start_s <= click.time_s + 3.0 and c.kind == "typing")
    return any(holds(outline, centre(c.box), 4) for c in soon)


def _is_new(now: str, earlier: Iterable[str], before: str, words: str | None) -> bool:
    """Whether a text is one that a field did not show before, and no speck."""
    if not now or (len(now) < 2 and not now.isdigit()):
        return False
    if words and SequenceMatcher(None, now, words).ratio() > 0.8:
        return False
    return not any(SequenceMatcher(None, now, old).ratio() > (0.85 if old == before else 0.7) for old in earlier)


def _retyped(reading: Reading, box: Rect, before: str, first: int, still: int) -> bool:
    """Whether a filled field was seen with something quite different in it meanwhile: what stands there at last was typed, however alike."""
    meanwhile = (values.inside(reading.screens[i].lines, box) for i in range(first, still))
    return bool(before) and any(SequenceMatcher(None, text, before).ratio() < 0.6 for text in meanwhile)


def _is_pointer(reading: Reading, still: int, box: Rect, click: Click, text: str) -> bool:
    """Whether all that stands in a field is the text pointer, read as a one."""
    if text not in ("1", "I", "l", "|"):
        return False
    return any(
        o.text.strip() == text and holds(o.box, (click.x, click.y), 12)
        for o in reading.screens[still].lines
        if holds(box, centre(o.box), 4)
    )


def _highlight(control: Control, point: tuple[int, int], size: tuple[int, int]) -> Rect:
    box = control.box
    if box[2] * box[3] > 0.055 * size[0] * size[1] or not holds(box, point, 2):
        box = (max(0, point[0] - 60), max(0, point[1] - 20), 120, 40)
    return grown(box, 3, *size)

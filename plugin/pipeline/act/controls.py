"""Clicks -> actions on named controls; a field's click and what was then typed or chosen in it are one action."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from plugin.pipeline.act.geometry import bottom, grown, holds, line_at, right, share
from plugin.pipeline.act.labels import Control, clean, control_at, field_label, heading, is_password, segment
from plugin.pipeline.artefacts import Action, ActionKind, Click, Line, Point, Reading, Rect, Watched
from plugin.pipeline.engines import picture

Picture = Callable[[int], Any]
"""Grey picture of a still by its index."""

_APPROACH_S = 1.5
_SOONEST_S = 0.85
"""A hand does not move to another control and press within this time."""
_LOOK_AHEAD, _LOOK_BACK = 10, 8
_LEAST_FIELD_PX = 40
_AREA_PX = 260
_SURE = 0.65
"""From this on a press counts although what was pressed has no name."""
_OPEN_S = 12.0
"""For which a list may stand open before an option is pressed."""
_ADDRESS = re.compile(r"^(?:https?://\S+|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?|localhost(?::\d+)?(?:/\S*)?)$", re.IGNORECASE)
_BAR_SHARE = 0.15
"""The address bar of a browser lies in this upper part of the picture."""
_POINTER = re.compile(r"^[I|\[\]Q] |(?: [I|\[\]])+$")
"""A text pointer in a field, or the glass of a search, read as a letter that stands alone."""


def actions(watched: Watched, reading: Reading, pictures: Picture, aside: Callable[[int, Click], bool]) -> list[Action]:
    """``aside`` says that a click fell on something that is told otherwise (a terminal). Clicks that did nothing are none."""
    clicks = _distinct([c for c in watched.clicks if not aside(c.before, c)], watched, reading, pictures)
    found: list[Action] = []
    opened: _Opened | None = None
    for i, click in enumerate(clicks):
        following = clicks[i + 1] if i + 1 < len(clicks) else None
        control = _control(watched, reading, pictures, click)
        option = opened.option_at((click.x, click.y)) if opened is not None and _is_open(opened, reading, click) else None
        if option is not None and opened is not None and found and found[-1].act_s == opened.time_s:
            until = following.before if following is not None else len(reading.screens) - 1
            found[-1] = _chosen(found[-1], opened, option, watched, reading, click, until)
            continue
        opened = _opened(reading, click, control, following)
        action = _action(watched, reading, pictures, control, clicks[i:])
        if action is not None:
            found.append(action)
    return _merged_lists(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A list that a press opened beneath a control, with its options."""

    time_s: float
    label: str | None
    rows: tuple[Line, ...]

    def option_at(self, point: Point) -> str | None:
        near = [o for o in self.rows if o.box[1] - 6 <= point[1] <= bottom(o.box) + 6 and o.box[0] - 40 <= point[0] <= right(o.box) + 400]
        return clean(min(near, key=lambda o: abs(o.box[1] + o.box[3] // 2 - point[1])).text) if near else None


def _is_open(opened: _Opened, reading: Reading, click: Click) -> bool:
    """Whether the list still stands there when the next press comes."""
    shown = {(clean(o.text), o.box[1]) for o in reading.screens[click.before].lines}
    there = sum(any(text == clean(row.text) and abs(y - row.box[1]) <= 3 for text, y in shown) for row in opened.rows)
    return click.time_s - opened.time_s < _OPEN_S and there >= 0.5 * len(opened.rows)


def _opened(reading: Reading, click: Click, control: Control, following: Click | None) -> _Opened | None:
    if control.role not in ("field", "list", "button"):
        return None
    until = following.before if following is not None else click.after
    for still in range(click.after, min(until, click.after + 3) + 1):
        rows = fresh_rows(reading, click, control.box, still)
        if len(rows) >= 2:
            return _Opened(time_s=click.time_s, label=control.label if control.role == "button" else control.target, rows=rows)
    return None


def _chosen(opener: Action, opened: _Opened, option: str, watched: Watched, reading: Reading, click: Click, until: int) -> Action:
    """The press that opened a list and the one on its option are one selection. Where the control shows what was chosen, that is believed."""
    after = min(click.after, len(watched.stills) - 1)
    if opener.box is not None and opener.before is not None:
        was = clean(inside(reading.screens[opener.before].lines, opener.box))
        for still in range(after, min(until, after + 4) + 1):
            shown = clean(inside(reading.screens[still].lines, opener.box))
            if len(shown) >= 2 and shown != was:
                option = shown
    end_s = max(click.time_s, watched.stills[after].time_s)
    return replace(
        opener, kind="select", role="list", target=opened.label or opener.target, value=option, end_s=round(end_s, 3), after=after
    )


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
            if click.confidence <= last.confidence + 0.15:
                continue
            kept.pop()
        kept.append(click)
        outline = picture.outline(pictures(click.before), point, widest=1400, highest=90)
        worded = line_at(tuple(o for o in reading.screens[click.before].lines if len(o.text) > 1), point) is not None
        fits = outline is not None and 80 <= outline[2] < 0.9 * watched.width and outline[3] <= 60
        field = outline if fits and not worded else None
    return kept


def _control(watched: Watched, reading: Reading, pictures: Picture, click: Click) -> Control:
    lines = _unspoiled(reading, pictures, click)
    size = (watched.width, watched.height)
    gray = pictures(click.before)

    def outlined(at: Point) -> Rect | None:
        found = picture.outline(gray, at, widest=1400, highest=90)
        if found is None and at == (click.x, click.y) and click.before:
            # The pointer may lie across the edge of something as small as a switch.
            found = picture.outline(pictures(click.before - 1), at, widest=80, highest=40)
        return found

    control = control_at((click.x, click.y), lines, outlined, _recoloured(click), size)
    if control.target is None and control.role == "icon":
        return _with_hidden_words(control, reading, pictures, click)
    if control.target is None or control.role not in ("button", "link", "row", "check box"):
        return control
    return replace(control, target=_as_read_before(control.target, reading, click))


def _with_hidden_words(control: Control, reading: Reading, pictures: Picture, click: Click) -> Control:
    """A small control that seems to have no words: the pointer may lie on them; a still before shows them."""
    seen: Counter[str] = Counter()
    for still in range(max(0, click.before - _LOOK_BACK), click.before):
        if still_there(pictures(still), (click.x, click.y), control.box):
            seen.update(clean(o.text) for o in reading.screens[still].lines if share(o.box, control.box) > 0.7 and len(clean(o.text)) >= 2)
    return replace(control, target=seen.most_common(1)[0][0], role="button", sure=0.5) if seen else control


def _as_read_before(target: str, reading: Reading, click: Click) -> str:
    """The label as the stills before read it, where the pointer on it spoiled a letter: what most of them say."""
    seen: Counter[str] = Counter()
    for still in range(max(0, click.before - _LOOK_BACK), click.before):
        line = line_at(reading.screens[still].lines, (click.x, click.y), 5)
        text = clean(segment(line, (click.x, click.y))[0]) if line is not None and line.confidence >= 0.93 else ""
        if abs(len(text) - len(target)) <= 2 and SequenceMatcher(None, text, target).ratio() >= 0.6:
            seen[text] += 1
    best, times = max(seen.items(), key=lambda item: item[1], default=(target, 0))
    return best if times > seen[target] + 1 else target


def _action(watched: Watched, reading: Reading, pictures: Picture, control: Control, clicks: Sequence[Click]) -> Action | None:
    """What the first of ``clicks`` did; the others say until when."""
    click, following = clicks[0], clicks[1] if len(clicks) > 1 else None
    point = (click.x, click.y)
    size = (watched.width, watched.height)
    lines = reading.screens[click.before].lines
    last = following.before if following is not None else _settled(watched, click)
    kind, value, secret, done = _outcome(control, reading, pictures, click, last)
    if kind == "click" and control.role in ("row", "icon"):
        area = _text_area(watched, pictures, click, lines)
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
    if kind == "click" and control.words:
        target, role = control.words, "button"
    box = _highlight(control, point, size)
    end_s = watched.stills[done].time_s if done < len(watched.stills) else click.time_s
    limit = following.time_s if following is not None else watched.duration_s
    return Action(
        kind=kind, start_s=round(max(0.0, click.time_s - _APPROACH_S), 3), act_s=click.time_s, end_s=round(max(click.time_s, min(end_s, limit)), 3),
        target=target, role=role, value=value, secret=secret, place=heading(lines, size), point=point,
        box=box, before=click.before, after=done, confidence=round(min(control.sure, 0.4 + click.confidence), 2),
    )  # fmt: skip


def _did_something(pictures: Picture, click: Click) -> bool:
    """Whether a press on something without a name counts: it is sure, or its target showed that it can be pressed, and the screen answered."""
    sure = _recoloured(click) is not None or click.confidence >= _SURE
    return sure and click.after != click.before and not picture.alike(pictures(click.before), pictures(click.after))


def _text_area(watched: Watched, pictures: Picture, click: Click, lines: Sequence[Line]) -> Control | None:
    """A field of several lines around the press."""
    gray = pictures(click.before)
    frame = picture.outline(gray, (click.x, click.y), widest=1400, highest=_AREA_PX)
    if frame is None or frame[3] <= 60 or frame[2] * frame[3] > 0.15 * watched.width * watched.height:
        return None
    label = field_label(frame, tuple(lines), lambda at: picture.outline(gray, at, widest=1400, highest=90))
    return Control(target=label, role="field", box=frame) if label else None


def _recoloured(click: Click) -> Rect | None:
    """The hover outline, unless it is no larger than the pointer itself."""
    return click.hover if click.hover is not None and click.hover[2] >= 30 and click.hover[3] >= 10 else None


def _unspoiled(reading: Reading, pictures: Picture, click: Click) -> tuple[Line, ...]:
    """The lines before the click; where the pointer lay on one, as the stills around read it."""
    spot = (click.x - 16, click.y - 16, 44, 48)
    out = []
    for line in reading.screens[click.before].lines:
        if not share(line.box, spot) and not share(spot, line.box):
            out.append(line)
            continue
        texts: Counter[str] = Counter({line.text: 1})
        for still in range(max(0, click.before - 10), min(len(reading.screens), click.after + 5)):
            for other in reading.screens[still].lines:
                same = share(other.box, line.box) > 0.75 and share(line.box, other.box) > 0.7 and abs(other.box[2] - line.box[2]) <= 26
                if same and still != click.before and SequenceMatcher(None, other.text, line.text).ratio() >= 0.5:
                    texts[other.text] += 1 if still in (click.before, click.after) else 2
        best = texts.most_common(1)[0][0]
        out.append(Line(box=line.box, text=best, confidence=line.confidence))
    return _completed(tuple(out), reading, pictures, click, spot)


def _completed(lines: tuple[Line, ...], reading: Reading, pictures: Picture, click: Click, spot: Rect) -> tuple[Line, ...]:
    """The lines, with the words under the pointer (``spot``) as a still shortly before showed them where the pointer spoiled them now."""
    point = (click.x, click.y)
    now = line_at(lines, point, 5)
    if now is not None and len(now.text) >= 3 and now.confidence >= 0.93:
        return lines
    gray = pictures(click.before)
    for still in range(click.before - 1, max(-1, click.before - 7), -1):
        old = line_at(reading.screens[still].lines, point, 5)
        if old is None or len(old.text) < 2 or old.confidence < 0.93:
            continue
        here = picture.cut(gray, old.box, 2)
        if picture.alike(here, picture.cut(pictures(still), old.box, 2), picture.mask_of(spot, old.box, here.shape, 2)):
            return (*(o for o in lines if not share(o.box, grown(old.box, 4, 10**5, 10**5)) > 0.5), old)
    return lines


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
    listed = control.role == "button" and len(fresh_rows(reading, click, control.box, click.after)) >= 2
    if (control.role not in ("field", "list") and not listed) or last < click.after:
        return "click", None, False, click.after
    before = inside(reading.screens[click.before].lines, control.box)
    earlier = _earlier(reading, pictures, click, control.box)
    for still in range(last, click.after - 1, -1):
        if not still_there(pictures(still), (click.x, click.y), control.box):
            continue
        if control.role == "field" and picture.dots(pictures(still), control.box) and not picture.dots(pictures(click.before), control.box):
            return "type", None, True, still
        now = inside(reading.screens[still].lines, control.box)
        if not now or any(SequenceMatcher(None, now, old).ratio() > (0.85 if old == before else 0.7) for old in earlier):
            continue
        if len(now) < 2 and not now.isdigit():
            continue
        if control.words and SequenceMatcher(None, now, control.words).ratio() > 0.8:
            continue
        value = agreed(now, reading, pictures, (click.x, click.y), control.box, still)
        if _popup(reading, click, control.box, value, before, still):
            return "select", value, False, still
        if control.role == "field":
            return "type", value, is_password(control.target), still
        break
    return "click", None, False, click.after


def _earlier(reading: Reading, pictures: Picture, click: Click, box: Rect) -> set[str]:
    """What the stills up to the press show in a control: a pointer may spoil its words in the last one."""
    found = {inside(reading.screens[click.before].lines, box)}
    for still in range(max(0, click.before - 3), click.before):
        if still_there(pictures(still), (click.x, click.y), box):
            found.add(inside(reading.screens[still].lines, box))
    return found


def agreed(value: str, reading: Reading, pictures: Picture, point: Point, box: Rect, still: int) -> str:
    """``value`` as most of the later stills show the field: a caret or a pointer in it is read as a letter at first, and moves on."""
    seen: Counter[str] = Counter({value: 1})
    for later in range(still + 1, min(still + _LOOK_AHEAD, len(reading.screens))):
        now = inside(reading.screens[later].lines, box)
        if SequenceMatcher(None, now, value).ratio() >= 0.6 and still_there(pictures(later), point, box):
            seen[now] += 1
    most = max(seen.values())
    return min((text for text, times in seen.items() if times == most), key=len)


def inside(lines: Sequence[Line], box: Rect) -> str:
    """The words in a field, from left to right. Of a line that was joined with its neighbours only what stands in the field."""
    reach = grown(box, 3, 10**5, 10**5)
    held = [o for o in lines if share(o.box, reach) > 0.25 and box[1] - 3 <= o.box[1] + o.box[3] // 2 <= bottom(box) + 3]
    held.sort(key=lambda o: (o.box[1] // max(8, o.box[3]), o.box[0]))
    # Arrows at the end of a list or of a number, and a pointer, are read as single letters apart from the words.
    words = [o for i, o in enumerate(held) if i == 0 or len(o.text.strip()) > 1 or o.box[0] - right(held[i - 1].box) <= 2 * o.box[3]]
    return _POINTER.sub("", " ".join(t for o in words if (t := _typed(_part(o, reach))))).strip()


def _part(line: Line, reach: Rect) -> str:
    """What of a line stands within ``reach``: words whose middle lies in it, and of one that crosses its edge the letters that do."""
    step = line.box[2] / max(len(line.text), 1)
    if line.box[0] >= reach[0] - step / 2 and right(line.box) <= right(reach) + step / 2:
        return line.text

    def within(start: int, end: int) -> bool:
        return reach[0] <= line.box[0] + step * (start + end) / 2 <= right(reach)

    kept = []
    for word in re.finditer(r"\S+", line.text):
        crosses = not within(word.start(), word.start()) or not within(word.end(), word.end())
        if within(word.start(), word.end()):
            kept.append("".join(c for i, c in enumerate(word[0], word.start()) if within(i, i + 1)) if crosses else word[0])
    return " ".join(kept)


def _typed(text: str) -> str:
    bare = text.strip()
    return clean(bare.rstrip("Vv")) if bare.endswith(("▼", " v", " V")) else bare


def still_there(gray: Any, point: Point, box: Rect) -> bool:
    """Whether the control's frame stands in the same place: the page was not replaced or scrolled, no menu closed."""
    now = picture.outline(gray, point, widest=1400, highest=90)
    if now is None or share(now, grown(box, 4, 10**5, 10**5)) < 0.9:
        return False
    # What was typed, or a caret, may part the field's ground in two.
    return share(box, grown(now, 4, 10**5, 10**5)) > 0.8 or (abs(now[1] - box[1]) <= 4 and abs(now[3] - box[3]) <= 8)


def _popup(reading: Reading, click: Click, box: Rect, value: str, before: str, until: int) -> bool:
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
    return tuple(fresh) if fresh and min(o.box[1] for o in fresh) - bottom(box) < 50 else ()


def _highlight(control: Control, point: tuple[int, int], size: tuple[int, int]) -> Rect:
    box = control.box
    if box[2] * box[3] > 0.055 * size[0] * size[1] or not holds(box, point, 2):
        box = (max(0, point[0] - 60), max(0, point[1] - 20), 120, 40)
    return grown(box, 3, *size)


def _merged_lists(found: list[Action]) -> list[Action]:
    """A choice and the press on its option that ended it are one selection."""
    out: list[Action] = []
    for action in found:
        last = out[-1] if out else None
        chosen = last is not None and last.kind == "select" and action.kind == "click" and action.target == last.value
        if chosen and last is not None and action.act_s - last.act_s < _OPEN_S:
            out[-1] = replace(last, end_s=action.end_s, after=action.after)
        else:
            out.append(action)
    return out

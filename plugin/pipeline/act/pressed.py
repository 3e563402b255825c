"""Which control was under the pointer when it was pressed, although the pointer hides part of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from plugin.pipeline.act.frames import frame_at
from plugin.pipeline.act.geometry import distance, grown, line_at, share
from plugin.pipeline.act.labels import Control, check_box, control_at, is_box, segment
from plugin.pipeline.act.naming import clean, field_label
from plugin.pipeline.act.values import Picture, still_there
from plugin.pipeline.artefacts import Click, Line, Point, Reading, Rect, Watched
from plugin.pipeline.engines import picture, shapes

_LOOK_BACK = 8
_AREA_PX = 260
_LEAST_LIST_PX = 36
_AROUND_PX = 220
_BESIDE_PX = 30
_NEARBY = ((0, 0), (-6, 0), (0, -6), (-6, -6), (-12, 0), (0, -12), (-12, -6), (-20, 0), (-20, -4), (6, -6), (-26, -4))
_ICON_PX = 64


def control(watched: Watched, reading: Reading, pictures: Picture, click: Click) -> Control:
    lines = _unspoiled(reading, pictures, click)
    size = (watched.width, watched.height)
    gray = pictures(click.before)

    def outlined(at: Point) -> Rect | None:
        found = frame_at(gray, lines if at == (click.x, click.y) else (), at)
        if at == (click.x, click.y) and click.before and found is not None and found[2] >= _LEAST_LIST_PX:
            return _whole(found, at, pictures, click.before)
        if found is None and at == (click.x, click.y) and click.before and line_at(lines, at, 5) is None:
            # The pointer may lie across the edge of something as small as a switch.
            found = picture.outline(pictures(click.before - 1), at, widest=80, highest=40)
        return found

    found = control_at((click.x, click.y), lines, outlined, recoloured(click), size)
    if found.role in ("field", "check box") and found.box[2] >= _LEAST_LIST_PX and shapes.drop_arrow(gray, found.box):
        return replace(found, target=found.label or found.target, role="list")
    if found.role == "check box" and max(found.box[2:]) <= _ICON_PX and _toggled(watched, reading, pictures, click, found.box) is False:
        return replace(found, role="button")
    if found.role in ("link", "icon", "field", "row") and not found.words:
        box = _ticked(reading, pictures, click, worded=found.role == "link")
        ticked = check_box(box, lines) if box is not None and _toggled(watched, reading, pictures, click, box) is not False else None
        if ticked is not None and ticked.role == "check box":
            return ticked
    if max(found.box[2:]) <= _ICON_PX and (found.target is None or _is_drawing(found.target)):
        worded = _with_hidden_words(replace(found, target=None, role="icon"), reading, pictures, click)
        return worded if worded.target else replace(worded, words=_drawn(reading, pictures, click, worded.box))
    if found.target is None or found.role not in ("button", "link", "row", "check box"):
        return found
    return replace(found, target=_as_read_before(found.target, reading, click))


def _ticked(reading: Reading, pictures: Picture, click: Click, *, worded: bool) -> Rect | None:
    """A small box beside the tip of the pointer, on this still or on one before on which the pointer does not cover it.

    Where words stand under the pointer (``worded``) the box must look different after the press: letters hold small boxes too.
    """
    point = (click.x, click.y)
    for still in range(click.before, max(-1, click.before - 4), -1):
        if still != click.before and not _same_layout(reading, click.before, still, point):
            return None
        for dx, dy in _NEARBY:
            at = (max(0, click.x + dx), max(0, click.y + dy))
            box = picture.outline(pictures(still), at, widest=60, highest=40, innermost=True)
            if box is None or not is_box(box) or distance(box, point) > _BESIDE_PX:
                continue
            same = picture.alike(picture.cut(pictures(still), box), picture.cut(pictures(click.after), box))
            if not same or not worded:
                return box
    return None


def _toggled(watched: Watched, reading: Reading, pictures: Picture, click: Click, box: Rect) -> bool | None:
    """Whether a small box looks different after the press; None where the pointer hides it all the time."""
    bare = [i for i in range(max(0, click.before - 4), min(len(watched.stills), click.after + 6)) if not _pointer_near(watched, i, box)]
    before = next(
        (
            i
            for i in reversed(bare)
            if i <= click.before and (i == click.before or _same_layout(reading, click.before, i, (click.x, click.y)))
        ),
        None,
    )
    after = next((i for i in bare if i >= click.after and _same_layout(reading, click.before, i, (click.x, click.y))), None)
    if before is None or after is None:
        return None
    return not picture.alike(picture.cut(pictures(before), box), picture.cut(pictures(after), box))


def _pointer_near(watched: Watched, still: int, box: Rect) -> bool:
    at = bisect_right(watched.pointer, watched.stills[still].until_s, key=lambda p: p.time_s) - 1
    return at >= 0 and distance(box, (watched.pointer[at].x, watched.pointer[at].y)) <= _BESIDE_PX


def _whole(box: Rect, at: Point, pictures: Picture, still: int) -> Rect:
    """A field that its own pointer or caret seems to part in two: as wide as stills shortly before show it in that place."""
    for earlier in range(still - 1, max(-1, still - 4), -1):
        before = frame_at(pictures(earlier), (), at)
        if (
            before is not None
            and abs(before[1] - box[1]) <= 2
            and abs(before[3] - box[3]) <= 3
            and before[2] > box[2] + 8
            and share(box, before) > 0.9
        ):
            return before
    return box


def _is_drawing(text: str) -> bool:
    """An icon that was read as a letter."""
    return len(text) == 1 and not text.isdigit()


def _drawn(reading: Reading, pictures: Picture, click: Click, box: Rect) -> str | None:
    """What the icon shows, as a still shows it on which the pointer does not lie."""
    point = (click.x, click.y)
    for still in range(click.before, max(-1, click.before - _LOOK_BACK), -1):
        if still == click.before or still_there(pictures(still), reading.screens[still].lines, point, box):
            shown = shapes.icon(pictures(still), grown(box, 2, 10**5, 10**5), point)
            if shown is not None:
                return shown
    return None


def _with_hidden_words(control: Control, reading: Reading, pictures: Picture, click: Click) -> Control:
    """A small control that seems to have no words: the pointer may lie on them; a still before shows them."""
    seen: Counter[str] = Counter()
    for still in range(max(0, click.before - _LOOK_BACK), click.before):
        if still_there(pictures(still), reading.screens[still].lines, (click.x, click.y), control.box):
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


def text_area(watched: Watched, pictures: Picture, click: Click, lines: Sequence[Line]) -> Control | None:
    """A field of several lines around the press."""
    gray = pictures(click.before)
    frame = picture.outline(gray, (click.x, click.y), widest=1400, highest=_AREA_PX)
    if frame is None or frame[3] <= 60 or frame[2] * frame[3] > 0.15 * watched.width * watched.height:
        return None
    label = field_label(frame, tuple(lines), lambda at: frame_at(gray, (), at))
    return Control(target=label, role="field", box=frame) if label else None


def recoloured(click: Click) -> Rect | None:
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
        there = picture.alike(here, picture.cut(pictures(still), old.box, 2), picture.mask_of(spot, old.box, here.shape, 2))
        other = any(
            share(o.box, old.box) > 0.5 and SequenceMatcher(None, o.text, old.text).ratio() < 0.6 for o in lines if len(o.text) >= 3
        )
        if there or (not other and _same_layout(reading, click.before, still, point)):
            return (*(o for o in lines if not share(o.box, grown(old.box, 4, 10**5, 10**5)) > 0.5), old)
    return lines


def _same_layout(reading: Reading, now: int, before: int, point: Point) -> bool:
    """Whether the words around a point stand where they stood: a row that recolours under the pointer is still that row."""
    near = [o for o in reading.screens[now].lines if 16 < distance(o.box, point) <= _AROUND_PX]
    old = {o.text: o.box for o in reading.screens[before].lines}
    same = sum(o.text in old and abs(old[o.text][0] - o.box[0]) <= 3 and abs(old[o.text][1] - o.box[1]) <= 3 for o in near)
    return len(near) >= 3 and same >= 0.6 * len(near)

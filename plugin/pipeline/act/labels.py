"""What a reader would call the control under the pointer: its own words, or those that stand beside, above or inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from statistics import median

from plugin.pipeline.act.geometry import bottom, distance, holds, line_at, right, same_row, share, words_within
from plugin.pipeline.act.naming import TICKED, Outline, button_beside, clean, field_label
from plugin.pipeline.artefacts import Line, Point, Rect

_CHEVRONS = frozenset("Vv▼▾∨⌄˅")
SWITCH_PX = (64, 34)
"""A sliding switch is at most this wide and high."""
_SMALL_TICK = 1.25
_TICK_HEIGHTS = 1.8
"""Of a line of text: what is larger is no box to tick, but a button with a drawing."""
_SEARCH = re.compile(r"^(?:search|find|filter|suchen?|finden|filtern)$", re.IGNORECASE)
_TICK_SIGNS = frozenset("□☐☑")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """``role`` is one of button, link, field, check box, list, row, icon, text; ``box`` what to outline, ``words`` what stands under the pointer,
    or what an icon shows (see engines.shapes).

    ``label`` names what looks like a button in case it is a list: then its own words are what is chosen.
    """

    target: str | None
    role: str
    box: Rect
    sure: float = 0.7
    words: str | None = None
    label: str | None = None


def control_at(point: Point, lines: tuple[Line, ...], outlined: Outline, hover: Rect | None, size: tuple[int, int]) -> Control:
    """The control at a point of a still. ``hover`` is what recoloured under the pointer."""
    lines = tuple(o for o in lines if not _is_pointer(o, point) and not is_stroke(o))
    frame = _frame(point, outlined(point), hover, size)
    frame, line, lines = _frame_and_line(point, frame, lines, outlined)
    if frame is not None and is_box(frame):
        return check_box(frame, lines)
    if line is not None and line.text.strip() in _TICK_SIGNS:
        return check_box(line.box, lines)
    if line is not None and _on_tick(point, line):
        side = line.box[3]
        return Control(target=clean(line.text), role="check box", box=(line.box[0] - 3, line.box[1] - 3, side + 6, side + 6))
    if line is not None and (frame is None or share(line.box, frame) > 0.6) and not (_is_switch(frame) and len(line.text.strip()) == 1):
        return _worded(point, line, frame, lines, outlined)
    if frame is not None:
        return _framed(point, frame, lines, size, outlined)
    beside = _small_control_beside(point, lines)
    if beside is not None:
        return beside
    row = _row_of(point, lines)
    near = min(lines, key=lambda o: distance(o.box, point), default=None)
    if near is not None and distance(near.box, point) <= 14:
        return _worded(point, near, None, lines, outlined)
    if row is not None:
        return row
    return Control(target=None, role="icon", box=_around(point), sure=0.3)


def _frame_and_line(
    point: Point, frame: Rect | None, lines: tuple[Line, ...], outlined: Outline
) -> tuple[Rect | None, Line | None, tuple[Line, ...]]:
    """The drawn frame and the words at a point, and all lines, with what OCR read together taken apart and frames that are none left out."""
    if frame is not None and is_cell(frame, outlined):
        frame = None
    if frame is not None and frame[2] >= 60:
        lines = tuple(part for o in lines for part in _apart(o, frame))
    line = line_at(lines, point, 5)
    if frame is None or line is None or is_box(frame):
        return frame, line, lines
    if len(line.text.strip()) >= 2 and frame[2] < line.box[2] and frame[3] <= line.box[3] and share(frame, line.box) > 0.6:
        return None, line, lines  # the ground between letters
    if line.box[2] > frame[2] + 4 * line.box[3]:
        line = _part(line, frame)  # buttons beside each other are read as one line
    if holds(line.box, point) and share(line.box, frame) <= 0.4:
        return None, line, lines  # the words under the point stand in no frame, what lies beside them does
    return frame, line, lines


def _apart(line: Line, frame: Rect) -> tuple[Line, ...]:
    """A label that was read in one line with what stands in its field, as two."""
    if not (
        line.box[0] < frame[0] - 2 * line.box[3]
        and frame[0] + line.box[3] < right(line.box) <= right(frame) + 4
        and same_row(line.box, frame)
    ):
        return (line,)
    label = replace(line, box=(line.box[0], line.box[1], frame[0] - line.box[0], line.box[3]))
    text = words_within(line, label.box)
    return (replace(label, text=text), _part(line, frame)) if text and text != line.text else (line,)


def _part(line: Line, frame: Rect) -> Line:
    """What of a line stands in a frame."""
    text = words_within(line, frame)
    left, end = max(line.box[0], frame[0]), min(right(line.box), right(frame))
    return replace(line, text=text, box=(left, line.box[1], end - left, line.box[3])) if text and end > left else line


def is_stroke(line: Line) -> bool:
    """The side of a field or a caret, read as a letter."""
    return len(line.text) <= 1 and line.box[2] <= 6 and line.box[3] >= 3 * line.box[2]


def _is_pointer(line: Line, point: Point) -> bool:
    """A stroke at the very point is the mouse pointer, read as a letter."""
    sure = line.text.isdigit() and line.confidence >= 0.95
    return not sure and len(line.text) <= 1 and line.box[2] <= 16 and distance(line.box, point) <= 16


def _frame(point: Point, outline: Rect | None, hover: Rect | None, size: tuple[int, int]) -> Rect | None:
    most = 0.12 * size[0] * size[1]
    fits = [r for r in (hover, outline) if r is not None and holds(r, point, 3) and r[2] * r[3] <= most and r[3] <= 140]
    return min(fits, key=lambda r: r[2] * r[3]) if fits else None


def is_cell(frame: Rect, outlined: Outline) -> bool:
    """Whether a frame is a cell of a table: the one above or below it begins where it ends and is exactly as wide."""
    if frame[2] <= 40:
        return False
    for y in (frame[1] - 8, bottom(frame) + 8):
        for x in (frame[0] + 4, frame[0] + frame[2] // 2):
            other = outlined((x, max(0, y)))
            if other is None or abs(other[0] - frame[0]) > 2 or abs(other[2] - frame[2]) > 3:
                continue
            gap = frame[1] - bottom(other) if y < frame[1] else other[1] - bottom(frame)
            if 0 <= gap <= 3 and 0.6 * frame[3] <= other[3] <= 1.7 * frame[3]:
                return True
    return False


def is_box(frame: Rect) -> bool:
    return 6 <= frame[2] <= 30 and 6 <= frame[3] <= 30 and abs(frame[2] - frame[3]) <= 4


def _on_tick(point: Point, line: Line) -> bool:
    return bool(TICKED.match(line.text)) and point[0] - line.box[0] <= line.box[3] + 3


def check_box(frame: Rect, lines: tuple[Line, ...]) -> Control:
    """The box in front of a choice, named by the words after it, else before it, else by those of its row."""
    if lines and frame[3] > _TICK_HEIGHTS * median(o.box[3] for o in lines):
        return Control(target=None, role="icon", box=frame, sure=0.5)
    own = [o for o in lines if share(o.box, frame) > 0.6 and len(clean(o.text)) >= 2]
    if own:
        return Control(target=clean(own[0].text), role="button", box=frame)
    row = [o for o in lines if same_row(o.box, frame) and any(c.isalnum() for c in o.text)]
    # A box that is part of the line ("□ Remember me") belongs to it.
    holding = [o for o in row if o.box[0] - 2 <= frame[0] and right(o.box) >= right(frame) and o.box[2] > 2 * frame[2]]
    if holding:
        return Control(target=clean(holding[0].text), role="check box", box=frame)
    after = [o for o in row if 0 <= o.box[0] - right(frame) <= 60]
    if after:
        return Control(target=clean(min(after, key=lambda o: o.box[0]).text), role="check box", box=frame)
    left = [o for o in row if 0 <= frame[0] - right(o.box) <= 300 and len(clean(o.text)) >= 3]
    if left:
        return Control(target=clean(max(left, key=lambda o: right(o.box)).text), role="check box", box=frame, sure=0.5)
    words = [o for o in row if o.box[0] > right(frame) and len(clean(o.text)) >= 3]
    if words and frame[3] <= _SMALL_TICK * median(o.box[3] for o in words):
        return Control(target=clean(min(words, key=lambda o: o.box[0]).text), role="check box", box=frame, sure=0.5)
    return Control(target=None, role="icon", box=frame, sure=0.35)


def _worded(point: Point, line: Line, frame: Rect | None, lines: tuple[Line, ...], outlined: Outline) -> Control:
    text, box = segment(line, point)
    if len(line.text.strip()) == 1 and not text.strip().isdigit() and (frame is None or frame[2] <= 48):
        return Control(target=None, role="icon", box=frame or _around(point), sure=0.4)
    if frame is None:
        return Control(target=clean(text), role="link", box=_padded(box))
    inside = [o for o in lines if share(o.box, frame) > 0.7]
    if any(_is_chevron(o, frame) for o in inside):
        label = field_label(frame, lines, outlined)
        return Control(target=label or clean(text), role="list", box=frame, words=clean(text), label=label)
    if len(inside) > 1:
        return Control(target=clean(text), role="link", box=_padded(box))
    if looks_like_field(line.box, frame):
        button = button_beside(frame, lines)
        label = button if button and _SEARCH.match(button) else field_label(frame, lines, outlined)
        return Control(target=label or _placeholder(text), role="field", box=frame, words=clean(text))
    return Control(target=clean(text), role="button", box=frame, label=field_label(frame, lines, outlined))


def _is_chevron(line: Line, frame: Rect) -> bool:
    """The arrow at the right end of a drop-down list, read as a letter."""
    return line.text.strip() in _CHEVRONS and line.box[2] <= 16 and right(frame) - right(line.box) <= 32 and frame[2] >= 60


def looks_like_field(text: Rect, frame: Rect) -> bool:
    """Text at the left end of a long box; a button's stands in its middle."""
    before, after = text[0] - frame[0], right(frame) - right(text)
    return frame[2] >= 50 and after - before > max(8, 0.2 * text[2]) and before < 48


def _placeholder(text: str) -> str:
    return clean(re.sub(r"\s*\(.*$", "", text)) or clean(text)


def _framed(point: Point, frame: Rect, lines: tuple[Line, ...], size: tuple[int, int], outlined: Outline) -> Control:
    inside = [o for o in lines if share(o.box, frame) > 0.6 and any(c.isalnum() for c in o.text)]
    label = field_label(frame, lines, outlined)
    button = button_beside(frame, lines)
    if button and frame[2] >= 60 and (_SEARCH.match(button) or (not inside and field_label(frame, lines, outlined, near=True) is None)):
        return Control(target=button, role="field", box=frame, sure=0.5)
    if _is_switch(frame) and not any(len(o.text) > 1 for o in inside):
        return _switch(frame, lines, label)
    chevron = next((o for o in inside if _is_chevron(o, frame)), None)
    if chevron is not None:
        words = [clean(o.text) for o in inside if o is not chevron]
        return Control(
            target=label or (words[0] if words else None), role="list", box=frame, words=words[0] if words else None, label=label
        )
    if inside and frame[2] > 0.3 * size[0] and (not label or right(inside[0].box) < point[0]):
        first = min(inside, key=lambda o: o.box[0])
        if not looks_like_field(first.box, frame) or (frame[2] > 0.6 * size[0] and (not label or len(inside) > 1)):
            return Control(target=clean(first.text), role="row", box=frame)
    own = clean(min(inside, key=lambda o: distance(o.box, point)).text) if inside else None
    if own and frame[2] < 2 * frame[3]:
        return Control(target=own, role="button", box=frame)  # too short for a field
    if label is not None:
        return Control(target=label, role="field", box=frame, words=own)
    if own:
        return Control(target=_placeholder(own), role="field", box=frame, sure=0.6, words=own)
    return Control(target=None, role="field" if frame[2] >= 60 else "icon", box=frame, sure=0.3)


def _is_switch(frame: Rect | None) -> bool:
    return frame is not None and frame[2] <= SWITCH_PX[0] and 10 <= frame[3] <= SWITCH_PX[1] and frame[2] >= 1.3 * frame[3]


def _switch(frame: Rect, lines: tuple[Line, ...], label: str | None) -> Control:
    """A sliding switch, named by the words to its right, else by those that name a field in its place."""
    after = [o for o in lines if same_row(o.box, frame) and 0 <= o.box[0] - right(frame) <= 40 and len(clean(o.text)) >= 3]
    name = clean(min(after, key=lambda o: o.box[0]).text) if after else label
    return Control(target=name, role="check box" if name else "icon", box=frame, sure=0.6, label=label)


def _row_of(point: Point, lines: tuple[Line, ...]) -> Control | None:
    """The words at the beginning of the row that the point is on: headings that fold, rows of lists."""
    row = [
        o
        for o in lines
        if o.box[1] - 3 <= point[1] <= bottom(o.box) + 3 and right(o.box) <= point[0] and sum(c.isalpha() for c in o.text) >= 2
    ]
    if not row:
        return None
    line = max(row, key=lambda o: right(o.box))
    box = (max(0, line.box[0] - 6), line.box[1] - 4, point[0] + 24 - line.box[0], line.box[3] + 8)
    return Control(target=clean(line.text), role="row", box=box, sure=0.5)


def segment(line: Line, point: Point) -> tuple[str, Rect]:
    """The part of a line that the point is on, where the line is a row of several controls."""
    text = line.text
    cuts = r"\s*\?\s*\|\s*|\s*\|\s*|\s+\?(?:\s+|$)|\s{2,}|\s+[›»•·]\s+"
    if text.count(" / ") >= 2 or (" / " in text and text.upper() == text):
        cuts += r"|\s+/\s+"
    step = line.box[2] / max(len(text), 1)
    start = 0
    spans: list[tuple[int, int]] = []
    for match in re.finditer(cuts, text):
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(text)))
    spans = [s for s in spans if text[s[0] : s[1]].strip()]
    at = (point[0] - line.box[0]) / step if step else 0
    begin, end = min(spans, key=lambda s: max(s[0] - at, at - s[1], 0), default=(0, len(text)))
    box = (line.box[0] + round(begin * step), line.box[1], max(8, round((end - begin) * step)), line.box[3])
    return text[begin:end], box


def _small_control_beside(point: Point, lines: tuple[Line, ...]) -> Control | None:
    """A tick box whose own outline was too faint: text begins just right of the point."""
    row = [o for o in lines if o.box[1] - 4 <= point[1] <= bottom(o.box) + 4 and 0 < o.box[0] - point[0] <= 34 and len(o.text) >= 2]
    if not row:
        return None
    label = min(row, key=lambda o: o.box[0])
    high = max(16, label.box[3])
    return Control(
        target=clean(label.text), role="check box", box=(point[0] - high // 2 - 2, point[1] - high // 2 - 2, high + 4, high + 4), sure=0.5
    )


def _padded(box: Rect) -> Rect:
    return (max(0, box[0] - 6), max(0, box[1] - 5), box[2] + 12, box[3] + 10)


def _around(point: Point) -> Rect:
    return (max(0, point[0] - 22), max(0, point[1] - 18), 44, 36)

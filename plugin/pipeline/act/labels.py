"""What a reader would call the control under the pointer: its own words, or those that stand beside, above or inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugin.pipeline.act.geometry import bottom, centre, distance, holds, line_at, right, same_row, share
from plugin.pipeline.artefacts import Line, Point, Rect

_ORNAMENT = re.compile(r"^(?:[^\w\s(\[\"'“‘/$@#.]+\s*|[□☐☑✓▶▼×+>›•·]\s*)+|\s*[▼▶×›»✓?*:]+$|\s*[•·…]+$")
_PASSWORD = re.compile(
    r"\b(?:pass(?:word|phrase|wd|code)?|passwort|kennwort|pin|secret|token|api[ _-]?key|private key|client secret|one-time code|otp)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """``role`` is one of button, link, field, check box, list, row, icon, text; ``box`` what to outline."""

    target: str | None
    role: str
    box: Rect
    sure: float = 0.7


def clean(text: str) -> str:
    """A label without the signs that decorate it (arrows, ticks, a colon or an asterisk at the end)."""
    bare = text.strip()
    for _ in range(3):
        bare = _ORNAMENT.sub("", bare).strip()
    return bare or text.strip()


def is_password(label: str | None) -> bool:
    return bool(label and _PASSWORD.search(label))


def control_at(point: Point, lines: tuple[Line, ...], outline: Rect | None, hover: Rect | None, size: tuple[int, int]) -> Control:
    """The control at a point of a still. ``outline`` is the drawn rectangle around the point, ``hover`` what recoloured under the pointer."""
    frame = _frame(point, outline, hover, size)
    line = line_at(lines, point, 5)
    if frame is not None and _is_box(frame):
        return _check_box(frame, lines)
    if line is not None and (frame is None or share(line.box, frame) > 0.6):
        return _worded(point, line, frame, lines)
    if frame is not None:
        return _framed(point, frame, lines, size)
    beside = _small_control_beside(point, lines)
    if beside is not None:
        return beside
    near = min(lines, key=lambda o: distance(o.box, point), default=None)
    if near is not None and distance(near.box, point) <= 14:
        return _worded(point, near, None, lines)
    return Control(target=None, role="icon", box=_around(point), sure=0.3)


def _frame(point: Point, outline: Rect | None, hover: Rect | None, size: tuple[int, int]) -> Rect | None:
    most = 0.12 * size[0] * size[1]
    fits = [r for r in (hover, outline) if r is not None and holds(r, point, 3) and r[2] * r[3] <= most and r[3] <= 140]
    return min(fits, key=lambda r: r[2] * r[3]) if fits else None


def _is_box(frame: Rect) -> bool:
    return 8 <= frame[2] <= 30 and 8 <= frame[3] <= 30 and abs(frame[2] - frame[3]) <= 4


def _check_box(frame: Rect, lines: tuple[Line, ...]) -> Control:
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
    return Control(target=None, role="icon", box=frame, sure=0.35)


def _worded(point: Point, line: Line, frame: Rect | None, lines: tuple[Line, ...]) -> Control:
    text, box = segment(line, point)
    if frame is None:
        return Control(target=clean(text), role="link", box=_padded(box))
    inside = [o for o in lines if share(o.box, frame) > 0.7]
    if len(inside) > 1 and frame[3] > 3 * line.box[3]:
        return Control(target=clean(text), role="link", box=_padded(box))
    return Control(target=clean(text), role="button", box=frame)


def _framed(point: Point, frame: Rect, lines: tuple[Line, ...], size: tuple[int, int]) -> Control:
    inside = [o for o in lines if share(o.box, frame) > 0.6 and any(c.isalnum() for c in o.text)]
    label = field_label(frame, lines)
    if inside and frame[2] > 0.3 * size[0] and not label:
        first = min(inside, key=lambda o: o.box[0])
        return Control(target=clean(first.text), role="row", box=frame)
    if label is not None:
        return Control(target=label, role="field", box=frame)
    if inside:
        return Control(target=clean(min(inside, key=lambda o: distance(o.box, point)).text), role="field", box=frame, sure=0.6)
    return Control(target=None, role="field" if frame[2] >= 60 else "icon", box=frame, sure=0.3)


def field_label(frame: Rect, lines: tuple[Line, ...]) -> str | None:
    """The words that name a field: above it at its left edge, to its left on its row, else above at some distance."""
    words = [o for o in lines if sum(c.isalpha() for c in o.text) >= 2 and share(o.box, frame) < 0.3]
    above = [o for o in words if 0 <= frame[1] - bottom(o.box) <= 30 and -14 <= frame[0] - o.box[0] <= 30 and o.box[3] <= 40]
    left = [o for o in words if same_row(o.box, frame) and 0 <= frame[0] - right(o.box) <= 260]
    nearest = max(left, key=lambda o: right(o.box), default=None)
    closest = max(above, key=lambda o: bottom(o.box), default=None)
    if nearest is not None and (closest is None or frame[0] - right(nearest.box) <= 60):
        return clean(nearest.text)
    if closest is not None and len(closest.text) <= 60:
        return clean(closest.text)
    return clean(nearest.text) if nearest is not None else None


def segment(line: Line, point: Point) -> tuple[str, Rect]:
    """The part of a line that the point is on, where the line is a row of several controls."""
    text = line.text
    cuts = r"\s*\|\s*|\s{2,}|\s+[›»•·]\s+"
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


def heading(lines: tuple[Line, ...], size: tuple[int, int]) -> str | None:
    """Where a reader finds it: the tallest words of the upper half, else the words in the highest place (a tab or a window's title)."""
    worded = [o for o in lines if sum(c.isalpha() for c in o.text) >= 3 and o.confidence >= 0.9]
    if not worded:
        return None
    heights = sorted(o.box[3] for o in worded)
    usual = heights[len(heights) // 2]
    large = [o for o in worded if o.box[3] >= 1.25 * usual and o.box[1] < 0.5 * size[1] and len(o.text) <= 60]
    if large:
        # Headings lie nearer to the work than a site's banner: of nearly equal sizes the lower one wins.
        tallest = max(o.box[3] for o in large)
        return clean(max((o for o in large if o.box[3] >= 0.75 * tallest), key=lambda o: centre(o.box)[1]).text)
    top = min(worded, key=lambda o: centre(o.box)[1])
    return clean(top.text)

"""Rectangles and lines of text in relation to each other."""

from __future__ import annotations

import re

from plugin.pipeline.artefacts import Line, Point, Rect


def right(box: Rect) -> int:
    return box[0] + box[2]


def bottom(box: Rect) -> int:
    return box[1] + box[3]


def centre(box: Rect) -> Point:
    return box[0] + box[2] // 2, box[1] + box[3] // 2


def holds(box: Rect, point: Point, margin: int = 0) -> bool:
    return box[0] - margin <= point[0] <= right(box) + margin and box[1] - margin <= point[1] <= bottom(box) + margin


def share(box: Rect, other: Rect) -> float:
    """Share of ``box`` that lies in ``other``, 0..1."""
    wide = min(right(box), right(other)) - max(box[0], other[0])
    high = min(bottom(box), bottom(other)) - max(box[1], other[1])
    return wide * high / (box[2] * box[3]) if wide > 0 and high > 0 and box[2] and box[3] else 0.0


def same_row(box: Rect, other: Rect) -> bool:
    """Whether two boxes stand beside each other on one line."""
    shared = min(bottom(box), bottom(other)) - max(box[1], other[1])
    return shared >= 0.5 * min(box[3], other[3])


def grown(box: Rect, margin: int, width: int, height: int) -> Rect:
    """The box with a margin, kept inside a picture."""
    x, y = max(0, box[0] - margin), max(0, box[1] - margin)
    return x, y, min(width, right(box) + margin) - x, min(height, bottom(box) + margin) - y


def around(boxes: list[Rect]) -> Rect:
    x, y = min(b[0] for b in boxes), min(b[1] for b in boxes)
    return x, y, max(right(b) for b in boxes) - x, max(bottom(b) for b in boxes) - y


def distance(box: Rect, point: Point) -> float:
    """From a point to the nearest edge of the box; 0 inside."""
    dx = max(box[0] - point[0], 0, point[0] - right(box))
    dy = max(box[1] - point[1], 0, point[1] - bottom(box))
    return float((dx * dx + dy * dy) ** 0.5)


def line_at(lines: tuple[Line, ...], point: Point, margin: int = 4) -> Line | None:
    """The smallest line of text that holds the point."""
    hit = [line for line in lines if holds(line.box, point, margin)]
    return min(hit, key=lambda line: (distance(line.box, point), line.box[2] * line.box[3])) if hit else None


def words_within(line: Line, reach: Rect) -> str:
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
            letters = "".join(c for i, c in enumerate(word[0], word.start()) if within(i, i + 1))
            # OCR's boxes begin too early now and then; a label that runs into its value is mostly outside, or ends with a colon.
            cut = word[0].replace(letters, "", 1)
            whole = not crosses or (2 * len(letters) >= len(word[0]) and any(c.isalnum() for c in cut) and ":" not in cut)
            kept.append(word[0] if whole else letters)
    return " ".join(kept)

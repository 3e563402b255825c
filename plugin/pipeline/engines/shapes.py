"""Small drawings that stand for words: the arrow of a drop-down list, and what the commonest icons show."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Point, Rect
from plugin.pipeline.engines.picture import cut, ground

Image = Any
"""uint8 (height, width), grey."""

_INK = 40
_SIDE = 24
_LEAST_PX, _MOST_PX = 6, 40
_ALIKE = 0.68
"""Mean of the share of two drawings' ink that lies on the other's, to the pixel and give or take one."""
_BLOB = 0.72
"""Share of its rectangle that is filled: a dot, a square."""
_EVEN = 0.8
"""From here on a drawing is the same seen in a mirror: all but arrows are."""


def drop_arrow(gray: Image, frame: Rect) -> bool:
    """Whether a triangle or an angle that points down stands at the right end of ``frame``, as in a drop-down list."""
    x, y, width, height = frame
    reach = min(height + 8, width // 2, 34)
    end = (x + width - reach, y + 2, reach, height - 4)
    return any(_points_down(mark) for mark, _ in _marks(gray, end))


def icon(gray: Image, box: Rect, point: Point) -> str | None:
    """What the drawing in ``box`` at ``point`` shows: arrow_right, arrow_left, arrow_up, arrow_down, plus, cross, menu, dots; None where it is something else."""
    near = min(_marks(gray, box), key=lambda m: abs(m[1][0] - point[0]) + abs(m[1][1] - point[1]), default=None)
    drawn = [near[0], _cut_out(near[0])] if near is not None else []
    return next((name for name in map(_of, [*drawn, _all_ink(gray, box)]) if name), None)


def _cut_out(mark: Image) -> Image | None:
    """What is left out of a filled disc or square: icons are often drawn in the colour of the ground."""
    import cv2

    outer, _ = cv2.findContours(mark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(mark), outer, -1, 1, -1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(filled - mark, connectivity=8)
    if count < 2 or filled.sum() < 0.7 * filled.size or mark.sum() < 0.5 * filled.sum():
        return None
    largest = 1 + int(stats[1:, 4].argmax())
    x, y, width, height, area = (int(v) for v in stats[largest])
    return (labels[y : y + height, x : x + width] == largest).astype(np.uint8) if area >= 8 else None


def _of(mark: Image | None) -> str | None:
    import cv2

    if mark is None or mark.sum() > _BLOB * mark.size:
        return None
    drawn = _scaled(mark)
    even = min(_alike(drawn, np.ascontiguousarray(other)) for other in (drawn[::-1], drawn[:, ::-1])) >= _EVEN
    parts = cv2.connectedComponents(mark)[0] - 1
    possible = [(n, t) for n, t in _templates() if parts == (3 if n in ("menu", "dots") else 1) and (even or n.startswith("arrow"))]
    name, most = max(((n, _alike(drawn, template)) for n, template in possible), key=lambda found: found[1], default=("", 0.0))
    return name if most >= _ALIKE else None


def _ink(gray: Image, box: Rect) -> Image:
    part = cut(gray, box)
    return (np.abs(part.astype(np.int16) - ground(gray, box)) > _INK).astype(np.uint8) if part.size else part


def _all_ink(gray: Image, box: Rect) -> Image | None:
    """All that is drawn in a box, as one: three lines, three dots."""
    ink = _ink(gray, box)
    if not ink.any():
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if max(rows[-1] - rows[0], columns[-1] - columns[0]) >= _MOST_PX:
        return None
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _marks(gray: Image, box: Rect) -> Iterator[tuple[Image, Point]]:
    """Each connected drawing of an icon's size in a box, with its middle."""
    import cv2

    ink = _ink(gray, box)
    if not ink.size:
        return
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    for i in range(1, count):
        x, y, width, height, area = (int(v) for v in stats[i])
        inside = x > 0 and y > 0 and x + width < ink.shape[1] and y + height < ink.shape[0]
        if inside and area >= 8 and width <= _MOST_PX and height <= _MOST_PX and max(width, height) >= _LEAST_PX:
            yield (labels[y : y + height, x : x + width] == i).astype(np.uint8), (box[0] + x + width // 2, box[1] + y + height // 2)


def _points_down(mark: Image) -> bool:
    """Its outline narrows row by row towards a tip below: a triangle or an angle."""
    height, width = mark.shape
    if not (6 <= width <= 18 and 3 <= height <= 12 and 1.2 * height <= width + 1):
        return False
    columns = [np.flatnonzero(row) for row in mark]
    spans = [int(c[-1] - c[0]) + 1 for c in columns if len(c)]
    narrowing = all(b <= a + 2 for a, b in pairwise(spans))
    tip = columns[-1]
    return narrowing and spans[0] >= 0.6 * width and spans[-1] <= 0.45 * width and abs(float(tip.mean()) - (width - 1) / 2) <= 0.15 * width


def _scaled(mark: Image) -> Image:
    """The drawing in a square, its proportions kept."""
    import cv2

    height, width = mark.shape
    scale = (_SIDE - 4) / max(height, width)
    small = cv2.resize(mark * 255, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
    square = np.zeros((_SIDE, _SIDE), np.uint8)
    top, left = (_SIDE - small.shape[0]) // 2, (_SIDE - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return (square > 96).astype(np.uint8)


def _alike(one: Image, other: Image) -> float:
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    there = (one & cv2.dilate(other, kernel)).sum() / max(1, int(one.sum()))
    back = (other & cv2.dilate(one, kernel)).sum() / max(1, int(other.sum()))
    same = (one & other).sum() / max(1, int((one | other).sum()))
    return float((min(there, back) + same) / 2)


@cache
def _templates() -> tuple[tuple[str, Image], ...]:
    """Each icon as it is commonly drawn, in several weights."""
    import cv2

    found: list[tuple[str, Image]] = []

    def draw(name: str, strokes: list[list[tuple[int, int]]], weights: tuple[int, ...] = (4, 7, 11, 16)) -> None:
        for weight in weights:
            canvas = np.zeros((100, 100), np.uint8)
            for stroke in strokes:
                cv2.polylines(canvas, [np.array(stroke, np.int32)], False, 1, weight)
            rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
            found.append((name, _scaled(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])))

    arrow = [[(12, 50), (86, 50)], [(56, 20), (86, 50), (56, 80)]]
    bold = [[(14, 50), (82, 50)], [(46, 14), (82, 50), (46, 86)]]
    angle = [[(36, 20), (66, 50), (36, 80)]]
    for turns, name in enumerate(("arrow_right", "arrow_down", "arrow_left", "arrow_up")):
        for strokes in (arrow, bold, angle):
            draw(name, [[_turned(point, turns) for point in stroke] for stroke in strokes])
        canvas = np.zeros((100, 100), np.uint8)
        cv2.fillPoly(canvas, [np.array([_turned(p, turns) for p in ((36, 20), (70, 50), (36, 80))], np.int32)], 1)
        rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
        found.append((name, _scaled(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])))
    draw("plus", [[(50, 14), (50, 86)], [(14, 50), (86, 50)]])
    draw("cross", [[(18, 18), (82, 82)], [(18, 82), (82, 18)]])
    draw("menu", [[(14, 24), (86, 24)], [(14, 50), (86, 50)], [(14, 76), (86, 76)]], (6, 9, 12))
    for name, spots in (("dots", ((50, 18), (50, 50), (50, 82))), ("dots", ((18, 50), (50, 50), (82, 50)))):
        for radius in (7, 10):
            canvas = np.zeros((100, 100), np.uint8)
            for spot in spots:
                cv2.circle(canvas, spot, radius, 1, -1)
            rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
            found.append((name, _scaled(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])))
    return tuple(found)


def _turned(point: tuple[int, int], quarters: int) -> tuple[int, int]:
    """A point of a square of 100 after so many quarter turns clockwise."""
    x, y = point
    for _ in range(quarters):
        x, y = 100 - y, x
    return x, y

"""The drawn rectangle around a point, also where a label stands in its border and parts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugin.pipeline.act.geometry import holds, right
from plugin.pipeline.artefacts import Line, Point, Rect
from plugin.pipeline.engines import picture

WIDEST_PX, HIGHEST_PX = 1400, 90
_NOTCH_PX = 7
"""Between a label in a border and the ends of that border."""


def frame_at(gray: Any, lines: Sequence[Line], point: Point) -> Rect | None:
    """``gray`` is the still's picture, ``lines`` what stands on it. None where nothing is drawn around the point."""
    found = picture.outline(gray, point, widest=WIDEST_PX, highest=HIGHEST_PX)
    near = [o.box for o in lines if abs(o.box[1] - point[1]) <= HIGHEST_PX and not holds(o.box, point, _NOTCH_PX)]
    if found is not None or not near:
        return found
    walled = gray.copy()
    for x, y, width, height in near:
        level = 0 if picture.ground(gray, (x, y, width, height)) > 127 else 255
        walled[max(0, y) : y + height, max(0, x - _NOTCH_PX) : x + width + _NOTCH_PX] = level
    closed = picture.outline(walled, point, widest=WIDEST_PX, highest=HIGHEST_PX)
    return closed if closed is not None and any(in_border(box, closed) for box in near) else None


def in_border(label: Rect, frame: Rect) -> bool:
    """Whether words stand in the upper border of a field and part it."""
    return abs(label[1] + label[3] // 2 - frame[1]) <= max(4, label[3] // 4) and frame[0] - 4 <= label[0] and right(label) <= right(frame)

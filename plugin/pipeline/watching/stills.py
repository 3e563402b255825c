"""Keeps the moments at which the picture stood still: always the last frame before the next change, so that what was typed or pointed at is on it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Pointer, Rect, Still
from plugin.pipeline.engines.video import Frame
from plugin.pipeline.watching.differences import changed_cells, overlap, rectangles

LEAST_REST_S = 0.25
BUSY_EVERY_S = 12.0
"""In a picture that never rests (a film) one still is kept this often."""
SURE_PX = 24
MOST_RECTS = 6
RING_PX = 4
WIDEST_PX, HIGHEST_PX = 200, 64
"""A control that lights up under the pointer, at most."""


class Keeper:
    """Writes stills into ``folder`` as PNG, the pointer lifted off where that is possible; one that shows the same as the still before only prolongs that one."""

    def __init__(self, folder: Path) -> None:
        self.stills: list[Still] = []
        self._lifted: list[tuple[int, Rect, Any]] = []
        self._folder = folder
        self._shown: Any = None

    def keep(self, frame: Frame, *, since_s: float, hidden: tuple[Rect, ...] = (), bare: Frame | None = None) -> None:
        """``frame`` has been shown (pointer and caret aside) since ``since_s``. The pointer hides parts of it that the frame ``bare`` shows."""
        luma = frame.luma
        if hidden and bare is not None:
            luma = luma.copy()
            for rect in hidden:
                part_of(luma, rect)[:] = _as_around(luma, bare.luma, rect)
        changed: tuple[Rect, ...] = ((0, 0, luma.shape[1], luma.shape[0]),)
        if self._shown is not None:
            changed = tuple(rectangles(changed_cells(self._shown, luma), join=1))
            if not changed:
                last = self.stills[-1]
                self.stills[-1] = Still(time_s=last.time_s, until_s=round(frame.time_s, 3), path=last.path, changed=last.changed)
                return
        name = f"{len(self.stills):05d}.png"
        image = frame.bgr()
        if hidden and bare is not None:
            shown = bare.bgr()
            for rect in hidden:
                self._lifted.append((len(self.stills), rect, part_of(image, rect).copy()))
                part_of(image, rect)[:] = _as_around(image, shown, rect)
        self._write(name, image)
        self.stills.append(Still(time_s=round(since_s, 3), until_s=round(frame.time_s, 3), path=name, changed=changed))
        self._shown = luma if hidden else luma.copy()

    def finish(self, track: Sequence[Pointer]) -> None:
        """Puts back what was taken for the pointer while ``track`` says that it was elsewhere."""
        import cv2

        times = [p.time_s for p in track]
        for number, rect, pixels in self._lifted:
            still = self.stills[number]
            last = bisect_right(times, still.until_s) - 1
            if last >= 0 and overlap(rect, (track[last].x, track[last].y, 1, 1), SURE_PX):
                continue
            image = cv2.imread(str(self._folder / still.path))
            part_of(image, rect)[:] = pixels
            self._write(still.path, image)

    def _write(self, name: str, image: Any) -> None:
        import cv2

        _, png = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        (self._folder / name).write_bytes(png.tobytes())  # imwrite would say nothing about a full disk


def hidden_by_pointer(bare: Frame, frame: Frame, now: Rect, before: Rect) -> tuple[Rect, ...]:
    """Where ``frame`` differs from an earlier one of the same rest because the pointer came there: round ``now``, and not where it was ``before``."""
    if bare.luma.shape != frame.luma.shape:
        return ()
    rects = rectangles(changed_cells(bare.luma, frame.luma), join=1)
    if len(rects) > MOST_RECTS:
        return ()
    fits = (r for r in rects if r[2] <= WIDEST_PX and r[3] <= HIGHEST_PX and overlap(r, now, SURE_PX))
    return tuple(r for r in fits if not overlap(r, before, 2))


def _as_around(image: Any, bare: Any, rect: Rect) -> Any:
    """What ``bare`` shows in a rectangle, in the shade that ``image`` has around it: a control may be lit while the pointer is on it."""
    wider = (rect[0] - RING_PX, rect[1] - RING_PX, rect[2] + 2 * RING_PX, rect[3] + 2 * RING_PX)
    difference = part_of(image, wider).astype(np.int16) - part_of(bare, wider)
    ring = np.ones(difference.shape[:2], bool)
    ring[RING_PX:-RING_PX, RING_PX:-RING_PX] = False
    return np.clip(part_of(bare, rect) + np.median(difference[ring], axis=0), 0, 255).astype(np.uint8)


def part_of(image: Any, rect: Rect) -> Any:
    x, y, width, height = rect
    return image[max(0, y) : y + height, max(0, x) : x + width]

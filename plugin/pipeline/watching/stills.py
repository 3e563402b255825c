"""Keeps the moments at which the picture stood still: always the last frame before the next change, so that what was typed or pointed at is on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugin.pipeline.artefacts import Rect, Still
from plugin.pipeline.engines.video import Frame
from plugin.pipeline.watching.differences import changed_cells, rectangles

LEAST_REST_S = 0.25
CLOSEST_S = 0.4
"""Two stills are not nearer to each other than this, unless something would be lost."""
BUSY_EVERY_S = 12.0
"""In a picture that never rests (a film) one still is kept this often."""


class Keeper:
    """Writes stills into ``folder`` as PNG; one that shows the same as the still before only prolongs that one."""

    def __init__(self, folder: Path) -> None:
        self.stills: list[Still] = []
        self._folder = folder
        self._shown: Any = None

    def keep(self, frame: Frame, *, since_s: float) -> None:
        """``frame`` has been shown (pointer and caret aside) since ``since_s``."""
        import cv2

        changed: tuple[Rect, ...] = ((0, 0, frame.luma.shape[1], frame.luma.shape[0]),)
        if self._shown is not None:
            changed = tuple(rectangles(changed_cells(self._shown, frame.luma), join=1))
            if not changed:
                last = self.stills[-1]
                self.stills[-1] = Still(time_s=last.time_s, until_s=round(frame.time_s, 3), path=last.path, changed=last.changed)
                return
        name = f"{len(self.stills):05d}.png"
        _, png = cv2.imencode(".png", frame.bgr(), [cv2.IMWRITE_PNG_COMPRESSION, 1])
        (self._folder / name).write_bytes(png.tobytes())  # imwrite would say nothing about a full disk
        self.stills.append(Still(time_s=round(since_s, 3), until_s=round(frame.time_s, 3), path=name, changed=changed))
        self._shown = frame.luma.copy()

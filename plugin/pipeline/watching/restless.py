"""Where the picture never rests: spinners, films, a speaker's camera. What changes there is no event, and no pointer is looked for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Rect
from plugin.pipeline.watching.differences import CELL_PX

TILE_CELLS = 8
TILE_PX = TILE_CELLS * CELL_PX
WINDOWS = ((3.0, 27), (10.0, 60))
"""(seconds, changes): a tile that changed in more frames than this within so many seconds never rests. At 15 frames a second a spinner and a film fill the short
window, a person in a corner of the screen the long one; typing, scrolling and carets fill neither."""
BESIDE = 9
"""Changes within the short window that are enough next to such a tile: a film has a rim."""
LATELY, LATELY_TIMES = 6, 2
"""A tile that changed less than this within the last frames has come to rest: what happens there from now on counts."""
LASTING_S = 4.0
"""What went on for so long did not rest before it was noticed either. A long scroll ends sooner."""
MOSTLY = 0.5


@dataclass(slots=True)
class _Window:
    """How often each tile changed within the last ``within_s`` seconds."""

    within_s: float
    times: int
    often: Any
    seen: deque[tuple[float, Any]] = field(default_factory=deque)

    def see(self, time_s: float, changed: Any) -> None:
        self.seen.append((time_s, changed))
        self.often += changed
        while time_s - self.seen[0][0] > self.within_s:
            self.often -= self.seen.popleft()[1]


@dataclass(slots=True)
class Restless:
    """Counts for each tile of ``TILE_PX`` in how many frames of the last seconds it changed."""

    _windows: list[_Window] = field(default_factory=list)
    _now: Any = None
    _since: dict[tuple[int, int], float] = field(default_factory=dict)
    _lasted: dict[tuple[int, int], list[tuple[float, float]]] = field(default_factory=dict)

    def see(self, time_s: float, cells: Any) -> None:
        """``cells``: what changed in the frame of this time, see differences.changed_cells."""
        changed = _tiles(cells)
        if not self._windows or self._windows[0].often.shape != changed.shape:
            self._windows = [_Window(within_s, times, np.zeros(changed.shape, np.int32)) for within_s, times in WINDOWS]
        for window in self._windows:
            window.see(time_s, changed)
        self._now = self._restless()
        self._remember(time_s)

    def covers(self, rect: Rect) -> bool:
        """Whether most of a rectangle lies where the picture does not rest now."""
        x, y, width, height = rect
        part = self._now[y // TILE_PX : -(-(y + height) // TILE_PX), x // TILE_PX : -(-(x + width) // TILE_PX)]
        return bool(part.mean() > MOSTLY)

    def covered(self, time_s: float, rect: Rect) -> bool:
        """The same for a moment that is over, with what is known since: it takes seconds until a film is known to be one. Asked at the end."""
        x, y, width, height = rect
        tiles = [(r, c) for r in range(y // TILE_PX, -(-(y + height) // TILE_PX)) for c in range(x // TILE_PX, -(-(x + width) // TILE_PX))]
        restless = sum(any(since_s <= time_s <= until_s for since_s, until_s in self._lasted.get(tile, ())) for tile in tiles)
        return restless > MOSTLY * len(tiles)

    def finish(self, time_s: float) -> None:
        """No further frame comes."""
        for tile in list(self._since):
            self._came_to_rest(tile, time_s)

    def _restless(self) -> Any:
        import cv2

        always = np.any([window.often > window.times for window in self._windows], axis=0).astype(np.uint8)
        if not always.any():
            return always
        lately = sum(changed.astype(np.uint8) for _, changed in list(self._windows[0].seen)[-LATELY:])
        beside = cv2.dilate(always, np.ones((3, 3), np.uint8)) & (self._windows[0].often > BESIDE)
        tiles = (always | beside) & (lately >= LATELY_TIMES)
        count, _, boxes, _ = cv2.connectedComponentsWithStats(tiles, connectivity=8)
        for x, y, width, height, _ in boxes[1:count]:  # films and cameras are rectangles, also where little moves in them
            tiles[y : y + height, x : x + width] = 1
        return tiles

    def _remember(self, time_s: float) -> None:
        now = {(int(row), int(column)) for row, column in zip(*np.nonzero(self._now), strict=True)} if self._now.any() else set()
        for tile in self._since.keys() - now:
            self._came_to_rest(tile, time_s)
        for tile in now - self._since.keys():
            self._since[tile] = time_s

    def _came_to_rest(self, tile: tuple[int, int], time_s: float) -> None:
        since_s = self._since.pop(tile)
        if time_s - since_s >= LASTING_S:
            self._lasted.setdefault(tile, []).append((since_s - WINDOWS[-1][0], time_s))


def _tiles(cells: Any) -> Any:
    """bool for each tile: whether any of its cells changed."""
    rows, columns = -(-cells.shape[0] // TILE_CELLS), -(-cells.shape[1] // TILE_CELLS)
    whole = np.zeros((rows * TILE_CELLS, columns * TILE_CELLS), bool)
    whole[: cells.shape[0], : cells.shape[1]] = cells
    return whole.reshape(rows, TILE_CELLS, columns, TILE_CELLS).any(axis=(1, 3))

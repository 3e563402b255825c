"""Where two frames differ, as few rectangles. Codec noise stays below the threshold; a cell counts when a letter's worth of it changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Rect

CELL_PX = 8
THRESHOLD = 26
"""Grey levels. Text on its ground differs by 60 and more, VP8 at 300 kb/s trembles by up to 20 around moving things."""
MAX_RECTS = 40


def changed_cells(before: Any, after: Any) -> Any:
    """bool, one for each ``CELL_PX`` x ``CELL_PX`` block; True where at least two of its pixels differ strongly."""
    import cv2

    _, strong = cv2.threshold(cv2.absdiff(before, after), THRESHOLD, 255, cv2.THRESH_BINARY)
    height, width = strong.shape
    rows, columns = -(-height // CELL_PX), -(-width // CELL_PX)
    if (rows * CELL_PX, columns * CELL_PX) != (height, width):
        strong = cv2.copyMakeBorder(strong, 0, rows * CELL_PX - height, 0, columns * CELL_PX - width, cv2.BORDER_CONSTANT, value=0)
    share = cv2.resize(strong, (columns, rows), interpolation=cv2.INTER_AREA)
    return share >= 255 * 2 // (CELL_PX * CELL_PX)


def rectangles(cells: Any, *, join: int = 0) -> list[Rect]:
    """Connected groups of cells as pixel rectangles, largest first; groups within ``join`` cells of each other are one."""
    import cv2

    mask = cells.astype(np.uint8)
    if not mask.any():
        return []
    if join:
        mask = cv2.dilate(mask, np.ones((2 * join + 1, 2 * join + 1), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for x, y, width, height, _ in stats[1:count]:
        part = cells[y : y + height, x : x + width]
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        if len(rows) and len(columns):
            left, top = int(x + columns[0]), int(y + rows[0])
            right, bottom = int(x + columns[-1]) + 1, int(y + rows[-1]) + 1
            found.append((left * CELL_PX, top * CELL_PX, (right - left) * CELL_PX, (bottom - top) * CELL_PX))
    return sorted(found, key=lambda r: -r[2] * r[3])[:MAX_RECTS]


def exact(before: Any, after: Any, rect: Rect) -> Rect | None:
    """The rectangle of really different pixels inside ``rect`` (cells are coarse); None where none is left."""
    x, y, width, height = rect
    strong = np.abs(before[y : y + height, x : x + width].astype(np.int16) - after[y : y + height, x : x + width]) > THRESHOLD
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    if not len(rows):
        return None
    return (x + int(columns[0]), y + int(rows[0]), int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1)


def density(before: Any, after: Any, rect: Rect) -> float:
    """Share of the pixels inside ``rect`` that are different."""
    x, y, width, height = rect
    strong = np.abs(before[y : y + height, x : x + width].astype(np.int16) - after[y : y + height, x : x + width]) > THRESHOLD
    return float(strong.mean()) if strong.size else 0.0


def union(rects: list[Rect]) -> Rect:
    left, top = min(r[0] for r in rects), min(r[1] for r in rects)
    return (left, top, max(r[0] + r[2] for r in rects) - left, max(r[1] + r[3] for r in rects) - top)


def overlap(a: Rect, b: Rect, margin: int = 0) -> bool:
    """True where the rectangles, grown by ``margin`` pixels, share anything."""
    return a[0] - margin < b[0] + b[2] and b[0] - margin < a[0] + a[2] and a[1] - margin < b[1] + b[3] and b[1] - margin < a[1] + a[3]


def vertical_shift(before: Any, after: Any, rect: Rect) -> int:
    """By how many pixels the content of ``rect`` moved vertically (negative: upwards), 0 where it did not scroll.

    Rows are reduced to their profiles; the shift that explains most of them is believed if it explains nearly all and no shift explains few.
    """
    x, y, width, height = rect
    if height < 80 or width < 80:
        return 0
    a = before[y : y + height, x : x + width].astype(np.float32)
    b = after[y : y + height, x : x + width].astype(np.float32)
    rows_a, rows_b = a[:, ::4].reshape(height, -1), b[:, ::4].reshape(height, -1)
    limit = min(height - 40, 400)
    best, best_share = 0, 0.0
    for shift in range(4, limit, 2):
        for signed in (shift, -shift):
            part_a = rows_a[: height - shift] if signed > 0 else rows_a[shift:]
            part_b = rows_b[shift:] if signed > 0 else rows_b[: height - shift]
            share = float((np.abs(part_a[::6] - part_b[::6]).mean(axis=1) < 4).mean())
            if share > best_share:
                best, best_share = signed, share
    still = float((np.abs(rows_a[::6] - rows_b[::6]).mean(axis=1) < 4).mean())
    return best if best_share > 0.85 and still < 0.6 else 0


def scrolled_from(before: Any, after: Any, rect: Rect, shift: int) -> int:
    """The topmost row of ``rect`` from which on its content moved by ``shift`` pixels (see :func:`vertical_shift`): what lies above stayed."""
    x, y, width, height = rect
    a = before[y : y + height, x : x + width : 4].astype(np.float32)
    b = after[y : y + height, x : x + width : 4].astype(np.float32)
    moved = np.abs(a[: height - shift] - b[shift:]) if shift > 0 else np.abs(a[-shift:] - b[:shift])
    stayed = np.abs(a - b).mean(axis=1)
    first = max(0, shift)
    rows = np.flatnonzero((moved.mean(axis=1) < 4) & (stayed[first : first + len(moved)] > 4))
    return y + first + int(rows[0]) if len(rows) else y + height

"""Small questions about the pixels of a still: is this the same as that, what outline holds this point, is this box ticked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Point, Rect

Image = Any


def load_gray(path: Path) -> Image:
    """``uint8`` array, height x width. Raises :class:`FileNotFoundError`."""
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(path)
    return image


def cut(image: Image, box: Rect, margin: int = 0) -> Image:
    x, y, width, height = box
    return image[max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin]


def alike(one: Image, other: Image, hidden: Image | None = None) -> bool:
    """Whether two pieces of the same shape show the same text. A codec may tremble, but no 3 x 3 patch may differ by as much as a full stop does.

    ``hidden`` marks pixels (non-zero) that do not count, as under a mouse pointer.
    """
    import cv2

    if one.shape != other.shape or not one.size:
        return False
    difference = cv2.absdiff(one, other)
    if hidden is not None:
        difference = np.where(hidden > 0, 0, difference).astype(np.uint8)
    return int(cv2.blur(difference, (3, 3)).max()) < 40


def mask_of(spot: Rect, box: Rect, shape: tuple[int, ...], margin: int = 0) -> Image:
    """1 where ``spot`` covers the piece that :func:`cut` gives of ``box``."""
    mask = np.zeros(shape[:2], np.uint8)
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    mask[max(0, spot[1] - top) : max(0, spot[1] + spot[3] - top), max(0, spot[0] - left) : max(0, spot[0] + spot[2] - left)] = 1
    return mask


def lift(gray: Image, spot: Rect, donor: Image) -> bool:
    """Takes the mouse pointer off: fills ``spot`` from a picture that shows the same surroundings without it. In place; says whether it fitted."""
    if gray.shape != donor.shape:
        return False
    x, y, width, height = spot
    around = (max(0, x - 5), max(0, y - 5), width + 10, height + 10)
    one, other = cut(gray, around), cut(donor, around)
    inner = np.zeros(one.shape, np.uint8)
    inner[y - around[1] : y - around[1] + height, x - around[0] : x - around[0] + width] = 1
    if not alike(one, other, inner):
        return False
    gray[y : y + height, x : x + width] = donor[y : y + height, x : x + width]
    return True


def outline(gray: Image, point: Point, *, widest: int, highest: int) -> Rect | None:
    """The smallest drawn rectangle around the point: flood of the ground that the point lies on, or the border around it."""
    import cv2

    height, width = gray.shape
    x, y = point
    if not (0 <= x < width and 0 <= y < height):
        return None
    left, top = max(0, x - widest), max(0, y - highest)
    part = np.ascontiguousarray(gray[top : y + highest + 1, left : x + widest + 1])
    seed = _ground_near(part, x - left, y - top)
    if seed is None:
        return None
    # A header row may differ from the page by a shade only; a lossy codec makes one ground several shades. The narrower answer counts first.
    for tolerance in (3, 9):
        mask = np.zeros((part.shape[0] + 2, part.shape[1] + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (255 << 8)
        _, _, _, rect = cv2.floodFill(part, mask, seed, 0, tolerance, tolerance, flags)
        bx, by, bw, bh = (int(v) for v in rect)
        touches = bx <= 0 or by <= 0 or bx + bw >= part.shape[1] or by + bh >= part.shape[0]
        filled = float((mask[by + 1 : by + bh + 1, bx + 1 : bx + bw + 1] > 0).mean()) if bw and bh else 0.0
        if not touches and bw >= 6 and bh >= 6 and filled > 0.45:
            return (bx + left, by + top, bw, bh)
    return None


def _ground_near(part: Image, x: int, y: int) -> Point | None:
    """A pixel near the point that lies in a flat place (not on a letter or on the pointer itself)."""
    best: tuple[int, Point] | None = None
    for dy in range(-14, 15, 2):
        for dx in range(-40, 41, 4):
            px, py = x + dx, y + dy
            if not (2 <= px < part.shape[1] - 2 and 2 <= py < part.shape[0] - 2):
                continue
            patch = part[py - 1 : py + 2, px - 1 : px + 2]
            if int(patch.max()) - int(patch.min()) <= 6:
                cost = abs(dx) + 2 * abs(dy)
                if best is None or cost < best[0]:
                    best = (cost, (px, py))
    return best[1] if best else None


def ground(gray: Image, box: Rect) -> int:
    """The commonest grey level in the box."""
    part = cut(gray, box)
    return int(np.bincount(part.ravel(), minlength=256).argmax()) if part.size else 0


def dots(gray: Image, box: Rect) -> bool:
    """Whether the box holds a row of equal round marks, as a password field shows."""
    import cv2

    part = cut(gray, box)
    if part.size == 0 or part.shape[0] < 5:
        return False
    level = ground(gray, box)
    ink = (cv2.absdiff(part, np.full_like(part, level)) > 60).astype(np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    marks = [(stats[i], centres[i]) for i in range(1, count) if 4 <= stats[i, 4] <= 200 and stats[i, 3] <= 14]
    round_ones = [(s, c) for s, c in marks if abs(int(s[2]) - int(s[3])) <= 2 and s[4] >= 0.55 * s[2] * s[3]]
    if len(round_ones) < 4 or len(round_ones) < 0.7 * len(marks):
        return False
    heights = {round(float(c[1])) for _, c in round_ones}
    gaps = np.diff(sorted(float(c[0]) for _, c in round_ones))
    return max(heights) - min(heights) <= 2 and float(np.std(gaps)) <= 0.3 * float(np.mean(gaps)) + 0.8


def ground_ends(gray: Image, row: Rect, *, jump_px: int = 24) -> int:
    """Where the ground under a row of text ends to its right, in pixels.

    A caret or a letter is passed if at most ``jump_px`` wide; a border is not: it goes on above and below the row.
    """
    x, y, width, height = row
    band = gray[max(0, y - height) : y + 2 * height + 1].astype(np.int16)
    middle = gray[max(0, y - 1) : y + height + 1].astype(np.int16)
    level = int(np.bincount(middle[:, x : x + width].ravel(), minlength=256).argmax())
    even = (np.abs(middle - level) <= 14).mean(axis=0) >= 0.7
    border = (np.abs(band - level) <= 14).mean(axis=0) < 0.12
    last = x + width
    for column in range(x + width, gray.shape[1]):
        if border[column]:
            break
        if even[column]:
            last = column + 1
        elif column - last > jump_px:
            break
    return last

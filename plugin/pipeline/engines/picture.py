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


def outline(gray: Image, point: Point, *, widest: int, highest: int, innermost: bool = False) -> Rect | None:
    """The smallest drawn rectangle around the point: the ground that the point lies on, as far as borders let it reach.

    A small one inside of another gives way to that, since letters hold such grounds too, unless the ``innermost`` is asked for.
    """
    height, width = gray.shape
    x, y = point
    if not (0 <= x < width and 0 <= y < height):
        return None
    left, top = max(0, x - widest), max(0, y - highest)
    part = np.ascontiguousarray(gray[top : y + highest + 1, left : x + widest + 1])
    seed = _ground_near(part, x - left, y - top)
    if seed is None:
        return None
    rect = _closed(part, seed)
    if not innermost and (rect is None or (rect[2] <= 30 and rect[3] <= 30)):
        # A tick box, or the inside of a letter on a button: the next ground outside decides.
        small = rect or (seed[0] - 6, seed[1] - 6, 12, 12)
        wider = _ground_near(part, x - left, y - top, outside=small)
        larger = _closed(part, wider) if wider is not None else None
        if larger is not None and larger[3] <= 60 and _within(small, larger):
            rect = larger
    return (rect[0] + left, rect[1] + top, rect[2], rect[3]) if rect is not None else None


def _within(small: Rect, large: Rect) -> bool:
    across = large[0] <= small[0] + 6 and small[0] + small[2] <= large[0] + large[2] + 6
    return across and large[1] <= small[1] + 6 and small[1] + small[3] <= large[1] + large[3] + 6


def _closed(part: Image, seed: Point) -> Rect | None:
    """The drawn box around a seed.

    A header row may differ from the page by a shade only; a lossy codec makes one ground several shades, and smears a border where the pointer
    crosses it. The strictest answer counts first.
    """
    import cv2

    level = int(part[seed[1], seed[0]])
    for tolerance, bridge in ((3, 0), (9, 0), (9, 13)):
        free = (np.abs(part.astype(np.int16) - level) <= tolerance).astype(np.uint8)
        if bridge:
            wall = 1 - free
            wide = cv2.morphologyEx(wall, cv2.MORPH_CLOSE, np.ones((1, bridge), np.uint8))
            high = cv2.morphologyEx(wall, cv2.MORPH_CLOSE, np.ones((bridge, 1), np.uint8))
            free = 1 - cv2.bitwise_or(wide, high)
        rect = _both_sides(free, seed, _reach(free, seed))
        if rect is not None:
            return rect
    return None


def _both_sides(free: Image, seed: Point, rect: Rect | None) -> Rect | None:
    """``rect`` with what lies beyond a stroke through it: a text pointer may part a field into two."""
    if rect is None:
        return None
    x, y, width, height = rect
    for beyond in (x - 10, x + width + 9):
        if not (0 < beyond < free.shape[1] and abs(beyond - seed[0]) <= 40):
            continue
        other = _reach(free, (beyond, y + height // 2))
        if other is not None and abs(other[1] - y) <= 3 and abs(other[3] - height) <= 5:
            left, right = min(x, other[0]), max(x + width, other[0] + other[2])
            return (left, min(y, other[1]), right - left, max(height, other[3]))
    return rect


def _reach(free: Image, seed: Point) -> Rect | None:
    """Box of the free pixels that hang together with the seed, if it is closed on all sides and mostly free."""
    import cv2

    if not free[seed[1], seed[0]]:
        return None
    mask = np.zeros((free.shape[0] + 2, free.shape[1] + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
    _, _, _, rect = cv2.floodFill(free, mask, seed, 0, 0, 0, flags)
    x, y, width, height = (int(v) for v in rect)
    if x <= 0 or y <= 0 or x + width >= free.shape[1] or y + height >= free.shape[0] or width < 6 or height < 6:
        return None
    filled = float((mask[y + 1 : y + height + 1, x + 1 : x + width + 1] > 0).mean())
    return (x, y, width, height) if filled > 0.45 else None


def _ground_near(part: Image, x: int, y: int, outside: Rect | None = None) -> Point | None:
    """A pixel near the point that lies in a flat place (not on a letter or on the pointer itself)."""
    best: tuple[int, Point] | None = None
    for dy in range(-14, 15, 2):
        for dx in range(-40, 41, 4):
            px, py = x + dx, y + dy
            if not (2 <= px < part.shape[1] - 2 and 2 <= py < part.shape[0] - 2):
                continue
            if outside and outside[0] <= px <= outside[0] + outside[2] and outside[1] <= py <= outside[1] + outside[3]:
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
        return _touching_dots(marks, part.shape[0])
    heights = {round(float(c[1])) for _, c in round_ones}
    gaps = np.diff(sorted(float(c[0]) for _, c in round_ones))
    even = max(heights) - min(heights) <= 2 and float(np.std(gaps)) <= 0.3 * float(np.mean(gaps)) + 0.8
    return even or _touching_dots(marks, part.shape[0])


def _touching_dots(marks: list[tuple[Any, Any]], high: int) -> bool:
    """Small dots of which some run into their neighbours: all equally high, at one level, far lower than any letter of the field would be."""
    if len(marks) < 3:
        return False
    usual, level = float(np.median([s[3] for s, _ in marks])), float(np.median([c[1] for _, c in marks]))
    alike = [s for s, c in marks if abs(s[3] - usual) <= 1 and abs(c[1] - level) <= 1 and s[4] >= 0.55 * s[2] * s[3]]
    dots_seen = sum(max(1, round(s[2] / (usual + 0.5))) for s in alike)
    single = sum(s[2] <= 1.4 * usual for s in alike)
    return 3 <= usual <= 0.2 * high and len(alike) >= 0.8 * len(marks) and dots_seen >= 4 and single >= 0.5 * len(alike)


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

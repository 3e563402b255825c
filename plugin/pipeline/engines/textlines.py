"""Where text stands in a picture of a screen, without a neural detector.

A screen is drawn, not photographed: text is small strokes of high local contrast on a flat ground. Ruled lines (borders of fields, tables and
windows) are taken out, neighbouring strokes are joined along the line, and what has the size and texture of text remains. A full 1080p
picture costs about 30 ms; the boxes are tight, so the same text gives the same box whichever still shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Rect

Image = Any
"""``uint8`` array, ``height x width`` (grey)."""

_CONTRAST = 34
_FAINT = 14
"""Borders are often paler than any letter."""
_LOWEST_PX, _HIGHEST_PX = 6, 90
_GAP_IN_HEIGHTS = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    x: int
    y: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.y


def find_lines(gray: Image) -> list[Rect]:
    """Tight boxes of what looks like lines of text, from top to bottom, then left to right."""
    import cv2

    if gray.shape[0] < 5 or gray.shape[1] < 5:
        return []
    edges = (cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > _CONTRAST).astype(np.uint8)
    rules = _rules(gray, edges)
    strokes = cv2.bitwise_and(edges, 1 - rules)
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    pieces = [_Piece(x=int(x), y=int(y), right=int(x + w), bottom=int(y + h)) for x, y, w, h, n in stats[1:] if n >= 6]
    pieces = [p for p in pieces if p.height <= _HIGHEST_PX and not (p.height <= 4 and p.right - p.x > 24)]
    lines = _chain(_one_row_each(pieces, strokes), gray, rules)
    return [box for box in (_box(line, strokes) for line in lines) if box is not None]


def _rules(gray: Image, edges: Image) -> Image:
    """Mask of borders: flat runs without any upright stroke in them, upright runs taller than letters or ending at a flat one."""
    import cv2

    across = cv2.absdiff(gray[:, 2:], gray[:, :-2])
    upright = np.zeros_like(edges)
    upright[:, 1:-1] = across > _FAINT
    faint = (cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > _FAINT).astype(np.uint8)
    flat = cv2.morphologyEx(cv2.bitwise_and(faint, 1 - upright), cv2.MORPH_OPEN, np.ones((1, 25), np.uint8))
    tall = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((_HIGHEST_PX // 2 + 1, 1), np.uint8))
    rules = cv2.bitwise_or(flat, tall)
    # The sides of a field are lower than tall text, but they end at a flat rule, which letters do not touch.
    side = cv2.morphologyEx(upright, cv2.MORPH_OPEN, np.ones((13, 1), np.uint8))
    seeds = cv2.bitwise_and(side, cv2.dilate(flat, np.ones((7, 7), np.uint8)))
    if seeds.any():
        _, marks, stats, _ = cv2.connectedComponentsWithStats(side, connectivity=8)
        sides = np.zeros(len(stats), np.uint8)
        hit = np.unique(marks[seeds > 0])
        sides[[i for i in hit if i and stats[i, 2] <= 9 and _corner(flat, stats[i])]] = 1
        rules = cv2.bitwise_or(rules, sides[marks])
    return rules


def _corner(flat: Image, side: Any) -> bool:
    """Whether a flat rule begins or ends at the top or bottom of an upright one. A letter in a coloured bar has the bar's edge on both sides."""
    x, y, width, height = (int(v) for v in side[:4])
    for row in (y, y + height):
        rows = slice(max(0, row - 5), row + 6)
        left = flat[rows, max(0, x - 16) : max(0, x - 7)].any()
        right = flat[rows, x + width + 7 : x + width + 16].any()
        if bool(left) != bool(right):
            return True
    return False


def _one_row_each(pieces: list[_Piece], strokes: Image) -> list[_Piece]:
    """Pieces of two rows that touch (a tail above a stem, as in tightly set terminals) cut at the thinnest place."""
    out: list[_Piece] = []
    for piece in pieces:
        if piece.height < 22:
            out.append(piece)
            continue
        near = [
            q.height for q in pieces
            if q is not piece and q.height >= 7 and abs(q.x - piece.x) < 250 and q.y < piece.bottom and q.bottom > piece.y
        ]  # fmt: skip
        if len(near) < 4 or piece.height < 1.75 * float(np.median(near)):
            out.append(piece)
            continue
        if piece.right - piece.x <= 10:
            continue  # the side of a button
        ink = strokes[piece.y : piece.bottom, piece.x : piece.right].sum(axis=1)
        low, high = round(0.3 * piece.height), round(0.7 * piece.height)
        cut = piece.y + low + int(ink[low:high].argmin())
        for top, bottom in ((piece.y, cut), (cut, piece.bottom)):
            columns = np.flatnonzero(strokes[top:bottom, piece.x : piece.right].any(axis=0))
            if columns.size:
                out.append(_Piece(x=piece.x + int(columns[0]), y=top, right=piece.x + int(columns[-1]) + 1, bottom=bottom))
    return out


def _chain(pieces: list[_Piece], gray: Image, rules: Image) -> list[list[_Piece]]:
    """Pieces of one text line, joined across gaps of about a space's width, never across a border or a change of the ground."""
    lines: list[list[_Piece]] = []
    bounds: list[_Piece] = []
    alive: list[int] = []
    for piece in sorted(pieces, key=lambda p: (p.x, p.y)):
        alive = [i for i in alive if piece.x - bounds[i].right <= 2 * _HIGHEST_PX]
        near = sorted((piece.x - bounds[i].right, i) for i in alive if _beside(bounds[i], piece))
        best = next((i for _, i in near if not _parted(bounds[i], piece, gray, rules)), None)
        if best is None:
            lines.append([piece])
            bounds.append(piece)
            alive.append(len(lines) - 1)
        else:
            lines[best].append(piece)
            old = bounds[best]
            bounds[best] = _Piece(x=old.x, y=min(old.y, piece.y), right=max(old.right, piece.right), bottom=max(old.bottom, piece.bottom))
    return lines


def _beside(line: _Piece, piece: _Piece) -> bool:
    high = max(line.height, piece.height, 10)
    shared = min(line.bottom, piece.bottom) - max(line.y, piece.y)
    small = min(line.height, piece.height)
    apart = max(abs(line.bottom - piece.bottom), abs(line.y - piece.y))
    level = shared >= 0.5 * small or (small <= 6 and shared > -0.25 * high)
    together = max(line.bottom, piece.bottom) - min(line.y, piece.y)
    return level and piece.x - line.right <= _GAP_IN_HEIGHTS * high and apart <= max(0.75 * high, 8) and together <= 1.4 * high + 2


def _parted(line: _Piece, piece: _Piece, gray: Image, rules: Image) -> bool:
    gap = piece.x - line.right
    if gap < 3:
        return False
    top, bottom = max(line.y, piece.y), min(line.bottom, piece.bottom)
    middle = (top + bottom) // 2
    if rules[max(0, middle - 2) : middle + 3, line.right : piece.x].any():
        return True
    ground = float(np.median(gray[top:bottom, line.right : line.right + 1])) if bottom > top else 0.0
    between = np.median(gray[max(0, middle - 4) : middle + 5, line.right : piece.x], axis=0)
    return bool(np.abs(between - ground).max() > 24)


def _box(line: list[_Piece], strokes: Image) -> Rect | None:
    x, y = min(p.x for p in line), min(p.y for p in line)
    right, bottom = max(p.right for p in line), max(p.bottom for p in line)
    width, height = right - x, bottom - y
    if height < _LOWEST_PX or height > _HIGHEST_PX or width < 3:
        return None
    share = float(strokes[y:bottom, x:right].mean())
    if share < 0.12 or (height > 40 and share < 0.16):
        return None
    return (x, y, width, height)


def reading_order(boxes: list[Rect]) -> list[Rect]:
    return sorted(boxes, key=lambda b: (b[1] + b[3] // 2, b[0]))

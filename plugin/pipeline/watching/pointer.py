"""Follows the mouse pointer by what its moves leave behind: a small patch goes back to what lay under it, another one appears (after Waken, UIST 2012).

A single difference rarely says which patch is the pointer, so several explanations are carried along (a beam search) and the one that explains the
most moves of the whole recording is believed: a wrong guess is corrected by what comes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plugin.pipeline.artefacts import Glyph, Pointer, Rect
from plugin.pipeline.watching.differences import overlap

BEAM = 12
WIDEST_SHARE = 0.03
"""A pointer is at most this share of the picture's larger side (48 px at 1600)."""
LEAST_JUMP_PX = 3

MOVED, MERGED, INTO_HOVER, APPEARED = 2.0, 0.9, 1.1, -1.3
UNEXPLAINED, TOUCHED = -0.15, -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One rectangle of different pixels. ``pointer_like``: small, and not filled like a caret or a box."""

    rect: Rect
    pointer_like: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The pointer is drawn in ``box`` from ``time_s`` on; in a recoloured control (``hover``) only roughly."""

    time_s: float
    box: Rect
    size: tuple[int, int]
    used: tuple[Rect, ...]
    hover: bool
    came_from: _Place | None


@dataclass(slots=True)
class Tracker:
    """Feed it the patches of every difference; ``track`` and ``explained`` hold the best explanation so far."""

    width: int
    height: int
    _beam: list[tuple[float, _Place | None]] = field(default_factory=lambda: [(0.0, None)])

    @property
    def widest_px(self) -> int:
        return max(28, round(max(self.width, self.height) * WIDEST_SHARE))

    def see(self, time_s: float, patches: list[Patch]) -> tuple[Rect, ...]:
        """Takes one difference; gives the rectangles of it that the pointer explains, as far as can be said now."""
        best: dict[tuple[int, int, int, int] | None, tuple[float, _Place | None]] = {}
        small = [p.rect for p in patches if p.pointer_like]
        for score, place in self._beam:
            for gain, new in self._readings(time_s, place, patches, small):
                key = new.box if new else None
                if key not in best or best[key][0] < score + gain:
                    best[key] = (score + gain, new)
        self._beam = sorted(best.values(), key=lambda b: -b[0])[:BEAM]
        top = self._beam[0][0]
        self._beam = [(score - top, place) for score, place in self._beam if score > top - 12]
        now = self._beam[0][1]
        return now.used if now is not None and now.time_s == time_s else ()

    def track(self) -> list[Pointer]:
        """Where the pointer was, in order; one entry for each move."""
        found = []
        for place in self._path():
            x, y, glyph = hot_spot(place)
            found.append(
                Pointer(
                    time_s=round(place.time_s, 3),
                    x=max(0, min(x, self.width - 1)),
                    y=max(0, min(y, self.height - 1)),
                    glyph=glyph,
                    confidence=0.6 if place.hover else 0.9,
                )
            )
        return found

    def explained(self) -> dict[float, tuple[Rect, ...]]:
        """By time: the rectangles that moves of the pointer account for."""
        return {place.time_s: place.used for place in self._path()}

    def _path(self) -> list[_Place]:
        places, at = [], self._beam[0][1]
        while at is not None:
            places.append(at)
            at = at.came_from
        return places[::-1]

    def _readings(self, time_s: float, place: _Place | None, patches: list[Patch], small: list[Rect]) -> list[tuple[float, _Place | None]]:
        """All ways to understand a difference if the pointer was at ``place``: (what speaks for it, where the pointer is then)."""
        left = tuple(p.rect for p in patches if place is not None and overlap(p.rect, place.box, 1))
        others = UNEXPLAINED * min(3, len(small))
        found: list[tuple[float, _Place | None]] = [(others + (TOUCHED if left else 0.0), place)]
        for rect in small:
            if place is None:
                found.append(
                    (APPEARED + others, _Place(time_s=time_s, box=rect, size=rect[2:], used=(rect,), hover=False, came_from=place))
                )
            elif rect not in left and _alike(rect[2:], place.size):
                gain = (MOVED - 0.4 * min(1.0, _far(rect, place.box) / 800)) if left else APPEARED
                used = (*(r for r in left if max(r[2:]) <= 2 * self.widest_px), rect)
                found.append(
                    (
                        gain + others - UNEXPLAINED * min(2, len(used)),
                        _Place(time_s=time_s, box=rect, size=rect[2:], used=used, hover=False, came_from=place),
                    )
                )
        if place is not None and left:
            found += self._blurred(time_s, place, patches, left, others)
        return found

    def _blurred(
        self, time_s: float, place: _Place, patches: list[Patch], left: tuple[Rect, ...], others: float
    ) -> list[tuple[float, _Place | None]]:
        """Moves whose end is no patch of its own: a slow one (old and new place are one patch), or one onto a control that recoloured."""
        found: list[tuple[float, _Place | None]] = []
        merged = max(left, key=lambda r: r[2] * r[3])
        if max(merged[2:]) <= 2 * self.widest_px and not place.hover:
            box = _other_end(merged, place)
            if box is not None:
                found.append((MERGED + others, _Place(time_s=time_s, box=box, size=place.size, used=left, hover=False, came_from=place)))
        for patch in patches:
            x, y, width, height = patch.rect
            if (
                not patch.pointer_like
                and place.size[0] < width <= 0.5 * self.width
                and 14 <= height <= 0.13 * self.height
                and patch.rect not in left
            ):
                used = tuple(r for r in left if max(r[2:]) <= 2 * self.widest_px)
                if used:
                    found.append(
                        (
                            INTO_HOVER + others,
                            _Place(time_s=time_s, box=(x, y, width, height), size=place.size, used=used, hover=True, came_from=place),
                        )
                    )
        return found


def hot_spot(place: _Place) -> tuple[int, int, Glyph]:
    """The pixel that clicks. A tall thin patch is the text bar, which clicks in its middle; arrow and hand click near their top."""
    x, y, width, height = place.box
    if place.hover:
        before = place.came_from.box if place.came_from else place.box
        near = max(x + 4, min(before[0], x + width - 4)) if width > 240 else x + width // 2
        return near, y + height // 2, "hand"
    if width <= height * 0.55:
        return x + width // 2, y + height // 2, "text"
    if width >= height * 0.8:
        return x + width * 3 // 8, y + 1, "hand"
    return x + 1, y + 1, "arrow"


def _alike(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return 0.35 <= (a[0] + 4) / (b[0] + 4) <= 2.8 and 0.35 <= (a[1] + 4) / (b[1] + 4) <= 2.8


def _far(a: Rect, b: Rect) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _other_end(merged: Rect, place: _Place) -> Rect | None:
    """The new place is the end of the merged patch that the old place does not reach."""
    was = place.box
    width, height = min(place.size[0], merged[2]), min(place.size[1], merged[3])
    right, down = merged[0] + merged[2] - (was[0] + was[2]), merged[1] + merged[3] - (was[1] + was[3])
    left, up = was[0] - merged[0], was[1] - merged[1]
    if max(right, left) < LEAST_JUMP_PX and max(down, up) < LEAST_JUMP_PX:
        return None
    x = merged[0] + merged[2] - width if right > left else merged[0]
    y = merged[1] + merged[3] - height if down > up else merged[1]
    return (x, y, width, height)

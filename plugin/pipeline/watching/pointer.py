"""Follows the mouse pointer by what its moves leave behind: a small patch goes back to what lay under it, another one appears (after Waken, UIST 2012).

A single difference rarely says which patch is the pointer, so several explanations are carried along (a beam search) and the one that explains the
most moves of the whole recording is believed: a wrong guess is corrected by what comes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Glyph, Pointer, Rect
from plugin.pipeline.watching.differences import overlap, union

BEAM = 12
FRESH = 6
WORST = 12.0
WIDEST_SHARE = 0.03
"""A pointer is at most this share of the picture's larger side (48 px at 1600)."""
LEAST_JUMP_PX = 3

MOVED, MERGED, INTO_HOVER, APPEARED = 2.0, 1.0, 1.1, -1.3
RESTORED, LEFT_A_TRACE = 0.6, -2.0
UNEXPLAINED, TOUCHED = -0.15, -0.5
LEFT_ALONE = 1.9
MISFIT = 0.8
MOVING_S = 0.21
"""A pointer that rested longer before a control recoloured pressed it."""
LEAST_CONTROL = 2.5
LEAVES_SHARE = 0.3
FAR_HOVER_PX = 300
FAR, FAR_PX = 0.4, 400
"""A hand crosses the screen in several frames."""
ALIKE_LEVELS = 14.0
"""Mean grey levels by which what the pointer uncovers may differ from what was there before it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One rectangle of different pixels. ``solid``: filled like a caret or a box; ``pointer_like``: small, and not solid."""

    rect: Rect
    pointer_like: bool
    solid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The pointer is drawn in ``box`` from ``time_s`` on; in a recoloured control (``hover``) only roughly. ``sizes`` are those of its last glyphs."""

    time_s: float
    box: Rect
    size: tuple[int, int]
    used: tuple[Rect, ...]
    hover: bool
    came_from: _Place | None
    sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guess:
    """One explanation of all that was seen. ``under`` are the pixels that the pointer hides (None where unknown)."""

    score: float
    place: _Place | None
    under: Any = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """One difference: its time, both frames and the patches."""

    time_s: float
    before: Any
    after: Any
    patches: list[Patch]
    small: list[Rect]


@dataclass(slots=True)
class Tracker:
    """Feed it every difference; ``track`` and ``explained`` hold the best explanation so far."""

    width: int
    height: int
    _beam: list[_Guess] = field(default_factory=lambda: [_Guess(score=0.0, place=None)])

    @property
    def widest_px(self) -> int:
        return max(28, round(max(self.width, self.height) * WIDEST_SHARE))

    def see(self, time_s: float, before: Any, after: Any, patches: list[Patch]) -> tuple[Rect, ...]:
        """Takes one difference (luma of both frames); gives the rectangles that the pointer explains, as far as can be said now."""
        seen = _Seen(time_s, before, after, patches, [p.rect for p in patches if p.pointer_like])
        best: dict[Rect | None, _Guess] = {}
        for guess in self._beam:
            for new in self._readings(seen, guess):
                key = new.place.box if new.place else None
                if key not in best or best[key].score < new.score:
                    best[key] = new
        order = sorted(best.values(), key=lambda g: -g.score)
        # Where the pointer was lost its next moves come from nowhere at first: the newest places are given time to prove themselves.
        fresh = [g for g in order[BEAM:] if g.place is not None and g.place.time_s == time_s]
        ranked = order[:BEAM] + fresh[:FRESH]
        top = ranked[0].score
        self._beam = [replace(g, score=g.score - top) for g in ranked if g.score > top - WORST]
        now = self._beam[0].place
        return now.used if now is not None and now.time_s == time_s else ()

    def came(self, since_s: float) -> tuple[Rect, Rect] | None:
        """Where the pointer is drawn now and where it was at ``since_s``, if it has moved since and both are known; else None."""
        place = here = self._beam[0].place
        while place is not None and place.time_s > since_s:
            place = place.came_from
        return None if here is None or place is None or place is here else (here.box, place.box)

    def track(self) -> list[Pointer]:
        """Where the pointer was, in order; one entry for each move."""
        found = []
        for place in self._path():
            x, y, glyph = hot_spot(place)
            at_x, at_y = max(0, min(x, self.width - 1)), max(0, min(y, self.height - 1))
            found.append(Pointer(time_s=round(place.time_s, 3), x=at_x, y=at_y, glyph=glyph, confidence=0.6 if place.hover else 0.9))
        return found

    def explained(self) -> dict[float, tuple[Rect, ...]]:
        """By time: the rectangles that moves of the pointer account for."""
        return {place.time_s: place.used for place in self._path()}

    def _path(self) -> list[_Place]:
        places, at = [], self._beam[0].place
        while at is not None:
            places.append(at)
            at = at.came_from
        return places[::-1]

    def _readings(self, seen: _Seen, guess: _Guess) -> list[_Guess]:
        """All ways to go on from a guess: the pointer stayed, or moved to one of the patches."""
        place = guess.place
        left = _left(place, seen.patches)
        others = UNEXPLAINED * min(3, len(seen.small))
        found = [replace(guess, score=guess.score + others + (TOUCHED if left else 0.0))]
        for rect in seen.small:
            if place is None:
                found.append(self._moved(seen, guess, rect, APPEARED + others, used=(rect,), size=rect[2:]))
            elif rect not in left and _alike(rect[2:], place.size):
                gone = tuple(r for r in left if max(r[2:]) <= 2 * self.widest_px)
                # What lies at the old place is clean evidence of leaving it only where it is no larger than the pointer.
                clean = bool(left) and any(r[2] * r[3] <= LEFT_ALONE * place.size[0] * place.size[1] for r in gone)
                gain = ((MOVED if clean else MERGED) - FAR * min(2.0, _far(rect, place.box) / FAR_PX)) if left else APPEARED
                gain += others - UNEXPLAINED * min(2, 1 + len(gone))
                found.append(self._moved(seen, guess, rect, gain, used=(*gone, rect), size=rect[2:], clean=clean))
        return found + (self._blurred(seen, guess, place, left, others) if place is not None and left else [])

    def _blurred(self, seen: _Seen, guess: _Guess, place: _Place, left: tuple[Rect, ...], others: float) -> list[_Guess]:
        """Moves whose end is no patch of its own: a slow one (old and new place are one patch), or one onto a control that recoloured."""
        found = []
        merged = max(left, key=lambda r: r[2] * r[3])
        solid = any(p.solid for p in seen.patches if p.rect == merged)
        if max(merged[2:]) <= 2 * self.widest_px and not solid:
            if place.hover:
                vague = merged[2] * merged[3] > LEFT_ALONE * place.size[0] * place.size[1]
                box = merged if vague else _middle(merged, place.size)
                found.append(
                    self._moved(seen, guess, box, (0.5 if vague else 1.0) * MERGED + others, used=left, size=place.size, hover=vague)
                )
            else:
                for box, misfit in _ends(merged, place):
                    found.append(self._moved(seen, guess, box, MERGED - MISFIT * misfit + others, used=left, size=box[2:]))
        gone = tuple(r for r in left if max(r[2:]) <= 2 * self.widest_px)
        moving = seen.time_s - place.time_s <= MOVING_S
        for patch in seen.patches:
            width, height = patch.rect[2:]
            fits = place.size[0] * 1.3 < width <= 0.5 * self.width and 14 <= height <= 0.13 * self.height
            small = patch.pointer_like and (patch.rect in left or width * height < LEAST_CONTROL * place.size[0] * place.size[1])
            if not fits or small or not (gone or patch.rect in left):
                continue
            control = _without(patch.rect, place.box) if patch.rect in left else patch.rect
            if control is None and moving and not place.hover:
                control = patch.rect
            gap = _gap(control, place.box) if control is not None else 0
            if control is not None and gap <= FAR_HOVER_PX:
                gain = INTO_HOVER - 2 * FAR * gap / FAR_PX + others
                found.append(self._moved(seen, guess, control, gain, used=gone, size=place.size, hover=True))
        return found

    def _moved(
        self,
        seen: _Seen,
        guess: _Guess,
        box: Rect,
        gain: float,
        *,
        used: tuple[Rect, ...],
        size: tuple[int, ...],
        hover: bool = False,
        clean: bool = False,
    ) -> _Guess:
        """A pointer leaves nothing behind: what it uncovers is what was there before it came. A caret or a typed letter leaves a trace."""
        trace = _trace(seen.after, guess, box)
        gain += 0.0 if trace is None else RESTORED if trace <= ALIKE_LEVELS else LEFT_A_TRACE
        old = guess.place
        shape = (size[0], size[1])
        sizes = old.sizes if old is not None else ()
        if clean and not any(max(abs(shape[0] - w), abs(shape[1] - h)) <= 2 for w, h in sizes):
            sizes = (*sizes, shape)[-3:]
        place = _Place(time_s=seen.time_s, box=box, size=shape, used=used, hover=hover, came_from=old, sizes=sizes)
        # Where the pointer comes from nowhere, it may have covered this place already.
        under = None if hover or not used or (old is not None and gain < 0 and trace is None) else _under(seen.before, guess, box)
        return _Guess(score=guess.score + gain, place=place, under=under)


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


def _trace(after: Any, guess: _Guess, new: Rect) -> float | None:
    """Mean grey levels between what the pointer uncovers and what was there before; None where that is not known."""
    if guess.place is None or guess.under is None:
        return None
    x, y, width, height = guess.place.box
    now = after[y : y + height, x : x + width].astype(np.int16)
    free = np.ones(now.shape, bool)
    _cut_out(free, guess.place.box, new)
    return float(np.abs(now - guess.under)[free].mean()) if free.sum() >= 12 else None


def _under(before: Any, guess: _Guess, box: Rect) -> Any:
    """The pixels below ``box`` before the pointer came there; where its old place overlaps, what was known to lie under that."""
    x, y, width, height = box
    under = before[y : y + height, x : x + width].astype(np.int16)
    old = guess.place.box if guess.place is not None else None
    if old is not None and guess.under is not None and overlap(old, box):
        left, top = max(x, old[0]), max(y, old[1])
        right, bottom = min(x + width, old[0] + old[2]), min(y + height, old[1] + old[3])
        known = guess.under[top - old[1] : bottom - old[1], left - old[0] : right - old[0]]
        under[top - y : top - y + known.shape[0], left - x : left - x + known.shape[1]] = known
    return under


def _cut_out(mask: Any, box: Rect, hole: Rect) -> None:
    left, top = max(0, hole[0] - box[0]), max(0, hole[1] - box[1])
    right, bottom = hole[0] + hole[2] - box[0], hole[1] + hole[3] - box[1]
    if right > 0 and bottom > 0:
        mask[top:bottom, left:right] = False


def _alike(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return 0.4 <= (a[0] + 4) / (b[0] + 4) <= 2.4 and 0.4 <= (a[1] + 4) / (b[1] + 4) <= 2.4


def _left(place: _Place | None, patches: list[Patch]) -> tuple[Rect, ...]:
    """The patches that say that the pointer is no longer where it was: a pointer that leaves changes all of its place, not a corner of it."""
    if place is None:
        return ()
    touched = tuple(p.rect for p in patches if overlap(p.rect, place.box, 1))
    inside = place.hover and any(_share(r, place.box) >= 0.6 for r in touched)
    return touched if inside or sum(_share(place.box, r) for r in touched) >= LEAVES_SHARE else ()


def _share(box: Rect, other: Rect) -> float:
    wide = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    high = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return max(0, wide) * max(0, high) / (box[2] * box[3])


def _gap(a: Rect, b: Rect) -> int:
    """Pixels between two rectangles, 0 where they touch."""
    across = max(a[0] - b[0] - b[2], b[0] - a[0] - a[2], 0)
    return across + max(a[1] - b[1] - b[3], b[1] - a[1] - a[3], 0)


def _far(a: Rect, b: Rect) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _middle(patch: Rect, size: tuple[int, int]) -> Rect:
    return (patch[0] + (patch[2] - size[0]) // 2, patch[1] + (patch[3] - size[1]) // 2, *size)


def _without(patch: Rect, old: Rect) -> Rect | None:
    """What is left of a patch when the pointer's old place at one of its ends is cut away: the control that it went onto.

    None where it lay inside already: a press recoloured the control then, not the pointer's coming.
    """
    x, y, width, height = patch
    before, after = (old[0] - x, old[1] - y), (x + width - old[0] - old[2], y + height - old[1] - old[3])
    for axis in (1, 0):
        near, far = sorted((before[axis], after[axis]))
        if near <= 2 and far >= 14:
            start = (x, y)[axis] if before[axis] > after[axis] else (x, y)[axis] + patch[2 + axis] - far
            return (x, start, width, far) if axis else (start, y, far, height)
    return None


def _ends(merged: Rect, place: _Place) -> list[tuple[Rect, float]]:
    """Where in a merged patch the pointer may be now, and how badly old and new place together fill the patch (0..1).

    The new place lies in one of its corners. Its size may be another one, where the glyph changed on the way.
    """
    x, y, width, height = merged
    found: list[tuple[Rect, float]] = []
    if max(abs(a - b) for a, b in zip(merged, place.box, strict=True)) <= LEAST_JUMP_PX:
        return found  # it left
    for size in {place.size, *place.sizes}:
        wide, high = min(size[0], width), min(size[1], height)
        if wide < 0.6 * size[0] or high < 0.6 * size[1]:
            continue
        for left in {x, x + width - wide}:
            for top in {y, y + height - high}:
                box = (left, top, wide, high)
                if _share(box, place.box) > 0.95 or max(abs(left - place.box[0]), abs(top - place.box[1])) < LEAST_JUMP_PX:
                    continue
                both = union([box, place.box])
                off = max(abs(both[0] - x), abs(both[1] - y), abs(both[0] + both[2] - x - width), abs(both[1] + both[3] - y - height))
                found.append((box, min(1.0, off / 8)))
    return found

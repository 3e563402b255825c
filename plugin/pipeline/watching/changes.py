"""Groups the differences of neighbouring frames into changes: what began, went on and came to rest is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plugin.pipeline.artefacts import Change, ChangeKind, Rect
from plugin.pipeline.watching.differences import overlap, union
from plugin.pipeline.watching.restless import Restless

QUIET_S = 0.25
"""A change that pauses for this long is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a frame differs from the one before; ``shift_px`` where content moved, ``moved_from`` the topmost row of that content.

    Carets and restless things are left out before.
    """

    time_s: float
    rects: tuple[Rect, ...]
    shift_px: int = 0
    moved_from: int = 0


def without_pointer(differences: Iterable[Difference], explained: Mapping[float, tuple[Rect, ...]]) -> tuple[Difference, ...]:
    """The differences that moves of the pointer do not explain (``explained``: rectangles by time)."""
    kept = []
    for difference in differences:
        pointer = explained.get(difference.time_s, ())
        rects = tuple(r for r in difference.rects if not any(overlap(r, p, -1) and r[2] * r[3] <= 6 * p[2] * p[3] + 600 for p in pointer))
        if rects:
            kept.append(replace(difference, rects=rects))
    return tuple(kept)


def without_restless(differences: Iterable[Difference], restless: Restless) -> tuple[Difference, ...]:
    """The differences outside of what turned out never to rest."""
    kept = ((d, tuple(r for r in d.rects if not restless.covered(d.time_s, r))) for d in differences)
    return tuple(replace(d, rects=rects) for d, rects in kept if rects)


def group(differences: Iterable[Difference], width: int, height: int) -> tuple[Change, ...]:
    """Neighbouring differences as one change, in order."""
    found: list[Change] = []
    running: list[Difference] = []
    for difference in differences:
        if running and difference.time_s - running[-1].time_s > QUIET_S:
            found.append(_change(running, width, height))
            running = []
        running.append(difference)
    if running:
        found.append(_change(running, width, height))
    return tuple(found)


def line_high(box: Rect, height: int) -> bool:
    """Not higher than a line of text with its surroundings: typing, a changed label, a highlighted row."""
    return box[3] <= max(48, height // 16)


def _change(parts: list[Difference], width: int, height: int) -> Change:
    box = union([r for part in parts for r in part.rects])
    start_s, end_s = parts[0].time_s, parts[-1].time_s
    shift = sum(part.shift_px for part in parts)
    return Change(start_s=round(start_s, 3), end_s=round(end_s, 3), box=box, kind=_kind(parts, box, shift, width, height), shift_px=shift)


def _kind(parts: list[Difference], box: Rect, shift: int, width: int, height: int) -> ChangeKind:
    if shift:
        return "scroll"
    if box[2] * box[3] > 0.5 * width * height:
        return "window"
    if line_high(box, height) and len(parts) >= 4 and parts[-1].time_s - parts[0].time_s > 0.3:
        return "typing"
    return "region"

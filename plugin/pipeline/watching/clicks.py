"""Finds presses of the mouse button: the pointer came, rested, and then something changed that is not its own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from plugin.pipeline.artefacts import Change, Click, Pointer, Rect, Still
from plugin.pipeline.watching.differences import overlap

REST_S = 0.12
ARRIVED_PX = 6
LONGEST_REST_S = 12.0
REACTION_S = 0.1
"""Between the press and the first frame that shows its effect."""


def find(track: Sequence[Pointer], changes: Sequence[Change], stills: Sequence[Still], duration_s: float) -> tuple[Click, ...]:
    """At most one click for each rest of the pointer, except where a control is pressed again and again."""
    found = []
    for i, (start_s, end_s, at) in enumerate(rests(track, duration_s)):
        during = [
            c
            for c in changes
            if start_s - 0.05 <= c.start_s < min(end_s + 0.05, start_s + LONGEST_REST_S) and c.kind not in ("caret", "noise")
        ]
        hover = next((c for c in during if c.start_s - start_s < 0.16 and _round_the_pointer(c.box, at)), None)
        effects = [c for c in during if c is not hover]
        if not effects:
            continue
        effect = effects[0]
        if i == 0 and effect.start_s > start_s + 4 and not overlap(effect.box, (at.x - 60, at.y - 30, 120, 60)):
            continue  # something happened by itself long after the pointer was left lying
        time_s = max(start_s, effect.start_s - REACTION_S)
        before, after = neighbours(stills, time_s)
        found.append(
            Click(
                time_s=round(time_s, 3),
                x=at.x,
                y=at.y,
                hover=hover.box if hover else None,
                before=before,
                after=after,
                confidence=_confidence(effect, at, time_s - start_s, hover is not None),
            )
        )
    return tuple(found)


def rests(track: Sequence[Pointer], duration_s: float) -> list[tuple[float, float, Pointer]]:
    """(from, until, where) the pointer lay still for at least REST_S after it had moved."""
    found = []
    for i, here in enumerate(track):
        until = track[i + 1].time_s if i + 1 < len(track) else duration_s
        if until - here.time_s >= REST_S:
            if found and abs(found[-1][2].x - here.x) <= ARRIVED_PX and abs(found[-1][2].y - here.y) <= ARRIVED_PX:
                found[-1] = (found[-1][0], until, here)
            else:
                found.append((here.time_s, until, here))
    return found


def neighbours(stills: Sequence[Still], time_s: float) -> tuple[int, int]:
    """The last still before a moment and the first one after it."""
    after = bisect_right([s.time_s for s in stills], time_s)
    return max(0, after - 1), min(after, len(stills) - 1)


def _round_the_pointer(box: Rect, at: Pointer) -> bool:
    x, y, width, height = box
    return x - 8 <= at.x <= x + width + 8 and y - 8 <= at.y <= y + height + 8 and height <= 90


def _confidence(effect: Change, at: Pointer, waited_s: float, hovered: bool) -> float:
    score = 0.35
    score += 0.25 if overlap(effect.box, (at.x - 12, at.y - 12, 24, 24)) else 0.0
    score += 0.2 if waited_s < 1.0 else 0.05 if waited_s < 2.5 else -0.1
    score += 0.15 if hovered or at.glyph in ("hand", "text") else 0.0
    return round(min(0.95, score), 2)

"""Finds presses of the mouse button: the pointer came, rested, and then something changed that is not its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from plugin.pipeline.artefacts import Click, Pointer, Rect, Still
from plugin.pipeline.watching.changes import Difference
from plugin.pipeline.watching.differences import overlap

REST_S = 0.12
ARRIVED_PX = 6
LONGEST_REST_S = 12.0
LEAP_PX, RESTED_S = 250, 0.3
FLIGHT_PX_S = 7000
"""No hand moves a pointer as fast as this."""
ARRIVES_S = 0.3
PASSING_S, PASSING_PX = 0.2, 30
"""A pause this short with moves of this length before and after it, in one direction, is a frame that the recorder left out."""
WHEEL_PX, SETTLED_S = 40, 0.3
"""A wheel moves what stands above the pointer too, by this much; a press that unfolds something moves what stands below. What comes this soon after is its end."""
HOVER_S, LEAST_HOVER_PX = 0.1, 30
SAME_FRAME_S = 0.03
REACTION_S = 0.1
"""Between the press and the first frame that shows its effect."""


def find(track: Sequence[Pointer], differences: Sequence[Difference], stills: Sequence[Still], duration_s: float) -> tuple[Click, ...]:
    """At most one click for each rest of the pointer. ``differences`` are those that the pointer's moves do not explain."""
    found = []
    times = [d.time_s for d in differences]
    for start_s, end_s, at in rests(track, duration_s):
        if _out_of_nowhere(track, start_s):
            continue
        until_s = min(end_s + SAME_FRAME_S, start_s + LONGEST_REST_S)
        during = _without_wheel(list(differences[bisect_right(times, start_s - SAME_FRAME_S) : bisect_right(times, until_s)]), at)
        hover = _hover(during, start_s, at)
        effect = next((d for d in during if d.time_s > start_s + (HOVER_S if hover else SAME_FRAME_S)), None)
        if effect is None:
            continue
        time_s = max(start_s, effect.time_s - REACTION_S)
        before, after = neighbours(stills, time_s)
        confidence = _confidence(effect, at, time_s - start_s, hover is not None and hover[2] >= LEAST_HOVER_PX)
        found.append(Click(time_s=round(time_s, 3), x=at.x, y=at.y, hover=hover, before=before, after=after, confidence=confidence))
    return tuple(found)


def _hover(during: Sequence[Difference], start_s: float, at: Pointer) -> Rect | None:
    """The control that recoloured when the pointer came onto it."""
    fresh = [r for d in during if d.time_s - start_s <= HOVER_S for r in d.rects]
    return next((r for r in fresh if _round_the_pointer(r, at)), None)


def _without_wheel(during: list[Difference], at: Pointer) -> list[Difference]:
    """What happened at a rest, without the scrolling by a wheel: it is no effect of a press."""
    wheel = [d.time_s for d in during if d.shift_px and d.moved_from < at.y - WHEEL_PX]
    if not wheel:
        return during
    ended_s = wheel[0]
    for difference in during:
        if ended_s < difference.time_s <= ended_s + SETTLED_S:
            ended_s = difference.time_s
    return [d for d in during if d.time_s < wheel[0] - SETTLED_S or d.time_s > ended_s]


def _out_of_nowhere(track: Sequence[Pointer], since_s: float) -> bool:
    """Whether the pointer seems to have come to its rest in a leap: no hand does that, a page that is drawn anew looks like it."""
    i = bisect_left(track, since_s, key=lambda p: p.time_s)
    if i == 0 or i >= len(track):
        return i == 0  # never seen to move before
    last, here = track[i - 1], track[i]
    if _far(last, here) > LEAP_PX and here.time_s - last.time_s > RESTED_S:
        return True
    recent = [p for p in track[max(0, i - 6) : i + 1] if p.time_s >= here.time_s - ARRIVES_S]
    return any(_far(a, b) > max(LEAP_PX, FLIGHT_PX_S * (b.time_s - a.time_s)) for a, b in pairwise(recent))


def _far(one: Pointer, other: Pointer) -> int:
    return abs(one.x - other.x) + abs(one.y - other.y)


def rests(track: Sequence[Pointer], duration_s: float) -> list[tuple[float, float, Pointer]]:
    """(from, until, where) the pointer lay still for at least REST_S after it had moved."""
    found: list[tuple[float, float, Pointer]] = []
    for i, here in enumerate(track):
        until = track[i + 1].time_s if i + 1 < len(track) else duration_s
        if until - here.time_s >= REST_S and not _passing(track, i):
            if found and abs(found[-1][2].x - here.x) <= ARRIVED_PX and abs(found[-1][2].y - here.y) <= ARRIVED_PX:
                found[-1] = (found[-1][0], until, here)
            else:
                found.append((here.time_s, until, here))
    return found


def _passing(track: Sequence[Pointer], i: int) -> bool:
    """Whether the pointer was on its way all the time."""
    if not 0 < i < len(track) - 1 or track[i + 1].time_s - track[i].time_s > PASSING_S:
        return False
    (came_x, came_y), (goes_x, goes_y) = _step(track[i - 1], track[i]), _step(track[i], track[i + 1])
    long = min(abs(came_x) + abs(came_y), abs(goes_x) + abs(goes_y)) >= PASSING_PX
    return long and came_x * goes_x + came_y * goes_y > 0


def _step(one: Pointer, other: Pointer) -> tuple[int, int]:
    return other.x - one.x, other.y - one.y


def neighbours(stills: Sequence[Still], time_s: float) -> tuple[int, int]:
    """The last still before a moment and the first one after it."""
    after = bisect_right([s.time_s for s in stills], time_s)
    return max(0, after - 1), min(after, len(stills) - 1)


def _round_the_pointer(box: Rect, at: Pointer) -> bool:
    x, y, width, height = box
    return x - 8 <= at.x <= x + width + 8 and y - 8 <= at.y <= y + height + 8 and height <= 90


def _confidence(effect: Difference, at: Pointer, waited_s: float, hovered: bool) -> float:
    near = any(overlap(r, (at.x - 12, at.y - 12, 24, 24)) for r in effect.rects)
    score = 0.35 + (0.25 if near else 0.0)
    score += 0.2 if waited_s < 1.0 else 0.05 if waited_s < 2.5 else -0.1
    score += 0.15 if hovered or at.glyph in ("hand", "text") else 0.0
    return round(min(0.95, score), 2)

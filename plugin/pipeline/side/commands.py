"""Commands that a terminal session knows to the letter take the place of those read from pixels."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rapidfuzz import fuzz

from plugin.pipeline.act import shell
from plugin.pipeline.artefacts import Action, Reading, Rect, Watched
from plugin.pipeline.side.replay import Ran
from plugin.pipeline.watching.clicks import neighbours

ALIKE = 60.0
"""Similarity (0..100) from which on a command read from pixels is the one that the session knows."""
AROUND_S = 2.0


def exact(actions: Sequence[Action], ran: Sequence[Ran], watched: Watched, reading: Reading, *, same_clock: bool) -> list[Action]:
    """``actions`` with the session's commands. ``same_clock`` where the session is the recording; else its clock is fitted to what the pixels say.

    A command from pixels stays only where the session was not running: another terminal's, before or after it.
    """
    seen = [a for a in actions if a.kind == "command"]
    pairs = {} if same_clock else _pairs(seen, ran)
    shift_s = median([seen[i].act_s - ran[j].start_s for j, i in pairs.items()]) if pairs else 0.0
    known = [_action(r, shift_s, seen[pairs[j]] if j in pairs else None, watched, reading, same_clock) for j, r in enumerate(ran)]
    if not known:
        return list(actions)
    begin_s, end_s = known[0].start_s - AROUND_S, known[-1].end_s + AROUND_S
    paired = {id(seen[i]) for i in pairs.values()}
    others = [a for a in actions if a.kind != "command" or (id(a) not in paired and not begin_s <= a.act_s <= end_s)]
    return sorted([*others, *known], key=lambda a: (a.act_s, a.start_s))


def _pairs(seen: Sequence[Action], ran: Sequence[Ran]) -> dict[int, int]:
    """Index of a session's command -> index of the one seen, in the same order on both sides."""
    best = [[0.0] * (len(seen) + 1) for _ in range(len(ran) + 1)]
    like = [[_alike(r.text, a.command or "") for a in seen] for r in ran]
    for j in range(len(ran) - 1, -1, -1):
        for i in range(len(seen) - 1, -1, -1):
            best[j][i] = max(best[j + 1][i], best[j][i + 1], like[j][i] + best[j + 1][i + 1] if like[j][i] else 0.0)
    pairs, j, i = {}, 0, 0
    while j < len(ran) and i < len(seen):
        if like[j][i] and best[j][i] == like[j][i] + best[j + 1][i + 1]:
            pairs[j] = i
            j, i = j + 1, i + 1
        elif best[j][i] == best[j + 1][i]:
            j += 1
        else:
            i += 1
    return pairs


def _alike(one: str, other: str) -> float:
    ratio = fuzz.ratio(one, other)
    return ratio if ratio >= ALIKE else 0.0


def _action(ran: Ran, shift_s: float, seen: Action | None, watched: Watched, reading: Reading, own: bool) -> Action:
    start_s, enter_s, end_s = (max(0.0, t + shift_s) for t in (ran.start_s, ran.enter_s, ran.end_s))
    before, after = (ran.typed, ran.done) if own else (neighbours(watched.stills, start_s)[0], neighbours(watched.stills, end_s)[1])
    box = _row(ran.text, reading, after)
    if seen is not None:
        before, after, box = seen.before if seen.before is not None else before, seen.after or after, seen.box or box
    trouble = bool(ran.output and shell.is_trouble(ran.output))
    return Action(
        kind="command", start_s=round(start_s, 3), act_s=round(start_s, 3), end_s=round(max(enter_s, end_s), 3), command=ran.text,
        output=ran.output or None, language=ran.language, place="Terminal", role="terminal", box=box,
        point=(box[0] + box[2] // 2, box[1] + box[3] // 2) if box else None,
        before=before, after=after, trouble=trouble, confidence=0.97,
    )  # fmt: skip


def _row(command: str, reading: Reading, still: int) -> Rect | None:
    """Where the command's first row stands in a still."""
    first = command.splitlines()[0]
    screen = next((s for s in reading.screens if s.still == still), None)
    if screen is None:
        return None
    rows = [line for line in screen.lines if first in line.text]
    return max(rows, key=lambda line: line.box[1]).box if rows else None

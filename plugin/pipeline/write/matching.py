"""Which clause of the narration tells which action on the screen: an order-preserving alignment by dynamic programming.

A clause may tell several actions ("go back to Admin and then Policies"), an action may have no clause. People mostly announce what they do and
then do it, so a clause is expected to begin shortly before the hand moves; what it says has to fit what was seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.language import Cues, tokens
from plugin.pipeline.write.phrases import leading_verb
from plugin.pipeline.write.roles import FIXED, Told

EARLIEST_S, LATEST_S = 9.0, 4.0
"""A clause that ended more than EARLIEST_S before the action began, or began more than LATEST_S after it ended, does not tell it."""

APPROACH_S = 4.0

WORTH = 1.3
"""A pair below this is no pair. Time alone gives at most 2, words that fit 3, the verb 1."""

_REUSE = 1.2
_WORDS_OF_COMMAND = re.compile(r"[A-Za-z][A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """``clause`` indexes the narration; ``score`` is the worth of the pair."""

    action: int
    clause: int
    score: float


def align(actions: Sequence[Action], told: Sequence[Told], cues: Cues) -> dict[int, Pair]:
    """The best clause of each action that has one; clauses never go back as actions go on.

    ``best[j]`` is the worth of the actions so far where clause ``j`` is the last one used (0: none yet).
    """
    usable = [j for j, t in enumerate(told) if t.role not in FIXED]
    before: Action | None = None
    best = [0.0] + [float("-inf")] * len(usable)
    chosen: list[list[int | None]] = []
    for action in actions:
        worth = [_worth(action, told[j], cues) for j in usable]
        costs = [_cost_of_sharing(told[j], before, cues) for j in usable]
        best, origins = _advance(best, worth, costs)
        before = action
        chosen.append(origins)
    return _trace(best, chosen, [told[j] for j in usable], usable, actions, cues)


def _advance(best: list[float], worth: list[float], costs: list[float]) -> tuple[list[float], list[int | None]]:
    """One action further. ``origins[j]`` is the last clause before it where the action took clause ``j``, None where it took nothing."""
    after, origins = list(best), [None] * len(best)
    top, top_at = best[0], 0
    result: list[int | None] = list(origins)
    for j, own in enumerate(worth, start=1):
        if own >= WORTH:
            shared = best[j] + own - costs[j - 1]
            for value, origin in ((top + own, top_at), (shared, j)):
                if value > after[j]:
                    after[j], result[j] = value, origin
        if best[j] > top:
            top, top_at = best[j], j
    return after, result


def _trace(
    best: list[float], chosen: list[list[int | None]], told: list[Told], usable: list[int], actions: Sequence[Action], cues: Cues
) -> dict[int, Pair]:
    pairs: dict[int, Pair] = {}
    j = max(range(len(best)), key=lambda k: best[k])
    for i in range(len(chosen) - 1, -1, -1):
        origin = chosen[i][j]
        if origin is not None:
            pairs[i] = Pair(action=i, clause=usable[j - 1], score=round(_worth(actions[i], told[j - 1], cues), 3))
            j = origin
    return pairs


def _cost_of_sharing(told: Told, before: Action | None, cues: Cues) -> float:
    """What it costs that a clause tells an action as well as the one before it: nothing where it has several verbs and was said in time."""
    late = before is not None and told.clause.start_s > before.act_s + 0.8
    return (0.0 if _tells_several(told, cues) else _REUSE) + (_REUSE if late else 0.0)


def _tells_several(told: Told, cues: Cues) -> bool:
    parts = re.split(r",? (?:and|und) (?:then |dann )?|, ", told.clause.plain)
    return sum(1 for p in parts if leading_verb(p, cues) or len(p.split()) <= 2) > 1


def _worth(action: Action, told: Told, cues: Cues) -> float:
    clause = told.clause
    if clause.end_s < action.start_s - EARLIEST_S or clause.start_s > action.end_s + LATEST_S:
        return 0.0
    fits = words_fit(action, clause.plain)
    verb = verb_fits(action, clause.plain, cues)
    moment = _time_fits(action, clause.start_s, clause.end_s)
    if moment == 0.0:
        return 0.0
    score = 3.0 * fits + verb + moment
    if told.role in ("expected", "warning", "reason", "stakeholder", "owner"):
        score -= 2.2
    elif told.role in ("purpose", "prerequisite", "covers", "excludes"):
        score -= 3.0
    return score


def _time_fits(action: Action, start_s: float, end_s: float) -> float:
    """2 where the clause announces the action (begins near the hand's start, before the press), falling off on both sides.

    Commands and keys have no visible approach: they are announced up to APPROACH_S before the first key.
    """
    begins_s = min(action.start_s, action.act_s - APPROACH_S) if action.kind in ("command", "key") else action.start_s
    if begins_s - 1.5 <= start_s <= action.act_s + 0.8:
        return 2.0
    if start_s < begins_s:
        return max(0.0, 1.3 - 0.25 * max(0.0, begins_s - end_s))
    while_s = min(start_s, action.end_s) - action.act_s - 0.8
    after_s = max(0.0, start_s - action.end_s)
    return max(0.0, max(0.3, 1.0 - 0.12 * while_s) - 0.4 * after_s)


def words_fit(action: Action, text: str) -> float:
    """0..1: how well the visible label, the value or the words of the command stand in the clause."""
    spoken = " ".join(tokens(text))
    fits = [0.0, *(_near(" ".join(tokens(visible)), spoken) for visible in (action.target, action.value) if visible)]
    if action.command:
        fits.append(_command_fits(action.command, spoken))
    if action.keys:
        fits.append(
            max(
                _near(k.lower().replace("+", " ").replace("ctrl", "control"), spoken.replace("ctrl", "control").replace("-", " "))
                for k in action.keys
            )
        )
    return max(fits)


def _near(needle: str, spoken: str) -> float:
    if not needle or not spoken:
        return 0.0
    ratio = fuzz.partial_ratio(needle, spoken) / 100 if len(needle) <= len(spoken) else fuzz.ratio(needle, spoken) / 100
    return max(0.0, (ratio - 0.6) / 0.4) if len(needle) > 2 else float(needle in spoken.split())


def _command_fits(command: str, spoken: str) -> float:
    """The share of the command's speaking words that were said; the program itself counts double."""
    words = [w.lower() for w in _WORDS_OF_COMMAND.findall(command) if len(w) > 2]
    if not words:
        return 0.0
    said = spoken.split()
    hits = [any(w.startswith(s[:5]) or s.startswith(w[:5]) for s in said if len(s) > 2) for w in dict.fromkeys(words)]
    return min(1.0, sum(hits) / max(2.0, min(4.0, len(hits))))


def verb_fits(action: Action, text: str, cues: Cues) -> float:
    """1 where the clause's verb is one of the action's kind, 0.3 where it has another verb, 0 without a verb."""
    verb = leading_verb(text, cues)
    if verb is None:
        return 0.0
    kinds = {"click": ("click", "open", "select", "tick"), "type": ("type",)}.get(action.kind, (action.kind,))
    return 1.0 if any(verb in cues.verbs.get(k, frozenset()) for k in kinds) else 0.3

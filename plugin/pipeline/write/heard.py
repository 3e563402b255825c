"""A recording without pictures: what was told to do becomes steps that are marked as said, with a low confidence."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.clauses import Clause
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.matching import Pair
from plugin.pipeline.write.phrases import imperative
from plugin.pipeline.write.plan import Plan
from plugin.pipeline.write.roles import Told, classify
from plugin.pipeline.write.sections import Sorter

CONFIDENCE = 0.3
SHORTEST = 3
"""Words of a phrase that tells a stranger something to do."""


def told_only(clauses: Sequence[Clause], cues: Cues) -> Plan:
    """The plan of a recording that was only heard: each sentence that tells something to do is a step."""
    told = _classified(clauses, cues)
    steps: dict[int, Action] = {}
    pairs: dict[int, Pair] = {}
    for i, one in enumerate(told):
        if one.role == "retraction" and steps and not one.continues:
            taken_back = max(steps)
            steps.pop(taken_back)
            pairs.pop(taken_back)
        if one.role not in ("action", "verification") or one.continues:
            continue
        phrase = imperative(one.clause.text, cues)
        if phrase is None or len(phrase.split()) < SHORTEST:
            continue
        clause = one.clause
        steps[i] = Action(
            kind="wait", start_s=clause.start_s, act_s=clause.start_s, end_s=clause.end_s, target=phrase, confidence=CONFIDENCE
        )
        pairs[i] = Pair(action=i, clause=i, score=0.0)
    sections = Sorter(steps, cues).sort(told, {p.clause for p in pairs.values()})
    return Plan(steps=steps, pairs=pairs, told=told, sections=sections, seen=False)


def _classified(clauses: Sequence[Clause], cues: Cues) -> list[Told]:
    """The introduction ends where for the first time something is told to do."""
    everything_early = classify(clauses, cues, first_s=float("inf"), last_s=float("inf"))
    doing = [t.clause for t in everything_early if t.role in ("action", "verification")]
    first_s = doing[0].start_s if doing else float("inf")
    last_s = doing[-1].end_s if doing else float("inf")
    return classify(clauses, cues, first_s=first_s, last_s=last_s)

"""Which actions were mistakes: taken back by a later action, or by speech ("No wait, that's the wrong page")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.matching import Pair
from plugin.pipeline.write.roles import Told

LONG_AGO_S = 12.0
"""A retraction that comes later than this after an action's result does not mean it: the speaker corrected only a word."""

TOLD_AGAIN = 80
"""Similarity (0..100) of two sentences that tell the same thing."""

ALIKE = 72
"""Similarity (0..100) from which on two commands are the same thing tried again."""


def mistaken(actions: Sequence[Action], told: Sequence[Told], pairs: Mapping[int, Pair]) -> set[int]:
    """Indices of the actions that a good SOP leaves out."""
    found = {i for i, a in enumerate(actions) if a.taken_back}
    for t in told:
        if t.role == "retraction" and not t.continues:
            found |= _meant(t, actions, told, pairs, found)
    return found


def _meant(retraction: Told, actions: Sequence[Action], told: Sequence[Told], pairs: Mapping[int, Pair], already: set[int]) -> set[int]:
    """The last action before the retraction, and what only led to it."""
    done = [i for i, a in enumerate(actions) if a.act_s < retraction.clause.start_s + 0.3]
    if not done:
        return set()
    last = done[-1]
    if last in already or retraction.clause.start_s - actions[last].end_s > LONG_AGO_S:
        return set()
    found = {last}
    after = actions[last + 1 : last + 4]
    for i in range(last - 1, max(-1, last - 4), -1):
        leads = _only_leads(actions[i], actions[i + 1], after, same_clause=_same(pairs, i, i + 1))
        if not leads and not _told_again(i, range(last + 1, last + 3), told, pairs):
            break
        found.add(i)
    return found


def _only_leads(action: Action, to: Action, after: Sequence[Action], *, same_clause: bool) -> bool:
    """True for a menu opened on the way to the wrong entry: it is opened again afterwards, or was told in the same breath."""
    if action.kind not in ("click", "navigate") or to.kind not in ("click", "navigate", "select"):
        return False
    again = any(_named_alike(a, action) for a in after if a.kind == action.kind)
    return again or (same_clause and action.role == "menu")


def _told_again(i: int, later: range, told: Sequence[Told], pairs: Mapping[int, Pair]) -> bool:
    """True where the same words tell one of the ``later`` actions: "we go to Status", and after the mistake "go to Status again"."""
    if i not in pairs:
        return False
    said = told[pairs[i].clause].clause.plain
    return len(said.split()) >= 3 and any(
        fuzz.token_set_ratio(said, told[pairs[k].clause].clause.plain) >= TOLD_AGAIN
        for k in later
        if k in pairs and pairs[k].clause != pairs[i].clause
    )


def _named_alike(one: Action, other: Action) -> bool:
    return bool(one.target and other.target) and fuzz.ratio(str(one.target).lower(), str(other.target).lower()) > 85


def _same(pairs: Mapping[int, Pair], i: int, j: int) -> bool:
    return i in pairs and j in pairs and pairs[i].clause == pairs[j].clause


def replacement(actions: Sequence[Action], mistake: int, mistakes: set[int]) -> int | None:
    """The later action that did right what ``mistake`` did wrong, or None."""
    wrong = actions[mistake]
    for i in range(mistake + 1, min(len(actions), mistake + 5)):
        right = actions[i]
        if i in mistakes or right.kind != wrong.kind:
            continue
        if wrong.command and right.command and fuzz.ratio(wrong.command, right.command) >= ALIKE:
            return i
        if wrong.target and right.target == wrong.target:
            return i
    return None

"""What job each clause of the narration has in an SOP: purpose, scope, prerequisite, action, expected result, warning ...

Rules over cue words and the place in the recording (before the first action, right after one). What fits nothing is an action candidate: the
matching decides whether it tells one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from plugin.pipeline.write.clauses import Clause
from plugin.pipeline.write.language import Cues, plain
from plugin.pipeline.write.phrases import bare, leading_verb

Role = Literal[
    "purpose", "covers", "excludes", "prerequisite", "action", "expected", "verification", "warning", "troubleshooting", "decision",
    "rollback", "escalation", "owner", "role", "stakeholder", "reason", "retraction", "aside", "closing", "unclear",
]  # fmt: skip

FIXED = frozenset(
    {"covers", "excludes", "rollback", "escalation", "owner", "role", "troubleshooting", "decision", "closing", "retraction", "aside"}
)
"""Roles that a clause keeps however well it fits an action on the screen."""


_STRONG: tuple[Role, ...] = ("retraction", "owner", "excludes", "closing", "escalation", "rollback", "role")


_POINTING = 3
"""Words of a condition that only points at what was said before ("if it doesn't"): it belongs to the expected result."""
ANNOUNCED_S = 2.0
"""The first action is announced closer to it than this; what is said earlier introduces the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A clause and its job. ``continues`` says that it goes on with the clause before it."""

    clause: Clause
    role: Role
    continues: bool = False


def classify(clauses: Sequence[Clause], cues: Cues, *, first_s: float, last_s: float) -> list[Told]:
    """The role of each clause. The first action begins at ``first_s``, the last ends at ``last_s`` (both infinite where none was seen)."""
    found: list[Told] = []
    for clause in clauses:
        early = clause.start_s < first_s - 0.5 and clause.end_s < first_s + 3.0
        announcing = clause.end_s >= first_s - ANNOUNCED_S
        late = clause.start_s > last_s - 1.0
        told = _told(clause, found[-1] if found else None, cues, early=early, late=late, announcing=announcing)
        introduced = any(t.role == "purpose" for t in found)
        if (
            not introduced
            and told.role in ("action", "unclear")
            and clause.end_s < first_s - ANNOUNCED_S
            and len(clause.plain.split()) >= 4
        ):
            told = replace(told, role="purpose")
        found.append(told)
    return found


def _told(clause: Clause, before: Told | None, cues: Cues, *, early: bool, late: bool, announcing: bool) -> Told:
    text = plain(bare(clause.text, cues))
    role = _own_role(clause.plain, text, cues, early=early, late=late)
    if (
        role in ("unclear", "expected", "aside", "action")
        and before is not None
        and _goes_on(text, clause, before, cues, early=early and not announcing, late=late)
    ):
        return Told(clause=clause, role=before.role, continues=True)
    if role == "unclear" and early and not announcing:
        role = "purpose" if before is None or before.role in ("purpose", "closing", "aside") else "unclear"
    return Told(clause=clause, role=role)


def _own_role(said: str, text: str, cues: Cues, *, early: bool, late: bool) -> Role:
    if not text:
        return "closing" if cues.has("closing", said) else "aside"
    conditional = _conditional(text, cues)
    # "When customers complain that ..., we clean up ...", said before anything is done, is why it is done.
    if conditional is not None and not (early and conditional == "troubleshooting" and cues.single["time_clause"].match(text)):
        return conditional
    if not early and cues.has("stakeholder", text):
        return "stakeholder"
    for role in _STRONG:
        if cues.has(role, said) or cues.has(role, text):
            return "prerequisite" if role == "escalation" and early else role
    if cues.has("aside", text):
        return "aside"
    if cues.has("warning", text) and not _early_need(text, cues, early=early):
        return "warning"
    if early:
        return _early_role(said, text, cues)
    beforehand = cues.roles["prerequisite"][0].search(said) is not None
    return "prerequisite" if beforehand or (cues.has("prerequisite", said) and not late) else _later_role(said, text, cues)


def _early_role(said: str, text: str, cues: Cues) -> Role:
    for role in ("prerequisite", "covers", "purpose"):
        if cues.has(role, said) or cues.has(role, text):
            return role
    if _early_need(text, cues, early=True):
        return "prerequisite"
    later = _later_role(said, text, cues)
    return "unclear" if later == "expected" else later


def _later_role(said: str, text: str, cues: Cues) -> Role:
    if cues.single["otherwise"].match(text):
        return "reason"
    if cues.single["verification"].match(text):
        return "verification"
    if cues.single["points_at"].match(said):
        return "unclear"
    if cues.has("expected", said) or cues.has("expected", text):
        return "expected"
    return "action" if leading_verb(said, cues) else "unclear"


def _conditional(text: str, cues: Cues) -> Role | None:
    if not cues.single["if"].match(text):
        return None
    if cues.has("rollback", text):
        return "rollback"
    if cues.has("escalation", text):
        return "escalation"
    condition, _, consequence = text.partition(",")
    if cues.single["fine"].search(consequence):
        return "expected"
    if cues.single["harm"].search(consequence):
        return "warning"
    if cues.single["failure"].search(condition):
        halts = cues.single["halt"].match(consequence) is not None and len(condition.split()) > _POINTING
        return "decision" if halts else "troubleshooting"
    return None if cues.single["time_clause"].match(text) else "decision"


def _early_need(text: str, cues: Cues, *, early: bool) -> bool:
    return early and cues.has("prerequisite_early", text)


def _goes_on(text: str, clause: Clause, before: Told, cues: Cues, *, early: bool, late: bool) -> bool:
    """A sentence without a job of its own goes on with the one before it: "It expires after thirty days."."""
    near = clause.start_s - before.clause.end_s < 2.0
    if not near or before.role in ("action", "closing", "aside", "unclear"):
        return False
    if before.role == "retraction":
        return clause.start_s - before.clause.end_s < 1.0 and leading_verb(clause.plain, cues) is None and not early
    if early and before.role in ("purpose", "prerequisite", "excludes", "covers", "warning"):
        return cues.has("continuation", clause.plain) or (before.role == "purpose" and leading_verb(clause.plain, cues) is None)
    return cues.has("continuation", text) and (late or leading_verb(clause.plain, cues) is None)

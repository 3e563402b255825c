"""The rules that hold for an SOP: its own, laid over its area's, laid over the workspace's; what is missing; whether an approval is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.document import decode
from plugin.domain.review import Policy, layered
from plugin.domain.sop import Sop
from plugin.pipeline.stage import Shape
from plugin.pipeline.write.templates import Gap, Template, gaps, templates
from plugin.store import tables

WORKSPACE = ""
"""Name of the area whose rules hold for all others."""

WORDS = {
    "scope": "Say what this covers and what it does not.",
    "roles": "Say who does it.",
    "stakeholders": "Say who must know about it.",
    "prerequisites": "Say what is needed before starting.",
    "warnings": "Say what must never happen.",
    "steps": "There are no steps.",
    "expected": "Say at some step what should be seen afterwards.",
    "verification": "Say how the end result is checked.",
    "troubleshooting": "Say what to do if something goes wrong.",
    "rollback": "Say how to go back.",
    "escalation": "Say whom to call.",
    "purpose": "Say what it is for.",
    "summary": "Sum it up in a sentence or two.",
    "tools": "Name the tools.",
    "references": "Say where to read more.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One area's stored rules; None and empty mean "as the workspace says"."""

    policy: Policy
    needed: int | None = None
    approvers: tuple[str, ...] = ()
    required: tuple[str, ...] | None = None
    sections: tuple[str, ...] = ()


def of(session: Session, workspace_id: str) -> dict[str, Rules]:
    """The stored rules of a workspace, by area."""
    return {row.name: parsed(row.rules) for row in session.scalars(select(tables.Area).where(tables.Area.workspace_id == workspace_id))}


def parsed(stored: Mapping[str, Any]) -> Rules:
    return decode(Rules, stored)


def shapes(session: Session, workspace_id: str) -> dict[str, Shape]:
    """The templates of a workspace as the writer wants them, by area; "" holds for all others."""
    return {
        name: Shape(
            sections=stored.sections, interval_days=stored.policy.interval_days or 30 * (stored.policy.interval_months or 0) or None
        )
        for name, stored in of(session, workspace_id).items()
    }


def policy_of(stored: Mapping[str, Rules], own: Mapping[str, Any], area: str | None) -> Policy:
    """What holds: the SOP's own rule, its area's, the workspace's, the interval of the built-in template, the default."""
    of_area = stored[area].policy if area and area in stored else None
    return layered(decode(Policy, own), of_area, *_beneath(stored, area))


def wider_than(stored: Mapping[str, Rules], area: str) -> Policy:
    """What holds for an area that says nothing itself; for the workspace's own rule, the default."""
    return layered(*(() if area == WORKSPACE else _beneath(stored, area)))


def _beneath(stored: Mapping[str, Rules], area: str | None) -> tuple[Policy | None, Policy | None]:
    template = templates().get(area or "")
    built_in = Policy(interval_days=template.review_interval_days) if template else None
    return (stored[WORKSPACE].policy if WORKSPACE in stored else None, built_in)


def approval_of(stored: Mapping[str, Rules], area: str | None) -> tuple[int, tuple[str, ...]]:
    """How many must approve, and who may; (0, ()) where none is needed."""
    for name in (area, WORKSPACE):
        if name is not None and name in stored and stored[name].needed is not None:
            return stored[name].needed or 0, stored[name].approvers
    return 0, ()


def approval_missing(session: Session, row: tables.Sop, digest: str | None = None) -> bool:
    """True where the rule asks for an approval and there is none for exactly this content (default: the newest)."""
    needed, _ = approval_of(of(session, row.workspace_id), row.area)
    if needed == 0:
        return False
    if digest is None:
        newest = select(tables.Revision.digest).where(tables.Revision.sop_id == row.id, tables.Revision.number == row.revision)
        digest = session.scalar(newest)
    table = tables.Approval
    approved = select(table.id).where(table.sop_id == row.id, table.state == "approved", table.digest == digest)
    return session.scalars(approved.limit(1)).first() is None


def missing(session: Session, row: tables.Sop, document: Sop) -> list[tuple[str, str, bool, str | None]]:
    """Field, words, blocking, step id: what the area's rules want and the document does not have."""
    stored = of(session, row.workspace_id)
    found = [
        (gap.section, WORDS.get(gap.section, f"The section {gap.section} is empty."), gap.blocking, None)
        for gap in _gaps(stored, row, document)
    ]
    steps: list[tuple[str, str, bool, str | None]] = [
        (f"steps/{step.id}", f"Step {step.number} is uncertain: compare it with the recording.", False, step.id)
        for step in document.steps
        if step.confidence < 0.5
    ]
    if not document.steps and not any(field == "steps" for field, *_ in found):
        steps.append(("steps", WORDS["steps"], True, None))
    return [*found, *steps]


def _gaps(stored: Mapping[str, Rules], row: tables.Sop, document: Sop) -> list[Gap]:
    """What a person required for the area blocks; what its own template names besides, else what the built-in one wants, is advice."""
    template = templates().get(row.area or "")
    named = next((stored[name].sections for name in (row.area or "", WORKSPACE) if name in stored and stored[name].sections), ())
    advised = named or ((*template.required, *template.recommended) if template else ())
    own = next(
        (stored[name].required for name in (row.area or "", WORKSPACE) if name in stored and stored[name].required is not None), None
    )
    wanted = Template(
        name=row.area or "",
        title="",
        review_interval_days=0,
        keywords=frozenset(),
        examples=(),
        required=own or (),
        recommended=tuple(s for s in advised if s not in (own or ())),
    )
    return gaps(document, wanted)

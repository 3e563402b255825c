"""Adds a revision inside a transaction: numbering, what changed, search words, and what a change means for status and approvals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plugin.domain.document import digest, from_document, to_document
from plugin.domain.errors import NotFound
from plugin.domain.revision import difference
from plugin.domain.sop import Sop
from plugin.services import journal
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import search, tables

Origin = Literal["recording", "edit", "import", "target", "restore", "proposal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """``changed`` False: the document was the same as the newest revision, so none was made."""

    revision: tables.Revision
    changed: bool


def etag_of(revision: tables.Revision) -> str:
    """Names one revision with its content."""
    return f"r{revision.number}-{revision.digest[:16]}"


def number_in(etag: str) -> int | None:
    """The revision number in an etag of ours; None for anything else."""
    head, _, tail = etag.strip().removeprefix("W/").strip('"').partition("-")
    return int(head[1:]) if head[:1] == "r" and head[1:].isdigit() and tail else None


def newest(session: Session, row: tables.Sop) -> tables.Revision:
    return numbered(session, row, row.revision)


def numbered(session: Session, row: tables.Sop, number: int) -> tables.Revision:
    """Raises NotFound."""
    query = select(tables.Revision).where(tables.Revision.sop_id == row.id, tables.Revision.number == number)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(f"This SOP has no revision {number}.")
    return found


def document_of(revision: tables.Revision) -> Sop:
    return from_document(revision.document)


def first(
    session: Session,
    deps: Deps,
    caller: Caller,
    *,
    document: Sop,
    origin: Origin,
    note: str = "",
    recording_id: str | None = None,
    owner_id: str | None = None,
) -> tables.Sop:
    """A new SOP with ``document`` as its revision 1."""
    now = deps.clock()
    row = tables.Sop(
        id=document.id,
        workspace_id=caller.workspace_id,
        title=document.title,
        area=document.area,
        status="draft",
        revision=0,
        origin=origin,
        recording_id=recording_id,
        owner_id=owner_id,
        policy={},
        criticality="normal",
        review_state="current",
        in_review=False,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    journal.note(session, deps, caller, "sop.created", sop_id=row.id, revision=1)
    add(session, deps, caller, row, document=document, origin=origin, note=note or "First version.", recording_id=recording_id)
    return row


def add(
    session: Session,
    deps: Deps,
    caller: Caller,
    row: tables.Sop,
    *,
    document: Sop,
    origin: Origin,
    note: str = "",
    recording_id: str | None = None,
) -> Added:
    """The next revision of ``row`` (which the caller has locked)."""
    number = row.revision + 1
    document = replace(document, id=row.id, revision=number)
    kind = "major"
    if row.revision:
        before = newest(session, row)
        if before.digest == digest(document):
            return Added(revision=before, changed=False)
        found = difference(document_of(before), document)
        kind, note = found.kind, note or found.note
    revision = tables.Revision(
        id=deps.new_id("rev"),
        workspace_id=row.workspace_id,
        sop_id=row.id,
        number=number,
        document=to_document(document),
        digest=digest(document),
        kind=kind,
        origin=origin,
        note=note,
        author_id=caller.person_id,
        recording_id=recording_id,
        created_at=deps.clock(),
    )
    session.add(revision)
    describe(session, row, document)
    row.revision, row.updated_at = number, deps.clock()
    _settle_status(session, deps, caller, row, revision)
    journal.note(session, deps, caller, "sop.revised", sop_id=row.id, revision=number, note=note)
    session.flush()
    return Added(revision=revision, changed=True)


def describe(session: Session, row: tables.Sop, document: Sop) -> None:
    """What lists and search need of the document."""
    row.title, row.area, row.steps = document.title, document.area, len(document.steps)
    parts: list[Any] = [document.title, document.area, document.purpose, document.summary, *document.tools]
    for step in document.steps:
        parts += [step.action, step.location, *(command.text for command in step.commands)]
    search.keep(session, row, " ".join(part for part in parts if part).casefold()[:20000])


def _settle_status(session: Session, deps: Deps, caller: Caller, row: tables.Sop, revision: tables.Revision) -> None:
    """A major change voids approvals; a minor one carries them over to the new digest."""
    if row.status == "retired":
        return
    table = tables.Approval
    current = session.scalars(select(table).where(table.sop_id == row.id, table.state.in_(("open", "approved")))).all()
    if revision.kind == "minor" and current:
        session.execute(update(table).where(table.id.in_([a.id for a in current])).values(revision=revision.number, digest=revision.digest))
        return
    for approval in current:
        approval.state, approval.ended_at, approval.next_at = "void", deps.clock(), None
        journal.note(session, deps, caller, "approval.void", sop_id=row.id, revision=approval.revision)
    row.status = "draft" if row.published_revision is None or revision.kind == "major" else row.status

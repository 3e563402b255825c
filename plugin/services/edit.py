"""Revisions: saving an edited document, history, differences, restoring, proposals of a re-recording, pictures.

A revision is never changed. Whoever saves names the revision they started from; what came meanwhile is merged field by field, and only where both
changed the same field a person has to choose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.document import from_document
from plugin.domain.errors import Conflict, Invalid, NotFound
from plugin.domain.proposal import KeptEdit, as_recorded, kept_edits
from plugin.domain.revision import Clash, Difference, Kind, mark_edited, merge, renumbered, take
from plugin.domain.revision import difference as compare
from plugin.domain.sop import Sop
from plugin.services import journal, library, publish
from plugin.services import pictures as picture_store
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.frames import add_picture
from plugin.services.library import SopView
from plugin.services.revising import Added, Origin, add, document_of, etag_of, first, newest, number_in, numbered
from plugin.services.standing import settle
from plugin.store import rows, tables

__all__ = ["add_picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """``versions`` maps a publication id to the version this revision has there."""

    number: int
    title: str
    digest: str
    kind: Kind
    origin: Origin
    note: str
    author_name: str
    created_at: datetime
    approved: bool = False
    versions: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """``changed`` is False where the document was the same and no revision was made. ``merged``: somebody else's change went in as well.

    ``places`` is at how many places the new revision was asked to be published at once.
    """

    sop_id: str
    revision: int
    etag: str
    changed: bool
    merged: bool
    kind: Kind
    note: str
    places: int = 0


class EditClash(Conflict):
    """Both changed the same fields; nothing was saved. ``current`` is what is stored, ``clashes`` the fields with both sides."""

    def __init__(self, current: SopView, clashes: tuple[Clash, ...]) -> None:
        super().__init__("Somebody else changed the same passage meanwhile. Nothing was overwritten: choose between the two versions.")
        self.current = current
        self.clashes = clashes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A re-recording: what it would change against the newest revision. ``kept`` are fields where a person's edit was kept, ``edits`` the same with
    what the recording says there."""

    id: str
    sop_id: str
    state: Literal["open", "accepted", "rejected"]
    base_revision: int
    recording_id: str | None
    proposed: Sop
    difference: Difference
    kept: tuple[str, ...]
    edits: tuple[KeptEdit, ...]
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    data: bytes
    media_type: str


def create(deps: Deps, caller: Caller, *, document: Sop, pictures: Mapping[str, bytes] = MappingProxyType({}), note: str = "") -> Saved:
    """Imports a whole document as revision 1 of a new SOP. ``pictures`` maps the paths in the document to PNG, JPEG or WebP bytes.

    The document's own id is kept where it is free; where it names an SOP of this workspace, the document is saved as its next revision.
    Raises Invalid (a picture is missing or is none), Forbidden.
    """
    caller.require("author")
    check(document)
    placed, stored = picture_store.place(deps, caller.workspace_id, document, pictures.get)
    with deps.database.begin() as session:
        row = session.get(tables.Sop, document.id, with_for_update=True) if document.id else None
        if row is not None and row.workspace_id == caller.workspace_id:
            picture_store.link(session, deps, caller.workspace_id, row.id, stored)
            return _saved(row, add(session, deps, caller, row, document=placed, origin="import", note=note), merged=False)
        sop_id = document.id if document.id and row is None else deps.new_id("sop")
        row = first(session, deps, caller, document=replace(placed, id=sop_id), origin="import", note=note)
        picture_store.link(session, deps, caller.workspace_id, row.id, stored)
        return _saved(row, Added(revision=newest(session, row), changed=True), merged=False)


def save(deps: Deps, caller: Caller, sop_id: str, *, document: Sop, etag: str, note: str = "") -> Saved:
    """Saves ``document`` as the next revision. ``etag`` is that of the revision it started from.

    Fields that differ from that revision get the basis ``edited``. Raises EditClash, Conflict (unknown ``etag``), Invalid, NotFound, Forbidden.
    """
    caller.require("author")
    check(document)

    def work(session: Session) -> Saved:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        base = _base(session, row, etag)
        picture_store.check_known(session, row, document)
        before, current = document_of(base), newest(session, row)
        ours = mark_edited(
            before, replace(document, id=row.id, revision=row.revision, provenance=before.provenance, steps=renumbered(document.steps))
        )
        merged = merge(before, ours, document_of(current))
        if merged.clashes:
            raise EditClash(library.view(session, row), merged.clashes)
        return _saved(
            row,
            add(session, deps, caller, row, document=merged.sop, origin="edit", note=note.strip()),
            merged=base.number != current.number,
        )

    return deps.database.run(work)


def revisions(deps: Deps, caller: Caller, sop_id: str) -> tuple[RevisionView, ...]:
    """Newest first. Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        found = session.execute(
            select(tables.Revision, tables.Person.name)
            .outerjoin(tables.Person, tables.Person.id == tables.Revision.author_id)
            .where(tables.Revision.sop_id == row.id)
            .order_by(tables.Revision.number.desc())
        ).all()
        versions = _versions(session, row.id)
        approved = set(
            session.scalars(select(tables.Approval.digest).where(tables.Approval.sop_id == row.id, tables.Approval.state == "approved"))
        )
    return tuple(
        RevisionView(
            number=r.number,
            title=r.document["title"],
            digest=r.digest,
            kind=cast(Kind, r.kind),
            origin=cast(Origin, r.origin),
            note=r.note,
            author_name=name or "SOPwright",
            created_at=r.created_at,
            approved=r.digest in approved,
            versions=versions.get(r.number, {}),
        )
        for r, name in found
    )


def difference(deps: Deps, caller: Caller, sop_id: str, *, old: int, new: int) -> Difference:
    """Step by step, aligned by content. Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        return compare(document_of(numbered(session, row, old)), document_of(numbered(session, row, new)))


def restore(deps: Deps, caller: Caller, sop_id: str, *, revision: int) -> Saved:
    """The content of an old revision as the newest one; nothing is removed. Raises NotFound, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        document = document_of(numbered(session, row, revision))
        added = add(session, deps, caller, row, document=document, origin="restore", note=f"Restored revision {revision}.")
        return _saved(row, added, merged=False)


def proposal(deps: Deps, caller: Caller, sop_id: str) -> ProposalView | None:
    """The open proposal of a re-recording, or None. Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        query = select(tables.Proposal).where(tables.Proposal.sop_id == row.id, tables.Proposal.state == "open")
        found = session.scalars(query.order_by(tables.Proposal.created_at.desc(), tables.Proposal.id.desc()).limit(1)).first()
        if found is None:
            return None
        proposed = from_document(found.document)
        return ProposalView(
            id=found.id,
            sop_id=row.id,
            state="open",
            base_revision=found.base_revision,
            recording_id=found.recording_id,
            proposed=proposed,
            difference=compare(document_of(newest(session, row)), proposed),
            kept=tuple(found.kept),
            edits=kept_edits(proposed, from_document(found.machine), found.kept),
            note=found.note,
            created_at=found.created_at,
        )


def accept(
    deps: Deps,
    caller: Caller,
    proposal_id: str,
    *,
    only: Collection[str] | None = None,
    recorded: Collection[str] = (),
    everywhere: bool = False,
) -> Saved:
    """Takes the proposal over as the next revision. ``only`` names the ids of the changes to take (``Change.id``), None takes all; ``recorded`` the
    kept paths where the recording's words are taken all the same; ``everywhere`` publishes it wherever the SOP stands.

    What people changed since the proposal was made is kept; EditClash where both changed the same field.
    Raises NotFound, Conflict (decided already), Forbidden.
    """
    caller.require("author")

    def work(session: Session) -> Saved:
        row, found = _open(session, caller, proposal_id)
        base, current = document_of(numbered(session, row, found.base_revision)), newest(session, row)
        proposed, machine = from_document(found.document), from_document(found.machine)
        chosen = proposed if only is None else take(base, proposed, frozenset(only))
        chosen = _in_new_recording(as_recorded(chosen, machine, recorded), machine)
        merged = merge(base, chosen, document_of(current))
        if merged.clashes:
            raise EditClash(library.view(session, row), merged.clashes)
        added = add(session, deps, caller, row, document=merged.sop, origin="proposal", recording_id=found.recording_id)
        found.state, found.decided_by, found.decided_at = "accepted", caller.person_id, deps.clock()
        if found.recording_id is not None:  # it may have been deleted since; then there is nothing to play
            there = session.get(tables.Recording, found.recording_id)
            row.recording_id = there.id if there else None
        journal.note(session, deps, caller, "proposal.accepted", sop_id=row.id, revision=added.revision.number, subject=found.id)
        if not _stands_somewhere(session, row):
            settle(session, deps, caller, row, added.revision.number)
        return _saved(row, added, merged=current.number != found.base_revision)

    saved = deps.database.run(work)
    return replace(saved, places=publish.everywhere(deps, caller, saved.sop_id)) if everywhere else saved


def reject(deps: Deps, caller: Caller, proposal_id: str, *, note: str = "") -> None:
    """Raises NotFound, Conflict (decided already), Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row, found = _open(session, caller, proposal_id)
        found.state, found.decided_by, found.decided_at = "rejected", caller.person_id, deps.clock()
        journal.note(session, deps, caller, "proposal.rejected", sop_id=row.id, subject=found.id, comment=note[:1000])


def picture(deps: Deps, caller: Caller, sop_id: str, digest: str) -> PictureFile:
    """Bytes of one picture of the SOP (of any revision): the ``<digest>`` in ``images/<digest>.<ending>``. Raises NotFound."""
    with deps.database.begin() as session:
        query = select(tables.Picture).where(
            tables.Picture.workspace_id == caller.workspace_id, tables.Picture.sop_id == sop_id, tables.Picture.digest == digest
        )
        row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound("There is no picture with this id.")
    return PictureFile(data=b"".join(deps.blobs.read(row.blob)), media_type=row.media_type)


def check(document: Sop) -> None:
    """Raises Invalid for a document that could not be shown: no title, an empty action, ids that are there twice."""
    if not document.title.strip() or len(document.title) > 300:
        raise Invalid("/title", "An SOP needs a title of at most 300 characters.")
    seen: set[str] = set()
    for at, step in enumerate(document.steps):
        if not step.action.strip():
            raise Invalid(f"/steps/{at}/action", f"Step {at + 1} says nothing to do.")
        if not step.id or "/" in step.id or step.id in seen:
            raise Invalid(f"/steps/{at}/id", f"Step {at + 1} needs an id of its own.")
        seen.add(step.id)


def _base(session: Session, row: tables.Sop, etag: str) -> tables.Revision:
    number = number_in(etag)
    base = numbered(session, row, number) if number and number <= row.revision else None
    if base is None or etag_of(base) != etag.strip().removeprefix("W/").strip('"'):
        raise Conflict("The revision that this change started from is not known. Load the SOP again.")
    return base


def _open(session: Session, caller: Caller, proposal_id: str) -> tuple[tables.Sop, tables.Proposal]:
    found = rows.get(session, tables.Proposal, caller.workspace_id, proposal_id, lock=True)
    if found.state != "open":
        raise Conflict(f"This proposal has been {found.state} already.")
    return rows.get(session, tables.Sop, caller.workspace_id, found.sop_id, lock=True), found


def _in_new_recording(document: Sop, machine: Sop) -> Sop:
    """From now on the new recording is played: a step that was not taken over is shown where the new one does it, or nowhere."""
    there = {step.id: step.evidence for step in machine.steps}
    steps = []
    for step in document.steps:
        found = there.get(step.id)
        if found is not None and step.evidence is not None:
            found = replace(found, basis=step.evidence.basis)
        steps.append(replace(step, evidence=found))
    return replace(document, steps=tuple(steps))


def _stands_somewhere(session: Session, row: tables.Sop) -> bool:
    query = select(tables.Publication.id).where(tables.Publication.sop_id == row.id, tables.Publication.state != "closed")
    return session.scalars(query.limit(1)).first() is not None


def _versions(session: Session, sop_id: str) -> dict[int, dict[str, str]]:
    table = tables.PublishedVersion
    query = select(table).join(tables.Publication, tables.Publication.id == table.publication_id).where(tables.Publication.sop_id == sop_id)
    found: dict[int, dict[str, str]] = {}
    for row in session.scalars(query.order_by(table.created_at)):
        found.setdefault(row.revision, {})[row.publication_id] = row.version
    return found


def _saved(row: tables.Sop, added: Added, *, merged: bool) -> Saved:
    revision = added.revision
    return Saved(
        sop_id=row.id,
        revision=revision.number,
        etag=etag_of(revision),
        changed=added.changed,
        merged=merged,
        kind=cast(Kind, revision.kind),
        note=revision.note,
    )

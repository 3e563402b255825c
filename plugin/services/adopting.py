"""People's edits of a page come back into the SOP: text as a revision, what they changed in the table of facts as what it is.

An edit is reported as long as our next publication has not taken it up, so it may be old. It is taken back only where nobody has changed the same
passage here since; else it waits for the next publication, which asks a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from connectors.contract import Edit
from plugin.domain.review import local_day
from plugin.domain.sop import Sop
from plugin.services import compose, journal, revising, rules
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.revising import Added
from plugin.services.standing import outlook, refresh, set_owner
from plugin.store import tables

FACTS = "facts/"


def adopt(session: Session, deps: Deps, caller: Caller, row: tables.Sop, publication: tables.Publication, edits: Sequence[Edit]) -> Added:
    """``row`` and ``publication`` are locked by the caller. The revision with the edits, or the newest where they changed no text."""
    current = revising.document_of(revising.newest(session, row))
    published = revising.document_of(revising.numbered(session, row, publication.revision)) if publication.revision else None
    adopted = compose.adopt(current, edits, published=published)
    facts = {edit.key.removeprefix(FACTS): edit for edit in adopted.left if edit.key.startswith(FACTS)}
    document = _with_area(session, row, adopted.sop, facts.get("Area"))
    added = revising.add(
        session, deps, caller, row, document=document, origin="target", note=f"Edits that people made at {publication.place}."
    )
    _take_owner(session, deps, caller, row, facts.get("Owner"))
    _take_due(session, deps, row, facts.get("Review due"))
    if added.changed:
        number, fields = added.revision.number, len(adopted.taken) + (document.area != adopted.sop.area)
        journal.note(session, deps, caller, "publication.edits", sop_id=row.id, revision=number, place=publication.place, fields=fields)
    return added


def _with_area(session: Session, row: tables.Sop, document: Sop, edit: Edit | None) -> Sop:
    """Another area that the workspace knows, unless its rules ask for fewer approvals: nobody gets around them by an edit of a page."""
    if edit is None or _value(edit.before) != (row.area or "").replace("-", " "):
        return document
    wanted = _value(edit.after).lower().replace(" ", "-")
    stored = rules.of(session, row.workspace_id)
    known = (
        wanted in stored
        or session.scalars(
            select(tables.Sop.id).where(tables.Sop.workspace_id == row.workspace_id, tables.Sop.area == wanted).limit(1)
        ).first()
    )
    if not wanted or not known or rules.approval_of(stored, wanted)[0] < rules.approval_of(stored, row.area)[0]:
        return document
    return replace(document, area=wanted)


def _take_owner(session: Session, deps: Deps, caller: Caller, row: tables.Sop, edit: Edit | None) -> None:
    """A person of the workspace, named so that only one is meant."""
    if edit is None:
        return
    people = tables.Person
    owner = session.get(people, row.owner_id) if row.owner_id else None
    if _value(edit.before) != (owner.name if owner is not None and owner.active else ""):
        return
    wanted = _value(edit.after).lower()
    named = or_(func.lower(people.name) == wanted, func.lower(people.email) == wanted)
    found = session.scalars(select(people).where(people.workspace_id == row.workspace_id, people.active.is_(True), named).limit(2)).all()
    if wanted and len(found) == 1:
        set_owner(session, deps, caller, row, found[0].id)


def _take_due(session: Session, deps: Deps, row: tables.Sop, edit: Edit | None) -> None:
    """An earlier day from today on; a later one is for a review, or for putting it off with a reason."""
    if edit is None or row.due is None or _value(edit.before) != row.due.isoformat():
        return
    try:
        wanted = date.fromisoformat(_value(edit.after))
    except ValueError:
        return
    _, _, calendar = outlook(session, row, deps.clock())
    if local_day(deps.clock(), calendar.time_zone) <= wanted < row.due:
        row.due = wanted
        refresh(session, deps, row)


def _value(line: str | None) -> str:
    """The cell of a row of the table, without the row's name."""
    return (line or "").partition("\t")[2].strip()

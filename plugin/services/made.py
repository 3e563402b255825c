"""Whether a person made something: what a ticket for one's own things may open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import tables


def by(deps: Deps, caller: Caller, kind: str, id_: str) -> bool:
    """``kind``: ``sop``, ``recording``, ``job`` or ``publication``. False also for what is unknown or of another workspace."""
    if caller.person_id is None:
        return False
    with deps.database.begin() as session:
        return _KINDS[kind](session, caller, id_)


def _sop(session: Session, caller: Caller, sop_id: str) -> bool:
    table = tables.Revision
    return _any(
        session,
        table.id,
        table.sop_id == sop_id,
        table.number == 1,
        table.workspace_id == caller.workspace_id,
        table.author_id == caller.person_id,
    )


def _job(session: Session, caller: Caller, job_id: str) -> bool:
    table = tables.Job
    return _any(session, table.id, table.id == job_id, table.workspace_id == caller.workspace_id, table.created_by == caller.person_id)


def _recording(session: Session, caller: Caller, recording_id: str) -> bool:
    """Brought by them, also where a colleague had brought the same bytes before."""
    table = tables.Recording
    asked = select(tables.Job.id).where(tables.Job.recording_id == recording_id, tables.Job.created_by == caller.person_id).exists()
    mine = or_(table.uploaded_by == caller.person_id, asked)
    return _any(session, table.id, table.id == recording_id, table.workspace_id == caller.workspace_id, mine)


def _publication(session: Session, caller: Caller, publication_id: str) -> bool:
    row = session.get(tables.Publication, publication_id)
    return row is not None and row.workspace_id == caller.workspace_id and _sop(session, caller, row.sop_id)


def _any(session: Session, column: Any, *conditions: ColumnElement[bool]) -> bool:
    return session.scalars(select(column).where(*conditions).limit(1)).first() is not None


_KINDS: dict[str, Callable[[Session, Caller, str], bool]] = {"sop": _sop, "job": _job, "recording": _recording, "publication": _publication}

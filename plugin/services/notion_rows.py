"""What we know of the rows of *Recordings* databases, and how their work is asked for. Knows the database of ours, not Notion.

Everything that happens to a row (a webhook, a pressed button, a sweep) only asks for one ``row`` job; the job reads the row afresh. So an event that
comes twice, late or in the wrong order does no harm, and a thousand of them cost one look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.errors import Invalid
from plugin.services import journal
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import rows, tables

ROW, RULES = "notion-row", "notion-recordings"
_KEPT = ("file", "job_id", "sop_id", "shown", "finished", "seen")
Policy = Literal["publish", "approve", "off"]
POLICIES: tuple[Policy, ...] = ("publish", "approve", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A row that was taken. ``file`` is its video's sign, ``job_id`` the job that works on it, ``shown`` what the row tells people."""

    row_id: str
    workspace_id: str
    connection_id: str
    file: str = ""
    job_id: str | None = None
    sop_id: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False
    seen: str = ""


def policy(session: Session, connection_id: str) -> Policy:
    """``publish`` at once, wait for a person (``approve``, the default), or ``off``."""
    row = session.get(tables.External, (RULES, connection_id))
    return cast(Policy, row.data.get("policy", "approve")) if row else "approve"


def swept_at(session: Session, connection_id: str) -> datetime | None:
    """When the database was last looked through."""
    row = session.get(tables.External, (RULES, connection_id))
    at = row.data.get("swept_at") if row else None
    return datetime.fromisoformat(at) if at else None


def source(session: Session, connection_id: str) -> str | None:
    """The id by which events name the database; None before the first sweep."""
    row = session.get(tables.External, (RULES, connection_id))
    return row.data.get("source") if row else None


def note_sweep(session: Session, deps: Deps, workspace_id: str, connection_id: str, at: datetime, source_id: str) -> None:
    """For the next sweep and for events."""
    _put(session, deps, RULES, connection_id, workspace_id, {"swept_at": at.isoformat(), "source": source_id})


def set_policy(deps: Deps, caller: Caller, connection_id: str, wanted: str) -> Policy:
    """Raises NotFound, Invalid, Forbidden."""
    caller.require("admin")
    if wanted not in POLICIES:
        raise Invalid("policy", f"The policy is one of {', '.join(POLICIES)}.")
    with deps.database.begin() as session:
        connection = rows.get(session, tables.Connection, caller.workspace_id, connection_id)
        if connection.kind != "notion":
            raise Invalid("connection", "This is not a connection to Notion.")
        _put(session, deps, RULES, connection_id, caller.workspace_id, {"policy": wanted})
        journal.note(session, deps, caller, "connection.changed", subject=connection.id, name=connection.name)
    return wanted


def known(session: Session, connection_id: str, row_id: str) -> Known | None:
    """None: it was never taken."""
    row = session.get(tables.External, (ROW, f"{connection_id}/{row_id}"))
    return None if row is None else _view(row)


def open_rows(session: Session, connection_id: str) -> list[Known]:
    """Taken and not at their end yet."""
    table = tables.External
    found = session.scalars(select(table).where(table.kind == ROW, table.external_id.startswith(f"{connection_id}/", autoescape=True)))
    return [value for value in map(_view, found) if not value.finished]


def keep(session: Session, deps: Deps, value: Known) -> None:
    """Stores it."""
    data = {name: getattr(value, name) for name in _KEPT}
    _put(session, deps, ROW, f"{value.connection_id}/{value.row_id}", value.workspace_id, {**data, "shown": dict(value.shown)})


def forget(session: Session, value: Known) -> None:
    """The row is gone."""
    row = session.get(tables.External, (ROW, f"{value.connection_id}/{value.row_id}"))
    if row is not None:
        session.delete(row)


def ask(deps: Deps, *, workspace_id: str, connection_id: str, row_id: str, again: bool = False) -> str:
    """The id of the job that looks at the row: a new one, or the one that waits already. ``again``: a person wants it made anew."""

    def work(session: Session) -> str:
        table = tables.Job
        same = (table.workspace_id == workspace_id, table.kind == "row", table.state == "queued")
        for waiting in session.scalars(select(table).where(*same)):
            if waiting.payload.get("row_id") == row_id and waiting.payload.get("connection_id") == connection_id:
                if again and not waiting.payload.get("again"):
                    waiting.payload = {**waiting.payload, "again": True}
                return waiting.id
        job = table(
            id=deps.new_id("job"),
            workspace_id=workspace_id,
            kind="row",
            priority=1,
            state="queued",
            payload={"connection_id": connection_id, "row_id": row_id, "again": again},
            created_at=deps.clock(),
        )
        session.add(job)
        return job.id

    job_id = deps.database.run(work)
    deps.queue.wake(job_id)
    return job_id


def _put(session: Session, deps: Deps, kind: str, external_id: str, workspace_id: str, data: Mapping[str, Any]) -> None:
    row = session.get(tables.External, (kind, external_id), with_for_update=True)
    if row is None:
        row = tables.External(kind=kind, external_id=external_id, workspace_id=workspace_id, created_at=deps.clock())
        session.add(row)
    row.data = {**(row.data or {}), **data}


def _view(row: tables.External) -> Known:
    connection_id, _, row_id = row.external_id.partition("/")
    kept = {name: row.data[name] for name in _KEPT if name in row.data}
    return Known(row_id=row_id, workspace_id=row.workspace_id, connection_id=connection_id, **kept)

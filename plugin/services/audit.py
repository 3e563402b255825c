"""The append-only log: who did what to which revision, when."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.events import sentence
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice, capped
from plugin.store import rows, tables

COLUMNS = ("at", "who", "via", "kind", "what", "sop_id", "revision", "subject", "sop_title")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """``kind`` is one of plugin.domain.events.KINDS; ``sentence`` says it in words. ``sop_title`` is the present one."""

    id: str
    kind: str
    sentence: str
    actor_name: str
    at: datetime
    sop_id: str | None
    revision: int | None
    subject: str | None
    data: Mapping[str, Any]
    sop_title: str | None = None


def events(deps: Deps, caller: Caller, *, sop_id: str | None = None, cursor: str | None = None, limit: int = 50) -> Slice[EventView]:
    """Newest first; of one SOP, or as admin of the whole workspace. Raises NotFound, Forbidden."""
    if sop_id is None:
        caller.require("admin")
    limit = capped(limit)
    table = tables.Event
    with deps.database.begin() as session:
        query = select(table).where(table.workspace_id == caller.workspace_id, *rows.before(cursor, table.created_at, table.id))
        if sop_id is not None:
            rows.get(session, tables.Sop, caller.workspace_id, sop_id)
            query = query.where(table.sop_id == sop_id)
        found = session.scalars(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)).all()
        titles = _titles(session, found)
    more = rows.cursor_of(found[limit - 1].created_at, found[limit - 1].id) if len(found) > limit else None
    return Slice(items=tuple(_view(event, titles) for event in found[:limit]), cursor=more)


def export(deps: Deps, caller: Caller, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[str]:
    """The whole log as lines of CSV with a head, oldest first, safe to open in a spreadsheet. Raises Forbidden."""
    caller.require("admin")
    return _lines(deps, caller.workspace_id, since, until)


def _lines(deps: Deps, workspace_id: str, since: datetime | None, until: datetime | None) -> Iterator[str]:
    yield _line(COLUMNS)
    table, last_id = tables.Event, ""
    while True:
        with deps.database.begin() as session:
            query = select(table).where(table.workspace_id == workspace_id, table.id > last_id)
            if since:
                query = query.where(table.created_at >= since)
            if until:
                query = query.where(table.created_at < until)
            batch = session.scalars(query.order_by(table.id).limit(500)).all()
            titles = _titles(session, batch)
        for event in batch:
            view = _view(event, titles)
            yield _line(
                (
                    view.at.isoformat(),
                    view.actor_name,
                    event.via,
                    view.kind,
                    view.sentence,
                    view.sop_id,
                    view.revision,
                    view.subject,
                    view.sop_title,
                )
            )
        if not batch:
            return
        last_id = batch[-1].id


def _line(values: tuple[object, ...]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow([_harmless("" if v is None else str(v)) for v in values])
    return stream.getvalue()


def _harmless(value: str) -> str:
    """A spreadsheet would take these for the start of a formula."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _titles(session: Session, found: Sequence[tables.Event]) -> dict[str, str]:
    """The present titles of the SOPs, by their ids."""
    table = tables.Sop
    ids = {event.sop_id for event in found} - {None}
    return dict(session.execute(select(table.id, table.title).where(table.id.in_(ids))).all())


def _view(event: tables.Event, titles: Mapping[str, str]) -> EventView:
    return EventView(
        id=event.id,
        kind=event.kind,
        sentence=sentence(event.kind, event.data),
        actor_name=event.actor_name,
        at=event.created_at,
        sop_id=event.sop_id,
        revision=event.revision,
        subject=event.subject,
        data=event.data,
        sop_title=titles.get(event.sop_id or ""),
    )

"""Puts messages into the outbox, inside the transaction of what they tell about. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from plugin.services.deps import Deps
from plugin.store import tables


def tell(
    session: Session,
    deps: Deps,
    person: tables.Person,
    *,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    not_before: datetime | None = None,
) -> None:
    """One message through each channel of that person; ``key`` says what about, and the same key twice says it once."""
    for channel in channels_of(person):
        put(session, deps, person, channel=channel, kind=kind, key=f"{key}/{person.id}/{channel}", payload=payload, not_before=not_before)


def put(
    session: Session,
    deps: Deps,
    person: tables.Person,
    *,
    channel: str,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    not_before: datetime | None = None,
) -> str | None:
    """The id of the new message; None where there was one of this key."""
    now = deps.clock()
    values = {
        "id": deps.new_id("msg"),
        "workspace_id": person.workspace_id,
        "key": key,
        "kind": kind,
        "channel": channel,
        "recipient_id": person.id,
        "payload": dict(payload),
        "state": "waiting",
        "attempts": 0,
        "not_before": not_before or now,
        "created_at": now,
    }
    made: str | None = session.scalar(
        insert(session, tables.Outgoing).values(values).on_conflict_do_nothing().returning(tables.Outgoing.id)
    )
    return made


def insert(session: Session, table: Any) -> Any:
    """An INSERT that can say ON CONFLICT DO NOTHING, which both databases spell alike."""
    statement: Insert = insert_sqlite(table) if session.get_bind().dialect.name == "sqlite" else insert_postgresql(table)
    return statement


def channels_of(person: tables.Person) -> list[str]:
    """How that person can be reached, as they wish."""
    return [*(["mail"] if person.mail and not person.mail_broken else []), *(["chat"] if person.chat_sealed else [])]


def owner_or_admins(session: Session, workspace_id: str, owner_id: str | None) -> list[tables.Person]:
    """The owner where they are still there, else all admins."""
    owner = session.get(tables.Person, owner_id) if owner_id else None
    if owner is not None and owner.active:
        return [owner]
    query = select(tables.Person).where(
        tables.Person.workspace_id == workspace_id, tables.Person.role == "admin", tables.Person.active.is_(True)
    )
    return list(session.scalars(query.order_by(tables.Person.id)))

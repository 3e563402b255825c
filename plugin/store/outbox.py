"""The outbox table as a queue: claiming under a lease, the end, the next try."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from plugin.store.jobs import rowcount
from plugin.store.tables import Outgoing

LEASE = timedelta(minutes=5)


def due(session: Session, now: datetime, limit: int) -> list[str]:
    """Ids of messages that should go out now, and of those whose sender went silent."""
    waiting = (Outgoing.state == "waiting") & (Outgoing.not_before <= now)
    lost = (Outgoing.state == "sending") & (Outgoing.lease_until < now)
    return list(session.scalars(select(Outgoing.id).where(or_(waiting, lost)).order_by(Outgoing.not_before, Outgoing.id).limit(limit)))


def claim(session: Session, message_id: str, now: datetime) -> Outgoing | None:
    """The message, where nobody else sends it; ``attempts`` is its fencing number."""
    free = or_(Outgoing.state == "waiting", (Outgoing.state == "sending") & (Outgoing.lease_until < now))
    query = update(Outgoing).where(Outgoing.id == message_id, free)
    values: dict[str, Any] = {"state": "sending", "lease_until": now + LEASE, "attempts": Outgoing.attempts + 1}
    if rowcount(session, query.values(**values).execution_options(synchronize_session=False)) != 1:
        return None
    return session.get(Outgoing, message_id, populate_existing=True)


def end(session: Session, message: Outgoing, state: str, now: datetime, *, error: str | None = None) -> None:
    """``sent``, ``dropped`` or ``dead``; nothing where another sender has taken over."""
    values = {"state": state, "lease_until": None, "error": error, "sent_at": now if state == "sent" else None}
    _write(session, message, values)


def again(session: Session, message: Outgoing, not_before: datetime, error: str) -> None:
    _write(session, message, {"state": "waiting", "lease_until": None, "not_before": not_before, "error": error})


def _write(session: Session, message: Outgoing, values: dict[str, Any]) -> None:
    query = (
        update(Outgoing)
        .where(Outgoing.id == message.id, Outgoing.attempts == message.attempts, Outgoing.state == "sending")
        .values(**values)
    )
    session.execute(query.execution_options(synchronize_session=False))

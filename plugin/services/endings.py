"""Warns before a credential ends: tokens of Confluence live a year at most, and nobody remembers the day."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.services import outgoing
from plugin.services.deps import Deps
from plugin.store import tables

AHEAD = timedelta(days=30)


def warn(deps: Deps) -> int:
    """For the scheduler: the owner of each connection whose token ends within 30 days hears of it, once. Returns for how many connections."""
    today = deps.clock().date()

    def work(session: Session) -> int:
        found = session.scalars(select(tables.Connection).where(tables.Connection.state == "active").order_by(tables.Connection.id))
        return sum(_warned(session, deps, connection, today) for connection in found)

    return deps.database.run(work)


def _warned(session: Session, deps: Deps, connection: tables.Connection, today: date) -> bool:
    try:
        ends = date.fromisoformat(str(connection.settings.get("token_ends") or ""))
    except ValueError:
        return False
    if ends - today > AHEAD:
        return False
    for person in outgoing.owner_or_admins(session, connection.workspace_id, connection.owner_id):
        outgoing.tell(
            session,
            deps,
            person,
            kind="token-ending",
            key=f"token-ends/{connection.id}/{ends}",  # a message of this key goes out once, however often this runs
            payload={"name": connection.name, "day": f"{ends:%-d %B %Y}"},
        )
    return True

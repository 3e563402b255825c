"""Leases by name: at most one holder in the whole installation, until it lets go or is silent for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from plugin.store.jobs import rowcount
from plugin.store.tables import Lease


def hold(session: Session, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
    """Takes or renews the lease; False where somebody else has it. Raises IntegrityError where two take a new name at once."""
    if session.scalars(select(Lease.name).where(Lease.name == name)).first() is None:
        session.add(Lease(name=name, holder=holder, until=now + lasts))
        session.flush()
        return True
    # One that lasts longer than any can was taken by a clock that was wrong.
    free = or_(Lease.holder == holder, Lease.until < now, Lease.until > now + 2 * lasts)
    query = update(Lease).where(Lease.name == name, free).values(holder=holder, until=now + lasts)
    return rowcount(session, query.execution_options(synchronize_session=False)) == 1


def let_go(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Another one may start at once."""
    over = now - timedelta(microseconds=1)
    query = update(Lease).where(Lease.name == name, Lease.holder == holder).values(until=over)
    session.execute(query.execution_options(synchronize_session=False))

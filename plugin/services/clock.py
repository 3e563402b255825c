"""Is it really that late? A machine whose clock jumps ahead by a year would remind everybody of everything at once.

The database keeps when reviews were last looked after. Where that is long ago, either the service was down or the clock is wrong; for an hour nothing
is told, time enough for a clock to be set right, and after it what was missed is caught up.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.services.deps import Deps
from plugin.store import tables

log = structlog.get_logger()

NAME = "reviews-looked-after"
JUMP = timedelta(hours=36)
WAIT = timedelta(hours=1)


def plausible(deps: Deps) -> bool:
    """True where reviews may be looked after now; says so to the database. Call it before every sweep."""
    return deps.database.run(lambda session: _plausible(session, deps.clock()))


def _plausible(session: Session, now: datetime) -> bool:
    row = session.get(tables.Lease, NAME, with_for_update=True)
    if row is None:
        with suppress(IntegrityError), session.begin_nested():  # another scheduler may be the first as well
            session.add(tables.Lease(name=NAME, holder="", until=now))
        return True
    if now - row.until > JUMP and not _waited(row, now):
        return False
    row.until, row.holder = now, ""
    return True


def _waited(row: tables.Lease, now: datetime) -> bool:
    """Whether the jump was first seen long enough ago (``holder`` says when)."""
    seen = datetime.fromisoformat(row.holder) if row.holder else None
    if seen is not None and WAIT <= now - seen <= JUMP:
        return True
    if seen is None or not timedelta() <= now - seen <= JUMP:  # just now, or the clock has jumped again
        log.warning("clock_jumped_or_long_down", last=row.until.isoformat(), now=now.isoformat(), waits_s=WAIT.total_seconds())
        row.holder = now.isoformat()
    return False

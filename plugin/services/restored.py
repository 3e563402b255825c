"""After a restore from a backup nothing is sent again: what was told between the backup and the restore is taken as told.

Outside the database, in the data folder, stands when a message was last sent. A database that knows only of earlier messages is an old one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from plugin.services import journal
from plugin.services.caller import system
from plugin.services.deps import Deps
from plugin.store import tables

log = structlog.get_logger()

TOLERANCE = timedelta(minutes=10)


def mark_sent(deps: Deps) -> None:
    """Remembers outside the database that messages went out until now."""
    path = _mark(deps)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(deps.clock().isoformat(), "utf-8")
    aside.rename(path)


def look_back(deps: Deps) -> bool:
    """At the start of a scheduler, before anything is sent: True where the database turned out to be an older one and was brought up to date."""
    marked = _read(_mark(deps))
    if marked is None:
        return False
    with deps.database.begin() as session:
        last = session.scalar(select(func.max(tables.Outgoing.sent_at)).where(tables.Outgoing.state == "sent"))
    if last is not None and last >= marked - TOLERANCE:
        return False
    forget_until(deps, marked)
    return True


def forget_until(deps: Deps, moment: datetime) -> None:
    """Takes everything as told that would have been told by ``moment``: waiting messages and notices, and due dates that had come."""

    def work(session: Session) -> None:
        out, notice, sop = tables.Outgoing, tables.Notice, tables.Sop
        session.execute(
            update(out)
            .where(out.state.in_(("waiting", "sending")), out.not_before <= moment)
            .values(state="dropped", error="backup restored")
        )
        session.execute(update(notice).where(notice.message_id.is_(None), notice.not_before <= moment).values(message_id="restored"))
        told = (sop.next_review_at <= moment, sop.due.is_not(None), sop.due <= moment.date())
        session.execute(update(sop).where(*told).values(reminded_for=sop.due, reminded_on=moment.date()))
        for workspace_id in session.scalars(select(tables.Workspace.id)):
            journal.note(session, deps, system(workspace_id), "backup.restored", until=moment.isoformat())

    deps.database.run(work)
    log.warning("backup_restored", until=moment.isoformat())


def _mark(deps: Deps) -> Path:
    return deps.settings.data_dir / "last-sent"


def _read(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(path.read_text("utf-8").strip())
    except (FileNotFoundError, ValueError):
        return None

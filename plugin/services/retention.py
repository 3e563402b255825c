"""Removes what is no longer needed: old recordings (where the operator or the workspace wants that), work folders of ended jobs, expired secrets, sent messages."""

from __future__ import annotations

import shutil
from datetime import timedelta

import structlog
from sqlalchemy import delete, select

from plugin.domain.job import ENDED
from plugin.services import intake
from plugin.services.caller import system
from plugin.services.deps import Deps
from plugin.store import tables

log = structlog.get_logger()

KEEP_SENT = timedelta(days=90)
KEEP_WORK = timedelta(days=7)
AT_ONCE = 100


def clean(deps: Deps) -> None:
    """Safe to run at any time and as often as one likes."""
    now = deps.clock()
    with deps.database.begin() as session:
        session.execute(delete(tables.Token).where(tables.Token.expires_at < now))
        ended = tables.Outgoing.state.in_(("sent", "dropped"))
        session.execute(delete(tables.Outgoing).where(ended, tables.Outgoing.created_at < now - KEEP_SENT))
    removed = _old_recordings(deps)
    log.info("cleaned", recordings=removed, work_folders=_old_work(deps))


def _old_recordings(deps: Deps) -> int:
    """Of each workspace those that are older than it, or the operator, wants; whichever comes first."""
    table = tables.Recording
    found: list[tables.Recording] = []
    busy = select(tables.Job.recording_id).where(tables.Job.state.in_(("queued", "running")), tables.Job.recording_id.is_not(None))
    with deps.database.begin() as session:
        for workspace_id, settings in session.execute(select(tables.Workspace.id, tables.Workspace.settings)).all():
            days = min((d for d in (settings.get("recording_days", 0), deps.settings.recording_days) if d > 0), default=0)
            if not days:
                continue
            old = (table.workspace_id == workspace_id, table.created_at < deps.clock() - timedelta(days=days), table.id.not_in(busy))
            found += session.scalars(select(table).where(*old).order_by(table.created_at).limit(AT_ONCE)).all()
        for row in found:
            intake.remove(session, deps, system(row.workspace_id), row)
        blobs = [key for row in found for key in (row.blob, *row.side_files.values())]
    for key in blobs:
        deps.blobs.delete(key)
    return len(found)


def _old_work(deps: Deps) -> int:
    """Folders of jobs that ended well go at once in their job; here go those of the others, and of jobs that are no longer known."""
    root, removed = deps.settings.data_dir / "work", 0
    if not root.is_dir():
        return 0
    for folder in root.iterdir():
        with deps.database.begin() as session:
            job = session.get(tables.Job, folder.name)
        if job is None or (job.state in ENDED and (job.finished_at is None or job.finished_at < deps.clock() - KEEP_WORK)):
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed

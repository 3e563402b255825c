"""Looking at jobs, cancelling and retrying them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.errors import Conflict
from plugin.domain.job import ENDED, JobKind, JobState
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice, capped
from plugin.store import rows, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """``reason`` is a constant word for programs, ``message`` is for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """``failed``: nothing can be made of it, a person must change something. ``parked``: it ended its worker too often; retry is one click.

    ``stages`` maps each stage to its fraction (0..1); ``steps`` are the actions of the first steps, as soon as they are known, ``provisional`` while
    the recording is still being read: they may change, and are no part of any document. ``subject`` is the title of the SOP that it is about, the
    title that was wished, or the name of the recording's file; empty where nothing of these is left.
    """

    id: str
    kind: JobKind
    state: JobState
    stage: str | None
    stages: dict[str, float]
    fraction: float
    seconds_left: float | None
    steps: tuple[str, ...]
    attempt: int
    created_at: datetime
    finished_at: datetime | None = None
    not_before: datetime | None = None
    recording_id: str | None = None
    sop_id: str | None = None
    publication_id: str | None = None
    proposal_id: str | None = None
    error: JobError | None = None
    changed: int = 0
    notices: tuple[str, ...] = field(default_factory=tuple)
    provisional: bool = False
    subject: str = ""

    @property
    def finished(self) -> bool:
        return self.state not in ("queued", "running")


def job(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """``changed`` grows with every change of the row: poll it to stream events. Raises NotFound."""
    with deps.database.begin() as session:
        return _shown(session, rows.get(session, tables.Job, caller.workspace_id, job_id))


def jobs(deps: Deps, caller: Caller, *, state: JobState | None = None, cursor: str | None = None, limit: int = 50) -> Slice[JobView]:
    """Newest first; without the looks at pages, which nobody asked for."""
    limit, table = capped(limit), tables.Job
    with deps.database.begin() as session:
        query = select(table).where(
            table.workspace_id == caller.workspace_id, table.kind.not_in(("look", "row")), *rows.before(cursor, table.created_at, table.id)
        )
        if state is not None:
            query = query.where(table.state == state)
        found = session.scalars(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)).all()
        subjects = _subjects(session, found[:limit])
    more = rows.cursor_of(found[limit - 1].created_at, found[limit - 1].id) if len(found) > limit else None
    return Slice(items=tuple(_view(row, subjects[row.id]) for row in found[:limit]), cursor=more)


def cancel(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """A queued job ends at once, a running one at its next report of progress. No error where it has ended already. Raises NotFound, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Job, caller.workspace_id, job_id, lock=True)
        if row.state not in ENDED:
            row.cancel = True
            row.changed += 1
        if row.state == "queued":
            row.state, row.finished_at = "cancelled", deps.clock()
        return _shown(session, row)


def retry(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """Puts a failed, parked or cancelled job back into the queue; finished stages are reused. Raises NotFound, Conflict, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Job, caller.workspace_id, job_id, lock=True)
        if row.state not in ("failed", "parked", "cancelled"):
            raise Conflict("Only a job that has failed, was set aside or cancelled can be tried again.")
        if row.kind == "process" and row.recording_id is None:
            raise Conflict("The recording of this job has been deleted. Upload it again.")
        row.state, row.cancel, row.deaths, row.failures, row.not_before = "queued", False, 0, 0, None
        row.error_reason = row.error_message = row.finished_at = None
        row.changed += 1
        view = _shown(session, row)
    deps.queue.wake(job_id)
    return view


def _shown(session: Session, row: tables.Job) -> JobView:
    return _view(row, _subjects(session, [row])[row.id])


def _subjects(session: Session, found: Sequence[tables.Job]) -> dict[str, str]:
    """What each job is about, by its id."""
    sops, files = tables.Sop, tables.Recording
    sop_ids = {row.sop_id or row.payload.get("sop_id") for row in found} - {None}
    file_ids = {row.recording_id for row in found} - {None}
    titles: dict[str, str] = dict(session.execute(select(sops.id, sops.title).where(sops.id.in_(sop_ids))).all())
    names: dict[str, str] = dict(session.execute(select(files.id, files.filename).where(files.id.in_(file_ids))).all())
    return {
        row.id: titles.get(row.sop_id or row.payload.get("sop_id") or "")
        or row.payload.get("title")
        or names.get(row.recording_id or "", "")
        for row in found
    }


def _view(row: tables.Job, subject: str) -> JobView:
    return JobView(
        id=row.id,
        kind=cast(JobKind, row.kind),
        state=cast(JobState, row.state),
        stage=row.stage,
        stages=dict(row.stages),
        fraction=row.fraction,
        seconds_left=row.seconds_left,
        steps=tuple(row.steps),
        attempt=row.attempt,
        created_at=row.created_at,
        finished_at=row.finished_at,
        not_before=row.not_before,
        recording_id=row.recording_id,
        sop_id=row.sop_id,
        publication_id=row.publication_id,
        proposal_id=row.proposal_id,
        error=JobError(reason=row.error_reason or "failed", message=row.error_message) if row.error_message else None,
        changed=row.changed,
        notices=tuple(row.notices),
        provisional=bool(row.steps) and row.state in ("queued", "running"),
        subject=subject,
    )

"""The job table as a queue: claiming, the lease, progress, the end. Every write of a worker is conditional on its attempt number (fencing).

``now`` is the caller's clock. Leases alone go by the database's, so that a machine whose clock is wrong neither loses its jobs nor takes those of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Update, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from plugin.domain.job import JobState, after_death
from plugin.store.session import shared_now
from plugin.store.tables import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that this worker may run as long as its lease holds. ``attempt`` is the fencing token."""

    id: str
    workspace_id: str
    kind: str
    attempt: int
    failures: int
    payload: Mapping[str, Any]
    recording_id: str | None
    sop_id: str | None
    publication_id: str | None
    created_by: str | None


class LeaseLost(Exception):
    """Another worker has this job now, or it was cancelled or removed; nothing of ours may be written any more."""


def claim(session: Session, *, worker: str, now: datetime, lease_s: float, job_id: str | None = None) -> Claimed | None:
    """The next runnable job, or ``job_id`` if that is runnable; None where there is none.

    Among equal priorities the workspace that has waited longest for a start is served, so that nobody can fill the queue for others.
    """
    chosen = job_id or session.scalar(_next_runnable(now))
    if chosen is None:
        return None
    query = (
        update(Job)
        .where(Job.id == chosen, Job.state == "queued", or_(Job.not_before.is_(None), Job.not_before <= now))
        .values(
            state="running",
            attempt=Job.attempt + 1,
            worker=worker,
            started_at=now,
            lease_until=shared_now(session, now) + timedelta(seconds=lease_s),
            changed=Job.changed + 1,
            error_reason=None,
            error_message=None,
            not_before=None,
        )
        .execution_options(synchronize_session=False)
    )
    if rowcount(session, query) != 1:
        return None
    row = session.get(Job, chosen, populate_existing=True)
    if row is None:
        return None
    return Claimed(
        id=row.id,
        workspace_id=row.workspace_id,
        kind=row.kind,
        attempt=row.attempt,
        failures=row.failures,
        payload=row.payload,
        recording_id=row.recording_id,
        sop_id=row.sop_id,
        publication_id=row.publication_id,
        created_by=row.created_by,
    )


def renew(session: Session, job: Claimed, *, now: datetime, lease_s: float) -> bool:
    """Renews the lease. True where somebody asked to cancel. Raises LeaseLost."""
    _write(session, job, {"lease_until": shared_now(session, now) + timedelta(seconds=lease_s)})
    return bool(session.scalar(select(Job.cancel).where(Job.id == job.id)))


def progress(
    session: Session,
    job: Claimed,
    *,
    stage: str,
    stages: Mapping[str, float],
    fraction: float,
    seconds_left: float | None,
    steps: Sequence[str] = (),
) -> bool:
    """True where somebody asked to cancel. Raises LeaseLost."""
    _write(
        session,
        job,
        {
            "stage": stage,
            "stages": dict(stages),
            "fraction": fraction,
            "seconds_left": seconds_left,
            "steps": list(steps),
            "changed": Job.changed + 1,
        },
    )
    return bool(session.scalar(select(Job.cancel).where(Job.id == job.id)))


def end(session: Session, job: Claimed, state: JobState, *, now: datetime, **values: Any) -> None:
    """The job ends in ``state``. Raises LeaseLost, which takes the whole transaction back."""
    fixed = {"state": state, "worker": None, "lease_until": None, "finished_at": now, "seconds_left": None, "changed": Job.changed + 1}
    _write(session, job, {**fixed, **values})


def again(session: Session, job: Claimed, *, not_before: datetime, reason: str, message: str, counts: bool = True) -> None:
    """Back into the queue for a later attempt, which ``counts`` as a failure or not. Raises LeaseLost."""
    values = {"state": "queued", "worker": None, "lease_until": None, "not_before": not_before, "failures": Job.failures + int(counts)}
    _write(session, job, {**values, "error_reason": reason, "error_message": message, "changed": Job.changed + 1})


def expired(session: Session, now: datetime, *, poison_limit: int) -> list[tuple[str, JobState]]:
    """Takes jobs from workers that went silent; each goes back into the queue, or is parked after too many deaths."""
    silent = (Job.state == "running", Job.lease_until < shared_now(session, now))
    found = session.execute(select(Job.id, Job.attempt, Job.deaths).where(*silent)).all()
    return [entry for row in found if (entry := _bury(session, row.id, row.attempt, row.deaths, now, poison_limit))]


def of_worker(session: Session, worker: str, now: datetime, *, poison_limit: int) -> list[tuple[str, JobState]]:
    """The same for a worker of which it is known that it is dead."""
    found = session.execute(select(Job.id, Job.attempt, Job.deaths).where(Job.state == "running", Job.worker == worker)).all()
    return [entry for row in found if (entry := _bury(session, row.id, row.attempt, row.deaths, now, poison_limit))]


def workers(session: Session) -> list[str]:
    """The names of all workers that hold a job."""
    return [name for name in session.scalars(select(Job.worker).where(Job.state == "running").distinct()) if name]


def runnable(session: Session, now: datetime, limit: int = 100) -> list[str]:
    """Ids of jobs that could start now."""
    query = select(Job.id).where(Job.state == "queued", or_(Job.not_before.is_(None), Job.not_before <= now))
    return list(session.scalars(query.order_by(Job.priority.desc(), Job.created_at).limit(limit)))


def rowcount(session: Session, statement: Update) -> int:
    """How many rows the statement changed."""
    result = session.execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - an UPDATE gives one
    return result.rowcount


def _next_runnable(now: datetime) -> Any:
    other = aliased(Job)
    last_start = select(func.max(other.started_at)).where(other.workspace_id == Job.workspace_id).correlate(Job).scalar_subquery()
    ready = (Job.state == "queued", Job.cancel.is_(False), or_(Job.not_before.is_(None), Job.not_before <= now))
    order = (Job.priority.desc(), last_start.asc().nulls_first(), Job.created_at, Job.id)
    return select(Job.id).where(*ready).order_by(*order).limit(1)


def _write(session: Session, job: Claimed, values: Mapping[str, Any]) -> None:
    query = update(Job).where(Job.id == job.id, Job.attempt == job.attempt, Job.state == "running").values(**values)
    if rowcount(session, query.execution_options(synchronize_session=False)) != 1:
        raise LeaseLost(job.id)


def _bury(session: Session, job_id: str, attempt: int, deaths: int, now: datetime, poison_limit: int) -> tuple[str, JobState] | None:
    state = after_death(deaths + 1, poison_limit)
    values: dict[str, Any] = {"state": state, "deaths": deaths + 1, "worker": None, "lease_until": None, "changed": Job.changed + 1}
    if state == "parked":
        values |= {
            "finished_at": now,
            "error_reason": "parked",
            "error_message": "The work on this stopped unexpectedly several times, so it was set aside. Nothing is lost; press retry to try once more.",
        }
    query = update(Job).where(Job.id == job_id, Job.attempt == attempt, Job.state == "running").values(**values)
    return (job_id, state) if rowcount(session, query.execution_options(synchronize_session=False)) == 1 else None

"""One job of the queue from claim to end, whatever its kind; and taking back jobs whose worker has died."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from plugin.domain.errors import Exhausted, SopError, UnusableRecording
from plugin.domain.job import JobState, not_before, wait_s
from plugin.pipeline.stage import Cancelled
from plugin.services import attached, notion_intake, page_events, publishing
from plugin.services.deps import Deps
from plugin.services.process import process
from plugin.store import jobs
from plugin.store.jobs import Claimed, LeaseLost

log = structlog.get_logger()


class Stopping(Exception):
    """This process is to end; what it works on goes on elsewhere."""


TRIES = 3
"""Attempts for a failure of ours (not the recording's) before a person is asked."""

KINDS: dict[str, Callable[..., None]] = {
    "process": process,
    "publish": publishing.run,
    "fetch": attached.run,
    "look": page_events.run,
    "row": notion_intake.run,
}


def worker_name() -> str:
    """Names this process on this machine: host, process id, and when the process started (ids are used again)."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def work_one(deps: Deps, *, worker: str, job_id: str | None = None, stop: threading.Event | None = None) -> bool:
    """Claims one job and runs it to its end. False where there was nothing to do. When ``stop`` is set meanwhile the job goes back into the queue."""
    job = deps.database.run(
        lambda session: jobs.claim(session, worker=worker, now=deps.clock(), lease_s=deps.settings.lease_s, job_id=job_id)
    )
    if job is None and job_id is not None:
        return work_one(deps, worker=worker, stop=stop)
    if job is None:
        return False
    with (
        structlog.contextvars.bound_contextvars(job_id=job.id, attempt=job.attempt, recording_id=job.recording_id),
        _Heart(deps, job, stop or threading.Event()) as heart,
    ):
        log.info("job_started", kind=job.kind)
        _run(deps, job, heart)
    return True


def take_back(deps: Deps) -> int:
    """Jobs of workers that went silent, or are known to be dead on this machine, go back into the queue. Returns how many."""

    def work(session: Session) -> list[tuple[str, JobState]]:
        now, limit = deps.clock(), deps.settings.poison_limit
        found = jobs.expired(session, now, poison_limit=limit)
        for name in jobs.workers(session):
            if _dead(name):
                found += jobs.of_worker(session, name, now, poison_limit=limit)
        return found

    found = deps.database.run(work)
    for job_id, state in found:
        log.warning("job_taken_back", job_id=job_id, state=state)
        if state == "queued":
            deps.queue.wake(job_id)
    return len(found)


def wake_lost(deps: Deps) -> None:
    """Wakes workers for what could run, in case a wake was lost."""
    with deps.database.begin() as session:
        waiting = jobs.runnable(session, deps.clock(), limit=deps.settings.workers or 1)
    for job_id in waiting:
        deps.queue.wake(job_id)


def _run(deps: Deps, job: Claimed, heart: _Heart) -> None:
    try:
        KINDS[job.kind](deps, job, alive=heart.check)
    except LeaseLost:
        log.warning("job_lease_lost")
    except Stopping:
        log.info("job_given_back")
        _later(deps, job, 1.0, "stopped", "The service is being restarted; this goes on afterwards.", counts=False)
    except Cancelled:
        _end(deps, job, "cancelled", "cancelled", "")
    except UnusableRecording as error:
        _end(deps, job, "failed", error.reason, error.message_for_user, error.detail_for_operator)
    except Exhausted as error:
        _later(deps, job, error.retry_after_s or 300.0, "exhausted", error.message_for_user)
    except SopError as error:
        _fail(deps, job, type(error).__name__, error.message_for_user, error.detail_for_operator)
    except Exception as error:
        log.exception("job_broke")
        _fail(deps, job, "internal", "Something went wrong on our side. It will be tried again.", type(error).__name__)


def _fail(deps: Deps, job: Claimed, reason: str, message: str, detail: str) -> None:
    if job.failures + 1 < TRIES:
        _later(deps, job, wait_s(job.failures + 1), reason, message)
    else:
        _end(deps, job, "failed", reason, message, detail)


def _end(deps: Deps, job: Claimed, state: JobState, reason: str, message: str, detail: str = "") -> None:
    log.info("job_ended", state=state, reason=reason, detail=detail)
    values = {"error_reason": reason, "error_message": message} if message else {}
    _unless_lost(deps, lambda session: jobs.end(session, job, state, now=deps.clock(), **values))


def _later(deps: Deps, job: Claimed, after_s: float, reason: str, message: str, *, counts: bool = True) -> None:
    log.info("job_postponed", after_s=after_s, reason=reason)
    _unless_lost(
        deps,
        lambda session: jobs.again(
            session, job, not_before=not_before(deps.clock(), after_s), reason=reason, message=message, counts=counts
        ),
    )


def _unless_lost(deps: Deps, work: Callable[[Session], None]) -> None:
    try:
        deps.database.run(work)
    except LeaseLost:
        log.warning("job_lease_lost")


class _Heart:
    """Renews the lease in a thread of its own as long as the block runs; :meth:`check` raises when it could not, or when somebody cancelled."""

    def __init__(self, deps: Deps, job: Claimed, stopping: threading.Event) -> None:
        self._deps, self._job, self._stopping = deps, job, stopping
        self._stop, self._lost, self._cancelled = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> _Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        if self._lost.is_set():
            raise LeaseLost(self._job.id)
        if self._cancelled.is_set():
            raise Cancelled
        if self._stopping.is_set():
            raise Stopping

    def _beat(self) -> None:
        lease_s = self._deps.settings.lease_s
        while not self._stop.wait(lease_s / 3):
            try:
                if self._deps.database.run(lambda session: jobs.renew(session, self._job, now=self._deps.clock(), lease_s=lease_s)):
                    self._cancelled.set()
            except LeaseLost:
                self._lost.set()
                return
            except Exception:
                log.warning("lease_not_renewed", exc_info=True)


def _dead(worker: str) -> bool:
    host, _, rest = worker.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """When that process started, in clock ticks since boot; empty where there is none (or the system cannot tell)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stream:  # noqa: PTH123 - a file of the kernel
            fields = stream.read().rpartition(")")[2].split()
            return "" if fields[0] in ("Z", "X") else fields[19]
    except OSError:
        return ""

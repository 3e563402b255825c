"""The worker role: takes jobs until it is told to stop. A job that runs then is given back and goes on elsewhere at its last finished stage."""

from __future__ import annotations

from threading import Event

import structlog

from plugin.services import work
from plugin.services.deps import Deps

log = structlog.get_logger()

WAIT_S = 10.0


def run(deps: Deps, stop: Event, *, worker: str) -> None:
    """Returns soon after ``stop`` is set."""
    log.info("worker_started", worker=worker)
    work.take_back(deps)
    while not stop.is_set():
        job_id = None
        try:
            job_id = deps.queue.wait(0.0)
            if not work.work_one(deps, worker=worker, job_id=job_id, stop=stop) and not stop.is_set():
                _rest(deps, stop, worker)
        except Exception:
            log.exception("worker_stumbled", job_id=job_id)
            stop.wait(5.0)
    log.info("worker_stopped", worker=worker)


def _rest(deps: Deps, stop: Event, worker: str) -> None:
    """Waits for a wake in short pieces, so that a stop is noticed; then looks into the table in any case."""
    for _ in range(int(WAIT_S)):
        job_id = deps.queue.wait(1.0)
        if stop.is_set():
            return
        if job_id is not None:
            work.work_one(deps, worker=worker, job_id=job_id, stop=stop)
            return

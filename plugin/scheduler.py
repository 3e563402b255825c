"""The scheduler role: runs the sweeps. APScheduler keeps the time and nothing else: no job per page, nothing stored, nothing pickled.

Several may run; a lease in the database makes one of them work. Should two work for a moment all the same, the database's constraints keep every
message single.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import IntegrityError

from plugin.services import approve, clock, deliver, endings, flags, gather, notion_intake, restored, retention, sweep, work
from plugin.services.deps import Deps
from plugin.store import leases
from plugin.store.session import shared_now

log = structlog.get_logger()

LEASE = timedelta(seconds=90)
NAME = "scheduler"


def run(deps: Deps, stop: Event, *, holder: str) -> None:
    """Returns when ``stop`` is set, after the running sweep has ended."""
    restored.look_back(deps)
    scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(1)})
    for name, every_s, task in TASKS:
        job = _guarded(deps, holder, name, task)
        scheduler.add_job(
            job, "interval", seconds=every_s, id=name, coalesce=True, max_instances=1, misfire_grace_time=None, next_run_time=deps.clock()
        )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        with deps.database.begin() as session:
            leases.let_go(session, NAME, holder, now=shared_now(session, deps.clock()))


def tick(deps: Deps) -> None:
    """Everything once, in the order in which it follows from each other."""
    for _, _, task in TASKS:
        task(deps)


def reviews(deps: Deps) -> None:
    """What is due, who is told, what goes out."""
    if clock.plausible(deps):
        sweep.sweep(deps)
        approve.remind(deps)
        gather.gather(deps)
    deliver.deliver(deps)


def queue(deps: Deps) -> None:
    """Jobs whose worker is gone, and wakes that were lost."""
    work.take_back(deps)
    work.wake_lost(deps)


TASKS: tuple[tuple[str, int, Callable[[Deps], object]], ...] = (
    ("queue", 15, queue),
    ("reviews", 30, reviews),
    ("flags", 60, flags.show_flags),
    ("notion", 20, notion_intake.sweep),
    ("reconcile", 900, flags.reconcile),
    ("retention", 3600, retention.clean),
    ("endings", 3600, endings.warn),
)
"""Name, seconds between two runs, what to do."""


def _guarded(deps: Deps, holder: str, name: str, task: Callable[[Deps], object]) -> Callable[[], None]:
    def run_if_mine() -> None:
        try:
            if _mine(deps, holder):
                task(deps)
        except Exception:
            log.exception("sweep_failed", sweep=name)

    return run_if_mine


def _mine(deps: Deps, holder: str) -> bool:
    try:
        return deps.database.run(lambda session: leases.hold(session, NAME, holder, now=shared_now(session, deps.clock()), lasts=LEASE))
    except IntegrityError:
        return False

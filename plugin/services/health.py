"""How the installation is doing. Never raises, never tells a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import structlog
from sqlalchemy import func, select, text

from plugin.services.deps import Deps
from plugin.store import migrate, tables
from plugin.store.session import shared_now

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One line of a health page."""

    name: str
    state: Literal["good", "poor", "bad"]
    message: str


def health(deps: Deps) -> tuple[Health, ...]:
    """Database, migrations, disk, queue, scheduler, mail."""
    checks: tuple[tuple[str, Callable[[Deps], Health]], ...] = (
        ("database", _database),
        ("disk", _disk),
        ("queue", _queue),
        ("scheduler", _scheduler),
        ("mail", _mail),
    )
    return tuple(_guarded(name, check, deps) for name, check in checks)


def figures(deps: Deps) -> Iterator[tuple[str, str, float]]:
    """Name, label, value for metrics: jobs and messages by state, SOPs by review state."""
    with deps.database.begin() as session:
        for name, column in (("jobs", tables.Job.state), ("messages", tables.Outgoing.state), ("sops", tables.Sop.review_state)):
            for label, count in session.execute(select(column, func.count()).group_by(column)):
                yield name, label, float(count)


def _guarded(name: str, check: Callable[[Deps], Health], deps: Deps) -> Health:
    try:
        return check(deps)
    except Exception:
        log.exception("health_check_failed", check=name)
        return Health(name=name, state="bad", message="Cannot be checked; see the log.")


def _database(deps: Deps) -> Health:
    with deps.database.begin() as session:
        session.execute(text("SELECT 1"))
    if migrate.behind(deps.database):
        return Health(name="database", state="bad", message="The schema is not up to date. Run: sopwright db upgrade")
    return Health(name="database", state="good", message=f"{deps.database.url.get_backend_name()}, schema up to date")


def _disk(deps: Deps) -> Health:
    free = deps.blobs.free_bytes()
    if free is None:
        return Health(name="disk", state="good", message="no limit known")
    words = f"{free / 2**30:.1f} GB free"
    if free < deps.settings.min_free_bytes:
        return Health(name="disk", state="bad", message=f"{words}: uploads are refused until there is room")
    return Health(name="disk", state="poor" if free < 4 * deps.settings.min_free_bytes else "good", message=words)


def _queue(deps: Deps) -> Health:
    now, table = deps.clock(), tables.Job
    with deps.database.begin() as session:
        parked = session.scalar(select(func.count()).where(table.state == "parked")) or 0
        ready = (table.state == "queued", (table.not_before.is_(None)) | (table.not_before <= now))
        waiting = session.scalar(select(func.count()).where(*ready)) or 0
        oldest = session.scalar(select(func.min(table.created_at)).where(*ready))
        running = session.scalar(select(func.count()).where(table.state == "running", table.lease_until > shared_now(session, now))) or 0
    if parked:
        return Health(name="queue", state="poor", message=f"{parked} jobs were set aside; look at them and retry")
    if oldest is not None and not running and now - oldest > timedelta(minutes=5):
        return Health(name="queue", state="bad", message=f"{waiting} jobs wait and no worker runs")
    return Health(name="queue", state="good", message=f"{running} running, {waiting} waiting")


def _scheduler(deps: Deps) -> Health:
    with deps.database.begin() as session:
        lease, now = session.get(tables.Lease, "scheduler"), shared_now(session, deps.clock())
    if lease is None or lease.until < now:
        return Health(name="scheduler", state="poor", message="no scheduler runs: reviews are not announced")
    return Health(name="scheduler", state="good", message="running")


def _mail(deps: Deps) -> Health:
    with deps.database.begin() as session:
        dead = session.scalar(
            select(func.count()).where(tables.Outgoing.state == "dead", tables.Outgoing.created_at > deps.clock() - timedelta(days=7))
        )
    if deps.settings.smtp_host is None:
        return Health(name="mail", state="poor", message="no mail server is set; messages go to the log only")
    if dead:
        return Health(name="mail", state="poor", message=f"{dead} messages of the last 7 days could not be delivered")
    return Health(name="mail", state="good", message="set up")

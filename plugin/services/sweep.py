"""The review sweep: takes every SOP whose moment has come, sets the state that readers see, and writes down who has to be told.

Any number of sweeps may run at once. A row is taken by an UPDATE under its lock, what is to be told has a unique key (SOP, due date, kind, channel,
recipient), and both happen in one transaction; so a due date is told once, whoever runs and whenever somebody is killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from plugin.domain.review import Advance, Standing, advance, civil_moment, local_day, next_working_moment, zone_of
from plugin.services import outgoing, rules
from plugin.services.deps import Deps
from plugin.services.people import calendar_of
from plugin.services.standing import above, calendar_for, flag_of, people_of, responsible
from plugin.store import tables

log = structlog.get_logger()

BATCH = 1000
POISON_DELAY = timedelta(hours=1)
COLUMNS = (
    tables.Sop.id,
    tables.Sop.workspace_id,
    tables.Sop.area,
    tables.Sop.status,
    tables.Sop.owner_id,
    tables.Sop.policy,
    tables.Sop.due,
    tables.Sop.snoozed_until,
    tables.Sop.in_review,
    tables.Sop.reminded_for,
    tables.Sop.reminded_on,
    tables.Sop.escalated_for,
    tables.Sop.review_state,
    tables.Sop.revision,
)


def sweep(deps: Deps) -> int:
    """Handles everything that is due by now, in batches of a transaction each. Returns how many SOPs were looked at."""
    known, total = _Known(), 0
    while True:
        found = deps.database.run(lambda session: _batch(session, deps, known))
        total += found
        if found < BATCH:
            if total:
                log.info("reviews_swept", sops=total)
            return total


@dataclass(slots=True)
class _Known:
    """What does not change during one sweep, read once per workspace."""

    people: dict[str, dict[str, tables.Person]] = field(default_factory=dict)
    rules: dict[str, dict[str, rules.Rules]] = field(default_factory=dict)

    def load(self, session: Session, workspace_id: str) -> None:
        if workspace_id not in self.people:
            self.people[workspace_id] = people_of(session, workspace_id)
            self.rules[workspace_id] = rules.of(session, workspace_id)


@dataclass(slots=True)
class _Writes:
    sops: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)


def _batch(session: Session, deps: Deps, known: _Known) -> int:
    now = deps.clock()
    due = select(tables.Sop.id).where(tables.Sop.next_review_at <= now).order_by(tables.Sop.next_review_at).limit(BATCH)
    claim = (
        update(tables.Sop)
        .where(tables.Sop.id.in_(due.with_for_update(skip_locked=True)), tables.Sop.next_review_at <= now)
        .values(next_review_at=now + POISON_DELAY)  # a row that cannot be handled does not hold up the others
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    claimed = session.execute(claim).all()
    writes = _Writes()
    for row in claimed:
        known.load(session, row.workspace_id)
        try:
            _look_at(deps, known, row, now, writes)
        except Exception:
            log.exception("review_not_handled", sop_id=row.id)
    _write(session, writes)
    return len(claimed)


def _look_at(deps: Deps, known: _Known, row: Row[Any], now: datetime, writes: _Writes) -> None:
    people = known.people[row.workspace_id]
    policy = rules.policy_of(known.rules[row.workspace_id], row.policy, row.area)
    person = responsible(people, row.owner_id, policy)
    calendar = calendar_for(person)
    standing = _standing(row)
    found = advance(standing, policy, calendar, now)
    if found.tasks and person is not None:
        for task in found.tasks:
            recipients = [person] if task == "remind" else above(people, person)
            _tell(deps, row, task, recipients, now, writes)
        standing = _done(standing, found, local_day(now, calendar.time_zone))
        found = advance(standing, policy, calendar, now)
    writes.sops.append(
        {
            "id": row.id,
            "review_state": found.state,
            "next_review_at": found.next_at,
            "reminded_for": standing.reminded_for,
            "reminded_on": standing.reminded_on,
            "escalated_for": standing.escalated_for,
        }
    )
    if found.state != row.review_state:
        writes.flags.setdefault(flag_of(found.state, row.due), []).append(row.id)


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        due=row.due,
        in_review=row.in_review,
        retired=row.status == "retired",
        snoozed_until=row.snoozed_until,
        reminded_for=row.reminded_for,
        reminded_on=row.reminded_on,
        escalated_for=row.escalated_for,
    )


def _done(standing: Standing, found: Advance, today: date) -> Standing:
    if "remind" in found.tasks:
        standing = replace(standing, reminded_for=standing.due, reminded_on=today)
    if "escalate" in found.tasks:
        standing = replace(standing, escalated_for=standing.due)
    return standing


def _tell(deps: Deps, row: Row[Any], task: str, recipients: Iterable[tables.Person], now: datetime, writes: _Writes) -> None:
    for person in recipients:
        channels = [*outgoing.channels_of(person), *(["page"] if task == "remind" else [])]
        for channel in channels:
            writes.notices.append(
                {
                    "id": deps.new_id("ntc"),
                    "workspace_id": row.workspace_id,
                    "sop_id": row.id,
                    "due": row.due,
                    "kind": task,
                    "channel": channel,
                    "recipient_id": person.id,
                    "not_before": fitting_moment(person, now),
                    "created_at": now,
                }
            )
        writes.events.append(_event(deps, row, "review.reminded" if task == "remind" else "review.escalated", person.name, row.due, now))


def fitting_moment(person: tables.Person, now: datetime) -> datetime:
    """Now, where it is a working day of that person and their hour has come; else their next one (a sweep may catch up at night)."""
    calendar = calendar_of(person)
    today = local_day(now, calendar.time_zone)
    fits = today.isoweekday() in calendar.working_days and civil_moment(today, calendar.hour, zone_of(calendar.time_zone)) <= now
    return now if fits else next_working_moment(now, calendar)


def _event(deps: Deps, row: Row[Any], kind: str, recipient: str, due: date, now: datetime) -> dict[str, Any]:
    return {
        "id": deps.new_id("evt"),
        "workspace_id": row.workspace_id,
        "kind": kind,
        "actor_name": "SOPwright",
        "via": "system",
        "sop_id": row.id,
        "revision": row.revision,
        "data": {"recipient": recipient, "due": due.isoformat()},
        "created_at": now,
    }


def _write(session: Session, writes: _Writes) -> None:
    if writes.notices:
        session.execute(outgoing.insert(session, tables.Notice).on_conflict_do_nothing(), writes.notices)
    if writes.events:
        session.execute(outgoing.insert(session, tables.Event), writes.events)
    if writes.sops:
        session.execute(update(tables.Sop), writes.sops)
    for wanted, sop_ids in writes.flags.items():
        query = update(tables.Publication).where(tables.Publication.sop_id.in_(sop_ids), tables.Publication.state == "published")
        session.execute(query.values(flag_wanted=wanted).execution_options(synchronize_session=False))

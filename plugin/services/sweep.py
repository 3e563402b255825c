"""The review sweep: takes every SOP whose moment has come, sets the state that readers see, and writes down who has to be told.

Any number of sweeps may run at once. A row is taken by an UPDATE under its lock, what is to be told has a unique key (SOP, due date, kind, channel,
recipient), and both happen in one transaction; so a due date is told once, whoever runs and whenever somebody is killed.
"""

from __future__ import annotations

import json
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
from plugin.store import bulk, tables

log = structlog.get_logger()

BATCH = 1000
POISON_DELAY = timedelta(hours=1)
NOBODY_DELAY = timedelta(days=1)
MAX_DECISIONS = 20_000
COLUMNS = (
    tables.Sop.id,
    tables.Sop.workspace_id,
    tables.Sop.area,
    tables.Sop.owner_id,
    tables.Sop.policy,
    tables.Sop.revision,
    tables.Sop.review_state,
    tables.Sop.status,
    tables.Sop.due,
    tables.Sop.snoozed_until,
    tables.Sop.in_review,
    tables.Sop.reminded_for,
    tables.Sop.reminded_on,
    tables.Sop.escalated_for,
)
EVENTS = {"remind": "review.reminded", "escalate": "review.escalated"}
STANDING = 7
"""From this column on stands what the rules decide by."""


def sweep(deps: Deps) -> int:
    """Handles everything that is due by now, in batches of a transaction each. Returns how many SOPs were looked at."""
    known, total = _Known(now=deps.clock()), 0
    while True:
        found = deps.database.run(lambda session: _batch(session, deps, known))
        total += found
        if found < BATCH:
            if total:
                log.info("reviews_swept", sops=total)
            return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One person who has to hear of it, through these channels, not before that moment."""

    task: str
    person_id: str
    name: str
    channels: tuple[str, ...]
    not_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """What follows for all SOPs of one owner, rule and standing. ``values`` are columns of the row, in a form that can be compared."""

    values: tuple[tuple[str, Any], ...]
    told: tuple[_Told, ...]


@dataclass(slots=True)
class _Known:
    """What does not change during one sweep: the moment, people and rules of each workspace, decisions that many SOPs share."""

    now: datetime
    people: dict[str, dict[str, tables.Person]] = field(default_factory=dict)
    rules: dict[str, dict[str, rules.Rules]] = field(default_factory=dict)
    decisions: dict[tuple[Any, ...], _Decision] = field(default_factory=dict)

    def load(self, session: Session, workspace_id: str) -> None:
        if workspace_id not in self.people:
            self.people[workspace_id] = people_of(session, workspace_id)
            self.rules[workspace_id] = rules.of(session, workspace_id)


@dataclass(slots=True)
class _Writes:
    sops: dict[tuple[tuple[str, Any], ...], list[str]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)


def _batch(session: Session, deps: Deps, known: _Known) -> int:
    due = select(tables.Sop.id).where(tables.Sop.next_review_at <= known.now).order_by(tables.Sop.next_review_at).limit(BATCH)
    claim = (
        update(tables.Sop)
        .where(tables.Sop.id.in_(due.with_for_update(skip_locked=True)), tables.Sop.next_review_at <= known.now)
        .values(next_review_at=known.now + POISON_DELAY)  # a row that cannot be handled does not hold up the others
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    claimed = session.execute(claim).all()
    on_pages = _on_pages(session, [row.id for row in claimed])
    writes = _Writes()
    for row in claimed:
        known.load(session, row.workspace_id)
        try:
            decision = _decision(known, row)
        except Exception:
            log.exception("review_not_handled", sop_id=row.id)
            continue
        _note(deps, row, decision, known.now, row.id in on_pages, writes)
    _write(session, writes)
    if len(known.decisions) > MAX_DECISIONS:
        known.decisions.clear()
    return len(claimed)


def _on_pages(session: Session, sop_ids: list[str]) -> set[str]:
    """Those that have a page where their owner can be mentioned."""
    published = (tables.Publication.sop_id.in_(sop_ids), tables.Publication.state == "published")
    return set(session.scalars(select(tables.Publication.sop_id).where(*published)))


def _decision(known: _Known, row: Row[Any]) -> _Decision:
    key = (row.workspace_id, row.area, row.owner_id, json.dumps(row.policy) if row.policy else "", *row[STANDING:])
    found = known.decisions.get(key)
    if found is None:
        found = known.decisions[key] = _decide(known, row)
    return found


def _decide(known: _Known, row: Row[Any]) -> _Decision:
    people, now = known.people[row.workspace_id], known.now
    policy = rules.policy_of(known.rules[row.workspace_id], row.policy, row.area)
    person = responsible(people, row.owner_id, policy)
    calendar = calendar_for(person)
    standing = _standing(row)
    found = advance(standing, policy, calendar, now)
    told: list[_Told] = []
    next_at = found.next_at
    if found.tasks and person is None:
        next_at = now + NOBODY_DELAY
    elif found.tasks and person is not None:
        for task in found.tasks:
            told += [_told(task, p, now) for p in ([person] if task == "remind" else above(people, person))]
        standing = _done(standing, found, local_day(now, calendar.time_zone))
        next_at = advance(standing, policy, calendar, now).next_at
    values = {
        "review_state": found.state,
        "next_review_at": next_at,
        "reminded_for": standing.reminded_for,
        "reminded_on": standing.reminded_on,
        "escalated_for": standing.escalated_for,
    }
    return _Decision(values=tuple(values.items()), told=tuple(told))


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


def _told(task: str, person: tables.Person, now: datetime) -> _Told:
    channels = tuple(outgoing.channels_of(person))
    return _Told(task=task, person_id=person.id, name=person.name, channels=channels, not_before=fitting_moment(person, now))


def fitting_moment(person: tables.Person, now: datetime) -> datetime:
    """Now, where it is a working day of that person and their hour has come; else their next one (a sweep may catch up at night)."""
    calendar = calendar_of(person)
    today = local_day(now, calendar.time_zone)
    fits = today.isoweekday() in calendar.working_days and civil_moment(today, calendar.hour, zone_of(calendar.time_zone)) <= now
    return now if fits else next_working_moment(now, calendar)


def _note(deps: Deps, row: Row[Any], decision: _Decision, now: datetime, on_page: bool, writes: _Writes) -> None:
    writes.sops.setdefault(decision.values, []).append(row.id)
    state = decision.values[0][1]
    if state != row.review_state:
        writes.flags.setdefault(flag_of(state, row.due), []).append(row.id)
    for told in decision.told:
        common = {"workspace_id": row.workspace_id, "sop_id": row.id, "created_at": now}
        channels = (*told.channels, "page") if on_page and told.task == "remind" else told.channels
        notice = {"due": row.due, "kind": told.task, "recipient_id": told.person_id, "not_before": told.not_before}
        writes.notices += [{**common, **notice, "id": deps.new_id("ntc"), "channel": channel} for channel in channels]
        event = {
            "id": deps.new_id("evt"),
            "kind": EVENTS[told.task] if channels else "review.unreached",
            "actor_name": "SOPwright",
            "via": "system",
            "revision": row.revision,
            "data": {"recipient": told.name, "due": row.due.isoformat()},
        }
        writes.events.append({**common, **event})


def _write(session: Session, writes: _Writes) -> None:
    bulk.insert_new(session, tables.Notice, writes.notices)
    bulk.insert_new(session, tables.Event, writes.events)
    for values, sop_ids in writes.sops.items():
        query = update(tables.Sop).where(tables.Sop.id.in_(sop_ids)).values(**dict(values))
        session.execute(query.execution_options(synchronize_session=False))
    for wanted, sop_ids in writes.flags.items():
        query = update(tables.Publication).where(tables.Publication.sop_id.in_(sop_ids), tables.Publication.state == "published")
        session.execute(query.values(flag_wanted=wanted).execution_options(synchronize_session=False))

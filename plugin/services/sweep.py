"""The review sweep: takes every SOP whose moment has come, sets the state that readers see, and writes down who has to be told.

Any number of sweeps may run at once. A row is handled under its lock, what is to be told has a unique key (SOP, due date, kind, channel, recipient),
and both happen in one transaction; so a due date is told once, whoever runs and whenever somebody is killed.

A night may bring a hundred thousand rows. What follows for a row depends on little (owner, rule, standing), so it is decided once for all rows alike,
and what is written is made ready with the decision: a row adds its id.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Text, cast, select, update
from sqlalchemy.orm import Session

from plugin.domain.review import Advance, Standing, advance, civil_moment, local_day, next_working_moment, zone_of
from plugin.services import outgoing, readers, rules
from plugin.services.deps import Deps
from plugin.services.people import calendar_of
from plugin.services.standing import above, calendar_for, flag_of, people_of, responsible
from plugin.store import bulk, tables

log = structlog.get_logger()

BATCH = 2500
POISON_DELAY = timedelta(hours=1)
NOBODY_DELAY = timedelta(days=1)
MAX_DECISIONS = 20_000
_DATES = (tables.Sop.due, tables.Sop.snoozed_until, tables.Sop.reminded_for, tables.Sop.reminded_on, tables.Sop.escalated_for)
COLUMNS = (
    tables.Sop.id,
    tables.Sop.revision,
    tables.Sop.workspace_id,
    tables.Sop.area,
    tables.Sop.owner_id,
    tables.Sop.review_state,
    tables.Sop.status,
    tables.Sop.in_review,
    cast(tables.Sop.policy, Text),  # read as text: they are looked into once for all rows that are alike
    *(cast(day, Text) for day in _DATES),
)
SHARED = 2
"""From this column on stands what the rules decide by."""
NOTICE = ("id", "sop_id", "workspace_id", "due", "kind", "recipient_id", "not_before", "channel", "created_at")
EVENT = ("id", "sop_id", "revision", "workspace_id", "kind", "actor_name", "via", "data", "created_at")
EVENTS = {"remind": "review.reminded", "escalate": "review.escalated"}


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
    """What follows for all SOPs of one owner, rule and standing.

    ``values`` are columns of the row; ``flag`` is what pages have to show where the state changed. The others are ready for :mod:`plugin.store.bulk`
    behind what is the row's own: ``notices`` behind (id, SOP), ``mentions`` too where the SOP has a page, ``events`` behind (id, SOP, revision),
    ``unheard`` instead of those where nobody could be told because there is no page either.
    """

    values: tuple[tuple[str, Any], ...]
    flag: str | None
    notices: tuple[tuple[Any, ...], ...]
    mentions: tuple[tuple[Any, ...], ...]
    events: tuple[tuple[Any, ...], ...]
    unheard: tuple[tuple[Any, ...], ...]


@dataclass(slots=True)
class _Known:
    """What does not change during one sweep: the moment, people and rules of each workspace, decisions that many SOPs share."""

    now: datetime
    people: dict[str, dict[str, tables.Person]] = field(default_factory=dict)
    rules: dict[str, dict[str, rules.Rules]] = field(default_factory=dict)
    shut_out: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    decisions: dict[tuple[Any, ...], _Decision] = field(default_factory=dict)

    def load(self, session: Session, workspace_id: str) -> None:
        if workspace_id not in self.people:
            self.people[workspace_id] = people_of(session, workspace_id)
            self.rules[workspace_id] = rules.of(session, workspace_id)
            self.shut_out[workspace_id] = readers.shut_out(session, workspace_id)


@dataclass(slots=True)
class _Writes:
    sops: dict[tuple[tuple[str, Any], ...], list[str]] = field(default_factory=dict)
    notices: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)


def _batch(session: Session, deps: Deps, known: _Known) -> int:
    table = tables.Sop
    due = select(*COLUMNS).where(table.next_review_at <= known.now).order_by(table.next_review_at).limit(BATCH)
    claimed: Sequence[Any] = session.execute(due.with_for_update(skip_locked=True)).all()
    on_pages = _on_pages(session, [row[0] for row in claimed])
    writes, poisoned = _Writes(), []
    rows_of: dict[int, tuple[_Decision, list[Any]]] = {}
    for row in claimed:
        try:
            decision = _decision(session, known, row)
        except Exception:
            log.exception("review_not_handled", sop_id=row[0])
            poisoned.append(row[0])
            continue
        rows_of.setdefault(id(decision), (decision, []))[1].append(row)
    for decision, alike in rows_of.values():
        _note(deps, decision, alike, on_pages, writes)
    if poisoned:  # a row that cannot be handled does not hold up the others
        writes.sops[(("next_review_at", known.now + POISON_DELAY),)] = poisoned
    _write(session, writes)
    if len(known.decisions) > MAX_DECISIONS:
        known.decisions.clear()
    return len(claimed)


def _on_pages(session: Session, sop_ids: list[str]) -> set[str]:
    """Those that have a page where their owner can be mentioned."""
    published = (bulk.among(session, tables.Publication.sop_id, sop_ids), tables.Publication.state == "published")
    return set(session.scalars(select(tables.Publication.sop_id).where(*published)))


def _decision(session: Session, known: _Known, row: Any) -> _Decision:
    workspace_id: str = row[SHARED]
    if workspace_id not in known.shut_out:
        known.load(session, workspace_id)
    key = (known.shut_out[workspace_id].get(row[0]), *row[SHARED:])
    found = known.decisions.get(key)
    if found is None:
        found = known.decisions[key] = _decide(session, known, *key)
    return found


def _decide(
    session: Session,
    known: _Known,
    shut_out: frozenset[str] | None,
    workspace_id: str,
    area: str | None,
    owner_id: str | None,
    state: str,
    status: str,
    in_review: bool,
    own_policy: str,
    *days: str | None,
) -> _Decision:
    people, now = known.people[workspace_id], known.now
    policy = rules.policy_of(known.rules[workspace_id], json.loads(own_policy), area)
    person = responsible(people, owner_id, policy, shut_out or ())
    calendar = calendar_for(person)
    standing = _standing(status, bool(in_review), [date.fromisoformat(day) if day else None for day in days])
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

    def notices(one: _Told, channels: tuple[str, ...]) -> list[tuple[Any, ...]]:
        common = (workspace_id, standing.due, one.task, one.person_id, one.not_before)
        return [tuple(bulk.plain(session, v) for v in (*common, channel, now)) for channel in channels]

    def event(one: _Told, kind: str) -> tuple[Any, ...]:
        data = {"recipient": one.name, "due": standing.due.isoformat() if standing.due else ""}
        return tuple(bulk.plain(session, v) for v in (workspace_id, kind, "SOPwright", "system", data, now))

    return _Decision(
        values=tuple(values.items()),
        flag=flag_of(found.state, standing.due) if found.state != state else None,
        notices=tuple(notice for one in told for notice in notices(one, one.channels)),
        mentions=tuple(notice for one in told if one.task == "remind" for notice in notices(one, ("page",))),
        events=tuple(event(one, EVENTS[one.task]) for one in told),
        unheard=tuple(event(one, EVENTS[one.task] if one.channels else "review.unreached") for one in told),
    )


def _standing(status: str, in_review: bool, days: list[date | None]) -> Standing:
    due, snoozed_until, reminded_for, reminded_on, escalated_for = days
    return Standing(
        due=due,
        in_review=in_review,
        retired=status == "retired",
        snoozed_until=snoozed_until,
        reminded_for=reminded_for,
        reminded_on=reminded_on,
        escalated_for=escalated_for,
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


def _note(deps: Deps, decision: _Decision, alike: list[Any], on_pages: set[str], writes: _Writes) -> None:
    new_id, ids = deps.new_id, [str(row[0]) for row in alike]
    writes.sops.setdefault(decision.values, []).extend(ids)
    if decision.flag is not None:
        writes.flags.setdefault(decision.flag, []).extend(ids)
    for row in alike:
        sop_id, revision = row[0], row[1]
        on_page = sop_id in on_pages
        for shared in (*decision.notices, *decision.mentions) if on_page else decision.notices:
            writes.notices.append((new_id("ntc"), sop_id, *shared))
        for shared in decision.events if on_page else decision.unheard:
            writes.events.append((new_id("evt"), sop_id, revision, *shared))


def _write(session: Session, writes: _Writes) -> None:
    bulk.insert_new(session, tables.Notice, NOTICE, writes.notices)
    bulk.insert_new(session, tables.Event, EVENT, writes.events)
    for values, sop_ids in writes.sops.items():
        query = update(tables.Sop).where(bulk.among(session, tables.Sop.id, sop_ids)).values(**dict(values))
        session.execute(query.execution_options(synchronize_session=False))
    for wanted, sop_ids in writes.flags.items():
        here = (bulk.among(session, tables.Publication.sop_id, sop_ids), tables.Publication.state == "published")
        query = update(tables.Publication).where(*here).values(flag_wanted=wanted)
        session.execute(query.execution_options(synchronize_session=False))

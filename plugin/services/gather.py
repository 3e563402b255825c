"""Gathers what a person has to be told into one message per person, channel and local day."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from plugin.domain.review import local_day, next_working_moment, zone_of
from plugin.services import outgoing
from plugin.services.deps import Deps
from plugin.services.people import calendar_of
from plugin.services.sweep import fitting_moment
from plugin.store import tables

log = structlog.get_logger()

RECIPIENTS_AT_ONCE = 200
IMPORT_CAP = 20
"""So many imported SOPs are brought up in the first week after a large import, the most critical ones first; the rest follows after it."""
WEEK = timedelta(days=7)
CIVIL = (7, 22)
"""Hours of a day, from and before, at which what is late may still reach a person."""


def gather(deps: Deps) -> int:
    """Makes messages of all waiting notices. Returns how many messages were made."""
    made, last = 0, ("", "")
    while True:
        with deps.database.begin() as session:
            found = _waiting(session, deps.clock(), last)
        for recipient_id, channel in found:
            made += deps.database.run(partial(_for, deps=deps, recipient_id=recipient_id, channel=channel))
        if len(found) < RECIPIENTS_AT_ONCE:
            return made
        last = found[-1]


def _waiting(session: Session, now: datetime, after: tuple[str, str]) -> list[tuple[str, str]]:
    table = tables.Notice
    later = (table.recipient_id > after[0]) | ((table.recipient_id == after[0]) & (table.channel > after[1]))
    query = select(table.recipient_id, table.channel).where(table.message_id.is_(None), table.not_before <= now, later).distinct()
    return [(r, c) for r, c in session.execute(query.order_by(table.recipient_id, table.channel).limit(RECIPIENTS_AT_ONCE))]


def _for(session: Session, *, deps: Deps, recipient_id: str, channel: str) -> int:
    now, table = deps.clock(), tables.Notice
    person = session.get(tables.Person, recipient_id, with_for_update=True)  # two schedulers take turns here
    waiting = (table.recipient_id == recipient_id, table.channel == channel, table.message_id.is_(None), table.not_before <= now)
    if person is None:
        return 0
    if not _civil(person, now):  # the scheduler was down at their hour; nobody is told at night or on a free day
        moment = fitting_moment(person, now)
        session.execute(update(table).where(*waiting).values(not_before=moment).execution_options(synchronize_session=False))
        return 0
    _hold_imported(session, deps, person, channel, waiting)
    if channel == "page":
        return _mentions(session, deps, person, waiting)
    ids = list(session.scalars(select(table.id).where(*waiting)))
    if not ids:
        return 0
    day = local_day(now, person.time_zone)
    key = f"digest/{person.id}/{channel}/{day.isoformat()}"
    message_id = outgoing.put(session, deps, person, channel=channel, kind="digest", key=key, payload={"day": day.isoformat()})
    if message_id is None:  # today's has gone already
        moment = next_working_moment(now, calendar_of(person))
        session.execute(update(table).where(table.id.in_(ids)).values(not_before=moment).execution_options(synchronize_session=False))
        return 0
    session.execute(update(table).where(table.id.in_(ids)).values(message_id=message_id).execution_options(synchronize_session=False))
    return 1


def _civil(person: tables.Person, now: datetime) -> bool:
    local, hour = now.astimezone(zone_of(person.time_zone)), person.digest_hour
    return str(local.isoweekday()) in person.working_days and min(CIVIL[0], hour) <= local.hour < max(CIVIL[1], hour + 1)


def _mentions(session: Session, deps: Deps, person: tables.Person, waiting: tuple[object, ...]) -> int:
    """One mention for each page where the SOP stands."""
    made = 0
    for notice in session.scalars(select(tables.Notice).where(*waiting)):  # type: ignore[arg-type]  # conditions of the caller
        query = select(tables.Publication.id).where(tables.Publication.sop_id == notice.sop_id, tables.Publication.state == "published")
        for publication_id in session.scalars(query):
            key = f"mention/{publication_id}/{notice.due.isoformat()}/{notice.kind}/{person.id}"
            payload = {"publication_id": publication_id, "due": notice.due.isoformat(), "key": key}
            made += outgoing.put(session, deps, person, channel="page", kind="mention", key=key, payload=payload) is not None
        notice.message_id = "mentioned"
    return made


def _hold_imported(session: Session, deps: Deps, person: tables.Person, channel: str, waiting: tuple[object, ...]) -> None:
    """After a large import the notices beyond the cap wait until its first week is over."""
    now, table = deps.clock(), tables.Notice
    fresh = (tables.Sop.id == table.sop_id, tables.Sop.origin == "import", tables.Sop.created_at > now - WEEK)
    told = select(func.count()).where(table.recipient_id == person.id, table.channel == channel, table.message_id.is_not(None), *fresh)
    workspace = session.get(tables.Workspace, person.workspace_id)
    cap = int((workspace.settings if workspace else {}).get("import_cap", IMPORT_CAP))
    room = max(0, cap - (session.scalar(told) or 0))
    urgency = case((tables.Sop.criticality == "high", 0), (tables.Sop.criticality == "normal", 1), else_=2)
    query = select(table.id, table.sop_id, tables.Sop.created_at).where(*waiting, *fresh)  # type: ignore[arg-type]  # conditions of the caller
    for notice_id, sop_id, imported_at in session.execute(query.order_by(urgency, table.due, table.id).offset(room)).all():
        moment = next_working_moment(imported_at + WEEK, calendar_of(person))
        session.execute(update(table).where(table.id == notice_id).values(not_before=moment).execution_options(synchronize_session=False))
        later = {"reminded_on": local_day(moment, person.time_zone), "next_review_at": now}  # the time until others hear of it begins then
        query_sop = update(tables.Sop).where(tables.Sop.id == sop_id).values(**later)
        session.execute(query_sop.execution_options(synchronize_session=False))

"""Where an SOP's review stands, between its row and the pure rules: due dates, who is responsible, when the sweep looks next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plugin.domain.errors import Invalid, NotFound
from plugin.domain.review import Advance, Calendar, Policy, Standing, advance, local_day, next_due
from plugin.services import journal, rules
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.people import calendar_of
from plugin.store import rows, tables


def standing_of(row: tables.Sop) -> Standing:
    return Standing(
        due=row.due,
        in_review=row.in_review,
        retired=row.status == "retired",
        snoozed_until=row.snoozed_until,
        reminded_for=row.reminded_for,
        reminded_on=row.reminded_on,
        escalated_for=row.escalated_for,
    )


def policy_for(session: Session, row: tables.Sop) -> Policy:
    """What holds for this SOP."""
    return rules.policy_of(rules.of(session, row.workspace_id), row.policy, row.area)


def people_of(session: Session, workspace_id: str) -> dict[str, tables.Person]:
    """Everybody of a workspace by id, also those who have left."""
    return {
        p.id: p for p in session.scalars(select(tables.Person).where(tables.Person.workspace_id == workspace_id).order_by(tables.Person.id))
    }


def responsible(
    people: Mapping[str, tables.Person], owner_id: str | None, policy: Policy, shut_out: Collection[str] = ()
) -> tables.Person | None:
    """Who hears of a review: the reviewer or owner; where they have left or may not read the page (``shut_out``), the fallback, the owner's manager,
    an admin."""
    owner = people.get(owner_id or "")
    manager = owner.manager_id if owner else None
    for person_id in (policy.reviewer_id, owner_id, policy.fallback_id, manager):
        person = people.get(person_id or "")
        if person is not None and person.active and person.id not in shut_out:
            return person
    found = admins(people)
    return next((admin for admin in found if admin.id not in shut_out), next(iter(found), None))


def above(people: Mapping[str, tables.Person], person: tables.Person) -> list[tables.Person]:
    """Who hears of it when that person does not act: their manager, else the admins; never themselves."""
    manager = people.get(person.manager_id or "")
    if manager is not None and manager.active and manager.id != person.id:
        return [manager]
    return [admin for admin in admins(people) if admin.id != person.id]


def admins(people: Mapping[str, tables.Person]) -> list[tables.Person]:
    return [p for p in people.values() if p.active and p.role == "admin"]


def calendar_for(person: tables.Person | None) -> Calendar:
    return calendar_of(person) if person else Calendar()


def outlook(session: Session, row: tables.Sop, now: datetime) -> tuple[Advance, Policy, Calendar]:
    """What the rules say about this SOP now."""
    policy = policy_for(session, row)
    calendar = calendar_for(responsible(people_of(session, row.workspace_id), row.owner_id, policy))
    return advance(standing_of(row), policy, calendar, now), policy, calendar


def refresh(session: Session, deps: Deps, row: tables.Sop) -> None:
    """After any change of what the review depends on: the state that readers see, and when the sweep looks (now, where there is something to do)."""
    now = deps.clock()
    found, policy, _ = outlook(session, row, now)
    row.review_state, row.criticality = found.state, policy.criticality or "normal"
    row.next_review_at = now if found.tasks else found.next_at
    want_flag(session, row)


def schedule(session: Session, deps: Deps, row: tables.Sop, *, reviewed: bool = False) -> None:
    """The first due date of an SOP that has none, or with ``reviewed`` the next one from today on."""
    if row.status == "retired":
        row.due, row.snoozed_until, row.in_review = None, None, False
    elif row.due is None or reviewed:
        _, policy, calendar = outlook(session, row, deps.clock())
        row.due = next_due(policy, local_day(deps.clock(), calendar.time_zone))
        row.snoozed_until = None
        if reviewed:
            row.in_review, row.reviewed_at = False, deps.clock()
    refresh(session, deps, row)


def open_todo(session: Session, row: tables.Sop) -> tables.Review | None:
    """The review that found that the SOP needs a change or a new recording, as long as neither has been published."""
    if not row.in_review:
        return None
    table = tables.Review
    query = select(table).where(table.sop_id == row.id, table.outcome != "hand_over").order_by(table.created_at.desc(), table.id.desc())
    newest = session.scalars(query.limit(1)).first()
    return newest if newest is not None and newest.outcome in ("needs_change", "record_again") else None


def settle(session: Session, deps: Deps, caller: Caller, row: tables.Sop, revision: int) -> None:
    """After a publication (or where there is no page, after the change itself): a change that a review asked for is that review's end.

    The next due date then counts from today. The first publication sets the first due date.
    """
    todo = open_todo(session, row)
    done = todo is not None and revision > todo.revision
    if done:
        journal.note(session, deps, caller, "review.settled", sop_id=row.id, revision=revision)
    schedule(session, deps, row, reviewed=done)


def reschedule(session: Session, deps: Deps, row: tables.Sop) -> None:
    """The due date by a changed rule, counted from the last review or the first publication."""
    if row.due is None:
        return refresh(session, deps, row)
    _, policy, calendar = outlook(session, row, deps.clock())
    row.due = next_due(policy, local_day(row.reviewed_at or row.created_at, calendar.time_zone))
    return refresh(session, deps, row)


def set_owner(session: Session, deps: Deps, caller: Caller, row: tables.Sop, owner_id: str | None) -> None:
    """Raises Invalid where that is no active person of the workspace."""
    if owner_id == row.owner_id:
        return
    name = "nobody"
    if owner_id is not None:
        try:
            owner = rows.get(session, tables.Person, row.workspace_id, owner_id)
        except NotFound:
            raise Invalid("owner_id", "The owner must be a person of this workspace.") from None
        if not owner.active:
            raise Invalid("owner_id", "This person is no longer active.")
        name = owner.name
    row.owner_id = owner_id
    journal.note(session, deps, caller, "sop.owner", sop_id=row.id, revision=row.revision, owner=name)
    if row.due is not None and row.reminded_for == row.due:
        row.reminded_for = None  # the new one has to hear of it too
    told = tables.Notice
    session.execute(delete(told).where(told.sop_id == row.id, told.due == row.due, told.kind == "remind", told.message_id.is_(None)))
    refresh(session, deps, row)


def flag_of(state: str, due: date | None) -> str:
    """What a page shows, as one value to compare."""
    return f"{state}|{due.isoformat() if due else ''}"


def want_flag(session: Session, row: tables.Sop) -> None:
    """The pages of this SOP shall show its state; the scheduler does it."""
    wanted = flag_of(row.review_state, row.due)
    for publication in session.scalars(
        select(tables.Publication).where(tables.Publication.sop_id == row.id, tables.Publication.state == "published")
    ):
        publication.flag_wanted = wanted

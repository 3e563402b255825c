"""Reviews: who owns an SOP, when it is due, and what came of looking at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from plugin.domain.document import decode, encode
from plugin.domain.errors import Conflict, Invalid
from plugin.domain.review import MAX_SNOOZE_DAYS, OUTCOMES, Outcome, Policy, State, checked, local_day
from plugin.services import journal, readers, rules
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.links import LinkView, act_on_link, read_link
from plugin.services.standing import (
    open_todo,
    outlook,
    people_of,
    policy_for,
    refresh,
    reschedule,
    responsible,
    schedule,
    set_owner,
)
from plugin.store import rows, tables

__all__ = ["LinkView", "act_on_link", "read_link"]
MAX_NOTE = 2000
MAX_MINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """One finished review."""

    id: str
    outcome: Outcome
    note: str
    person_name: str
    revision: int
    due: date | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """What a review asked for and nobody has published yet: ``needs_change`` or ``record_again``, with the reviewer's note."""

    what: Outcome
    note: str
    person_name: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """``policy`` is what holds for this SOP after its own (``own``), the area's and the workspace's rule were laid over each other.

    ``responsible_id`` is whom reminders go to: the reviewer or owner, or who stands in for them.
    """

    sop_id: str
    title: str
    state: State
    due: date | None
    snoozed_until: date | None
    owner_id: str | None
    owner_name: str | None
    responsible_id: str | None
    responsible_name: str | None
    todo: Todo | None
    policy: Policy
    own: Policy
    history: tuple[ReviewRecord, ...]


def review(deps: Deps, caller: Caller, sop_id: str) -> ReviewView:
    """Raises NotFound."""
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        return _view(session, row, history=True)


def mine(deps: Deps, caller: Caller) -> tuple[ReviewView, ...]:
    """What the caller has to look at: due soon, due, overdue, or a change that a review asked for; most urgent first (without history)."""
    table = tables.Sop
    with deps.database.begin() as session:
        people = people_of(session, caller.workspace_id)
        stored, shut_out = rules.of(session, caller.workspace_id), readers.shut_out(session, caller.workspace_id)
        gone = [p.id for p in people.values() if not p.active]
        by_rule = [name for name, rule in stored.items() if caller.person_id in (rule.policy.reviewer_id, rule.policy.fallback_id)]
        could_be_mine = [
            table.owner_id == caller.person_id,
            table.owner_id.is_(None),
            table.owner_id.in_(gone),
            table.id.in_(shut_out),
            table.policy["reviewer_id"].as_string() == caller.person_id,
            table.area.in_(by_rule),
        ]
        query = select(table).where(
            table.workspace_id == caller.workspace_id, table.review_state.in_(("due soon", "due", "overdue", "in review"))
        )
        if rules.WORKSPACE not in by_rule:  # else any of them
            query = query.where(or_(*could_be_mine))
        found: list[ReviewView] = []
        for row in session.scalars(query.order_by(table.due, table.id)):
            person = responsible(people, row.owner_id, rules.policy_of(stored, row.policy, row.area), shut_out.get(row.id, ()))
            if person is not None and person.id == caller.person_id:
                found.append(_view(session, row))
            if len(found) == MAX_MINE:
                break
        return tuple(found)


def start(deps: Deps, caller: Caller, sop_id: str) -> ReviewView:
    """The state becomes ``in review``. Raises NotFound, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        _not_retired(row)
        if not row.in_review:
            row.in_review = True
            journal.note(session, deps, caller, "review.started", sop_id=row.id, revision=row.revision)
            refresh(session, deps, row)
        return _view(session, row, history=True)


def conclude(
    deps: Deps, caller: Caller, sop_id: str, *, outcome: Outcome, note: str = "", hand_over_to: str | None = None, due: date | None = None
) -> ReviewView:
    """Records the outcome and sets what follows from it: ``still_right`` the next due date, ``needs_change`` and ``record_again`` the state
    ``in review``, ``retire`` the end, ``hand_over`` a new owner (``hand_over_to``).

    With ``due`` it counts only for that due date (a link of an old mail): Conflict where another review was faster.
    Raises NotFound, Invalid, Conflict, Forbidden.
    """
    if outcome not in OUTCOMES:
        raise Invalid("outcome", f"The outcome is one of {', '.join(OUTCOMES)}.")
    if len(note) > MAX_NOTE:
        raise Invalid("note", f"A note has at most {MAX_NOTE} characters.")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        _require_say(session, caller, row)
        _not_retired(row)
        if due is not None and (row.due != due or _closed(session, row, due)):
            raise Conflict("This review has been done already.")
        was_due, owner_name = row.due, None
        if outcome == "hand_over":
            if hand_over_to is None:
                raise Invalid("hand_over_to", "Choose who shall own this SOP.")
            set_owner(session, deps, caller, row, hand_over_to)
            owner_name = rows.get(session, tables.Person, row.workspace_id, hand_over_to).name
        _follow(session, deps, caller, row, outcome)
        session.add(
            tables.Review(
                id=deps.new_id("rvw"),
                workspace_id=row.workspace_id,
                sop_id=row.id,
                person_id=caller.person_id,
                outcome=outcome,
                note=note.strip(),
                revision=row.revision,
                due=was_due,
                created_at=deps.clock(),
            )
        )
        data = {"owner": owner_name} if owner_name else {}
        journal.note(session, deps, caller, f"review.{outcome}", sop_id=row.id, revision=row.revision, **data)
        session.flush()
        return _view(session, row, history=True)


def snooze(deps: Deps, caller: Caller, sop_id: str, *, until: date, reason: str) -> ReviewView:
    """No reminder before ``until`` (at most 90 days ahead); the due date itself stays. Raises NotFound, Invalid, Conflict, Forbidden.

    What was told already is told once more on that day: that is what putting off means.
    """
    if not 0 < len(reason.strip()) <= MAX_NOTE:
        raise Invalid("reason", "Say in a few words why the review is put off.")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        _require_say(session, caller, row)
        _not_retired(row)
        if row.due is None:
            raise Invalid("until", "This SOP has no due date yet.")
        _, _, calendar = outlook(session, row, deps.clock())
        today = local_day(deps.clock(), calendar.time_zone)
        if not today < until <= today + timedelta(days=MAX_SNOOZE_DAYS):
            raise Invalid("until", f"A review can be put off to a day within the next {MAX_SNOOZE_DAYS} days.")
        row.snoozed_until, row.reminded_for, row.escalated_for = until, None, None
        session.execute(delete(tables.Notice).where(tables.Notice.sop_id == row.id, tables.Notice.due == row.due))
        journal.note(
            session,
            deps,
            caller,
            "review.snoozed",
            sop_id=row.id,
            revision=row.revision,
            until=until.isoformat(),
            reason=reason.strip()[:200],
        )
        refresh(session, deps, row)
        return _view(session, row, history=True)


def assign(deps: Deps, caller: Caller, sop_id: str, *, owner_id: str | None) -> ReviewView:
    """Raises NotFound, Invalid (not a person of this workspace), Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        set_owner(session, deps, caller, row, owner_id)
        return _view(session, row, history=True)


def set_policy(deps: Deps, caller: Caller, sop_id: str, *, policy: Policy) -> ReviewView:
    """The SOP's own rule; its fields that are None are inherited. Raises NotFound, Invalid, Forbidden."""
    caller.require("author")
    checked(policy)
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        rows.people(session, row.workspace_id, reviewer_id=policy.reviewer_id, fallback_id=policy.fallback_id)
        row.policy = encode(policy)
        journal.note(session, deps, caller, "sop.policy", sop_id=row.id, revision=row.revision)
        reschedule(session, deps, row)
        return _view(session, row, history=True)


def _follow(session: Session, deps: Deps, caller: Caller, row: tables.Sop, outcome: Outcome) -> None:
    if outcome == "still_right":
        schedule(session, deps, row, reviewed=True)
    elif outcome in ("needs_change", "record_again"):
        _, _, calendar = outlook(session, row, deps.clock())
        row.in_review, row.snoozed_until = True, None
        # The person knows. Others hear of it where the to-do is still open so many days from today on.
        row.reminded_for, row.reminded_on = row.due, local_day(deps.clock(), calendar.time_zone)
        refresh(session, deps, row)
    elif outcome == "retire":
        row.status = "retired"
        journal.note(session, deps, caller, "sop.retired", sop_id=row.id, revision=row.revision)
        schedule(session, deps, row)
    row.updated_at = deps.clock()


def _require_say(session: Session, caller: Caller, row: tables.Sop) -> None:
    """Authors may review anything; whoever is asked to review it (owner, reviewer, stand-in) may whatever their role."""
    if caller.person_id is None or caller.person_id != row.owner_id:
        person = responsible(people_of(session, row.workspace_id), row.owner_id, policy_for(session, row), readers.of(session, row))
        if person is None or person.id != caller.person_id:
            caller.require("author")


def _closed(session: Session, row: tables.Sop, due: date) -> bool:
    table = tables.Review
    query = select(table.id).where(table.sop_id == row.id, table.due == due, table.outcome != "hand_over")
    return session.scalars(query.limit(1)).first() is not None


def _not_retired(row: tables.Sop) -> None:
    if row.status == "retired":
        raise Conflict("This SOP has been retired.")


def _view(session: Session, row: tables.Sop, *, history: bool = False) -> ReviewView:
    people, policy = people_of(session, row.workspace_id), policy_for(session, row)
    owner, person = people.get(row.owner_id or ""), responsible(people, row.owner_id, policy, readers.of(session, row))
    return ReviewView(
        sop_id=row.id,
        title=row.title,
        state=cast(State, row.review_state),
        due=row.due,
        snoozed_until=row.snoozed_until,
        owner_id=row.owner_id,
        owner_name=owner.name if owner else None,
        responsible_id=person.id if person else None,
        responsible_name=person.name if person else None,
        todo=_todo(session, row),
        policy=policy,
        own=decode(Policy, row.policy),
        history=_history(session, row) if history else (),
    )


def _todo(session: Session, row: tables.Sop) -> Todo | None:
    found = open_todo(session, row)
    if found is None:
        return None
    by = session.get(tables.Person, found.person_id) if found.person_id else None
    return Todo(what=cast(Outcome, found.outcome), note=found.note, person_name=by.name if by else "SOPwright", since=found.created_at)


def _history(session: Session, row: tables.Sop) -> tuple[ReviewRecord, ...]:
    query = select(tables.Review, tables.Person.name).outerjoin(tables.Person, tables.Person.id == tables.Review.person_id)
    found = session.execute(query.where(tables.Review.sop_id == row.id).order_by(tables.Review.created_at.desc(), tables.Review.id.desc()))
    return tuple(
        ReviewRecord(
            id=r.id,
            outcome=cast(Outcome, r.outcome),
            note=r.note,
            person_name=name or "SOPwright",
            revision=r.revision,
            due=r.due,
            at=r.created_at,
        )
        for r, name in found
    )

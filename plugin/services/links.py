"""Signed links of mails. Opening one shows what it is for; only a POST changes something, because mail scanners follow links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from plugin.domain.errors import Conflict, Forbidden, Invalid
from plugin.domain.review import OUTCOMES
from plugin.services.caller import Caller, Role
from plugin.services.deps import Deps
from plugin.store import tables

PURPOSE = "link"
LIVES = timedelta(days=90)
MAX_PEOPLE = 500
SNOOZE = "snooze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of it: an outcome, ``approved``, ``declined``, ``void`` (a newer revision came), ``unsubscribe``, or ``over`` (no longer asked)."""

    what: str
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a signed link of a mail leads to. ``action`` is the outcome that was clicked; nothing happens before the POST.

    ``people`` are those that an SOP can be handed over to. ``answer`` is filled where ``done``.
    """

    kind: Literal["review", "approval", "unsubscribe"]
    sop_id: str | None
    title: str | None
    person_name: str
    action: str | None
    due: date | None
    done: bool
    revision: int | None = None
    snoozed_until: date | None = None
    answer: Answer | None = None
    people: tuple[Colleague, ...] = ()


def review_url(deps: Deps, *, person_id: str, sop_id: str, due: date, action: str | None = None) -> str:
    """Opens the review of that SOP for that due date; ``action`` is the button that is offered first."""
    return _url(deps, {"k": "review", "p": person_id, "s": sop_id, "d": due.isoformat(), "a": action})


def approval_url(deps: Deps, *, person_id: str, approval_id: str, action: str | None = None) -> str:
    return _url(deps, {"k": "approval", "p": person_id, "q": approval_id, "a": action})


def unsubscribe_url(deps: Deps, *, person_id: str) -> str:
    """Takes a POST without a body (one-click unsubscribing), or opens a page with a button."""
    return _url(deps, {"k": "unsubscribe", "p": person_id, "a": "unsubscribe"})


def sop_url(deps: Deps, sop_id: str) -> str:
    return f"{_base(deps)}/sops/{sop_id}"


def list_url(deps: Deps) -> str:
    """All that the reader has to look at."""
    return f"{_base(deps)}/reviews"


def read_link(deps: Deps, *, token: str) -> LinkView:
    """For GET: changes nothing. Raises Forbidden (forged, expired, or the person has left)."""
    with deps.database.begin() as session:
        return _look(session, _opened(deps, token))


def act_on_link(
    deps: Deps, *, token: str, outcome: str, note: str = "", hand_over_to: str | None = None, until: date | None = None
) -> LinkView:
    """For POST: does what the button says; a second time changes nothing (``done``, with what was answered).

    ``snooze`` puts a review off to ``until``, with the note as reason. Raises as :func:`plugin.services.review.conclude`, and Forbidden.
    """
    value = _opened(deps, token)
    with deps.database.begin() as session:
        view = _look(session, value)
        caller = _caller(_person(session, value))
    if view.done:
        return view
    try:
        if view.kind == "unsubscribe":
            _unsubscribe(deps, caller)
        elif view.kind == "approval":
            _decide(deps, caller, value, outcome, note)
        else:
            _conclude(deps, caller, value, outcome, note, hand_over_to, until)
    except Conflict:
        if not (late := read_link(deps, token=token)).done:  # else somebody was faster, which the answer tells
            raise
        return late
    return read_link(deps, token=token)


def unsubscribe(deps: Deps, *, token: str) -> bool:
    """One-click unsubscribing (RFC 8058); False where the link is one for something else. Raises Forbidden."""
    if _opened(deps, token)["k"] != "unsubscribe":
        return False
    act_on_link(deps, token=token, outcome="unsubscribe")
    return True


def _conclude(
    deps: Deps, caller: Caller, value: dict[str, Any], outcome: str, note: str, hand_over_to: str | None, until: date | None
) -> None:
    from plugin.services import review  # that module offers these functions too

    due = date.fromisoformat(value["d"])
    if outcome == SNOOZE:
        if until is None:
            raise Invalid("until", "Choose the day on which you want to hear of it again.")
        review.snooze(deps, caller, value["s"], until=until, reason=note)
        return
    if outcome not in OUTCOMES:
        raise Invalid("outcome", f"The outcome is one of {', '.join(OUTCOMES)}, or {SNOOZE}.")
    review.conclude(deps, caller, value["s"], outcome=outcome, note=note, hand_over_to=hand_over_to, due=due)


def _decide(deps: Deps, caller: Caller, value: dict[str, Any], outcome: str, note: str) -> None:
    from plugin.services import approve  # it sends these links

    if outcome not in ("approved", "declined"):
        raise Invalid("outcome", "The outcome is approved or declined.")
    approve.decide(deps, caller, value["q"], decision=cast(Literal["approved", "declined"], outcome), comment=note)


def _unsubscribe(deps: Deps, caller: Caller) -> None:
    with deps.database.begin() as session:
        person = session.get(tables.Person, caller.person_id, with_for_update=True)
        if person is not None:
            person.mail = False


def _look(session: Session, value: dict[str, Any]) -> LinkView:
    person = _person(session, value)
    common: dict[str, Any] = {"person_name": person.name, "action": value.get("a")}
    if value["k"] == "unsubscribe":
        answer = None if person.mail else Answer(what="unsubscribe", by=person.name)
        return LinkView(kind="unsubscribe", sop_id=None, title=None, due=None, done=answer is not None, answer=answer, **common)
    if value["k"] == "approval":
        return _approval(session, person, value, common)
    row = session.get(tables.Sop, value["s"])
    if row is None or row.workspace_id != person.workspace_id:
        raise _refused()
    due = date.fromisoformat(value["d"])
    answer = _answer(session, row, person, due)
    return LinkView(
        kind="review",
        sop_id=row.id,
        title=row.title,
        due=due,
        done=answer is not None,
        revision=row.revision,
        snoozed_until=row.snoozed_until,
        answer=answer,
        people=_colleagues(session, person) if answer is None else (),
        **common,
    )


def _answer(session: Session, row: tables.Sop, person: tables.Person, due: date) -> Answer | None:
    """What came of that due date; a hand over ends it only for the one who handed it over."""
    table = tables.Review
    ended = or_(table.outcome != "hand_over", and_(table.outcome == "hand_over", table.person_id == person.id))
    query = select(table, tables.Person.name).outerjoin(tables.Person, tables.Person.id == table.person_id)
    query = query.where(table.sop_id == row.id, table.due == due, ended).order_by(table.created_at.desc(), table.id.desc())
    found = session.execute(query.limit(1)).first()
    if found is not None and not (found[0].outcome == "hand_over" and row.owner_id == person.id):  # they got it back
        return Answer(what=found[0].outcome, by=found[1], at=found[0].created_at)
    if row.status == "retired":
        return Answer(what="retire")
    return None if row.due == due else Answer(what="over")


def _colleagues(session: Session, person: tables.Person) -> tuple[Colleague, ...]:
    table = tables.Person
    query = select(table.id, table.name).where(table.workspace_id == person.workspace_id, table.active.is_(True), table.id != person.id)
    return tuple(Colleague(id=i, name=n) for i, n in session.execute(query.order_by(table.name, table.id).limit(MAX_PEOPLE)))


def _approval(session: Session, person: tables.Person, value: dict[str, Any], common: dict[str, Any]) -> LinkView:
    approval = session.get(tables.Approval, value["q"])
    row = session.get(tables.Sop, approval.sop_id) if approval else None
    if approval is None or row is None or row.workspace_id != person.workspace_id:
        raise _refused()
    query = select(tables.Decision).where(tables.Decision.approval_id == approval.id, tables.Decision.person_id == person.id)
    mine = session.scalars(query).first()
    answer = None
    if mine is not None:
        answer = Answer(what=mine.decision, by=person.name, at=mine.created_at)
    elif approval.state != "open":
        answer = Answer(what=approval.state, at=approval.ended_at)
    return LinkView(
        kind="approval",
        sop_id=row.id,
        title=row.title,
        due=None,
        done=answer is not None,
        revision=approval.revision,
        answer=answer,
        **common,
    )


def _opened(deps: Deps, token: str) -> dict[str, Any]:
    value = deps.signer.read(PURPOSE, token, now=deps.clock())
    if value is None:
        raise _refused()
    return value


def _person(session: Session, value: dict[str, Any]) -> tables.Person:
    person = session.get(tables.Person, value["p"])
    if person is None or not person.active:
        raise _refused()
    return person


def _caller(person: tables.Person) -> Caller:
    return Caller(workspace_id=person.workspace_id, person_id=person.id, role=cast(Role, person.role), name=person.name, via="link")


def _refused() -> Forbidden:
    return Forbidden("This link is not valid any more. Sign in to see your SOPs.")


def _url(deps: Deps, value: dict[str, Any]) -> str:
    value = {k: v for k, v in value.items() if v is not None}
    return f"{_base(deps)}/links/{deps.signer.sign(PURPOSE, value, expires_at=deps.clock() + LIVES)}"


def _base(deps: Deps) -> str:
    return deps.settings.base_url.rstrip("/")

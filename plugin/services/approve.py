"""Approvals: none, one, or N of M. What is approved is the digest of a revision; a minor edit keeps it, a major one voids it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, cast

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from plugin.domain.errors import Conflict, Forbidden, Invalid
from plugin.services import journal, outgoing, revising, rules
from plugin.services.caller import Caller, system
from plugin.services.deps import Deps
from plugin.services.sweep import fitting_moment
from plugin.store import rows, tables
from plugin.store.jobs import rowcount

REMIND_AFTER = timedelta(hours=48)
ESCALATE_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    person_id: str
    person_name: str
    decision: Literal["approved", "declined"]
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """``needed`` of ``approvers`` must approve. ``state`` void: a major edit came after it."""

    id: str
    sop_id: str
    sop_title: str
    revision: int
    digest: str
    state: Literal["open", "approved", "declined", "void"]
    needed: int
    approvers: tuple[str, ...]
    approver_names: tuple[str, ...]
    decisions: tuple[DecisionView, ...]
    requested_by: str | None
    requested_by_name: str
    requested_at: datetime


def request(deps: Deps, caller: Caller, sop_id: str, *, approvers: Collection[str] | None = None) -> ApprovalView:
    """Asks for approval of the newest revision; ``approvers`` (ids of people) default to those of the area's rule. Again: the open request.

    Raises NotFound, Invalid (nobody but the author could approve; nobody needs to), Forbidden.
    """
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id, lock=True)
        revision = revising.newest(session, row)
        found = _open(session, row)
        if found is not None:
            return _view(session, found, row)
        needed, by_rule = rules.approval_of(rules.of(session, row.workspace_id), row.area)
        chosen = _able(session, row, list(approvers) if approvers is not None else list(by_rule))
        needed = max(1, needed)
        if len(chosen) < needed:
            raise Invalid("approvers", f"{needed} of the approvers must be able to approve; whoever wrote the revision does not count.")
        approval = tables.Approval(
            id=deps.new_id("apr"),
            workspace_id=row.workspace_id,
            sop_id=row.id,
            revision=revision.number,
            digest=revision.digest,
            state="open",
            needed=needed,
            approvers=[p.id for p in chosen],
            requested_by=caller.person_id,
            created_at=deps.clock(),
            next_at=deps.clock() + REMIND_AFTER,
            reminded=False,
        )
        session.add(approval)
        row.status = "in review"
        session.flush()
        journal.note(session, deps, caller, "approval.requested", sop_id=row.id, revision=revision.number, subject=approval.id)
        for person in chosen:
            _tell(session, deps, person, approval, row, "approval-request", who=caller.name)
        return _view(session, approval, row)


def decide(deps: Deps, caller: Caller, approval_id: str, *, decision: Literal["approved", "declined"], comment: str = "") -> ApprovalView:
    """Raises NotFound, Conflict (ended, or a newer revision exists), Forbidden (not among the approvers, or author of the revision)."""

    def work(session: Session) -> ApprovalView:
        approval = rows.get(session, tables.Approval, caller.workspace_id, approval_id, lock=True)
        row = rows.get(session, tables.Sop, caller.workspace_id, approval.sop_id, lock=True)
        revision = revising.newest(session, row)
        if caller.person_id not in approval.approvers:
            raise Forbidden("You are not asked to approve this.")
        if caller.person_id in _authors(session, row) and approval.needed < 2:
            raise Forbidden("The author of a revision cannot approve it alone.")
        if approval.state != "open" or revision.digest != approval.digest:
            raise Conflict("This request has ended, or there is a newer revision.")
        _record(session, deps, caller, approval, decision, comment)
        kind, number = f"approval.{decision}", approval.revision
        journal.note(session, deps, caller, kind, sop_id=row.id, revision=number, subject=approval.id, digest=approval.digest)
        _settle(session, deps, caller, approval, row, decision, comment)
        return _view(session, approval, row)

    return deps.database.run(work)


def approvals(deps: Deps, caller: Caller, sop_id: str) -> tuple[ApprovalView, ...]:
    """Newest first. Raises NotFound."""
    table = tables.Approval
    with deps.database.begin() as session:
        row = rows.get(session, tables.Sop, caller.workspace_id, sop_id)
        found = session.scalars(select(table).where(table.sop_id == row.id).order_by(table.created_at.desc(), table.id.desc()))
        return tuple(_view(session, approval, row) for approval in found)


def waiting_for_me(deps: Deps, caller: Caller) -> tuple[ApprovalView, ...]:
    """Open requests that the caller has not decided yet."""
    table = tables.Approval
    with deps.database.begin() as session:
        decided = select(tables.Decision.approval_id).where(tables.Decision.person_id == caller.person_id)
        query = select(table).where(table.workspace_id == caller.workspace_id, table.state == "open", table.id.not_in(decided))
        found = [a for a in session.scalars(query.order_by(table.created_at, table.id)) if caller.person_id in a.approvers]
        return tuple(_view(session, a, rows.get(session, tables.Sop, caller.workspace_id, a.sop_id)) for a in found)


def remind(deps: Deps) -> int:
    """For the scheduler: reminds approvers after 48 hours, tells an admin after 7 days; each once, whoever runs it. Returns how many."""
    now, table = deps.clock(), tables.Approval
    with deps.database.begin() as session:
        due = session.execute(select(table.id, table.next_at).where(table.state == "open", table.next_at <= now).limit(500)).all()
    return sum(deps.database.run(partial(_remind, deps=deps, approval_id=i, seen=at)) for i, at in due if at is not None)


def _remind(session: Session, *, deps: Deps, approval_id: str, seen: datetime) -> bool:
    table = tables.Approval
    approval = session.get(table, approval_id, with_for_update=True)
    if approval is None or approval.state != "open":
        return False
    escalate = approval.reminded
    following = None if escalate else approval.created_at + ESCALATE_AFTER
    query = update(table).where(table.id == approval_id, table.next_at == seen).values(next_at=following, reminded=True)
    if rowcount(session, query.execution_options(synchronize_session=False)) != 1:
        return False
    row = session.get(tables.Sop, approval.sop_id)
    if row is None:
        return False
    since = f"{approval.created_at:%-d %B}"
    done = set(session.scalars(select(tables.Decision.person_id).where(tables.Decision.approval_id == approval_id)))
    asked = session.scalars(select(tables.Person).where(tables.Person.id.in_(approval.approvers)).order_by(tables.Person.id))
    people = [p for p in asked if p.active and p.id not in done]
    escalate = escalate or not people  # nobody is left who could approve: an admin has to know now
    if escalate:
        people = outgoing.owner_or_admins(session, row.workspace_id, None)
    for person in people:
        _tell(session, deps, person, approval, row, "approval-escalation" if escalate else "approval-reminder", since=since)
    journal.note(
        session,
        deps,
        system(row.workspace_id),
        "approval.escalated" if escalate else "approval.reminded",
        sop_id=row.id,
        revision=approval.revision,
    )
    return True


def _tell(session: Session, deps: Deps, person: tables.Person, approval: tables.Approval, row: tables.Sop, kind: str, **more: Any) -> None:
    payload = {"approval_id": approval.id, "sop_id": row.id, "title": row.title, "revision": approval.revision, **more}
    # A request and its answer go out at once, somebody waits for them; a reminder can wait for a civil hour.
    civil = kind in ("approval-reminder", "approval-escalation")
    moment = fitting_moment(person, deps.clock()) if civil else None
    outgoing.tell(session, deps, person, kind=kind, key=f"{kind}/{approval.id}", payload=payload, not_before=moment)


def _open(session: Session, row: tables.Sop) -> tables.Approval | None:
    query = select(tables.Approval).where(tables.Approval.sop_id == row.id, tables.Approval.state == "open")
    return session.scalars(query.order_by(tables.Approval.created_at.desc()).limit(1)).first()


def _able(session: Session, row: tables.Sop, ids: list[str]) -> list[tables.Person]:
    """Active people of the workspace among ``ids`` but the authors. None given: all approvers, or all admins where there is no approver."""
    table, authors = tables.Person, _authors(session, row)
    query = select(table).where(table.workspace_id == row.workspace_id, table.active.is_(True))
    query = query.where(table.id.in_(ids)) if ids else query.where(table.role.in_(("approver", "admin")))
    found = [p for p in session.scalars(query.order_by(table.id)) if p.id not in authors]
    asked = [p for p in found if p.role == "approver"]
    return found if ids or not asked else asked


def _authors(session: Session, row: tables.Sop) -> set[str]:
    """Who wrote what is to be approved: everybody since the revision that was approved last. A colleague's small edit on top hides nobody."""
    table, approval = tables.Revision, tables.Approval
    last = select(func.max(table.number)).join(approval, approval.digest == table.digest)
    last = last.where(table.sop_id == row.id, approval.sop_id == row.id, approval.state == "approved")
    query = select(table.author_id).where(table.sop_id == row.id, table.number > (session.scalar(last) or 0), table.author_id.is_not(None))
    return {author for author in session.scalars(query) if author}


def _record(session: Session, deps: Deps, caller: Caller, approval: tables.Approval, decision: str, comment: str) -> None:
    table = tables.Decision
    before = session.scalars(select(table).where(table.approval_id == approval.id, table.person_id == caller.person_id)).one_or_none()
    if before is not None:
        raise Conflict("You have decided this already.")
    session.add(
        table(
            id=deps.new_id("dec"),
            workspace_id=approval.workspace_id,
            approval_id=approval.id,
            person_id=caller.person_id or "",
            decision=decision,
            comment=comment.strip()[:2000],
            created_at=deps.clock(),
        )
    )
    session.flush()


def _settle(session: Session, deps: Deps, caller: Caller, approval: tables.Approval, row: tables.Sop, decision: str, comment: str) -> None:
    table = tables.Decision
    query = select(func.count()).where(table.approval_id == approval.id, table.decision == "approved")
    if decision == "declined":
        approval.state, row.status = "declined", "draft"
    elif (session.scalar(query) or 0) >= approval.needed:
        approval.state, row.status = "approved", "approved"
    else:
        return
    approval.ended_at, approval.next_at = deps.clock(), None
    asker = session.get(tables.Person, approval.requested_by) if approval.requested_by else None
    if asker is not None and asker.active and asker.id != caller.person_id:
        _tell(session, deps, asker, approval, row, f"answer-{approval.state}", who=caller.name, comment=comment.strip()[:500] or "–")


def _view(session: Session, approval: tables.Approval, row: tables.Sop) -> ApprovalView:
    table = tables.Decision
    query = select(table, tables.Person.name).join(tables.Person, tables.Person.id == table.person_id)
    decisions = session.execute(query.where(table.approval_id == approval.id).order_by(table.created_at, table.id))
    involved = select(tables.Person.id, tables.Person.name).where(tables.Person.id.in_([*approval.approvers, approval.requested_by or ""]))
    names: dict[str, str] = dict(session.execute(involved).all())
    return ApprovalView(
        id=approval.id,
        sop_id=row.id,
        sop_title=row.title,
        revision=approval.revision,
        digest=approval.digest,
        state=cast(Literal["open", "approved", "declined", "void"], approval.state),
        needed=approval.needed,
        approvers=tuple(approval.approvers),
        approver_names=tuple(names[i] for i in approval.approvers if i in names),
        decisions=tuple(
            DecisionView(
                person_id=d.person_id,
                person_name=name,
                decision=cast(Literal["approved", "declined"], d.decision),
                comment=d.comment,
                at=d.created_at,
            )
            for d, name in decisions
        ),
        requested_by=approval.requested_by,
        requested_by_name=names.get(approval.requested_by or "", "SOPwright"),
        requested_at=approval.created_at,
    )

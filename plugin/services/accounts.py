"""Which person of a workspace somebody of another system is: told by their account there, recognised by their mail address, else made."""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.errors import Forbidden, Invalid
from plugin.services import journal
from plugin.services.caller import Caller, Role, system
from plugin.services.deps import Deps
from plugin.services.people import checked_email
from plugin.store import tables

CONFLUENCE = "forge-person"
"""The kind of somebody whom the Forge app brought."""
NOWHERE = "accounts.invalid"
"""Mail addresses below it reach nobody: for people whose own is not shown to us."""


def known(deps: Deps, *, workspace_id: str, kind: str, account_id: str) -> Caller | None:
    """None: we have not met. Raises Forbidden where they have been deactivated."""
    with deps.database.begin() as session:
        row = session.get(tables.External, (kind, _key(workspace_id, account_id)))
        person = session.get(tables.Person, row.data.get("person_id")) if row is not None else None
    return _caller(person) if person is not None else None


def account_of(session: Session, *, kind: str, person: tables.Person) -> str | None:
    """Their account over there, where they have been met."""
    table = tables.External
    query = select(table.external_id).where(table.workspace_id == person.workspace_id, table.kind == kind)
    found = session.scalars(
        query.where(table.data["person_id"].as_string() == person.id).order_by(table.created_at.desc()).limit(1)
    ).first()
    return found.removeprefix(f"{person.workspace_id}/") if found else None


def meet(deps: Deps, *, workspace_id: str, kind: str, account_id: str, name: str, email: str | None, role: Role) -> Caller:
    """Makes the link, and the person where no address fits; twice at once gives the same person. ``role`` is for a new one only."""

    def work(session: Session) -> tables.Person:
        person = _by_mail(session, workspace_id, email) or _made(session, deps, workspace_id, account_id, name, email, role)
        session.add(
            tables.External(
                kind=kind, external_id=_key(workspace_id, account_id), workspace_id=workspace_id, data={"person_id": person.id},
                created_at=deps.clock(),
            )
        )  # fmt: skip
        session.flush()
        return person

    try:
        return _caller(deps.database.run(work))
    except IntegrityError:
        found = known(deps, workspace_id=workspace_id, kind=kind, account_id=account_id)
        if found is None:
            raise
        return found


def _by_mail(session: Session, workspace_id: str, email: str | None) -> tables.Person | None:
    try:
        address = checked_email(email or "")
    except Invalid:
        return None
    return session.scalars(
        select(tables.Person).where(tables.Person.workspace_id == workspace_id, tables.Person.email == address)
    ).one_or_none()


def _made(session: Session, deps: Deps, workspace_id: str, account_id: str, name: str, email: str | None, role: Role) -> tables.Person:
    try:
        address, reachable = checked_email(email or ""), True
    except Invalid:
        address, reachable = f"{hashlib.sha256(account_id.encode()).hexdigest()[:24]}@{NOWHERE}", False
    person = tables.Person(
        id=deps.new_id("per"),
        workspace_id=workspace_id,
        email=address,
        name=name,
        role=role,
        active=True,
        mail=reachable,
        created_at=deps.clock(),
    )
    session.add(person)
    session.flush()
    journal.note(session, deps, system(workspace_id), "person.added", subject=person.id, email=name if not reachable else address)
    return person


def _caller(person: tables.Person) -> Caller:
    if not person.active:
        raise Forbidden("Your account here has been deactivated. Ask an admin of the workspace.")
    return Caller(workspace_id=person.workspace_id, person_id=person.id, role=person.role, name=person.name)  # type: ignore[arg-type]  # one of three


def _key(workspace_id: str, account_id: str) -> str:
    return f"{workspace_id}/{account_id}"

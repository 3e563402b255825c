"""People of a workspace: their role, their calendar, how they are reached. Sign-in and tokens are reachable here as well."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.errors import Conflict, Invalid, NotFound
from plugin.domain.review import Calendar, checked_calendar
from plugin.notify.chat import ChatNotifier
from plugin.services import journal
from plugin.services.caller import Caller, Role, system
from plugin.services.deps import Deps
from plugin.services.sign_in import (
    SignedIn,
    TokenView,
    authenticate,
    end_sessions,
    make_ticket,
    make_token,
    revoke_token,
    sign_in,
    sign_in_external,
    sign_out,
    tokens,
    unlink,
)
from plugin.store import rows, tables
from plugin.vault import check_password, hash_password, new_secret

__all__ = [
    "SignedIn",
    "TokenView",
    "authenticate",
    "make_ticket",
    "make_token",
    "revoke_token",
    "sign_in",
    "sign_in_external",
    "sign_out",
    "tokens",
]
MIN_PASSWORD = 10
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """``working_days`` are ISO weekdays (1 Monday .. 7 Sunday); ``digest_hour`` is a civil hour in ``time_zone``."""

    id: str
    name: str
    email: str
    role: Role
    active: bool
    time_zone: str
    working_days: tuple[int, ...]
    digest_hour: int
    manager_id: str | None
    mail: bool
    chat: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdmin:
    """``password`` only where it was made up here."""

    email: str
    password: str | None


def ensure_first_admin(deps: Deps) -> FirstAdmin | None:
    """Makes the first workspace and its admin where there is none yet; None where there is. Call it at the start of a web role."""
    settings = deps.settings
    email = (settings.first_admin_email or "admin@localhost").strip().lower()
    given = settings.first_admin_password.get_secret_value()
    password = given or new_secret("sw", deps.random_bytes)[3:23]
    hashed = hash_password(password, deps.random_bytes)
    try:
        with deps.database.begin() as session:
            if session.scalar(select(func.count()).select_from(tables.Workspace)):
                return None
            # A fixed slug that is unique: of two roles that start at once one fails here and finds everything made.
            workspace = tables.Workspace(id=deps.new_id("wsp"), name="Main", slug="main", settings={}, created_at=deps.clock())
            session.add(workspace)
            session.flush()
            person = tables.Person(
                id=deps.new_id("per"),
                workspace_id=workspace.id,
                email=email,
                name="Admin",
                role="admin",
                password_hash=hashed,
                created_at=deps.clock(),
            )
            session.add(person)
            journal.note(session, deps, system(workspace.id), "workspace.created", subject=workspace.id, name=workspace.name)
    except IntegrityError:
        return None
    return FirstAdmin(email=email, password=None if given else password)


def people(deps: Deps, caller: Caller) -> tuple[PersonView, ...]:
    """By name."""
    with deps.database.begin() as session:
        found = session.scalars(
            select(tables.Person).where(tables.Person.workspace_id == caller.workspace_id).order_by(tables.Person.name, tables.Person.id)
        )
        return tuple(_view(person) for person in found)


def person(deps: Deps, caller: Caller, person_id: str) -> PersonView:
    """Raises NotFound."""
    with deps.database.begin() as session:
        return _view(rows.get(session, tables.Person, caller.workspace_id, person_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the caller works: their mail address (None for the service itself) and the workspace."""

    email: str | None
    workspace_name: str


def standing(deps: Deps, caller: Caller) -> Standing:
    """Of the caller. Raises NotFound (the workspace has been deleted)."""
    table = tables.Workspace
    with deps.database.read() as session:
        mine = (tables.Person.id == caller.person_id) & (tables.Person.workspace_id == table.id)
        query = select(table.name, tables.Person.email).outerjoin(tables.Person, mine).where(table.id == caller.workspace_id)
        found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound("This workspace has been deleted.")
    return Standing(email=found.email, workspace_name=found.name)


def add(deps: Deps, caller: Caller, *, email: str, name: str, role: Role = "author", password: str | None = None) -> PersonView:
    """Without a password they can only come through an identity provider or a link. Raises Invalid, Conflict (address known), Forbidden."""
    caller.require("admin")
    made = tables.Person(
        id=deps.new_id("per"),
        workspace_id=caller.workspace_id,
        email=checked_email(email),
        name=_checked_name(name),
        role=_checked_role(role),
        active=True,
        password_hash=hash_password(_checked_password(password), deps.random_bytes) if password else None,
        time_zone="UTC",
        working_days="12345",
        digest_hour=9,
        mail=True,
        mail_broken=False,
        created_at=deps.clock(),
    )
    try:
        with deps.database.begin() as session:
            session.add(made)
            session.flush()
            journal.note(session, deps, caller, "person.added", subject=made.id, email=made.email)
    except IntegrityError:
        raise Conflict("There is already a person with this mail address.") from None
    return _view(made)


def change(
    deps: Deps,
    caller: Caller,
    person_id: str,
    *,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
    time_zone: str | None = None,
    working_days: Collection[int] | None = None,
    digest_hour: int | None = None,
    manager_id: str | None = None,
    mail: bool | None = None,
    chat_url: str | None = None,
    password: str | None = None,
    old_password: str | None = None,
) -> PersonView:
    """Own profile, or as admin anybody's; role, active and manager only as admin. ``chat_url`` is an apprise address (empty: none).

    A new password ends all other sessions; one's own needs ``old_password``. The last active admin cannot be taken away.
    Raises NotFound, Invalid (names the field), Conflict, Forbidden.
    """
    if person_id != caller.person_id or role is not None or active is not None or manager_id is not None:
        caller.require("admin")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Person, caller.workspace_id, person_id, lock=True)
        if name is not None:
            row.name = _checked_name(name)
        _change_rank(session, row, role, active, deps.clock())
        _change_calendar(session, row, time_zone, working_days, digest_hour, deps.clock())
        if manager_id is not None:
            if manager_id == person_id:
                raise Invalid("manager_id", "Nobody is their own manager.")
            row.manager_id = rows.get(session, tables.Person, caller.workspace_id, manager_id).id if manager_id else None
        if mail is not None:
            row.mail, row.mail_broken = mail, False
        if chat_url is not None:
            row.chat_sealed = _sealed_chat(deps, row, chat_url)
        if password is not None:
            _change_password(session, deps, caller, row, password, old_password)
        given = {
            "name": name,
            "role": role,
            "active": active,
            "time_zone": time_zone,
            "working_days": working_days,
            "digest_hour": digest_hour,
        }
        given |= {"manager": manager_id, "mail": mail, "chat": chat_url, "password": password}
        fields = ", ".join(field for field, value in given.items() if value is not None)
        journal.note(session, deps, caller, "person.changed", subject=row.id, email=row.email, fields=fields or "nothing")
        return _view(row)


def calendar_of(row: tables.Person) -> Calendar:
    """When that person can be reached."""
    return Calendar(time_zone=row.time_zone, working_days=tuple(int(d) for d in row.working_days), hour=row.digest_hour)


def checked_email(email: str) -> str:
    """In lower case, without blanks around it. Raises Invalid."""
    plain = email.strip().lower()
    if len(plain) > 254 or not _EMAIL.fullmatch(plain) or not plain.isprintable():
        raise Invalid("email", "This is not a mail address.")
    return plain


def _change_rank(session: Session, row: tables.Person, role: Role | None, active: bool | None, now: datetime) -> None:
    was_admin = row.role == "admin" and row.active
    if role is not None:
        row.role = _checked_role(role)
    if active is not None:
        row.active = active
    if was_admin and not (row.role == "admin" and row.active):
        others = select(func.count()).where(
            tables.Person.workspace_id == row.workspace_id,
            tables.Person.role == "admin",
            tables.Person.active.is_(True),
            tables.Person.id != row.id,
        )
        if not session.scalar(others):
            raise Conflict("This is the last admin of the workspace. Make somebody else an admin first.")
    if active is False:
        end_sessions(session, row.id)
        unlink(session, row.id)
        _look_again(session, row.id, now)


def _change_calendar(
    session: Session, row: tables.Person, time_zone: str | None, working_days: Collection[int] | None, hour: int | None, now: datetime
) -> None:
    if time_zone is None and working_days is None and hour is None:
        return
    days = tuple(sorted(working_days)) if working_days is not None else tuple(int(d) for d in row.working_days)
    wanted = Calendar(
        time_zone=row.time_zone if time_zone is None else time_zone, working_days=days, hour=row.digest_hour if hour is None else hour
    )
    checked = checked_calendar(wanted)
    row.time_zone, row.digest_hour = checked.time_zone, checked.hour
    row.working_days = "".join(str(d) for d in checked.working_days)
    _look_again(session, row.id, now)


def _look_again(session: Session, person_id: str, now: datetime) -> None:
    """The next sweep looks at everything that this person owns: their calendar, or their being there, has changed."""
    mine = (tables.Sop.owner_id == person_id, tables.Sop.due.is_not(None), tables.Sop.status != "retired")
    session.execute(update(tables.Sop).where(*mine).values(next_review_at=now))


def _sealed_chat(deps: Deps, row: tables.Person, chat_url: str) -> str | None:
    if not chat_url.strip():
        return None
    chat = deps.notifiers["chat"]
    if isinstance(chat, ChatNotifier):
        chat.check(chat_url.strip())
    return deps.vault.seal(chat_url.strip(), workspace_id=row.workspace_id, field=f"person/{row.id}/chat")


def _change_password(session: Session, deps: Deps, caller: Caller, row: tables.Person, password: str, old_password: str | None) -> None:
    if row.id == caller.person_id and row.password_hash and not check_password(old_password or "", row.password_hash):
        raise Invalid("old_password", "The present password is not right.")
    row.password_hash = hash_password(_checked_password(password), deps.random_bytes)
    end_sessions(session, row.id)


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 120:
        raise Invalid("name", "A name must have between 1 and 120 characters.")
    return plain


def _checked_role(role: str) -> Role:
    if role not in get_args(Role):
        raise Invalid("role", f"The role is one of {', '.join(get_args(Role))}.")
    return cast(Role, role)


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= 1024:
        raise Invalid("password", f"A password must have at least {MIN_PASSWORD} characters.")
    return password


def _view(row: tables.Person) -> PersonView:
    return PersonView(
        id=row.id,
        name=row.name,
        email=row.email,
        role=cast(Role, row.role),
        active=row.active if row.active is not None else True,
        time_zone=row.time_zone,
        working_days=tuple(int(d) for d in row.working_days),
        digest_hour=row.digest_hour,
        manager_id=row.manager_id,
        mail=row.mail,
        chat=row.chat_sealed is not None,
        created_at=row.created_at,
    )

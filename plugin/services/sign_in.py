"""Sign-in, sessions, API tokens and tickets. Of every secret only its hash is stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.errors import Exhausted, Forbidden, Invalid, NotFound
from plugin.services import journal
from plugin.services.caller import SCOPES, Caller, Role, Scope, Via, bound_role
from plugin.services.deps import Deps
from plugin.store import tables
from plugin.vault import check_password, hash_secret, new_secret

SESSION = timedelta(days=14)
LONGEST_TICKET_S = 3600
GUESSES = 10
GUESSES_PER = timedelta(minutes=15)
USED_EVERY = timedelta(minutes=1)
_PREFIX = {"session": "sws", "token": "swt", "ticket": "swk"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """``session`` is the secret for the cookie; only its hash is stored."""

    caller: Caller
    session: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """``secret`` is given once, when the token is made, and never again."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    scopes: tuple[Scope, ...] = SCOPES
    secret: str | None = None


def sign_in(deps: Deps, *, email: str, password: str, workspace: str | None = None) -> SignedIn:
    """Raises Forbidden (the same words for an unknown address and a wrong password), Exhausted (too many attempts for the address)."""
    address, now = email.strip().lower()[:254], deps.clock()
    with deps.database.begin() as session:
        attempt = session.get(tables.Attempt, address)
        if attempt and now - attempt.since > GUESSES_PER:
            session.delete(attempt)
        elif attempt and attempt.failures >= GUESSES:
            left = (attempt.since + GUESSES_PER - now).total_seconds()
            raise Exhausted("Too many attempts to sign in with this address. Try again later.", retry_after_s=left)
    with deps.database.begin() as session:
        query = select(tables.Person).join(tables.Workspace, tables.Workspace.id == tables.Person.workspace_id)
        query = query.where(tables.Person.email == address, tables.Person.active.is_(True))
        if workspace is not None:
            query = query.where(tables.Workspace.slug == workspace)
        candidates = session.scalars(query.order_by(tables.Person.created_at, tables.Person.id)).all()
    fitting = [person for person in candidates if check_password(password, person.password_hash)]
    if not candidates:
        check_password(password, None)  # takes as long as for a known address
    if not fitting:
        _count_failure(deps, address, now)
        raise Forbidden("The mail address or the password is not right.")
    return _open_session(deps, fitting[0])


def sign_in_external(
    deps: Deps, *, issuer: str, subject: str, verified_email: str | None, name: str, workspace_id: str, create_as: Role | None = None
) -> SignedIn:
    """For a person whom an identity provider has vouched for: known by the subject, the first time by a mail address that the provider verified.

    Raises Forbidden where they are unknown and ``create_as`` is None, deactivated, or where the address belongs to another account there.
    """
    address = verified_email.strip().lower() if verified_email else None

    def find(session: Session) -> tables.Person | None:
        person = _linked(session, workspace_id, issuer, subject)
        if person is None and address is not None:
            person = _by_address(session, deps, workspace_id, address, name, create_as)
            if person is not None:
                _link(session, deps, person, issuer, subject)
        return person

    try:
        person = deps.database.run(find)
    except IntegrityError:  # the same person, twice at once: now the other one has made everything
        person = deps.database.run(find)
    if person is None or not person.active:
        raise Forbidden("This account has no access to the workspace. Ask an admin to add you.")
    return _open_session(deps, person)


def _linked(session: Session, workspace_id: str, issuer: str, subject: str) -> tables.Person | None:
    table = tables.Identity
    query = select(tables.Person).join(table, table.person_id == tables.Person.id)
    return session.scalar(query.where(table.workspace_id == workspace_id, table.issuer == issuer, table.subject == subject))


def _by_address(session: Session, deps: Deps, workspace_id: str, address: str, name: str, create_as: Role | None) -> tables.Person | None:
    person = session.scalar(select(tables.Person).where(tables.Person.workspace_id == workspace_id, tables.Person.email == address))
    if person is None and create_as is not None:
        person = tables.Person(
            id=deps.new_id("per"),
            workspace_id=workspace_id,
            email=address,
            name=" ".join(name.split())[:120] or address,
            role=create_as,
            active=True,
            created_at=deps.clock(),
        )
        session.add(person)
        session.flush()
    return person


def _link(session: Session, deps: Deps, person: tables.Person, issuer: str, subject: str) -> None:
    """An address that was given to somebody else at the provider must not open the account of the one before."""
    other = select(tables.Identity.subject).where(tables.Identity.person_id == person.id, tables.Identity.issuer == issuer)
    if session.scalar(other) is not None:
        raise Forbidden(
            "Another account of the provider is linked to this address. An admin can deactivate the person and activate them again."
        )
    session.add(
        tables.Identity(workspace_id=person.workspace_id, issuer=issuer, subject=subject, person_id=person.id, created_at=deps.clock())
    )
    journal.note(session, deps, _caller(person, "session"), "person.linked", subject=person.id, email=person.email)


def sign_out(deps: Deps, *, session: str) -> None:
    """The session ends for good; unknown ones are ignored."""
    with deps.database.begin() as db:
        db.execute(delete(tables.Token).where(tables.Token.hash == hash_secret(session), tables.Token.kind == "session"))


def authenticate(deps: Deps, *, secret: str) -> Caller | None:
    """Whose session, API token or ticket this is; None where it is unknown, ended, expired or of a deactivated person."""
    now = deps.clock()
    with deps.database.read() as session:
        query = select(tables.Token, tables.Person).join(tables.Person, tables.Person.id == tables.Token.person_id)
        found = session.execute(query.where(tables.Token.hash == hash_secret(secret))).one_or_none()
        if found is None:
            return None
        token, person = found
        if not person.active or (token.expires_at is not None and token.expires_at <= now):
            return None
    if token.last_used_at is None or now - token.last_used_at > USED_EVERY:
        with deps.database.begin() as session:
            session.execute(update(tables.Token).where(tables.Token.id == token.id).values(last_used_at=now))
    return _caller(person, cast(Via, token.kind), _scopes(token))


def tokens(deps: Deps, caller: Caller) -> tuple[TokenView, ...]:
    """The caller's own API tokens, newest first."""
    table = tables.Token
    with deps.database.begin() as session:
        query = select(table).where(table.person_id == caller.person_id, table.workspace_id == caller.workspace_id, table.kind == "token")
        return tuple(_view(row) for row in session.scalars(query.order_by(table.created_at.desc(), table.id.desc())))


def make_token(deps: Deps, caller: Caller, *, name: str, days: int | None = None, scopes: Collection[Scope] | None = None) -> TokenView:
    """An API token that acts as the caller, within ``scopes`` (None: all). Raises Invalid, Forbidden (tickets and bound tokens make none)."""
    plain = " ".join(name.split())
    if not 0 < len(plain) <= 80:
        raise Invalid("name", "A token needs a name of 1 to 80 characters.")
    if days is not None and not 1 <= days <= 3650:
        raise Invalid("days", "A token lives between 1 and 3650 days.")
    if caller.via in ("ticket", "link"):
        raise Forbidden("Sign in to make a token.")
    if caller.scopes is not None:
        raise Forbidden("A token that is bound to scopes cannot make another one. Sign in to make a token.")
    if scopes is not None and not (scopes and set(scopes) <= set(SCOPES)):
        raise Invalid("scopes", f"The scopes are one or more of {', '.join(SCOPES)}.")
    until = deps.clock() + timedelta(days=days) if days else None
    return _make(deps, caller, "token", plain, until, scopes=None if scopes is None or set(scopes) == set(SCOPES) else frozenset(scopes))


def revoke_token(deps: Deps, caller: Caller, token_id: str) -> None:
    """Raises NotFound for an unknown one and for somebody else's."""
    with deps.database.begin() as session:
        row = session.get(tables.Token, token_id)
        if row is None or row.person_id != caller.person_id or row.workspace_id != caller.workspace_id or row.kind != "token":
            raise NotFound("There is no token with this id.")
        journal.note(session, deps, caller, "token.revoked", subject=row.id, name=row.name)
        session.delete(row)


def make_ticket(deps: Deps, caller: Caller, *, seconds: int = 600) -> TokenView:
    """A short-lived bearer secret for a component in a foreign page; at most an hour. Raises Invalid, Forbidden."""
    if not 1 <= seconds <= LONGEST_TICKET_S:
        raise Invalid("seconds", f"A ticket lives between 1 and {LONGEST_TICKET_S} seconds.")
    if caller.via in ("ticket", "link"):
        raise Forbidden("A ticket cannot make another one.")
    return _make(deps, caller, "ticket", "ticket", deps.clock() + timedelta(seconds=seconds), scopes=caller.scopes)


def unlink(session: Session, person_id: str) -> None:
    """Forgets which account at a provider the person has; the next sign-in links by a verified address again."""
    session.execute(delete(tables.Identity).where(tables.Identity.person_id == person_id))


def end_sessions(session: Session, person_id: str) -> None:
    """Of that person, in the caller's transaction; their API tokens stay (they no longer work once the person is deactivated)."""
    session.execute(delete(tables.Token).where(tables.Token.person_id == person_id, tables.Token.kind.in_(("session", "ticket"))))


def _open_session(deps: Deps, person: tables.Person) -> SignedIn:
    caller = _caller(person, "session")
    expires_at = deps.clock() + SESSION
    made = _make(deps, caller, "session", "session", expires_at)
    with deps.database.begin() as session:
        session.execute(delete(tables.Attempt).where(tables.Attempt.email == person.email))
    return SignedIn(caller=caller, session=made.secret or "", expires_at=expires_at)


def _make(
    deps: Deps, caller: Caller, kind: str, name: str, expires_at: datetime | None, *, scopes: frozenset[Scope] | None = None
) -> TokenView:
    if caller.person_id is None:
        raise Forbidden("Only a person can have this.")
    secret = new_secret(_PREFIX[kind], deps.random_bytes)
    row = tables.Token(
        id=deps.new_id("tok"),
        workspace_id=caller.workspace_id,
        person_id=caller.person_id,
        kind=kind,
        name=name,
        hash=hash_secret(secret),
        scopes=" ".join(s for s in SCOPES if s in scopes) if scopes is not None else None,
        created_at=deps.clock(),
        expires_at=expires_at,
    )
    with deps.database.begin() as session:
        session.add(row)
        if kind != "ticket":
            journal.note(session, deps, caller, "token.made" if kind == "token" else "person.signed_in", subject=row.id, name=name)
    return _view(row, secret)


def _count_failure(deps: Deps, address: str, now: datetime) -> None:
    def count(session: Session) -> None:
        attempt = session.get(tables.Attempt, address, with_for_update=True)
        if attempt is None:
            session.add(tables.Attempt(email=address, failures=1, since=now))
        else:
            attempt.failures += 1

    deps.database.run(count)


def _caller(person: tables.Person, via: Via, scopes: frozenset[Scope] | None = None) -> Caller:
    role = bound_role(cast(Role, person.role), scopes)
    return Caller(workspace_id=person.workspace_id, person_id=person.id, role=role, name=person.name, via=via, scopes=scopes)


def _scopes(row: tables.Token) -> frozenset[Scope] | None:
    return None if row.scopes is None else frozenset(s for s in SCOPES if s in row.scopes.split())


def _view(row: tables.Token, secret: str | None = None) -> TokenView:
    scopes = _scopes(row)
    return TokenView(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        scopes=SCOPES if scopes is None else tuple(s for s in SCOPES if s in scopes),
        secret=secret,
    )

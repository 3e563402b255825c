"""People, sign-in, API tokens and tickets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from plugin.services.caller import Caller, Role
from plugin.services.deps import Deps


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
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdmin:
    """``password`` only where it was made up here."""

    email: str
    password: str | None


def ensure_first_admin(deps: Deps) -> FirstAdmin | None:
    """Makes the first workspace and its admin where there is none yet; None where there is. Call it at the start of a web role."""
    raise NotImplementedError


def sign_in(deps: Deps, *, email: str, password: str, workspace: str | None = None) -> SignedIn:
    """Raises Forbidden (the same words for an unknown address and a wrong password), Exhausted (too many attempts for the address)."""
    raise NotImplementedError


def sign_in_external(deps: Deps, *, email: str, name: str, workspace_id: str, create_as: Role | None = None) -> SignedIn:
    """For a person whom an identity provider has vouched for. Raises Forbidden where they are unknown and ``create_as`` is None."""
    raise NotImplementedError


def sign_out(deps: Deps, *, session: str) -> None:
    """The session ends for good; unknown ones are ignored."""
    raise NotImplementedError


def authenticate(deps: Deps, *, secret: str) -> Caller | None:
    """Whose session, API token or ticket this is; None where it is unknown, ended, expired or of a deactivated person."""
    raise NotImplementedError


def people(deps: Deps, caller: Caller) -> tuple[PersonView, ...]:
    """By name."""
    raise NotImplementedError


def person(deps: Deps, caller: Caller, person_id: str) -> PersonView:
    """Raises NotFound."""
    raise NotImplementedError


def add(deps: Deps, caller: Caller, *, email: str, name: str, role: Role = "author", password: str | None = None) -> PersonView:
    """Without a password they can only come through an identity provider or a link. Raises Invalid, Conflict (address known), Forbidden."""
    raise NotImplementedError


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
    raise NotImplementedError


def tokens(deps: Deps, caller: Caller) -> tuple[TokenView, ...]:
    """The caller's own API tokens, newest first."""
    raise NotImplementedError


def make_token(deps: Deps, caller: Caller, *, name: str, days: int | None = None) -> TokenView:
    """An API token that acts as the caller. Raises Invalid, Forbidden (a ticket cannot make tokens)."""
    raise NotImplementedError


def revoke_token(deps: Deps, caller: Caller, token_id: str) -> None:
    """Raises NotFound for an unknown one and for somebody else's."""
    raise NotImplementedError


def make_ticket(deps: Deps, caller: Caller, *, seconds: int = 600) -> TokenView:
    """A short-lived bearer secret for a component in a foreign page; at most an hour."""
    raise NotImplementedError

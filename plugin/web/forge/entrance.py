"""The door of every view for Forge: the token is verified, its site found, and the token used up, before anything else is looked at."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, cast

import structlog
from flask import Response, current_app, g, request

from connectors.errors import Retry
from plugin.services import inbound, installations
from plugin.services.deps import Deps
from plugin.services.installations import Site
from plugin.web.access import proves_itself
from plugin.web.context import deps
from plugin.web.errors import Problem, Unauthorized, not_found
from plugin.web.forge import token
from plugin.web.forge.token import Invocation
from plugin.web.jwks import Keys, KeysUnavailable, fetch_from
from plugin.web.routing import to_response

log = structlog.get_logger(__name__)

KEYS = "sopwright-forge-keys"
SYSTEM, USER = "x-forge-oauth-system", "x-forge-oauth-user"
LONGEST_TOKEN = timedelta(hours=4)
_TRACE = re.compile(r"[0-9a-f]{16,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A verified call. ``site`` is None only for one that may not make a site known and comes from an unknown one."""

    invocation: Invocation
    site: Site | None
    user_token: str | None


View = Callable[..., Any]


def from_forge(*, by: str, makes_site: bool = True, renews: bool = False) -> Callable[[View], View]:
    """Marks a view that gets a :class:`Call` as its first argument. ``by``: ``person`` (the dialog) or ``machine`` (events, schedule).

    A person's token opens nothing of the machine's: it may have passed through a browser. ``renews``: the call is there to bring a fresh credential.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def run(**arguments: Any) -> Response:
            try:
                return to_response(view(_enter(deps(), by=by, makes_site=makes_site, renews=renews), **arguments))
            except KeysUnavailable:
                raise Problem("unavailable", "Forge's keys cannot be fetched at the moment.", headers={"Retry-After": "30"}) from None
            except Retry as error:
                raise Problem("unavailable", error.message_for_user, headers={"Retry-After": "10"}) from None

        return proves_itself(run)

    return mark


def _enter(deps: Deps, *, by: str, makes_site: bool, renews: bool) -> Call:
    app_id = deps.settings.forge_app_id
    if app_id is None:
        raise not_found()
    _trace()
    invocation = _verified(deps, app_id)
    if (invocation.account_id is not None) != (by == "person"):
        raise Problem("forbidden", "This address is not for calls of that kind.")
    site = installations.enter(deps, invocation.installation) if makes_site else installations.known(deps, invocation.installation)
    if site is None:
        return Call(invocation=invocation, site=None, user_token=None)
    if not inbound.first_time(deps, kind="forge-call", external_id=invocation.id, workspace_id=site.workspace_id):
        raise _refused("used before")
    system_token = _credential(SYSTEM)
    if system_token and makes_site:
        ends = min(_ends(system_token, deps.clock()), deps.clock() + LONGEST_TOKEN)
        site = installations.supply(deps, site, invocation.installation, token=system_token, expires_at=ends, always=renews)
    return Call(invocation=invocation, site=site, user_token=_credential(USER))


def _verified(deps: Deps, app_id: str) -> Invocation:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise _refused("no token")
    try:
        return token.read(given.strip(), app_id=app_id, keys=_keys(deps), now=deps.clock())
    except token.Refused as error:
        raise _refused(str(error)) from None


def _refused(why: str) -> Unauthorized:
    """The caller learns nothing of the reason; Forge reads 401 as "the token was not accepted" and nothing else of ours may say it."""
    log.warning("forge_call_refused", why=why, request_id=g.get("request_id"))
    return Unauthorized()


def _keys(deps: Deps) -> Keys:
    """One set for the whole process."""
    found = current_app.extensions.get(KEYS)
    if found is None:
        fetch = fetch_from(deps.settings.forge_jwks_url, allow_private=deps.settings.allow_private_addresses)
        found = current_app.extensions.setdefault(KEYS, Keys(fetch))
    return cast(Keys, found)


def _trace() -> None:
    """Forge's number for the call stands in our log and our error texts, so that both sides can be laid side by side."""
    trace = request.headers.get("x-b3-traceid", "").lower()
    if _TRACE.fullmatch(trace):
        g.request_id = trace


def _credential(header: str) -> str | None:
    value = request.headers.get(header, "").strip()
    return value if 0 < len(value) <= token.MAX_CHARS and value.isascii() and value.isprintable() else None


def _ends(credential: str, now: datetime) -> datetime:
    """The end of a credential as it says itself; else the two hours that Forge leaves at least."""
    try:
        body = credential.split(".")[1]
        ends = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"]
        return datetime.fromtimestamp(float(ends), UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError):
        return now + timedelta(hours=2)

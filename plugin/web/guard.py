"""Who is asking, and may they: run before every view. A view without a word about access is refused."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from plugin.services import people
from plugin.services.caller import Caller
from plugin.web import tickets
from plugin.web.access import SAFE, Access, access_of
from plugin.web.context import deps
from plugin.web.errors import Problem, Unauthorized

log = structlog.get_logger(__name__)
COOKIE = "sopwright_session"
CSRF_HEADER = "X-CSRF-Token"
MAX_SECRET_CHARS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Counts failed sign-ins and wrong secrets per address of the sender, in the memory of this process."""

    per_minute: int
    window: MovingWindowRateLimiter

    @classmethod
    def allowing(cls, per_minute: int) -> Guesses:
        return cls(per_minute=per_minute, window=MovingWindowRateLimiter(MemoryStorage()))

    def check(self, address: str) -> None:
        """Raises Problem 429 where too many failed."""
        if not self.window.test(RateLimitItemPerMinute(self.per_minute), address):
            log.warning("too_many_guesses", address=address)
            raise Problem("too-many-requests", "Too many failed attempts. Wait a minute.", headers={"Retry-After": "60"})

    def failed(self, address: str) -> None:
        self.window.hit(RateLimitItemPerMinute(self.per_minute), address)


def install(app: Flask, guesses: Guesses) -> None:
    """From now on every request passes :func:`_guard` first."""
    app.extensions["sopwright-guesses"] = guesses
    app.before_request(_guard)


def guesses() -> Guesses:
    found: Guesses = current_app.extensions["sopwright-guesses"]
    return found


def sender() -> str:
    """The sender's address, as the trusted proxies tell it."""
    return request.remote_addr or "unknown"


def csrf_token(session: str) -> str:
    """Belongs to one session and dies with it; nothing can be concluded from it about the session's secret."""
    return hmac.digest(session.encode(), b"csrf", hashlib.sha256).hex()


def set_session(response: Response, signed_in: people.SignedIn) -> None:
    """A fresh secret at every sign-in, so that one planted before is worth nothing."""
    left = signed_in.expires_at - deps().clock()
    response.set_cookie(COOKIE, signed_in.session, max_age=max(left, timedelta()), secure=_https(), httponly=True, samesite="Lax", path="/")


def clear_session(response: Response) -> None:
    response.delete_cookie(COOKIE, secure=_https(), httponly=True, samesite="Lax", path="/")


def _https() -> bool:
    return deps().settings.base_url.startswith("https://")


def _guard() -> None:
    if request.endpoint is None:
        return  # no such address or method: the router's own answer follows
    access = access_of(current_app.view_functions.get(request.endpoint))
    if access is None:
        log.error("view_without_access", endpoint=request.endpoint)
        raise Problem("forbidden", "This address is not open to anybody.")
    if access.check == "own":
        return
    g.caller = _identify(access)
    if access.check == "caller":
        if g.caller is None:
            raise Unauthorized
        _may(g.caller, access)


def _identify(access: Access) -> Caller | None:
    header = request.headers.get("Authorization", "")
    if header:
        return _bearer(header)
    session = request.cookies.get(COOKIE, "")
    if not session or len(session) > MAX_SECRET_CHARS:
        return None
    known = people.authenticate(deps(), secret=session)
    if known is None or known.via != "session":
        return None
    if access.csrf and request.method not in SAFE:
        _same_site(session)
    g.session = session
    return known


def _bearer(header: str) -> Caller:
    guesses().check(sender())
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() == "bearer" and 0 < len(secret) <= MAX_SECRET_CHARS and secret.isascii():
        known = tickets.read(deps(), secret) or people.authenticate(deps(), secret=secret)
        # A session's secret belongs into its cookie, where the CSRF check goes with it.
        if known is not None and known.via != "session":
            return known
    if not tickets.expired(deps(), secret):
        guesses().failed(sender())
    raise Unauthorized


def _same_site(session: str) -> None:
    """Raises Problem 403 unless the request comes from our own pages."""
    origin = request.headers.get("Origin")
    ours = {urlsplit(url)[:2] for url in (deps().settings.base_url, request.host_url)}
    if origin is not None and urlsplit(origin)[:2] not in ours:
        raise Problem("cross-site", "The request came from another site.")
    if not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), csrf_token(session).encode()):
        raise Problem("cross-site", f"The header {CSRF_HEADER} is missing or wrong; GET /api/v1/me tells the right value.")


def _may(known: Caller, access: Access) -> None:
    if known.via == "ticket" and not access.tickets:
        raise Problem("forbidden", "A ticket opens only what a component needs; sign in, or use an API token.")
    known.require_scope(access.needs(request.method))
    known.require(access.role)
    tickets.check_bounds(deps(), known, request.view_args or {}, access)

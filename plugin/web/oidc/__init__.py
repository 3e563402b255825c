"""Sign-in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

What must not be forgotten between the two requests (state, nonce, verifier, where to go on) lies sealed in a cookie of the person's own browser,
so that any web process can finish what another began.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, current_app, g, request

from plugin.domain.errors import Forbidden, NotFound
from plugin.services import people
from plugin.services.operator import operator
from plugin.vault import Unreadable
from plugin.web import guard
from plugin.web.access import open_to_all
from plugin.web.context import deps
from plugin.web.errors import not_found
from plugin.web.oidc import claims
from plugin.web.oidc.provider import Provider, Unavailable

log = structlog.get_logger(__name__)

COOKIE, ROOM = "sopwright_oidc", "/signin/oidc"
CALLBACK = f"{ROOM}/callback"
TIME = timedelta(minutes=10)
_EXTENSION = "sopwright-oidc"
_SEALED = {"workspace_id": "", "field": "oidc/flow"}


class Failed(Exception):
    """``reason`` names words of the catalogue (``signin.oidc.<reason>``); the text is for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def blueprint() -> Blueprint:
    """``/signin/oidc`` and its callback; without ``oidc_issuer`` neither is there."""
    entrance = Blueprint("oidc", __name__)
    entrance.add_url_rule(ROOM, "begin", open_to_all(_begin))
    entrance.add_url_rule(CALLBACK, "finish", open_to_all(_finish))
    entrance.add_app_template_global(_button, "oidc_button")
    return entrance


def _button() -> str | None:
    """What the button on the sign-in page says; None: there is none."""
    return deps().settings.oidc_name if deps().settings.oidc_issuer else None


def _begin() -> Response:
    provider = _provider()
    flow = {name: _random() for name in ("state", "nonce", "verifier")} | {"next": _local(request.args.get("next", ""))}
    try:
        address = provider.metadata().authorization_endpoint
    except Unavailable as error:
        return _back(Failed("unavailable", str(error)))
    question = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": _callback(),
        "scope": "openid email profile",
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": claims.b64(hashlib.sha256(flow["verifier"].encode()).digest()),
        "code_challenge_method": "S256",
    }
    answer = _to(f"{address}{'&' if '?' in address else '?'}{urlencode(question)}")
    until = int((deps().clock() + TIME).timestamp())
    sealed = deps().vault.seal(json.dumps({**flow, "until": until}), **_SEALED)
    answer.set_cookie(COOKIE, sealed, max_age=TIME, secure=_https(), httponly=True, samesite="Lax", path=ROOM)
    return answer


def _finish() -> Response:
    provider = _provider()
    guard.guesses().check(guard.sender())
    try:
        flow = _flow()
        signed_in = _signed_in(provider, flow)
    except Failed as failure:
        if failure.reason == "refused":
            guard.guesses().failed(guard.sender())
        return _back(failure)
    except Unavailable as error:
        return _back(Failed("unavailable", str(error)))
    if (old := g.get("session")) is not None:
        people.sign_out(deps(), session=old)
    answer = _to(str(flow["next"]))
    answer.delete_cookie(COOKIE, path=ROOM)
    guard.set_session(answer, signed_in)
    return answer


def _flow() -> dict[str, Any]:
    """What this browser began; the state proves that the answer belongs to it."""
    try:
        flow: dict[str, Any] = json.loads(deps().vault.open(request.cookies.get(COOKIE, ""), **_SEALED))
    except (Unreadable, ValueError):
        raise Failed("expired", "no flow in this browser") from None
    if flow["until"] <= deps().clock().timestamp():
        raise Failed("expired", "took too long")
    if not hmac.compare_digest(request.args.get("state", "").encode(), str(flow["state"]).encode()):
        raise Failed("expired", "another flow's state")
    return flow


def _signed_in(provider: Provider, flow: dict[str, Any]) -> people.SignedIn:
    said = provider.metadata()
    issuer = request.args.get("iss")
    if issuer != said.issuer and (issuer is not None or said.names_itself):
        raise Failed("refused", "the answer names another issuer")
    if (error := request.args.get("error")) is not None:
        raise Failed("denied" if error == "access_denied" else "refused", f"the provider says {error[:60]}")
    try:
        answer = provider.exchange(request.args.get("code", ""), verifier=str(flow["verifier"]), redirect_uri=_callback())
        identity = claims.read(answer.id_token, provider, nonce=str(flow["nonce"]), now=deps().clock())
        if identity.email is None and answer.access_token:
            identity = claims.with_userinfo(identity, provider.userinfo(answer.access_token))
    except claims.Refused as error:
        raise Failed("refused", str(error)) from None
    return _person(provider, identity)


def _person(provider: Provider, identity: claims.Identity) -> people.SignedIn:
    settings = deps().settings
    try:
        workspace_id = operator(deps(), workspace=settings.oidc_workspace).workspace_id
    except NotFound:
        raise Failed("unknown", "SOPWRIGHT_OIDC_WORKSPACE names no workspace") from None
    try:
        return people.sign_in_external(
            deps(),
            issuer=provider.issuer,
            subject=identity.subject,
            verified_email=identity.email if identity.verified or settings.oidc_trust_email else None,
            name=identity.name,
            workspace_id=workspace_id,
            create_as=settings.oidc_create_as,
        )
    except Forbidden as error:
        reason = "unverified" if identity.email and not identity.verified and not settings.oidc_trust_email else "unknown"
        raise Failed(reason, str(error)) from None


def _provider() -> Provider:
    """One for the whole application, because it remembers keys and addresses; raises 404 where none is set."""
    settings = deps().settings
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        raise not_found()
    known: Provider | None = current_app.extensions.get(_EXTENSION)
    if known is None:
        secret = settings.oidc_client_secret.get_secret_value()
        known = current_app.extensions[_EXTENSION] = Provider(settings.oidc_issuer, settings.oidc_client_id, secret)
    return known


def _back(failure: Failed) -> Response:
    """To the sign-in page, which says what to do in words of the catalogue."""
    log.warning("oidc_sign_in_failed", reason=failure.reason, detail=str(failure))
    answer = _to(f"/signin?{urlencode({'problem': failure.reason})}")
    answer.delete_cookie(COOKIE, path=ROOM)
    return answer


def _to(address: str) -> Response:
    return Response(status=302, headers={"Location": address})


def _local(wanted: str) -> str:
    """An address of this site, or its first page."""
    plain = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if plain and len(wanted) <= 1000 else "/"


def _callback() -> str:
    return f"{deps().settings.base_url.rstrip('/')}{CALLBACK}"


def _https() -> bool:
    return deps().settings.base_url.startswith("https://")


def _random() -> str:
    return claims.b64(deps().random_bytes(32))

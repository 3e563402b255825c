"""The Forge Invocation Token: proof that a request comes from Atlassian Forge, was made for this app, and for which installation.

Signature by a key of Forge's published set, RS256 and nothing else; issuer, audience, times with a small leeway. Who asks is read from the verified
token only, never from the body. That a token is used once is the caller's business (see :mod:`plugin.web.forge.entrance`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from plugin.services.installations import Installation
from plugin.web.jwks import Keys

ISSUER = "forge/invocation-token"
LEEWAY_S = 5
LONGEST_LIFE_S = 3600
MAX_CHARS = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9_.:/~-]{1,200}")
_NUMBER = re.compile(r"[0-9]{1,20}")


class Refused(Exception):
    """Not a token that we believe; the text is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a verified token says. ``account_id`` is set where a person called through the user interface, and only there.

    ``page_id`` and ``space_id`` name where they stand (a blog post is no page); they are hints until the person's own token has been asked.
    """

    id: str
    installation: Installation
    module: str
    account_id: str | None
    page_id: str | None
    space_id: str | None


def read(token: str, *, app_id: str, keys: Keys, now: datetime) -> Invocation:
    """Raises Refused; KeysUnavailable where Forge's keys cannot be had."""
    if not 0 < len(token) <= MAX_CHARS or not token.isascii():
        raise Refused("length")
    claims = _claims(token, _key(token, keys))
    _check_times(claims, now.timestamp())
    if claims.get("iss") != ISSUER:
        raise Refused("issuer")
    if claims.get("aud") not in (app_id, [app_id]):
        raise Refused("audience")
    app = _part(claims, "app")
    if app.get("id") not in (None, app_id):
        raise Refused("app")
    extension = _part(_part(claims, "context"), "extension")
    content = _part(extension, "content")
    return Invocation(
        id=_once(claims, token),
        installation=_installation(app, _part(claims, "context")),
        module=str(_part(app, "module").get("key") or "")[:64],
        account_id=_named(claims.get("principal"), _ID),
        page_id=_named(content.get("id"), _NUMBER) if content.get("type") in (None, "page") else None,
        space_id=_named(_part(extension, "space").get("id"), _NUMBER),
    )


def _key(token: str, keys: Keys) -> RSAKey:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError) as error:
        raise Refused(f"form: {type(error).__name__}") from None
    # Looked at before any key is looked up: neither "none" nor a secret made from our public key gets that far.
    if header.get("alg") != "RS256":
        raise Refused("algorithm")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= 200:
        raise Refused("key id")
    key = keys.find(key_id)
    if key is None:
        raise Refused("unknown key")
    return key


def _claims(token: str, key: RSAKey) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=["RS256"]).claims
    except (JoseError, ValueError, RecursionError) as error:
        raise Refused(f"signature: {type(error).__name__}") from None


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    issued, ends, begins = (claims.get(name) for name in ("iat", "exp", "nbf"))
    if not _is_time(ends) or not _is_time(issued) or not (begins is None or _is_time(begins)):
        raise Refused("times")
    if cast(float, ends) <= now_s - LEEWAY_S:
        raise Refused("expired")
    if max(cast(float, issued), cast(float, begins or 0)) > now_s + LEEWAY_S:
        raise Refused("not yet valid")
    if not 0 < cast(float, ends) - cast(float, issued) <= LONGEST_LIFE_S:
        raise Refused("lifetime")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**11


def _installation(app: Mapping[str, Any], context: Mapping[str, Any]) -> Installation:
    installed = _part(app, "installation")
    contexts = installed.get("contexts")
    here: Mapping[str, Any] = next(
        (c for c in contexts if isinstance(c, dict) and c.get("name") == "confluence"), {}
    ) if isinstance(contexts, list) else {}  # fmt: skip
    base = str(here.get("apiBaseUrl") or app.get("apiBaseUrl") or "").rstrip("/")
    cloud_id = _named(here.get("cloudId") or context.get("cloudId") or base.rpartition("/ex/confluence/")[2], _ID)
    installation_id = _named(app.get("installationId") or installed.get("id"), _ID)
    if not installation_id or not cloud_id or len(base) > 500 or not base.startswith(("https://", "http://")):
        raise Refused("installation")
    site = context.get("siteUrl")
    return Installation(
        id=installation_id,
        cloud_id=cloud_id,
        api_base_url=base,
        app_version=str(app.get("appVersion") or "")[:32],
        environment=str(_part(app, "environment").get("type") or "")[:32],
        site_url=site.rstrip("/") if isinstance(site, str) and site.startswith("https://") and len(site) <= 255 else None,
    )


def _once(claims: Mapping[str, Any], token: str) -> str:
    """What makes a token one of its kind: its own id, else what it says."""
    given = claims.get("jti")
    return given if isinstance(given, str) and 0 < len(given) <= 200 else hashlib.sha256(token.split(".")[1].encode()).hexdigest()


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _named(value: Any, form: re.Pattern[str]) -> str | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if form.fullmatch(text) else None

"""The ID token: whom the provider vouches for. Everything is checked before anything in it is believed."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from plugin.web.oidc.provider import Provider

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key that only the provider has; never "none", never a shared secret."""
LEEWAY_S = 60
OLDEST_S = 3600
MAX_CHARS = 64 * 1024


class Refused(Exception):
    """Not a token that we believe; the text is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``email`` as the provider gives it; ``verified`` only where it says so itself."""

    subject: str
    email: str | None
    verified: bool
    name: str


def read(token: str, provider: Provider, *, nonce: str, now: datetime) -> Identity:
    """Raises Refused; Unavailable where the provider's keys cannot be had."""
    said = _verified(token, provider)
    if said.get("iss") != provider.issuer:
        raise Refused("issuer")
    audience = said.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in audiences:
        raise Refused("audience")
    if said.get("azp", provider.client_id) != provider.client_id or (len(audiences) > 1 and "azp" not in said):
        raise Refused("authorized party")
    _check_times(said, now.timestamp())
    if not hmac.compare_digest(str(said.get("nonce", "")).encode(), nonce.encode()):
        raise Refused("nonce")
    subject = said.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Refused("subject")
    return _with_profile(Identity(subject=subject, email=None, verified=False, name=""), said)


def with_userinfo(identity: Identity, said: Mapping[str, Any]) -> Identity:
    """The mail address from the userinfo endpoint, which some providers keep out of the token. Raises Refused for somebody else's."""
    if not said:
        return identity
    if said.get("sub") != identity.subject:
        raise Refused("userinfo of somebody else")
    return _with_profile(identity, said)


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with_profile(identity: Identity, said: Mapping[str, Any]) -> Identity:
    email, name = said.get("email"), said.get("name")
    if isinstance(email, str) and "@" in email and len(email) <= 254:
        verified = said.get("email_verified")
        identity = replace(identity, email=email.strip().lower(), verified=verified is True or verified == "true")
    return replace(identity, name=name[:200]) if isinstance(name, str) and name.strip() else identity


def _verified(token: str, provider: Provider) -> dict[str, Any]:
    if not 0 < len(token) <= MAX_CHARS or not token.isascii():
        raise Refused("length")
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise Refused("algorithm")
        key = provider.key(key_id if isinstance(key_id, str) else None, str(algorithm))
        if key is None:
            raise Refused("unknown key")
        return jwt.decode(token, key, algorithms=[str(algorithm)]).claims
    except (JoseError, ValueError, RecursionError) as error:
        raise Refused(f"signature: {type(error).__name__}") from None


def _check_times(said: Mapping[str, Any], now_s: float) -> None:
    ends, issued = said.get("exp"), said.get("iat")
    for moment in (ends, issued):
        if not isinstance(moment, int | float) or isinstance(moment, bool):
            raise Refused("times")
    if float(ends or 0) <= now_s - LEEWAY_S:
        raise Refused("expired")
    if not now_s - OLDEST_S <= float(issued or 0) <= now_s + LEEWAY_S:
        raise Refused("issued at another time")

"""Keys of a made-up Forge, and invocation tokens signed with them."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

APP = "ari:cloud:ecosystem::app/8db33809-1f32-48bb-8c52-5877dab48107"
INSTALLATION = "ari:cloud:ecosystem::installation/0a3a7799-53ae-4a5b-9e7e-03338980abb5"
_numbers = itertools.count(1)


def new_key() -> RSAKey:
    """With an id, as Forge publishes them."""
    return RSAKey.generate_key(2048, {"kid": f"forge/invocation-token/{next(_numbers)}", "use": "sig", "alg": "RS256"})


@cache
def first_key() -> RSAKey:
    """One for all tests that need no other: making keys takes time."""
    return new_key()


def public(keys: list[RSAKey]) -> dict[str, Any]:
    """The key set as it is published."""
    return {"keys": [{**key.as_dict(private=False), "alg": "RS256", "use": "sig"} for key in keys]}


def claims(
    *,
    api_base_url: str,
    now_s: float,
    cloud_id: str,
    installation: str = INSTALLATION,
    account: str | None = None,
    page: str | None = None,
    space: tuple[str, str] | None = None,
    module: str = "sop-from-recording",
) -> dict[str, Any]:
    """As Forge's documentation shows them; with ``account`` a call from the user interface. ``space`` is its id and key."""
    issued = int(now_s)
    context: dict[str, Any] = {
        "cloudId": cloud_id,
        "siteUrl": "https://acme.atlassian.net",
        "moduleKey": module,
        "localId": "x",
        "extension": {},
    }
    if page is not None:
        context["extension"]["content"] = {"id": page, "type": "page"}
    if space is not None:
        context["extension"]["space"] = {"id": space[0], "key": space[1]}
    return {
        "app": {
            "id": APP,
            "version": "2",
            "appVersion": "2.0.0",
            "installationId": installation,
            "apiBaseUrl": api_base_url,
            "installation": {"id": installation, "contexts": [{"name": "confluence", "apiBaseUrl": api_base_url, "cloudId": cloud_id}]},
            "environment": {"type": "PRODUCTION", "id": "ari:cloud:ecosystem::environment/x/y"},
            "module": {"type": "confluence:contentAction" if account else "core:endpoint", "key": module},
        },
        **({"context": context, "principal": account} if account else {}),
        "iss": "forge/invocation-token",
        "aud": APP,
        "iat": issued,
        "nbf": issued,
        "exp": issued + 25,
        "jti": f"call-{next(_numbers)}",
    }


def signed(content: Mapping[str, Any], key: RSAKey, header: Mapping[str, Any] | None = None) -> str:
    """A token with this content, also with headers that no library would write."""
    head = {"typ": "JWT", "alg": "RS256", "kid": key.kid, **(header or {})}
    body = ".".join(_b64(json.dumps(part).encode()) for part in (head, dict(content)))
    return f"{body}.{_b64(key.private_key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

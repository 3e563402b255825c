"""Asking a vendor for a pair of tokens: what the vendors have in common. Each one's form, and what its answer means, stands in its own package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import AuthFailed, Retry
from connectors.transport import Door, Limits, parsed

LIMITS = Limits(tries=1, read_s=20.0, answer_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """``url`` is the address before the token's path; ``name`` how people call the vendor; ``connector`` ours."""

    name: str
    connector: str
    url: str
    allow_private: bool = False


def token(vendor: Vendor, path: str, body: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The vendor's answer to a code or a refresh token. Sent once: the vendor may have ended the old pair although its answer was lost.

    Raises AuthFailed where the vendor says that the grant is not, or no longer, good; Retry for everything else.
    """
    with Door(vendor.url, connector=vendor.connector, allow_private=vendor.allow_private, limits=LIMITS) as door:
        answer = door.request("POST", path, json=dict(body), headers=dict(headers or {}), operation="token")
    if answer.status_code in (400, 401, 403) and _says_why(answer.content):
        raise AuthFailed(
            f"{vendor.name} does not accept this authorization any more. Connect again.", connector=vendor.connector, operation="token"
        )
    if answer.status_code != 200:
        raise Retry(
            f"{vendor.name} has a problem.",
            after_s=60.0,
            connector=vendor.connector,
            operation="token",
            detail_for_operator=f"HTTP {answer.status_code}",
        )
    found = parsed(answer, connector=vendor.connector, operation="token")
    if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        raise no_token(vendor)
    return found


def no_token(vendor: Vendor) -> Retry:
    return Retry(f"{vendor.name}'s answer does not hold a token.", after_s=60.0, connector=vendor.connector, operation="token")


def _says_why(content: bytes) -> bool:
    """A refusal by the vendor is data; a page of a firewall on the way is not, and ends no connection."""
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False

"""OAuth 2.0 (3LO) of Atlassian: the authorization address, pairs of tokens for a code or a refresh token, and the sites that a token opens.

A refresh gives a new pair. The old refresh token is good for ten more minutes, so that one whose answer was lost can be used once more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from connectors.confluence.failures import checked
from connectors.oauth import LIMITS, Vendor, token
from connectors.transport import Door, parsed

_NAME = "confluence"
_SUFFIX = ":confluence"
SCOPES = {
    "read:page": "read pages",
    "write:page": "write pages",
    "read:space": "see spaces",
    "read:attachment": "see which pictures are there",
    "write:attachment": "upload pictures",
    "read:comment": "see comments, which are kept when a page is published again",
    "write:comment": "mention owners when a review is due",
    "read:label": "read labels",
    "write:label": "set labels",
    "read:content-details": "search, and name who edited a page",
    "read:content.metadata": "archive pages of retired SOPs",
    "read:content.permission": "see whether an owner may open the page",
}
"""What we ask for (each with ``:confluence``), and what for."""
REFRESH = "offline_access"
SPACES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Our app in Atlassian's developer console. ``auth_url`` is where people and tokens are, ``api_url`` where Confluence is."""

    client_id: str
    client_secret: str
    auth_url: str
    api_url: str
    allow_private: bool = False

    @property
    def vendor(self) -> Vendor:
        return Vendor(name="Atlassian", connector=_NAME, url=self.auth_url, allow_private=self.allow_private)

    def address(self, site_id: str) -> str:
        """Where a site's Confluence answers to our tokens."""
        return f"{self.api_url.rstrip('/')}/ex/confluence/{quote(site_id, safe='')}/wiki"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """``scopes`` are those that were granted, which may be fewer than asked for."""

    access_token: str
    refresh_token: str | None
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A Confluence site that a token opens. ``url`` is for people."""

    id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    key: str
    name: str


def authorize_url(app: App, *, redirect_uri: str, state: str, challenge: str) -> str:
    """Where the admin's browser goes to choose a site. ``challenge`` is the SHA-256 of the verifier (PKCE, S256)."""
    query = {
        "audience": "api.atlassian.com",
        "client_id": app.client_id,
        "scope": " ".join((*(f"{scope}{_SUFFIX}" for scope in SCOPES), REFRESH)),
        "redirect_uri": redirect_uri,
        "state": state,
        "response_type": "code",
        "prompt": "consent",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{app.auth_url.rstrip('/')}/authorize?{urlencode(query)}"


def for_code(app: App, code: str, *, redirect_uri: str, verifier: str) -> Grant:
    """Raises AuthFailed (the code is not, or no longer, good), Retry."""
    return _asked(app, {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier})


def for_refresh(app: App, refresh_token: str) -> Grant:
    """Store the new pair before it is used. Raises AuthFailed (connect again), Retry."""
    return _asked(app, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def sites(app: App, access_token: str) -> tuple[Site, ...]:
    """The Confluence sites that were chosen, by name; sites of Atlassian's other products are left out. Raises AuthFailed, Retry."""
    found = _read(app, "/oauth/token/accessible-resources", access_token)
    chosen = [
        Site(id=str(entry["id"]), name=str(entry.get("name") or entry["id"]), url=str(entry.get("url") or ""))
        for entry in (found if isinstance(found, list) else ())
        if isinstance(entry, dict) and entry.get("id") and any(_of_confluence(str(scope)) for scope in entry.get("scopes") or ())
    ]
    return tuple(sorted({site.id: site for site in chosen}.values(), key=lambda site: site.name.lower()))


def spaces(app: App, site_id: str, access_token: str) -> tuple[Space, ...]:
    """The first spaces of a site that the connection sees, by name. Raises AuthFailed, Retry, Reject."""
    found = _read(app, f"{app.address(site_id)}/api/v2/spaces?status=current&sort=name&limit={SPACES}", access_token)
    entries = found.get("results") if isinstance(found, dict) else None
    return tuple(Space(key=str(e["key"]), name=str(e.get("name") or e["key"])) for e in entries or () if e.get("key"))


def missing(scopes: Collection[str]) -> tuple[str, ...]:
    """What will not be possible with fewer scopes than we asked for, in words."""
    lacking = [f"{words} ({scope}{_SUFFIX})" for scope, words in SCOPES.items() if f"{scope}{_SUFFIX}" not in scopes]
    return (*lacking, *(("go on without anybody at the keyboard (offline_access)",) if REFRESH not in scopes else ()))


def _of_confluence(scope: str) -> bool:
    return scope.endswith(_SUFFIX) or "confluence" in scope


def _asked(app: App, body: dict[str, str]) -> Grant:
    found = token(app.vendor, "/oauth/token", {**body, "client_id": app.client_id, "client_secret": app.client_secret})
    scopes = found.get("scope")
    refresh = found.get("refresh_token")
    return Grant(
        access_token=found["access_token"],
        refresh_token=str(refresh) if refresh else None,
        scopes=frozenset(scopes.split() if isinstance(scopes, str) else ()),
    )


def _read(app: App, path: str, access_token: str) -> Any:
    with Door(app.api_url, connector=_NAME, allow_private=app.allow_private, limits=LIMITS) as door:
        answer = door.request("GET", path, headers={"Authorization": f"Bearer {access_token}"}, operation="sites")
    return parsed(checked(answer, operation="sites"), connector=_NAME, operation="sites")

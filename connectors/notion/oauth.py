"""Public connections: the authorization address, and grants for a code or a refresh token. A refresh gives a new pair and ends the old one."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import urlencode

from connectors.notion.client import VERSION
from connectors.notion.failures import NAME
from connectors.oauth import Vendor, no_token, token


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Our connection in Notion's developer portal."""

    client_id: str
    client_secret: str
    url: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """``bot_id`` identifies the installation for good. ``template`` is the customer's copy of our template page, where there is one."""

    access_token: str
    refresh_token: str | None
    bot_id: str
    workspace_id: str
    workspace_name: str
    template: str | None = None


def authorize_url(app: App, *, redirect_uri: str, state: str) -> str:
    """Where the admin's browser goes to choose pages."""
    query = {"client_id": app.client_id, "response_type": "code", "owner": "user", "redirect_uri": redirect_uri, "state": state}
    return f"{app.url.rstrip('/')}/v1/oauth/authorize?{urlencode(query)}"


def for_code(app: App, code: str, *, redirect_uri: str) -> Grant:
    """Raises AuthFailed (the code is not, or no longer, good), Retry."""
    return _asked(app, {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})


def for_refresh(app: App, refresh_token: str) -> Grant:
    """Store the new pair before it is used. Raises AuthFailed (connect again), Retry."""
    return _asked(app, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _asked(app: App, body: dict[str, str]) -> Grant:
    vendor = Vendor(name="Notion", connector=NAME, url=app.url, allow_private=app.allow_private)
    basic = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    found = token(vendor, "/v1/oauth/token", body, {"Authorization": f"Basic {basic}", "Notion-Version": VERSION})
    try:
        return Grant(
            access_token=found["access_token"],
            refresh_token=found.get("refresh_token"),
            bot_id=str(found["bot_id"]),
            workspace_id=str(found["workspace_id"]),
            workspace_name=str(found.get("workspace_name") or "Notion"),
            template=found.get("duplicated_template_id"),
        )
    except (KeyError, TypeError):
        raise no_token(vendor) from None

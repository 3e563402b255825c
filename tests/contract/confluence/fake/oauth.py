"""Atlassian's authorization server: consent, codes bound to a PKCE challenge, rotating pairs of tokens, the sites that a token opens."""

from __future__ import annotations

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

LEEWAY_S = 600.0
Answer = tuple[int, dict[str, str], Any]


@dataclass(slots=True)
class _Code:
    challenge: str
    redirect_uri: str
    scopes: str


@dataclass(slots=True)
class _Refresh:
    """``used_at`` None: not yet. An old one is good for ten more minutes."""

    scopes: str
    used_at: float | None = None


@dataclass(slots=True)
class Authorization:
    """``sites`` are those that the person chooses; ``withheld`` scopes are not granted; ``now_s`` is its own clock, moved by tests."""

    sites: list[dict[str, Any]]
    client: tuple[str, str] = ("client-id", "client-secret")
    withheld: frozenset[str] = frozenset()
    now_s: float = 0.0
    refreshes: int = 0
    access: dict[str, str] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)  # every secret that ever left the server
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, _Refresh] = field(default_factory=dict)

    def consent(self, address: str) -> str:
        """The person says yes at that address; the code that their browser carries back. Raises AssertionError for a question Atlassian refuses."""
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert parts.path == "/authorize"
        assert (query["audience"], query["prompt"], query["response_type"]) == ("api.atlassian.com", "consent", "code")
        assert query["client_id"] == self.client[0]
        assert query["code_challenge_method"] == "S256"
        assert len(query["state"]) > 20
        scopes = " ".join(s for s in query["scope"].split() if s not in self.withheld)
        code = self._secret("code")
        self._codes[code] = _Code(query["code_challenge"], query["redirect_uri"], scopes)
        return code

    def expire(self) -> None:
        """An hour is over."""
        self.access.clear()

    def revoke(self) -> None:
        """The person takes the app's access away in their profile."""
        self.access.clear()
        self._refresh.clear()

    def answer(self, method: str, path: str, headers: Any, body: Any) -> Answer:
        if (method, path) == ("POST", "/oauth/token"):
            return self._token(body or {})
        if (method, path) == ("GET", "/oauth/token/accessible-resources"):
            scopes = self.access.get(headers.get("Authorization", "").removeprefix("Bearer "))
            if scopes is None:
                return 401, {}, {"code": 401, "message": "Unauthorized"}
            return 200, {}, [{**site, "scopes": [s for s in scopes.split() if s != "offline_access"]} for site in self.sites]
        return 404, {}, {"code": 404, "message": "Not Found"}

    def _token(self, body: dict[str, Any]) -> Answer:
        if (body.get("client_id"), body.get("client_secret")) != self.client:
            return 401, {}, {"error": "access_denied", "error_description": "Unauthorized"}
        if body.get("grant_type") == "authorization_code":
            code = self._codes.pop(str(body.get("code")), None)
            proof = base64.urlsafe_b64encode(hashlib.sha256(str(body.get("code_verifier")).encode()).digest()).rstrip(b"=").decode()
            if code is None or code.redirect_uri != body.get("redirect_uri") or code.challenge != proof:
                return 403, {}, {"error": "invalid_grant", "error_description": "Invalid authorization code"}
            return self._pair(code.scopes)
        known = self._refresh.get(str(body.get("refresh_token")))
        if known is None or (known.used_at is not None and self.now_s > known.used_at + LEEWAY_S):
            return 403, {}, {"error": "unauthorized_client", "error_description": "refresh_token is invalid"}
        known.used_at = self.now_s if known.used_at is None else known.used_at
        self.refreshes += 1
        return self._pair(known.scopes)

    def _pair(self, scopes: str) -> Answer:
        access, refresh = self._secret("access"), self._secret("refresh")
        self.access[access] = scopes
        pair = {"access_token": access, "expires_in": 3600, "token_type": "Bearer", "scope": scopes}
        if "offline_access" in scopes.split():
            self._refresh[refresh] = _Refresh(scopes)
            pair["refresh_token"] = refresh
        return 200, {}, pair

    def _secret(self, kind: str) -> str:
        self.given.append(f"{kind}-{uuid.uuid4().hex}")
        return self.given[-1]

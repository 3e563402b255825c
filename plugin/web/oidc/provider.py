"""The provider: where its doors are, the code for the token, its keys. Its addresses are the operator's, so they may be private; nothing else is believed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from connectors.errors import ConnectorError, Misconfigured
from connectors.transport import Door, Limits, parsed

log = structlog.get_logger(__name__)

Key = RSAKey | ECKey | OKPKey
FRESH_S, AGAIN_AFTER_S = 3600.0, 10.0
_LIMITS = Limits(connect_s=5.0, read_s=10.0, answer_s=15.0, answer_bytes=1024 * 1024, tries=2, short_wait_s=1.0)


class Unavailable(Exception):
    """The provider does not answer, or not as the standard says. The text is for the log and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What we need of the provider's description of itself. ``names_itself``: its answers always carry ``iss``."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    basic: bool
    names_itself: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    id_token: str
    access_token: str | None


class Provider:
    """Shared by all threads of a process; remembers description and keys for an hour."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[Key]] | None = None

    def metadata(self) -> Metadata:
        """Raises Unavailable."""
        with self._lock:
            if self._metadata is None or self._monotonic() - self._metadata[0] > FRESH_S:
                self._metadata = (self._monotonic(), self._described())
            return self._metadata[1]

    def exchange(self, code: str, *, verifier: str, redirect_uri: str) -> Answer:
        """The code for tokens, once: it is never sent a second time. Raises Unavailable."""
        said = self.metadata()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        auth = None
        if self._secret and said.basic:
            auth = (quote(self.client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self.client_id} | ({"client_secret": self._secret} if self._secret else {})
        answer = self._call("POST", said.token_endpoint, "token", data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Unavailable("the token endpoint gave no id_token")
        access = answer.get("access_token")
        return Answer(id_token=token, access_token=access if isinstance(access, str) else None)

    def userinfo(self, access_token: str) -> dict[str, Any]:
        """Empty where the provider has no such address. Raises Unavailable."""
        address = self.metadata().userinfo_endpoint
        if address is None:
            return {}
        return self._call("GET", address, "userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def key(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that signed; without ``key_id`` the only one that fits. New keys are fetched where an unknown one is named."""
        with self._lock:
            now = self._monotonic()
            if self._keys is None or now - self._keys[0] > FRESH_S:
                self._keys = (now, self._fetched())
            found = _fitting(self._keys[1], key_id, algorithm)
            if found is None and now - self._keys[0] > AGAIN_AFTER_S:
                self._keys = (now, self._fetched())
                found = _fitting(self._keys[1], key_id, algorithm)
            return found

    def _described(self) -> Metadata:
        said = self._call("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", "discovery")
        if said.get("issuer") != self.issuer:
            raise Unavailable(f"the provider calls itself {str(said.get('issuer'))[:200]}; set SOPWRIGHT_OIDC_ISSUER to exactly that")
        methods = said.get("token_endpoint_auth_methods_supported")
        return Metadata(
            issuer=self.issuer,
            authorization_endpoint=self._address(said, "authorization_endpoint"),
            token_endpoint=self._address(said, "token_endpoint"),
            jwks_uri=self._address(said, "jwks_uri"),
            userinfo_endpoint=self._address(said, "userinfo_endpoint") if said.get("userinfo_endpoint") else None,
            basic=not isinstance(methods, list) or "client_secret_basic" in methods,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, said: Mapping[str, Any], name: str) -> str:
        """Only https, or http where the issuer itself is (which is then on this machine; see plugin.web.safety)."""
        address = said.get(name)
        allowed = ("https", urlsplit(self.issuer).scheme)
        if not isinstance(address, str) or urlsplit(address).scheme not in allowed or not urlsplit(address).hostname:
            raise Unavailable(f"the provider's description has no usable {name}")
        return address

    def _fetched(self) -> list[Key]:
        if self._metadata is None:
            raise Unavailable("no description yet")
        listed = self._call("GET", self._metadata[1].jwks_uri, "keys").get("keys")
        keys: list[Key] = []
        for entry in listed if isinstance(listed, list) else ():
            if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP") or entry.get("use", "sig") != "sig":
                continue
            try:
                key = JWKRegistry.import_key({k: v for k, v in entry.items() if k not in ("d", "p", "q", "dp", "dq", "qi", "k", "key_ops")})
            except (JoseError, ValueError, TypeError, KeyError):
                continue
            if isinstance(key, RSAKey | ECKey | OKPKey):
                keys.append(key)
        return keys

    def _call(self, method: str, url: str, operation: str, **more: Any) -> dict[str, Any]:
        parts = urlsplit(url)
        try:
            with Door(f"{parts.scheme}://{parts.netloc}", connector="oidc", allow_private=True, limits=_LIMITS) as door:
                headers = {"Accept": "application/json", **more.pop("headers", {})}
                answer = door.request(method, url, operation=operation, headers=headers, **more)
                value = parsed(answer, connector="oidc", operation=operation)
        except (ConnectorError, Misconfigured) as error:
            raise Unavailable(f"{operation}: {type(error).__name__}: {getattr(error, 'message_for_user', '')}") from None
        if answer.status_code != 200 or not isinstance(value, dict):
            code = str(value.get("error", ""))[:60] if isinstance(value, dict) else ""
            raise Unavailable(f"{operation}: HTTP {answer.status_code} {code}".strip())
        return value


def _fitting(keys: list[Key], key_id: str | None, algorithm: str) -> Key | None:
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]] if not algorithm.startswith("Ed") else "OKP"
    fitting = [k for k in keys if k.key_type == kind and k.alg in (None, algorithm)]
    if key_id is not None:
        return next((k for k in fitting if k.kid == key_id), None)
    return fitting[0] if len(fitting) == 1 else None

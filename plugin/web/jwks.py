"""The public keys with which another system signs its tokens: fetched once, kept for a while, fetched again where a token names an unknown one.

Used for Forge invocation tokens; nothing here knows what a token says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from connectors.errors import ConnectorError, Misconfigured
from connectors.transport import Door, Limits, parsed

log = structlog.get_logger(__name__)

FRESH_S = 3600.0
"""Keys are fetched again after this time; until then only for an unknown one."""
AGAIN_AFTER_S = 30.0
"""A made-up key id makes us ask at most this often."""
_LIMITS = Limits(connect_s=3.0, read_s=3.0, answer_s=4.0, answer_bytes=256 * 1024, tries=1)


class KeysUnavailable(Exception):
    """The keys cannot be had at the moment, so nothing can be said about a token."""


class Keys:
    """Shared by all threads of a process. ``fetch`` gives the parsed key set and raises KeysUnavailable."""

    def __init__(self, fetch: Callable[[], Any], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._monotonic = fetch, monotonic
        self._lock = threading.Lock()
        self._keys: dict[str, RSAKey] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str) -> RSAKey | None:
        """None: there is no such key. Raises KeysUnavailable where that cannot be known."""
        with self._lock:
            now = self._monotonic()
            found = self._keys.get(key_id)
            stale = now - self._fetched_at > FRESH_S
            if (found is None or stale) and now - self._tried_at > AGAIN_AFTER_S:
                self._tried_at = now
                self._renew(now, needed=found is None)
                found = self._keys.get(key_id)
            if found is None and self._fetched_at == float("-inf"):
                raise KeysUnavailable
            return found

    def _renew(self, now: float, *, needed: bool) -> None:
        try:
            self._keys, self._fetched_at = _rsa_keys(self._fetch()), now
        except KeysUnavailable:
            # With the keys at hand the old ones go on; a key that is not among them may be a new one.
            if needed:
                raise


def fetch_from(url: str, *, allow_private: bool) -> Callable[[], Any]:
    """Fetches a key set over the connectors' guarded door: checked address, no redirect, limits in bytes and seconds."""
    parts = urlsplit(url)

    def fetch() -> Any:
        try:
            with Door(f"{parts.scheme}://{parts.netloc}", connector="keys", allow_private=allow_private, limits=_LIMITS) as door:
                answer = door.request("GET", url, operation="keys")
                if answer.status_code != 200:
                    log.warning("keys_not_fetched", status=answer.status_code)
                    raise KeysUnavailable
                return parsed(answer, connector="keys", operation="keys")
        except (ConnectorError, Misconfigured) as error:
            log.warning("keys_not_fetched", error=type(error).__name__)
            raise KeysUnavailable from None

    return fetch


def _rsa_keys(document: Any) -> dict[str, RSAKey]:
    """RSA keys for signatures by their id; others are none of ours."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnavailable
    found: dict[str, RSAKey] = {}
    for entry in listed:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        public = {name: entry[name] for name in ("kty", "kid", "n", "e", "alg", "use") if name in entry}
        try:
            key = KeySet.import_key_set({"keys": [public]}).keys[0]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey) and isinstance(entry.get("kid"), str):
            found[entry["kid"]] = key
    return found

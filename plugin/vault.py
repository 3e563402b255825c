"""Secrets: credentials at rest (encrypted, bound to workspace and field), signatures of links, hashes of passwords and tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class Unreadable(Exception):
    """A sealed value cannot be opened: wrong key, changed, or moved here from elsewhere."""


class Vault:
    """The first key seals, all of them open; to rotate, put a new key in front and call :meth:`reseal` on every stored value."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, value: str, *, workspace_id: str, field: str) -> str:
        """``field`` names the place (``connection/<id>``): a sealed value that is copied to another place cannot be opened there."""
        bound = json.dumps([workspace_id, field, value])
        return self._fernet.encrypt(bound.encode()).decode()

    def open(self, sealed: str, *, workspace_id: str, field: str) -> str:
        """Raises Unreadable."""
        try:
            workspace, place, value = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            raise Unreadable("A stored credential cannot be read with the present keys.") from None
        if (workspace, place) != (workspace_id, field):
            raise Unreadable("A stored credential belongs elsewhere.")
        return str(value)

    def reseal(self, sealed: str) -> str:
        """The same content under the newest key. Raises Unreadable."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken:
            raise Unreadable("A stored credential cannot be read with the present keys.") from None


_LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


class Signer:
    """Signs small values for links and cookies; the signature covers the purpose, so a link for one thing opens no other."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def sign(self, purpose: str, value: dict[str, Any], *, expires_at: datetime) -> str:
        body = json.dumps({**value, "exp": int(expires_at.timestamp())}, separators=(",", ":"), sort_keys=True).encode()
        return f"{_b64(body)}.{_b64(self._mac(purpose, body))}"

    def expired(self, purpose: str, token: str, *, now: datetime) -> bool:
        """Whether it is one of ours for that purpose, and only too old: nobody has guessed it."""
        return self.read(purpose, token, now=now) is None and self.read(purpose, token, now=_LONG_AGO) is not None

    def read(self, purpose: str, token: str, *, now: datetime) -> dict[str, Any] | None:
        """None where it is forged, made for something else, or expired."""
        body_text, _, mac_text = token.partition(".")
        try:
            body, mac = _unb64(body_text), _unb64(mac_text)
        except ValueError:
            return None
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            return None
        value: dict[str, Any] = json.loads(body)
        return value if value.pop("exp") > now.timestamp() else None

    def _mac(self, purpose: str, body: bytes) -> bytes:
        key = hmac.digest(self._key, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, body, hashlib.sha256)


def new_key() -> str:
    """A key for :class:`Vault`."""
    return Fernet.generate_key().decode()


def hash_password(password: str, random_bytes: Callable[[int], bytes]) -> str:
    """``scrypt$salt$hash``."""
    salt = random_bytes(16)
    return f"scrypt${_b64(salt)}${_b64(_scrypt(password, salt))}"


def check_password(password: str, stored: str | None) -> bool:
    """In the same time for a wrong password and for an account without one."""
    salt, expected = (_unb64(part) for part in stored.split("$")[1:]) if stored else (bytes(16), b"")
    return hmac.compare_digest(_scrypt(password, salt), expected)


def hash_secret(secret: str) -> str:
    """For tokens: they are long and random, so one round is enough and a lookup by hash is possible."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret(prefix: str, random_bytes: Callable[[int], bytes]) -> str:
    """``<prefix>_<43 characters>``; the prefix lets scanners find a leaked one."""
    return f"{prefix}_{_b64(random_bytes(32))}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, maxmem=64 * 2**20, **_SCRYPT)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)

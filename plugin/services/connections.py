"""Connections to knowledge bases: their settings, their credentials (encrypted), whether they work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectors.contract import Identity
from plugin.services.caller import Caller
from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionKind:
    """``schema`` is the JSON schema of the connector's settings; ``secrets`` names the fields that are never shown again."""

    name: str
    schema: Mapping[str, Any]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """``settings`` without the secret fields. ``state`` paused: its credential was refused, ``message`` says what to do."""

    id: str
    name: str
    kind: str
    settings: Mapping[str, Any]
    state: Literal["active", "paused"]
    message: str | None
    default_place: str | None
    created_at: datetime


def kinds() -> tuple[ConnectionKind, ...]:
    """The connectors that are installed."""
    raise NotImplementedError


def connections(deps: Deps, caller: Caller) -> tuple[ConnectionView, ...]:
    raise NotImplementedError


def connection(deps: Deps, caller: Caller, connection_id: str) -> ConnectionView:
    """Raises NotFound."""
    raise NotImplementedError


def connect(
    deps: Deps, caller: Caller, *, kind: str, name: str, settings: Mapping[str, Any], default_place: str | None = None
) -> ConnectionView:
    """``settings`` with the secrets, which are stored encrypted. Raises Invalid (names the field), Forbidden."""
    raise NotImplementedError


def change(
    deps: Deps,
    caller: Caller,
    connection_id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    default_place: str | None = None,
) -> ConnectionView:
    """``settings`` replaces the fields it names; a secret that it leaves out stays. A paused connection is taken up again, with its waiting jobs.

    Raises NotFound, Invalid, Forbidden.
    """
    raise NotImplementedError


def disconnect(deps: Deps, caller: Caller, connection_id: str) -> None:
    """Removes the connection and its credentials; its publications are closed, the pages stay. Raises NotFound, Forbidden."""
    raise NotImplementedError


def check(deps: Deps, caller: Caller, connection_id: str) -> Identity:
    """Asks the target who we are there and what we may not do. Raises NotFound, Invalid (with the target's answer in words), Forbidden."""
    raise NotImplementedError

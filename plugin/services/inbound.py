"""What other systems know us by: installations, webhook subscriptions, and events that arrive more than once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """``kind`` e.g. ``forge-installation``; ``external_id`` is unique per kind over all workspaces; ``secret`` is stored encrypted."""

    kind: str
    external_id: str
    workspace_id: str
    data: Mapping[str, Any]
    secret: str | None = None


def link(deps: Deps, *, kind: str, external_id: str) -> Link | None:
    """None where it is unknown."""
    raise NotImplementedError


def links(deps: Deps, *, workspace_id: str, kind: str) -> tuple[Link, ...]:
    raise NotImplementedError


def set_link(deps: Deps, link: Link) -> Link:
    """Stores or replaces. Raises Conflict where the external id belongs to another workspace."""
    raise NotImplementedError


def remove_link(deps: Deps, *, kind: str, external_id: str) -> None:
    """Unknown ones are ignored."""
    raise NotImplementedError


def first_time(deps: Deps, *, kind: str, external_id: str, workspace_id: str) -> bool:
    """True exactly once per event, also when it arrives ten times in parallel. Remembered for 30 days."""
    raise NotImplementedError

"""Workspaces, their rules per area (templates), and how the installation is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from plugin.domain.review import Policy
from plugin.services.caller import Caller
from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceView:
    """``settings``: ``never`` and ``allowed`` (terms for redaction), ``language``, ``import_cap`` (reminders in the first week), ``chat_enabled``."""

    id: str
    name: str
    slug: str
    settings: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """``needed`` of ``approvers`` must approve before publishing; 0: none is needed."""

    needed: int = 0
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaView:
    """The rules of one area; the area named "" is the workspace's own rule, which the others are laid over.

    ``required`` are document fields that must be filled before publishing (``purpose``, ``rollback``, ``steps.expected`` ...).
    """

    name: str
    title: str
    policy: Policy
    approval: ApprovalRule | None = None
    required: tuple[str, ...] = ()
    sections: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One line of a health page."""

    name: str
    state: Literal["good", "poor", "bad"]
    message: str


def workspaces(deps: Deps, caller: Caller) -> tuple[WorkspaceView, ...]:
    """Those that the caller's mail address belongs to."""
    raise NotImplementedError


def workspace(deps: Deps, caller: Caller) -> WorkspaceView:
    """The caller's."""
    raise NotImplementedError


def create_workspace(deps: Deps, caller: Caller, *, name: str) -> WorkspaceView:
    """A new one whose admin is the caller. Raises Invalid, Conflict (name taken), Forbidden."""
    raise NotImplementedError


def change_workspace(deps: Deps, caller: Caller, *, name: str | None = None, settings: Mapping[str, Any] | None = None) -> WorkspaceView:
    """``settings`` replaces the fields that it names. Raises Invalid, Forbidden."""
    raise NotImplementedError


def delete_workspace(deps: Deps, caller: Caller, *, confirm: str) -> None:
    """Everything of the workspace is gone afterwards: rows, blobs, credentials. ``confirm`` must be its slug. Raises Invalid, Forbidden."""
    raise NotImplementedError


def areas(deps: Deps, caller: Caller) -> tuple[AreaView, ...]:
    """The workspace's rule first, then the areas by name."""
    raise NotImplementedError


def area(deps: Deps, caller: Caller, name: str) -> AreaView:
    """Raises NotFound."""
    raise NotImplementedError


def set_area(deps: Deps, caller: Caller, area: AreaView) -> AreaView:
    """Stores the rules of a built-in or new area. Raises Invalid, Forbidden."""
    raise NotImplementedError


def health(deps: Deps) -> tuple[Health, ...]:
    """Database, migrations, disk, queue, scheduler, mail; never raises, never tells a secret."""
    raise NotImplementedError

"""Approvals: none, one, or N of M. What is approved is the digest of a revision; a minor edit keeps it, a major one voids it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from plugin.services.caller import Caller
from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    person_id: str
    person_name: str
    decision: Literal["approved", "declined"]
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """``needed`` of ``approvers`` must approve. ``state`` void: a major edit came after it."""

    id: str
    sop_id: str
    sop_title: str
    revision: int
    digest: str
    state: Literal["open", "approved", "declined", "void"]
    needed: int
    approvers: tuple[str, ...]
    decisions: tuple[DecisionView, ...]
    requested_by: str | None
    requested_at: datetime


def request(deps: Deps, caller: Caller, sop_id: str, *, approvers: Collection[str] | None = None) -> ApprovalView:
    """Asks for approval of the newest revision; ``approvers`` (ids of people) default to those of the area's rule. Again: the open request.

    Raises NotFound, Invalid (nobody but the author could approve; nobody needs to), Forbidden.
    """
    raise NotImplementedError


def decide(deps: Deps, caller: Caller, approval_id: str, *, decision: Literal["approved", "declined"], comment: str = "") -> ApprovalView:
    """Raises NotFound, Conflict (ended, or a newer revision exists), Forbidden (not among the approvers, or author of the revision)."""
    raise NotImplementedError


def approvals(deps: Deps, caller: Caller, sop_id: str) -> tuple[ApprovalView, ...]:
    """Newest first. Raises NotFound."""
    raise NotImplementedError


def waiting_for_me(deps: Deps, caller: Caller) -> tuple[ApprovalView, ...]:
    """Open requests that the caller has not decided yet."""
    raise NotImplementedError

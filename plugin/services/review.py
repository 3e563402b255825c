"""Reviews: who owns an SOP, when it is due, and what came of looking at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from plugin.domain.review import Outcome, Policy, State
from plugin.services.caller import Caller
from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """One finished review."""

    id: str
    outcome: Outcome
    note: str
    person_name: str
    revision: int
    due: date | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """``policy`` is what holds for this SOP after its own, the area's and the workspace's rule were laid over each other."""

    sop_id: str
    title: str
    state: State
    due: date | None
    snoozed_until: date | None
    owner_id: str | None
    owner_name: str | None
    policy: Policy
    history: tuple[ReviewRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a signed link of a mail leads to. ``action`` is the outcome that was clicked; nothing happens before the POST."""

    kind: Literal["review", "approval", "unsubscribe"]
    sop_id: str | None
    title: str | None
    person_name: str
    action: str | None
    due: date | None
    done: bool


def review(deps: Deps, caller: Caller, sop_id: str) -> ReviewView:
    """Raises NotFound."""
    raise NotImplementedError


def mine(deps: Deps, caller: Caller) -> tuple[ReviewView, ...]:
    """What the caller owns and is due soon, due or overdue; most urgent first (without history)."""
    raise NotImplementedError


def start(deps: Deps, caller: Caller, sop_id: str) -> ReviewView:
    """The state becomes ``in review``. Raises NotFound, Forbidden."""
    raise NotImplementedError


def conclude(
    deps: Deps, caller: Caller, sop_id: str, *, outcome: Outcome, note: str = "", hand_over_to: str | None = None, due: date | None = None
) -> ReviewView:
    """Records the outcome and sets what follows from it: ``still_right`` the next due date, ``needs_change`` and ``record_again`` the state
    ``in review``, ``retire`` the end, ``hand_over`` a new owner (``hand_over_to``).

    With ``due`` it counts only for that due date (a link of an old mail): Conflict where another review was faster.
    Raises NotFound, Invalid, Conflict, Forbidden.
    """
    raise NotImplementedError


def snooze(deps: Deps, caller: Caller, sop_id: str, *, until: date, reason: str) -> ReviewView:
    """No reminder before ``until`` (at most 90 days ahead); the due date itself stays. Raises NotFound, Invalid, Forbidden."""
    raise NotImplementedError


def assign(deps: Deps, caller: Caller, sop_id: str, *, owner_id: str | None) -> ReviewView:
    """Raises NotFound, Invalid (not a person of this workspace), Forbidden."""
    raise NotImplementedError


def set_policy(deps: Deps, caller: Caller, sop_id: str, *, policy: Policy) -> ReviewView:
    """The SOP's own rule; its fields that are None are inherited. Raises NotFound, Invalid, Forbidden."""
    raise NotImplementedError


def read_link(deps: Deps, *, token: str) -> LinkView:
    """For GET: changes nothing. Raises Forbidden (forged, expired, or the person has left)."""
    raise NotImplementedError


def act_on_link(deps: Deps, *, token: str, outcome: str, note: str = "", hand_over_to: str | None = None) -> LinkView:
    """For POST: does what the button says; a second time changes nothing (``done``). Raises as :func:`conclude`, and Forbidden."""
    raise NotImplementedError

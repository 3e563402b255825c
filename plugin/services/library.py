"""Finding and reading SOPs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from plugin.domain.review import State
from plugin.domain.sop import Sop
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice

Status = Literal["draft", "in review", "approved", "published", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One place where the SOP lives."""

    publication_id: str
    connection_id: str
    kind: str
    url: str | None
    state: str
    revision: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SopSummary:
    id: str
    title: str
    area: str | None
    status: Status
    revision: int
    published_revision: int | None
    owner_id: str | None
    owner_name: str | None
    review_state: State
    due: date | None
    criticality: Literal["low", "normal", "high"]
    steps: int
    updated_at: datetime
    targets: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SopView:
    """``etag`` goes back with a save (If-Match). ``proposal_id`` names the open proposal of a re-recording."""

    summary: SopSummary
    sop: Sop
    etag: str
    revision: int
    newest: bool
    recording_id: str | None = None
    proposal_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``text`` is searched in title, purpose, steps and commands. ``overdue`` True: only due and overdue ones."""

    text: str = ""
    area: str | None = None
    owner_id: str | None = None
    status: Status | None = None
    review_state: State | None = None
    overdue: bool = False
    target: str | None = None


EVERYTHING = Query()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """For the head of the library."""

    total: int
    drafts: int
    due: int
    overdue: int
    by_area: dict[str, int]


def search(deps: Deps, caller: Caller, query: Query = EVERYTHING, *, cursor: str | None = None, limit: int = 50) -> Slice[SopSummary]:
    """Newest change first."""
    raise NotImplementedError


def counts(deps: Deps, caller: Caller) -> Counts:
    raise NotImplementedError


def sop(deps: Deps, caller: Caller, sop_id: str, *, revision: int | None = None) -> SopView:
    """The newest revision, or the one asked for. Raises NotFound."""
    raise NotImplementedError

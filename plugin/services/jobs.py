"""Looking at jobs, cancelling and retrying them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice

JobKind = Literal["process", "publish"]
JobState = Literal["queued", "running", "done", "failed", "parked", "cancelled"]
"""``failed``: nothing can be made of it (a person must change something). ``parked``: it ended its worker too often; retry is one click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """``reason`` is a constant word for programs, ``message`` is for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """``stages`` maps each stage to its fraction (0..1); ``steps`` are the actions of the first steps, as soon as they are known."""

    id: str
    kind: JobKind
    state: JobState
    stage: str | None
    stages: dict[str, float]
    fraction: float
    seconds_left: float | None
    steps: tuple[str, ...]
    attempt: int
    created_at: datetime
    finished_at: datetime | None = None
    not_before: datetime | None = None
    recording_id: str | None = None
    sop_id: str | None = None
    publication_id: str | None = None
    proposal_id: str | None = None
    error: JobError | None = None
    changed: int = 0
    notices: tuple[str, ...] = field(default_factory=tuple)

    @property
    def finished(self) -> bool:
        return self.state not in ("queued", "running")


def job(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """``changed`` grows with every change of the row: poll it to stream events. Raises NotFound."""
    raise NotImplementedError


def jobs(deps: Deps, caller: Caller, *, state: JobState | None = None, cursor: str | None = None, limit: int = 50) -> Slice[JobView]:
    """Newest first."""
    raise NotImplementedError


def cancel(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """A queued job ends at once, a running one at its next report of progress. No error where it has ended already. Raises NotFound, Forbidden."""
    raise NotImplementedError


def retry(deps: Deps, caller: Caller, job_id: str) -> JobView:
    """Puts a failed, parked or cancelled job back into the queue; finished stages are reused. Raises NotFound, Conflict, Forbidden."""
    raise NotImplementedError

"""Rules of the job table: what follows from a failure, and when to try again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

JobKind = Literal["process", "publish", "fetch", "look", "row"]
"""``fetch`` gets a recording from where it lies and ends with a ``process`` job; ``look`` sees what people did to a page;
``row`` what is to be done for a row of a Notion database."""
JobState = Literal["queued", "running", "done", "failed", "parked", "cancelled"]
ENDED: tuple[JobState, ...] = ("done", "failed", "parked", "cancelled")

FIRST_WAIT_S = 15.0
LONGEST_WAIT_S = 3600.0


def wait_s(failures: int) -> float:
    """Seconds before the next attempt after that many failures in a row: 15 s, doubled each time, at most an hour."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** max(0, failures - 1))


def after_death(deaths: int, poison_limit: int) -> JobState:
    """The state of a job whose worker went silent, for the ``deaths``-th time."""
    return "parked" if deaths >= poison_limit else "queued"


def not_before(now: datetime, after_s: float) -> datetime:
    """``now`` plus a wait that a target asked for, at least a second and at most a day."""
    return now + timedelta(seconds=min(86400.0, max(1.0, after_s)))

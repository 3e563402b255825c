"""The queue carries nothing but "wake job N". The job table is the truth, so an engine may deliver twice, late, or lose a message."""

from __future__ import annotations

from typing import Protocol


class Queue(Protocol):
    def wake(self, job_id: str) -> None:
        """Called after the commit that made the job runnable. Never raises for a broken engine: the sweep wakes what was lost."""

    def wait(self, seconds: float) -> str | None:
        """For a worker: returns a job id, or None after ``seconds`` (look into the table then), or at once when something woke it."""

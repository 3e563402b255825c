"""Wakes the workers of this machine through a folder: a wake is a file, a worker that waits looks at it every half second.

There is no daemon to run and nothing to lose that matters: who misses a wake finds the job in the table when its wait is over.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

LOOK_EVERY_S = 0.5


class LocalQueue:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wake(self, job_id: str) -> None:
        with suppress(OSError):  # the sweep finds the job; an engine that is broken must not fail what was committed
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / job_id).touch()

    def wait(self, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        while True:
            job_id = self._take()
            if job_id is not None or time.monotonic() >= deadline:
                return job_id
            time.sleep(min(LOOK_EVERY_S, max(0.0, deadline - time.monotonic())))

    def _take(self) -> str | None:
        with suppress(OSError):
            for path in sorted(self._folder.iterdir()):
                with suppress(FileNotFoundError):
                    path.unlink()  # one of the waiting workers gets it
                    return path.name
        return None

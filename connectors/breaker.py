"""Leaves a target alone that does not answer, so that a target that is down costs no worker's time; others of the same service go on.

After :data:`FAILURES` failures in a row nothing is sent for a while, which doubles with each further failure; then one call tries again. The state lies
in a small file, so that all processes of this machine that use the connection know it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.errors import Retry

FAILURES = 5
FIRST_S, LONGEST_S = 30.0, 900.0
PROBE_S = 60.0
"""So long the others wait for the one that tries."""


class Breaker:
    """``before`` is called ahead of each request; ``failed`` and ``worked`` after it. An answer of any kind below 500 has worked."""

    def __init__(self, file: Path, *, connector: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file, self._connector = file, connector
        self.now = now

    def before(self, operation: str) -> None:
        """Raises Retry while the target is left alone."""
        state = self._read()
        if state is None:
            return
        failures, until = state
        left = (until - self.now()).total_seconds()
        if left > 0:
            raise Retry("The service has not answered for a while.", after_s=left, connector=self._connector, operation=operation)
        if failures >= FAILURES:
            self._write(failures, self.now() + timedelta(seconds=PROBE_S))

    def failed(self) -> None:
        state = self._read()
        failures = (state[0] if state else 0) + 1
        pause_s = min(FIRST_S * 2.0 ** (failures - FAILURES), LONGEST_S) if failures >= FAILURES else 0.0
        self._write(failures, self.now() + timedelta(seconds=pause_s))

    def worked(self) -> None:
        if self._file.exists():
            self._file.unlink(missing_ok=True)

    def _read(self) -> tuple[int, datetime] | None:
        try:
            value: Any = json.loads(self._file.read_text("utf-8"))
            return int(value["failures"]), datetime.fromisoformat(str(value["until"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, failures: int, until: datetime) -> None:
        """Whole or not at all; where it cannot be written, only this pause is lost."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False, encoding="utf-8") as file:
                json.dump({"failures": failures, "until": until.isoformat()}, file)
            os.replace(file.name, self._file)  # noqa: PTH105  atomic by name, as its documentation promises
        except OSError:
            return

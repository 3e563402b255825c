"""The hour's budget of points that Confluence Cloud gives an installation: slower when it runs low, handed up when it is used up.

Confluence tells in each answer what is left and when it starts anew. While less than :data:`LOW` of it is left, requests are spread over the
time until then; at its end ``Retry`` is raised before Confluence has to refuse, and other processes of this installation learn it from a file.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import requests

from connectors.errors import Retry
from connectors.transport import retry_after_s

LOW = 0.1
LEAST_POOL = 1000.0  # smaller limits are those of a burst, for which Confluence tells a wait with each refusal
SHORT_S = 10.0
LONGEST_GUESS_S = 60.0
LONGEST_PAUSE_S = 5.0
LONGEST_HOUR_S = 3600.0


class Budget:
    """``before`` is called ahead of each request, ``observe`` with each answer. ``file`` is shared by the processes of an installation."""

    def __init__(
        self,
        file: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file = file
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._pause_s = 0.0
        self._closed_until = self._stored()
        self._asked = False

    def before(self) -> None:
        """Raises Retry while the budget is used up."""
        self._asked = False
        with self._lock:
            left = (self._closed_until - self._now()).total_seconds() if self._closed_until else 0.0
            pause = self._pause_s
        if left > 0:
            raise Retry("The hour's budget of requests to Confluence is used up.", after_s=left, connector="confluence", operation="budget")
        if pause:
            self._sleep(pause)

    def observe(self, answer: requests.Response) -> None:
        headers = answer.headers
        remaining, limit = _number(headers, "X-RateLimit-Remaining"), _number(headers, "X-RateLimit-Limit")
        reset_s, asked_s = self._reset_s(headers), retry_after_s(headers, self._now())
        points = limit is not None and limit >= LEAST_POOL
        self._asked = answer.status_code == 429 or (answer.status_code >= 500 and asked_s is not None)
        with self._lock:
            if answer.status_code == 429:
                if "quota" in headers.get("RateLimit-Reason", ""):
                    self._close(reset_s if asked_s is None else asked_s)
            elif points and remaining is not None and remaining < 1:
                self._close(reset_s)
            near = headers.get("X-RateLimit-NearLimit", "").lower() == "true" or (
                points and remaining is not None and remaining < LOW * (limit or 0.0)
            )
            self._pause_s = min(reset_s / max(remaining or 1.0, 1.0), LONGEST_PAUSE_S) if near else 0.0

    def patient(self, error: Exception) -> None:
        """Raises what Confluence itself asked to wait for, which is the caller's to do. A line that broke, an answer that was none or a
        server that stumbled is looked into at once."""
        if isinstance(error, Retry) and (self._asked or error.after_s > LONGEST_GUESS_S):
            raise error

    def _reset_s(self, headers: Mapping[str, str]) -> float:
        """Seconds until the budget starts anew: a moment, or a number of seconds; 0 where nobody tells."""
        value = headers.get("X-RateLimit-Reset", "").strip()
        try:
            seconds = float(value)
        except ValueError:
            try:
                at = datetime.fromisoformat(value)
            except ValueError:
                return 0.0
            seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - self._now()).total_seconds()
        return min(max(seconds, 0.0), LONGEST_HOUR_S)

    def _close(self, seconds: float) -> None:
        if seconds <= SHORT_S:
            return  # waited out where it was refused
        until = datetime.fromtimestamp(self._now().timestamp() + min(seconds, LONGEST_HOUR_S), UTC)
        self._closed_until = until
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.write_text(json.dumps({"until": until.isoformat()}), "utf-8")
        except OSError:
            return  # only other processes go without it

    def _stored(self) -> datetime | None:
        try:
            return datetime.fromisoformat(str(json.loads(self._file.read_text("utf-8"))["until"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers.get(name, ""))
    except ValueError:
        return None

"""Notion's budget: so many requests in any 60 seconds, which may be spent at once; a 429 parks everybody of the same token."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

WINDOW_S = 60.0


class Pace:
    """``wait()`` returns when the next request may leave; ``park(s)`` holds all until then."""

    def __init__(self, per_minute: int, *, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._per_minute, self._monotonic, self._sleep = per_minute, monotonic, sleep
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._parked_until = 0.0

    def wait(self) -> None:
        with self._lock:
            now = self._monotonic()
            at = max(now, self._parked_until)
            if len(self._sent) >= self._per_minute:
                at = max(at, self._sent.popleft() + WINDOW_S)
            self._sent.append(at)
        if at > now:
            self._sleep(at - now)

    def park(self, seconds: float) -> None:
        with self._lock:
            self._parked_until = max(self._parked_until, self._monotonic() + seconds)

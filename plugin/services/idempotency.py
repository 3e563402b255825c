"""A repeated POST acts once: the answer to the first one is kept for a day and given again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugin.services.caller import Caller
from plugin.services.deps import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the first request was answered."""

    status: int
    body: Any


def begin(deps: Deps, caller: Caller, *, key: str, fingerprint: str) -> Answer | None:
    """None: go ahead, then call :func:`finish` (or :func:`forget` on an error). Else the stored answer.

    ``fingerprint`` is a digest of method, path and body. Raises Invalid (``Idempotency-Key`` too long, or used with another request) and
    Conflict (the first request is still running).
    """
    raise NotImplementedError


def finish(deps: Deps, caller: Caller, *, key: str, answer: Answer) -> None:
    raise NotImplementedError


def forget(deps: Deps, caller: Caller, *, key: str) -> None:
    """The request failed and may be repeated."""
    raise NotImplementedError

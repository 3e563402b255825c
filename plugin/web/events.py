"""Server-sent events of one job: a frame whenever its row changed, a comment now and then so that the line stays open, an end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from pydantic_core import to_jsonable_python

from plugin.domain.errors import SopError
from plugin.services.jobs import JobView

LONGEST_S = 300.0
PAUSE_S = 0.5
KEEP_ALIVE_S = 15.0


def of_job(
    first: JobView, read: Callable[[], JobView], *, lasts_s: float, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[str]:
    """Frames ``event: job`` with the view as JSON; the one of a finished job is the last, followed by ``event: end``.

    A job that vanishes meanwhile ends the stream with ``event: gone``. After ``lasts_s`` the stream ends without a word: the browser connects again.
    """
    started = spoke = monotonic()
    yield "retry: 2000\n\n" + _frame(first)
    seen = first
    while not seen.finished:
        if monotonic() - started >= lasts_s:
            return
        sleep(PAUSE_S)
        try:
            now = read()
        except SopError:
            yield "event: gone\ndata: {}\n\n"
            return
        if now.changed != seen.changed or now.state != seen.state:
            yield _frame(now)
            spoke = monotonic()
        elif monotonic() - spoke >= KEEP_ALIVE_S:
            yield ": still here\n\n"
            spoke = monotonic()
        seen = now
    yield "event: end\ndata: {}\n\n"


def _frame(job: JobView) -> str:
    return f"id: {job.changed}\nevent: job\ndata: {json.dumps(to_jsonable_python(job), separators=(',', ':'))}\n\n"

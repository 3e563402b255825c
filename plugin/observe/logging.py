"""Logs: a constant event name and fields, one line an event. Set up once, in an entry point."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, WrappedLogger

HIDDEN = ("password", "secret", "token", "authorization", "cookie", "address", "email", "chat_url")


def set_up(*, form: Literal["json", "console"], level: str) -> None:
    """Ours and those of libraries go to standard error in one form."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide,
    ]
    # Never the local variables of a traceback: they hold page text and credentials.
    told = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    last: list[structlog.types.Processor] = [told, structlog.processors.JSONRenderer()]
    if form == "console":
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("apscheduler", "urllib3", "httpx", "apprise", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _hide(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last fence: a field with such a name never shows its value, whoever logged it."""
    for key in event:
        if any(word in key.lower() for word in HIDDEN):
            event[key] = "***"
    return event

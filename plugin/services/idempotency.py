"""A repeated POST acts once: the answer to the first one is kept for a day and given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError

from plugin.domain.errors import Conflict, Invalid
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store.tables import Idempotency

MAX_KEY = 255
KEPT_FOR = timedelta(days=1)
STUCK_AFTER = timedelta(minutes=10)


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
    if not 0 < len(key) <= MAX_KEY:
        raise Invalid("Idempotency-Key", f"The key must have between 1 and {MAX_KEY} characters.")
    now = deps.clock()
    with deps.database.begin() as session:
        session.execute(delete(Idempotency).where(Idempotency.created_at < now - KEPT_FOR))
        session.execute(
            delete(Idempotency).where(*_mine(caller, key), Idempotency.status.is_(None), Idempotency.created_at < now - STUCK_AFTER)
        )
    try:
        with deps.database.begin() as session:
            session.add(
                Idempotency(
                    workspace_id=caller.workspace_id, caller=_who(caller), key=key, fingerprint=fingerprint, created_at=now, body={}
                )
            )
    except IntegrityError:
        return _known(deps, caller, key, fingerprint)
    return None


def finish(deps: Deps, caller: Caller, *, key: str, answer: Answer) -> None:
    """Keeps the answer for a day."""
    with deps.database.begin() as session:
        session.execute(update(Idempotency).where(*_mine(caller, key)).values(status=answer.status, body={"body": answer.body}))


def forget(deps: Deps, caller: Caller, *, key: str) -> None:
    """The request failed and may be repeated."""
    with deps.database.begin() as session:
        session.execute(delete(Idempotency).where(*_mine(caller, key), Idempotency.status.is_(None)))


def _known(deps: Deps, caller: Caller, key: str, fingerprint: str) -> Answer | None:
    with deps.database.begin() as session:
        row = session.scalars(select(Idempotency).where(*_mine(caller, key))).one_or_none()
    if row is None or row.status is None:
        raise Conflict("The first request with this Idempotency-Key is still running. Ask again in a moment.")
    if row.fingerprint != fingerprint:
        raise Invalid("Idempotency-Key", "This key was used with another request.")
    return Answer(status=row.status, body=row.body["body"])


def _who(caller: Caller) -> str:
    return caller.person_id or caller.name


def _mine(caller: Caller, key: str) -> tuple[ColumnElement[bool], ...]:
    return (Idempotency.workspace_id == caller.workspace_id, Idempotency.caller == _who(caller), Idempotency.key == key)

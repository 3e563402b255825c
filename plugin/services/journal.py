"""Writes the append-only log, inside the transaction of what it tells about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from plugin.domain.events import KINDS
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store.tables import Event


def note(
    session: Session,
    deps: Deps,
    caller: Caller,
    kind: str,
    *,
    sop_id: str | None = None,
    revision: int | None = None,
    subject: str | None = None,
    **data: Any,
) -> None:
    """``data`` fills the sentence of ``kind``; never a secret, never page text."""
    if kind not in KINDS:
        raise KeyError(kind)
    session.add(
        Event(
            id=deps.new_id("evt"),
            workspace_id=caller.workspace_id,
            kind=kind,
            actor_id=caller.person_id,
            actor_name=caller.name,
            via=caller.via,
            sop_id=sop_id,
            revision=revision,
            subject=subject,
            data={**data, **({"revision": revision} if revision is not None else {})},
            created_at=deps.clock(),
        )
    )

"""The append-only log: who did what to which revision, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """``kind`` is one of plugin.domain.events.KINDS; ``sentence`` says it in words."""

    id: str
    kind: str
    sentence: str
    actor_name: str
    at: datetime
    sop_id: str | None
    revision: int | None
    subject: str | None
    data: Mapping[str, Any]


def events(deps: Deps, caller: Caller, *, sop_id: str | None = None, cursor: str | None = None, limit: int = 50) -> Slice[EventView]:
    """Newest first; of one SOP, or as admin of the whole workspace. Raises NotFound, Forbidden."""
    raise NotImplementedError


def export(deps: Deps, caller: Caller, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[str]:
    """The whole log as lines of CSV with a head, oldest first, safe to open in a spreadsheet. Raises Forbidden."""
    raise NotImplementedError

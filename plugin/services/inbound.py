"""What other systems know us by: installations, webhook subscriptions, and events that arrive more than once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from plugin.domain.errors import Conflict
from plugin.services.deps import Deps
from plugin.store.tables import External, Seen

KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """``kind`` e.g. ``forge-installation``; ``external_id`` is unique per kind over all workspaces; ``secret`` is stored encrypted."""

    kind: str
    external_id: str
    workspace_id: str
    data: Mapping[str, Any]
    secret: str | None = None


def link(deps: Deps, *, kind: str, external_id: str) -> Link | None:
    """None where it is unknown."""
    with deps.database.begin() as session:
        row = session.get(External, (kind, external_id))
    return _view(deps, row) if row else None


def links(deps: Deps, *, workspace_id: str, kind: str) -> tuple[Link, ...]:
    """All of one kind in a workspace."""
    with deps.database.begin() as session:
        found = session.scalars(
            select(External).where(External.workspace_id == workspace_id, External.kind == kind).order_by(External.external_id)
        ).all()
    return tuple(_view(deps, row) for row in found)


def set_link(deps: Deps, link: Link) -> Link:
    """Stores or replaces. Raises Conflict where the external id belongs to another workspace."""
    sealed = (
        deps.vault.seal(link.secret, workspace_id=link.workspace_id, field=_field(link.kind, link.external_id)) if link.secret else None
    )
    with deps.database.begin() as session:
        row = session.get(External, (link.kind, link.external_id), with_for_update=True)
        if row is None:
            row = External(kind=link.kind, external_id=link.external_id, workspace_id=link.workspace_id, created_at=deps.clock())
            session.add(row)
        elif row.workspace_id != link.workspace_id:
            raise Conflict("This installation belongs to another workspace.")
        row.data, row.secret_sealed = dict(link.data), sealed
    return link


def remove_link(deps: Deps, *, kind: str, external_id: str) -> None:
    """Unknown ones are ignored."""
    with deps.database.begin() as session:
        session.execute(delete(External).where(External.kind == kind, External.external_id == external_id))


def first_time(deps: Deps, *, kind: str, external_id: str, workspace_id: str) -> bool:
    """True exactly once per event, also when it arrives ten times in parallel. Remembered for 30 days."""
    now = deps.clock()
    try:
        with deps.database.begin() as session:
            session.execute(delete(Seen).where(Seen.created_at < now - KEPT_FOR))
            session.add(Seen(kind=kind, external_id=external_id, workspace_id=workspace_id, created_at=now))
    except IntegrityError:
        return False
    return True


def _field(kind: str, external_id: str) -> str:
    return f"external/{kind}/{external_id}"


def _view(deps: Deps, row: External) -> Link:
    secret = None
    if row.secret_sealed:
        secret = deps.vault.open(row.secret_sealed, workspace_id=row.workspace_id, field=_field(row.kind, row.external_id))
    return Link(kind=row.kind, external_id=row.external_id, workspace_id=row.workspace_id, data=row.data, secret=secret)

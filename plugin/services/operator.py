"""The person at the machine itself: who can read the data folder and the settings may act as an admin."""

from __future__ import annotations

from sqlalchemy import select

from plugin.domain.errors import NotFound
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import tables


def operator(deps: Deps, *, workspace: str | None = None) -> Caller:
    """Acts in the named workspace (its slug or id), or in the oldest one. Raises NotFound before the first start."""
    table = tables.Workspace
    with deps.database.begin() as session:
        query = select(table).order_by(table.created_at, table.id).limit(1)
        found = session.scalar(query.where((table.slug == workspace) | (table.id == workspace)) if workspace else query)
        if found is None:
            raise NotFound("There is no such workspace yet. `sopwright serve` makes the first one.")
        return Caller(workspace_id=found.id, person_id=None, role="admin", name="Operator", via="cli")

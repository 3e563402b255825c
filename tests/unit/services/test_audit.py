"""The log of events: nobody rewrites it, also not past the service."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from plugin.services import administration, audit
from tests.unit.services.world import World


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET actor_name = 'Nobody'", "DELETE FROM events", "DELETE FROM events WHERE kind = 'person.added'"]
)
def test_the_database_refuses_to_change_or_delete_events(world: World, statement: str) -> None:
    world.person("Ada")
    before = audit.events(world.deps, world.admin).items
    assert len(before) > 1
    with pytest.raises(IntegrityError, match="append-only"), world.deps.database.begin() as session:
        session.execute(text(statement))
    assert audit.events(world.deps, world.admin).items == before


def test_a_workspace_that_is_deleted_takes_its_events_along_and_nobody_elses(world: World) -> None:
    world.person("Ada")
    made = administration.create_workspace(world.deps, world.admin, name="Second")
    with world.deps.database.begin() as session:
        session.execute(
            text(
                "INSERT INTO events (id, workspace_id, kind, actor_name, via, data, created_at) SELECT 'evt_other', :id, kind, actor_name, via, data, created_at FROM events LIMIT 1"
            ),
            {"id": made.id},
        )
    slug = administration.workspace(world.deps, world.admin).slug
    administration.delete_workspace(world.deps, world.admin, confirm=slug)
    with world.deps.database.begin() as session:
        assert list(session.scalars(text("SELECT id FROM events"))) == ["evt_other"]

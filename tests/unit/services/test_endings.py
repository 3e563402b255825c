"""A token that will end (F35): its owner hears of it in time, once, and again only for the next one."""

from __future__ import annotations

import pytest

from plugin import scheduler
from plugin.domain.errors import Invalid
from plugin.services import connections
from plugin.services.endings import warn
from tests.unit.services.world import World


@pytest.fixture
def connection_id(world: World) -> str:
    settings = {"url": "https://example.atlassian.net/wiki", "token": "secret", "email": "bot@example.com", "token_ends": "2027-04-15"}
    return connections.connect(world.deps, world.admin, kind="confluence", name="Our wiki", settings=settings).id


def told(world: World) -> list[str]:
    scheduler.reviews(world.deps)
    return [message.subject for message in world.mail.messages]


def test_the_owner_is_told_thirty_days_before_and_once(world: World, connection_id: str) -> None:
    assert warn(world.deps) == 0
    world.time.go(days=20)
    for _ in range(3):
        warn(world.deps)
        world.time.go(days=1, hours=2)
    assert told(world) == ["The token of Our wiki ends on 15 April 2027"]
    connections.change(world.deps, world.admin, connection_id, settings={"token": "another", "token_ends": "2028-04-01"})
    world.time.go(days=300)
    warn(world.deps)
    assert len(told(world)) == 1
    world.time.go(days=60)
    warn(world.deps)
    assert told(world)[1:] == ["The token of Our wiki ends on 1 April 2028"]


def test_the_day_is_checked_where_it_is_entered_and_may_be_left_out(world: World, connection_id: str) -> None:
    with pytest.raises(Invalid, match="date"):
        connections.change(world.deps, world.admin, connection_id, settings={"token_ends": "next spring"})
    connections.change(world.deps, world.admin, connection_id, settings={"token_ends": ""})
    world.time.go(days=100)
    assert warn(world.deps) == 0

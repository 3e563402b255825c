from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.services import connections
from tests.databases import KINDS, database_url
from tests.unit.services.world import World, make_world


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with database_url(request.param) as url:
        made = make_world(tmp_path, url)
        yield made
        made.deps.database.close()


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """A connection to the target in memory."""
    from connectors import registry
    from tests.unit.services import world as module

    monkeypatch.setattr(module, "Settings", module.FakeSettings)
    monkeypatch.setattr(registry, "package", lambda name: module)
    monkeypatch.setattr(registry, "names", lambda: ["fake"])
    made = connections.connect(world.deps, world.admin, kind="fake", name="Wiki", settings={"path": "/wiki", "token": "canary-4711"})
    return made.id

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS, database_url
from tests.unit.services.world import World, make_world


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with database_url(request.param) as url:
        made = make_world(tmp_path, url)
        yield made
        made.deps.database.close()

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.contract.confluence.fake import FakeConfluence, specification


@pytest.fixture(params=["cloud", "datacenter"])
def confluence(request: pytest.FixtureRequest) -> Iterator[FakeConfluence]:
    """A fake (a test may also ask for ``gateway``) that judges every Cloud request and answer by the published documents; at the end all of them were valid."""
    if request.param != "datacenter" and specification() is None and os.environ.get("CI") == "true":
        pytest.fail("the published Confluence specification is not there")
    with FakeConfluence(request.param) as fake:
        yield fake
        assert fake.invalid == []
        assert fake.site.broken == []


@pytest.fixture
def cloud() -> Iterator[FakeConfluence]:
    with FakeConfluence("cloud") as fake:
        yield fake
        assert fake.invalid == []
        assert fake.site.broken == []

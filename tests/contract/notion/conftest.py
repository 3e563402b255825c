from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.contract.notion.fake import FakeNotion, specification


@pytest.fixture
def notion() -> Iterator[FakeNotion]:
    """A fake that judges every request by the published document; at the end none may have been refused by it."""
    if specification() is None:
        if os.environ.get("CI"):
            pytest.fail("the published Notion specification is not there")
        pytest.skip("needs the published Notion specification")
    with FakeNotion() as fake:
        yield fake
        assert fake.refused == []

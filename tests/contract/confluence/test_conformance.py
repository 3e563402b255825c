"""Confluence passes the conformance kit: Cloud behind an API token, Cloud behind the OAuth gateway, Data Center."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from connectors.testing import Conformance, World
from tests.contract.confluence.fake import specification
from tests.contract.confluence.fake.server import Edition
from tests.contract.confluence.world import ConfluenceWorld


@contextmanager
def world(edition: Edition, folder: Path) -> Iterator[World]:
    """At the end no request may have been invalid, and no reader may have met a picture that was not there."""
    if edition != "datacenter" and specification() is None and os.environ.get("CI"):
        pytest.fail("the published Confluence specification is not there")
    made = ConfluenceWorld(edition, folder)
    with made.fake as fake:
        yield made
        assert fake.invalid == []
        assert fake.site.broken == []


class TestCloud(Conformance):
    def world(self, folder: Path) -> AbstractContextManager[World]:
        return world("cloud", folder)


class TestDataCenter(Conformance):
    def world(self, folder: Path) -> AbstractContextManager[World]:
        return world("datacenter", folder)

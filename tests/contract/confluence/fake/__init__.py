"""A stateful Confluence on a real socket: Cloud (site or OAuth gateway) and Data Center, judged by the published documents."""

from __future__ import annotations

from tests.contract.confluence.fake.faults import Fault
from tests.contract.confluence.fake.server import EMAIL, TOKEN, FakeConfluence
from tests.contract.confluence.fake.site import BOT, OTHER, PERSON, Page
from tests.contract.confluence.fake.spec import specification

__all__ = ["BOT", "EMAIL", "OTHER", "PERSON", "TOKEN", "FakeConfluence", "Fault", "Page", "specification"]

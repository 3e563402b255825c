"""Publishes SOPs into Confluence Cloud and Data Center: native pages, people's edits kept, review state where people read."""

from __future__ import annotations

from pathlib import Path

from connectors.breaker import Breaker
from connectors.confluence.budget import Budget
from connectors.confluence.cloud import Cloud
from connectors.confluence.connector import ConfluenceConnector
from connectors.confluence.datacenter import DataCenter
from connectors.confluence.journal import Journal
from connectors.confluence.settings import Settings
from connectors.reading import short_digest
from connectors.transport import Door, Limits

__all__ = ["ConfluenceConnector", "Settings", "connect"]


def connect(settings: Settings, *, state: Path) -> ConfluenceConnector:
    """A connector for one Confluence; ``state`` keeps which page was made for which SOP, when the hour's budget was used up, and since when it does not answer."""
    folder = state / short_digest(settings.base)
    budget = Budget(folder / "budget.json")
    door = Door(
        settings.base,
        connector="confluence",
        allow_private=settings.allow_private_addresses,
        limits=Limits(requests_per_s=settings.requests_per_s),
        ca_file=settings.ca_file,
        observe=budget.observe,
        breaker=Breaker(folder / "breaker.json", connector="confluence"),
    )
    remote = (Cloud if settings.edition == "cloud" else DataCenter)(settings, door, budget)
    return ConfluenceConnector(settings, remote, Journal(folder))

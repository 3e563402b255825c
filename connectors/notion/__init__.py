"""Publishes SOPs into a Notion workspace: native blocks, versions as pages of their own, people's edits kept."""

from __future__ import annotations

from pathlib import Path

from connectors.breaker import Breaker
from connectors.notion.connector import NotionConnector
from connectors.notion.failures import NAME
from connectors.notion.settings import Settings

__all__ = ["NotionConnector", "Settings", "connect"]


def connect(settings: Settings, *, state: Path) -> NotionConnector:
    """A connector for one workspace; ``state`` keeps its journals, uploads and the databases' ids."""
    return NotionConnector(settings, state=state, breaker=Breaker(state / "breaker.json", connector=NAME))

"""A folder under Git: Markdown with front matter and pictures, one commit a publication. The embedded default and the reference implementation."""

from __future__ import annotations

from pathlib import Path

from connectors.filesystem.connector import Filesystem
from connectors.filesystem.settings import Settings

__all__ = ["Filesystem", "Settings", "connect"]


def connect(settings: Settings, *, state: Path) -> Filesystem:  # noqa: ARG001 - the registry's signature
    """``state`` is not used: all there is to know stands in the repository."""
    return Filesystem(settings)

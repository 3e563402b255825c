from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.testing import Conformance, World
from tests.contract.filesystem.world import FolderWorld


class TestFilesystem(Conformance):
    @contextmanager
    def world(self, folder: Path) -> Iterator[World]:
        folder.mkdir(parents=True, exist_ok=True)
        with FolderWorld(folder).watched() as world:
            yield world

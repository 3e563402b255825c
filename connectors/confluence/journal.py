"""Remembers on disk which page was made for which SOP, from the answer of Confluence on, in case the caller dies before it is told.

And which SOPs were on a space's pages when they were looked through: one that was not among them need not be searched for again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


class Journal:
    """One small file per SOP and space in a folder of ours, which is for one Confluence alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page_of(self, key: str, space: str) -> str | None:
        value = self._read(self._path("page", space, key))
        return str(value["page"]) if value.get("key") == key and "page" in value else None

    def remember(self, key: str, space: str, page_id: str) -> None:
        self._write(self._path("page", space, key), {"key": key, "page": page_id})

    def keys_in(self, space: str) -> frozenset[str] | None:
        """The keys on the pages of a space when all of them were looked through; None where that never happened."""
        keys = self._read(self._path("space", space)).get("keys")
        return frozenset(map(str, keys)) if isinstance(keys, list) else None

    def remember_keys(self, space: str, keys: frozenset[str]) -> None:
        self._write(self._path("space", space), {"space": space, "keys": sorted(keys)})

    def _path(self, kind: str, *parts: str) -> Path:
        return self._folder / f"{kind}-{hashlib.sha256('/'.join(parts).encode()).hexdigest()[:32]}.json"

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            value = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, path: Path, value: dict[str, Any]) -> None:
        """Whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(file.name, path)  # noqa: PTH105  atomic by name, as its documentation promises

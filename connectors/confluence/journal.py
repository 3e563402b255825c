"""Remembers on disk which page was made for which SOP, from the answer of Confluence on, in case the caller dies before it is told."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path


class Journal:
    """One small file per SOP and space in a folder of ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page_of(self, key: str, space: str) -> str | None:
        try:
            value = json.loads(self._path(key, space).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return str(value["page"]) if isinstance(value, dict) and value.get("key") == key and "page" in value else None

    def remember(self, key: str, space: str, page_id: str) -> None:
        """Whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as file:
            json.dump({"key": key, "page": page_id}, file)
        os.replace(file.name, self._path(key, space))  # noqa: PTH105  atomic by name, as its documentation promises

    def forget(self, key: str, space: str) -> None:
        self._path(key, space).unlink(missing_ok=True)

    def _path(self, key: str, space: str) -> Path:
        return self._folder / f"page-{hashlib.sha256(f'{space}/{key}'.encode()).hexdigest()[:32]}.json"

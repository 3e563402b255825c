"""What each version's page held when we wrote it, beside the journals: reading it back costs one request a step, which a restore can do without."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.notion import properties as p
from connectors.notion.nodes import Node, from_json, to_json


class Kept:
    """One packed file a version, in ``versions`` of the state folder. May be lost at any time."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "versions"

    def put(self, row: str, digest: str, nodes: Sequence[Node]) -> None:
        stored = {"digest": digest, "nodes": [to_json(node) for node in nodes]}
        path = self._path(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(gzip.compress(json.dumps(stored, ensure_ascii=False).encode("utf-8", "replace")))
        fresh.replace(path)

    def of(self, row: Mapping[str, Any]) -> tuple[Node, ...] | None:
        """The nodes of the version's page; None where they are not known, or a person was the last to edit that page."""
        editor, maker = ((row.get(name) or {}).get("id") for name in ("last_edited_by", "created_by"))
        if editor != maker:
            return None
        try:
            stored = json.loads(gzip.decompress(self._path(str(row["id"])).read_bytes()))
            return tuple(map(from_json, stored["nodes"])) if stored["digest"] == p.read(row, p.DIGEST) else None
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None

    def _path(self, row: str) -> Path:
        return self._folder / f"{row.replace('-', '')}.json.gz"

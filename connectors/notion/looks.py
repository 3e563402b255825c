"""What people's edits of a page were when it was last looked through: while it reads the same, it is not read block by block again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Edit, Known
from connectors.notion.journal import Shelf

SETTLED = timedelta(minutes=2)
"""Notion's times are rounded down to the minute: within it, a second edit that Markdown does not show would look like the first."""


class Looks:
    """Remembers per page in ``looks.json`` of the state folder."""

    def __init__(self, state: Path, *, now: Callable[[], datetime]) -> None:
        self._shelf, self._now = Shelf(state / "looks.json"), now

    def edits(self, page: Mapping[str, Any], markdown: str | None, known: Known, find: Callable[[], tuple[Edit, ...]]) -> tuple[Edit, ...]:
        """Those of the last look where nothing changed since, else what ``find`` reads."""
        identity, sign = str(page["id"]), _sign(page, markdown, known)
        before = self._shelf.all().get(identity)
        if markdown is not None and before and before["sign"] == sign:
            return tuple(Edit(**edit) for edit in before["edits"])
        found = find()
        if markdown is not None and self._settled(page):
            self._shelf.put(identity, {"sign": sign, "edits": [asdict(edit) for edit in found]})
        return found

    def _settled(self, page: Mapping[str, Any]) -> bool:
        try:
            return self._now() - datetime.fromisoformat(str(page.get("last_edited_time"))) >= SETTLED
        except (ValueError, TypeError):
            return False


def _sign(page: Mapping[str, Any], markdown: str | None, known: Known) -> str:
    editor = (page.get("last_edited_by") or {}).get("id")
    said = [markdown, editor, page.get("last_edited_time"), known.base.get("n"), known.base.get("sign"), known.base.get("markdown")]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

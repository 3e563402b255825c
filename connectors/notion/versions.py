"""The version history that Notion's API does not have: one locked page per published version in *SOP versions*, related to the live page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import Version
from connectors.notion import properties as p
from connectors.notion.batch import batches
from connectors.notion.client import Api
from connectors.notion.failures import Doubtful
from connectors.notion.journal import Journal
from connectors.notion.kept import Kept
from connectors.notion.merge import Merger
from connectors.notion.nodes import Node, request
from connectors.notion.setup import CURRENT, ROW_AT, ROW_BY, ROW_RECORDING, ROW_SOP, ROW_SUMMARY, SUPERSEDED, Place
from connectors.notion.writing import Writer, reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a version's row says. ``by`` is a name, or users' ids where the column holds people."""

    key: str
    title: str
    version: int
    digest: str
    at: datetime
    message: str
    page: str
    status: str = CURRENT
    by: str | list[str] = ""
    recording: str | None = None


class Versions:
    """``kept`` remembers what was written; needed for :meth:`add` only."""

    def __init__(self, api: Api, place: Place, kept: Kept | None = None) -> None:
        self._api, self._place, self._kept = api, place, kept

    def rows(self, page: str) -> list[dict[str, Any]]:
        """All versions of a live page, newest first."""
        found = self._api.found(self._place.source, {"filter": {"property": ROW_SOP, "relation": {"contains": page}}})
        return sorted(found, key=lambda row: (p.read(row, p.VERSION) or 0, row.get("created_time", "")), reverse=True)

    def with_key(self, key: str) -> list[dict[str, Any]]:
        """All versions of an SOP, whatever became of its page."""
        return list(self._api.found(self._place.source, {"filter": {"property": p.KEY, "rich_text": {"equals": key}}}))

    def history(self, page: str) -> list[Version]:
        return [as_version(row) for row in self.rows(page)]

    def add(self, entry: Entry, nodes: Sequence[Node], writer: Writer, journal: Journal, *, look: bool, before: str | None) -> str:
        """The row's id. With ``look`` it may be there already, whole or in part; ``before`` is the row of the version until now."""
        row = self._find(entry) if look else None
        if row is None:
            row = self._create(entry, nodes, writer)
        elif not row.get("is_locked"):
            plan = Merger(reader(self._api), full=True, written=journal.written_to_row).run(row["id"], (), nodes)
            writer.carry_out(plan)
        if not row.get("is_locked"):
            self._api.change(f"pages/{row['id']}", {"is_locked": True})
        if self._kept is not None:
            self._kept.put(str(row["id"]), entry.digest, nodes)
        if before and before != row["id"]:
            self._supersede(before)
        return str(row["id"])

    def _create(self, entry: Entry, nodes: Sequence[Node], writer: Writer) -> dict[str, Any]:
        values = {
            p.title_name(self._place.schema): f"{entry.title} (version {entry.version})",
            ROW_SOP: [entry.page],
            p.VERSION: entry.version,
            ROW_AT: entry.at.isoformat(timespec="seconds"),
            ROW_SUMMARY: entry.message,
            ROW_BY: entry.by,
            ROW_RECORDING: entry.recording,
            p.STATUS: entry.status,
            p.KEY: entry.key,
            p.DIGEST: entry.digest,
        }
        uploads = writer.upload_ids(nodes)
        first = next(iter(batches(nodes, uploads, whole=True)), [])
        body: dict[str, Any] = {
            "parent": {"type": "data_source_id", "data_source_id": self._place.source},
            "properties": p.written(values, self._place.schema),
        }
        if first:
            body["children"] = [request(piece.node, uploads) for piece in first]
        try:
            row = self._api.create("pages", body)
        except Doubtful as doubtful:
            if not doubtful.committed:
                raise
            row = self._api.get(f"pages/{doubtful.committed}")
        if nodes[len(first) :]:
            writer.append(row["id"], nodes[len(first) :])
        return row

    def _find(self, entry: Entry) -> dict[str, Any] | None:
        same: Mapping[str, Any] = {
            "and": [
                {"property": p.KEY, "rich_text": {"equals": entry.key}},
                {"property": p.VERSION, "number": {"equals": entry.version}},
            ]
        }
        rows = self._api.found(self._place.source, {"filter": same})
        return next((row for row in rows if p.read(row, p.DIGEST) == entry.digest), None)

    def _supersede(self, row: str) -> None:
        properties = p.written({p.STATUS: SUPERSEDED}, self._place.schema)
        if properties:
            self._api.change(f"pages/{row}", {"properties": properties})


def as_version(row: Mapping[str, Any]) -> Version:
    """What a version's row says."""
    at = p.read(row, ROW_AT) or row.get("created_time") or "1970-01-01T00:00:00+00:00"
    number = p.read(row, p.VERSION)
    return Version(
        id=str(row["id"]),
        at=datetime.fromisoformat(at if "T" in at else f"{at}T00:00:00+00:00"),
        by=_name(row.get("properties") or {}),
        message=str(p.read(row, ROW_SUMMARY) or ""),
        revision=int(number) if number is not None else None,
        recording=p.read(row, ROW_RECORDING) or None,
    )


def _name(properties: Mapping[str, Any]) -> str | None:
    """Who published it, as the row tells: words, or the name of a user."""
    config = properties.get(ROW_BY) or {}
    if config.get("type") == "people":
        return next((str(user["name"]) for user in config.get("people") or () if user.get("name")), None)
    return p.read({"properties": {ROW_BY: config}}, ROW_BY) or None

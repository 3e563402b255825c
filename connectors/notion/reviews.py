"""The review state where people read: properties of the page, the callout at its top, the verification of a wiki."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from connectors.contract import Known, Ref, ReviewFlag
from connectors.errors import Gone
from connectors.notion import header
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.journal import Journal, journal_path, only_one
from connectors.notion.nodes import Node, content, from_json, read, to_json
from connectors.notion.people import People
from connectors.notion.publish import Publisher
from connectors.notion.setup import Places
from connectors.notion.signs import newer, seen, version_of


class Reviews:
    def __init__(
        self, api: Api, publisher: Publisher, people: People, places: Callable[[], Places], state: Path, *, now: Callable[[], datetime]
    ) -> None:
        self._api, self._publisher, self._people, self._places, self._state, self._now = api, publisher, people, places, state, now

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        """What :meth:`Connector.flag` promises. Raises Collision and Doubtful; may be called again."""
        page = self._api.get(f"pages/{known.ref.id}")
        values: dict[str, Any] = {p.REVIEW: flag.state.capitalize(), p.DUE: flag.due.isoformat() if flag.due else None}
        if flag.owner:
            owner = self._people.id_of(flag.owner)
            values[p.OWNER] = [owner] if owner else []
        schema = p.schema_of(page.get("properties") or {})
        differing = {name: value for name, value in values.items() if p.read(page, name) != value}
        if differing:
            sops = self._places().sops.schema
            schema |= {n: dict(c) for n, c in sops.items() if n in schema and c["type"] == schema[n]["type"]}
            properties = p.written(differing, schema) | _verified(schema, flag.state, flag.due, self._now())
            if properties:
                page = self._api.change(f"pages/{known.ref.id}", {"properties": properties})
        props = {**known.base.get("props", {}), **values}
        path = journal_path(self._state, str(known.base.get("key") or p.read(page, p.KEY) or known.ref.id))
        with only_one(path):
            journal = Journal(path)
            if journal.unfinished:  # a publish has to go on first; it brings the header along
                return replace(known, base={**known.base, "props": props})
            base = dict((newer(known, journal.memory) or known).base)
            before = self._publisher.markdown(known.ref.id)
            if self._show_in_header(known.ref, base, flag) and before == base.get("markdown"):
                base["markdown"] = self._publisher.markdown(known.ref.id)
            base |= {"n": int(base.get("n", 0)) + 1, "props": props, "seen": seen(page)}
            flagged = replace(known, base=base, version=version_of(base.get("markdown"), page))
            journal.finish(flagged)
        return flagged

    def _show_in_header(self, ref: Ref, base: dict[str, Any], flag: ReviewFlag) -> bool:
        """Writes the review into the callout at the top, unless a person rewrote or removed it; puts what stands there then into ``base``."""
        nodes = [from_json(stored) for stored in base.get("nodes", ())]
        place = next((n for n, node in enumerate(nodes) if node.key == header.KEY and node.kind == "callout"), None)
        if place is None:
            return False
        said = header.with_review(nodes[place], flag.state, flag.due)
        if said.sign == nodes[place].sign:
            return False
        live = self._header_of(ref, nodes[place])
        if live is None or live.sign not in (nodes[place].sign, said.sign):
            return False
        said = replace(said, id=live.id)
        if live.sign != said.sign:
            self._api.change(f"blocks/{live.id}", {"callout": content(said, {}, creating=False)})
        base["nodes"] = [to_json(said if n == place else node) for n, node in enumerate(nodes)]
        return True

    def _header_of(self, ref: Ref, known: Node) -> Node | None:
        """The block as it stands; its id is not known yet where it came with the page itself."""
        try:
            if known.id:
                return read(self._api.get(f"blocks/{known.id}"))
            children = [read(child) for child in self._api.get(f"blocks/{ref.id}/children", page_size=100)["results"]]
        except Gone:
            return None
        return next((node for node in children if (node.kind == "callout" and header.DUE in node.text) or node.sign == known.sign), None)


def _verified(schema: Mapping[str, Mapping[str, Any]], state: str, due: date | None, now: datetime) -> dict[str, Any]:
    """Pages of a wiki have a verification that expires by itself; it says the same as our review state."""
    name = next((n for n, c in schema.items() if c["type"] == "verification"), None)
    if name is None:
        return {}
    if state not in ("current", "due soon"):
        return {name: {"verification": {"state": "unverified"}}}
    verified: dict[str, Any] = {"state": "verified"}
    if due:
        verified["date"] = {"start": now.isoformat(timespec="seconds"), "end": f"{due.isoformat()}T23:59:59+00:00"}
    return {name: {"verification": verified}}

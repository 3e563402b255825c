"""The three databases below the admin's page: found by their titles, completed with missing properties, made where they are not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.errors import Gone
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.journal import Shelf
from connectors.notion.settings import notion_id

SOPS, VERSIONS, RECORDINGS = "SOPs", "SOP versions", "Recordings"
ROW_SUMMARY, ROW_AT, ROW_BY, ROW_RECORDING, ROW_SOP = "Change summary", "Published at", "Published by", "Source recording", "SOP"
CURRENT, SUPERSEDED = "Current", "Superseded"
VIDEO, LINK, PROGRESS, MESSAGE = "Video", "Video link", "Progress", "Message"
ALSO = {(ROW_BY, "people")}
"""Types that a column may have as well."""
STATES = ("New", "Received", "Understanding", "Needs a look", "Published", "Failed")


def _status(*names: str) -> dict[str, Any]:
    return {"type": "status", "status": {"options": [{"name": name} for name in names]}}


def _text() -> dict[str, Any]:
    return {"type": "rich_text", "rich_text": {}}


def _relation(source: str) -> dict[str, Any]:
    return {"type": "relation", "relation": {"data_source_id": source, "type": "single_property", "single_property": {}}}


def wanted(title: str, sops: str) -> dict[str, dict[str, Any]]:
    """The properties of a database; ``sops`` is the data source that relations lead to."""
    name: dict[str, dict[str, Any]] = {"Name": {"type": "title", "title": {}}}
    if title == SOPS:
        return name | {
            p.STATUS: _status("Draft", "In review", "Approved", "Published", "Retired", p.PUBLISHING),
            p.VERSION: {"type": "number", "number": {}},
            p.OWNER: {"type": "people", "people": {}},
            p.DUE: {"type": "date", "date": {}},
            p.REVIEW: _status("Current", "Due soon", "Due", "Overdue", "In review", "Retired"),
            p.AREA: {"type": "select", "select": {}},
            p.LABELS: {"type": "multi_select", "multi_select": {}},
            p.KEY: _text(),
            p.DIGEST: _text(),
        }
    if title == VERSIONS:
        return name | {
            ROW_SOP: _relation(sops),
            p.VERSION: {"type": "number", "number": {}},
            ROW_AT: {"type": "date", "date": {}},
            ROW_BY: _text(),
            ROW_SUMMARY: _text(),
            ROW_RECORDING: {"type": "url", "url": {}},
            p.STATUS: _status(CURRENT, SUPERSEDED),
            p.KEY: _text(),
            p.DIGEST: _text(),
        }
    return name | {
        VIDEO: {"type": "files", "files": {}},
        LINK: {"type": "url", "url": {}},
        p.STATUS: _status(*STATES),
        PROGRESS: {"type": "number", "number": {"format": "percent"}},
        MESSAGE: _text(),
        ROW_SOP: _relation(sops),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One database: its own id, that of its data source, and the properties it has."""

    database: str
    source: str
    schema: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    sops: Place
    versions: Place
    recordings: Place


class Setup:
    """``places(parent)`` is remembered in the state folder: only the first call talks to Notion."""

    def __init__(self, api: Api, state: Path) -> None:
        self._api = api
        self._shelf = Shelf(state / "places.json")

    def places(self, parent: str) -> Places:
        """Finds or makes the databases. Raises Gone where the page is not shared with the connection; Doubtful: call again, it looks first."""
        stored = self._shelf.all().get(notion_id(parent))
        if stored:
            return _decode(stored)
        return self._prepare(notion_id(parent))

    def forget(self, parent: str) -> None:
        """After a database was deleted or unshared: look again the next time."""
        self._shelf.put(notion_id(parent), None)

    def found(self, parent: str) -> dict[str, Place]:
        """What is there already, by title; reads only."""
        places: dict[str, Place] = {}
        for block in self._api.listed(f"blocks/{notion_id(parent)}/children"):
            if block.get("type") != "child_database":
                continue
            title = (block.get("child_database") or {}).get("title", "")
            if title in (SOPS, VERSIONS, RECORDINGS) and title not in places:
                places[title] = self._place(self._api.get(f"databases/{block['id']}"))
        return places

    def missing(self, parent: str) -> list[str]:
        """In words: databases and properties that the first publish will make, and those that are of another type."""
        found = self.found(parent)
        words = [
            f"The database {title!r} is not there yet; it will be made." for title in (SOPS, VERSIONS, RECORDINGS) if title not in found
        ]
        for title, place in found.items():
            for name, config in wanted(title, "").items():
                has = place.schema.get(name, {}).get("type")
                if config["type"] == "title":
                    continue
                if has is None:
                    words.append(f"{title!r} has no property {name!r}; it will be added.")
                elif has != config["type"] and {has, config["type"]} != {"status", "select"} and (name, has) not in ALSO:
                    words.append(f"{title!r}: the property {name!r} is of type {has}, expected {config['type']}; it will not be filled.")
                elif has == "status" and (lacking := _lacking(config, place.schema[name].get("options"))):
                    words.append(f"{title!r}: the property {name!r} lacks the options {lacking}; add them, or they are not shown.")
        return words

    def _prepare(self, parent: str) -> Places:
        found = self.found(parent)
        made: dict[str, Place] = {}
        sops = ""
        for title in (SOPS, VERSIONS, RECORDINGS):
            made[title] = self._complete(title, found[title], sops) if title in found else self._make(parent, title, sops)
            sops = sops or made[title].source
        places = Places(sops=made[SOPS], versions=made[VERSIONS], recordings=made[RECORDINGS])
        self._shelf.put(parent, _encode(places))
        return places

    def _make(self, parent: str, title: str, sops: str) -> Place:
        properties = wanted(title, sops)
        body = {
            "parent": {"type": "page_id", "page_id": parent},
            "title": [{"type": "text", "text": {"content": title}}],
            "initial_data_source": {"properties": properties},
        }
        answer = self._api.create("databases", body)
        if not answer.get("data_sources"):
            return self._place(self._api.get(f"databases/{answer['id']}"))
        return Place(database=answer["id"], source=answer["data_sources"][0]["id"], schema=p.schema_of(properties))

    def _place(self, database: Mapping[str, Any]) -> Place:
        sources = database.get("data_sources") or []
        if not sources:
            raise Gone(
                "A Notion database has no data source that the connection may see.", connector="notion", remote_id=str(database.get("id"))
            )
        source = self._api.get(f"data_sources/{sources[0]['id']}")
        return Place(database=str(database["id"]), source=str(source["id"]), schema=p.schema_of(source.get("properties") or {}))

    def _complete(self, title: str, place: Place, sops: str) -> Place:
        lacking = {n: c for n, c in wanted(title, sops).items() if n not in place.schema and c["type"] != "title"}
        if not lacking:
            return place
        answer = self._api.change(f"data_sources/{place.source}", {"properties": lacking})
        return Place(database=place.database, source=place.source, schema=p.schema_of(answer.get("properties") or {}))


def _lacking(config: Mapping[str, Any], has: Any) -> str:
    """Options of a status that its database does not have; those are a person's to add, for a changed list would drop theirs."""
    wanted_names = [option["name"] for option in config.get("status", {}).get("options", ())]
    return ", ".join(name for name in wanted_names if has is not None and name not in has)


def _encode(places: Places) -> dict[str, Any]:
    return {
        title: {"database": place.database, "source": place.source, "schema": dict(place.schema)}
        for title, place in ((SOPS, places.sops), (VERSIONS, places.versions), (RECORDINGS, places.recordings))
    }


def _decode(stored: Mapping[str, Any]) -> Places:
    return Places(sops=Place(**stored[SOPS]), versions=Place(**stored[VERSIONS]), recordings=Place(**stored[RECORDINGS]))

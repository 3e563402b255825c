"""The three databases below the admin's page: found by their titles, completed with missing properties, made (with views) where they are not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.errors import Gone, Reject
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.journal import Shelf, only_one
from connectors.notion.settings import notion_id
from connectors.notion.views import OF_RECORDINGS, OF_SOPS, OF_VERSIONS, Views

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

    @property
    def by_title(self) -> dict[str, Place]:
        return {title: getattr(self, name) for title, name in _FIELD.items()}


_FIELD = {SOPS: "sops", VERSIONS: "versions", RECORDINGS: "recordings"}


class Setup:
    """``places(parent)`` is remembered in the state folder: only the first call talks to Notion."""

    def __init__(self, api: Api, state: Path) -> None:
        self._api, self._memory = api, state / "places.json"
        self._shelf = Shelf(self._memory)
        self._views = Views(api, state, {SOPS: OF_SOPS, VERSIONS: OF_VERSIONS, RECORDINGS: OF_RECORDINGS})

    def places(self, parent: str) -> Places:
        """Finds or makes the databases. Raises Gone where the page is not shared with the connection; Doubtful: call again, it looks first.

        Raises Retry while another process of this machine is at it: two would make each database twice.
        """
        stored = self._shelf.all().get(notion_id(parent))
        if stored:
            return _decode(stored)
        with only_one(self._memory, "The databases in Notion are being set up right now."):
            stored = self._shelf.all().get(notion_id(parent))
            return _decode(stored) if stored else self._prepare(notion_id(parent))

    def again(self, parent: str) -> Places:
        """Looks below the page anew, for an admin who asks for it: what was deleted is made again. Raises as :meth:`places`."""
        self._shelf.put(notion_id(parent), None)
        return self.places(parent)

    def heal(self, parent: str) -> bool:
        """After a refusal: True where the databases are not what was remembered (a property was renamed, an option removed); they are completed.

        Raises Reject where one is deleted or not shared any more: a database is never made a second time by itself.
        """
        stored = self._shelf.all().get(notion_id(parent))
        if not stored:
            return False
        now = {title: self._seen(place.database) for title, place in _decode(stored).by_title.items()}
        lost = [title for title, place in now.items() if place is None]
        if lost:
            raise Reject(
                f"{_named(lost)} in Notion cannot be seen any more. Restore from the trash, or share with the connection again.",
                path="database",
                reason="in the trash, deleted or not shared",
                connector="notion",
                operation="set-up",
            )
        known, sops = _decode(stored).by_title, _decode(stored).sops.source
        if not any(place is not None and _lost(known[title].schema, place.schema) for title, place in now.items()):
            return False
        whole = Places(**{_FIELD[title]: self._complete(title, place, sops) for title, place in now.items() if place is not None})
        self._shelf.put(notion_id(parent), _encode(whole))
        return True

    def _seen(self, database: str) -> Place | None:
        """By its id, wherever it was moved and however it is called now."""
        try:
            found = self._api.get(f"databases/{database}")
            return None if found.get("in_trash") else self._place(found)
        except Gone:
            return None

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
        stored = self._shelf.all().get(notion_id(parent))
        known = _decode(stored).by_title if stored else {}
        for title in [title for title in known if title not in found]:
            place = self._seen(known[title].database)  # moved or renamed
            found |= {} if place is None else {title: place}
        lost = [title for title in known if title not in found]
        words = [f"{_named([title])} cannot be seen: restore from the trash, share again, or let it be made anew." for title in lost]
        words += self._views.missing(notion_id(parent), {title: place.database for title, place in found.items()})
        words += [
            f"The database {title!r} is not there yet; it will be made."
            for title in (SOPS, VERSIONS, RECORDINGS)
            if title not in found and title not in lost
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
        again = self._views.ask(parent, [title for title in (SOPS, VERSIONS, RECORDINGS) if title not in found])
        made: dict[str, Place] = {}
        sops = ""
        for title in (SOPS, VERSIONS, RECORDINGS):
            made[title] = self._complete(title, found[title], sops) if title in found else self._make(parent, title, sops)
            sops = sops or made[title].source
        self._views.make(parent, {title: (place.database, place.source) for title, place in made.items()}, look=again)
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


def _lost(before: p.Schema, now: p.Schema) -> bool:
    """Whether a column that was there is gone or of another type, or lacks an option that it had."""
    for name, config in before.items():
        after = now.get(name, {})
        if after.get("type") != config["type"] or (set(config.get("options") or ()) - set(after.get("options") or ())):
            return True
    return False


def _named(titles: Sequence[str]) -> str:
    return f"The database{'s' if len(titles) > 1 else ''} {', '.join(map(repr, titles))}"


def _encode(places: Places) -> dict[str, Any]:
    return {
        title: {"database": place.database, "source": place.source, "schema": dict(place.schema)}
        for title, place in places.by_title.items()
    }


def _decode(stored: Mapping[str, Any]) -> Places:
    return Places(sops=Place(**stored[SOPS]), versions=Place(**stored[VERSIONS]), recordings=Place(**stored[RECORDINGS]))

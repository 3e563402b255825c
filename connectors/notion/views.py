"""The views of the databases that we make: what is to review, when, by area; the newest versions; recordings by what became of them.

A view is a convenience: no failure here holds up a publish. What could not be made is remembered and named to the admin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from connectors.errors import ConnectorError
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.failures import Collision, Doubtful
from connectors.notion.journal import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``by`` is the property that a board groups by, or that puts rows into a calendar. ``any_of`` is ``(property, values)`` of a filter."""

    name: str
    kind: Literal["table", "board", "calendar"]
    by: str | None = None
    any_of: tuple[str, tuple[str, ...]] | None = None
    sort: tuple[str, Literal["ascending", "descending"]] | None = None

    @property
    def words(self) -> str:
        """For whoever has to make it by hand."""
        said = [
            self.kind,
            f"by {self.by}" if self.by else "",
            f"where {self.any_of[0]} is {', '.join(self.any_of[1])}" if self.any_of else "",
        ]
        return ", ".join(filter(None, [*said, f"sorted by {self.sort[0]}, {self.sort[1]}" if self.sort else ""]))


OF_SOPS = (
    View(name="To review", kind="table", any_of=(p.REVIEW, ("Due soon", "Due", "Overdue", "In review")), sort=(p.DUE, "ascending")),
    View(name="Review calendar", kind="calendar", by=p.DUE),
    View(name="By area", kind="board", by=p.AREA),
)
OF_VERSIONS = (View(name="Newest first", kind="table", sort=("Published at", "descending")),)
OF_RECORDINGS = (View(name="By status", kind="board", by=p.STATUS),)


@dataclass(slots=True)
class Views:
    """Remembers in ``views.json`` of the state folder which views of which database (by its title) are still to be made."""

    api: Api
    state: Path
    wanted: Mapping[str, Sequence[View]]
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.state / "views.json")

    def ask(self, parent: str, titles: Sequence[str]) -> bool:
        """Before these databases are made. True where some are to do since an earlier run, which may have got some way."""
        before = self._open(parent)
        fresh = {title: [view.name for view in self.wanted[title]] for title in titles if title not in before}
        if fresh:
            self._shelf.put(parent, {**before, **fresh})
        return bool(before)

    def make(self, parent: str, places: Mapping[str, tuple[str, str]], *, look: bool) -> None:
        """``places`` are ``(database, data source)`` by title. With ``look`` some may be there already."""
        for title, names in self._open(parent).items():
            database, source = places[title]
            there: set[str] = set()
            try:
                there = self.names(database) if look else set()
                config = self.api.get(f"data_sources/{source}")["properties"] if any(v.by for v in self.wanted[title]) else {}
            except ConnectorError:
                continue
            left = [view for view in self.wanted[title] if view.name in names and view.name not in there]
            refused = [view.name for view in left if not self._made(view, database, source, config)]
            self._shelf.put(parent, {t: n for t, n in {**self._open(parent), title: refused}.items() if n})

    def missing(self, parent: str, databases: Mapping[str, str]) -> list[str]:
        """In words, for an admin: views that could not be made and that nobody made by hand since."""
        words = []
        for title, names in self._open(parent).items():
            there = self.names(databases[title]) if title in databases else set()
            words += [
                f"{title!r} has no view {view.name!r}, Notion did not take it; add it by hand ({view.words})."
                for view in self.wanted[title]
                if view.name in names and view.name not in there
            ]
        return words

    def names(self, database: str) -> set[str]:
        """Of the views that a database has; the list itself only tells their ids."""
        listed = list(self.api.listed("views", database_id=database))
        return {str(self.api.get(f"views/{view['id']}").get("name") or "") for view in listed}

    def _open(self, parent: str) -> dict[str, list[str]]:
        return {title: names for title, names in (self._shelf.all().get(parent) or {}).items() if title in self.wanted}

    def _made(self, view: View, database: str, source: str, config: Mapping[str, Any]) -> bool:
        body: dict[str, Any] = {"database_id": database, "data_source_id": source, "name": view.name, "type": view.kind}
        if view.any_of:
            name, values = view.any_of
            body["filter"] = {"or": [{"property": name, "status": {"equals": value}} for value in values]}
        if view.sort:
            body["sorts"] = [{"property": view.sort[0], "direction": view.sort[1]}]
        if view.by:
            by = config.get(view.by) or {}
            if view.kind == "calendar":
                body["configuration"] = {"type": "calendar", "date_property_id": by.get("id", "")}
            else:
                group = {"type": by.get("type"), "property_id": by.get("id", ""), "sort": {"type": "manual"}}
                body["configuration"] = {
                    "type": "board",
                    "group_by": group | ({"group_by": "option"} if by.get("type") == "status" else {}),
                }
        try:
            self.api.create("views", body)
        except (ConnectorError, Doubtful, Collision):
            return False
        return True

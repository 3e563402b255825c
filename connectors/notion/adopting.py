"""A page of ours without any memory of it: how it is found, and what to take as the base of the next merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.kept import Kept
from connectors.notion.nodes import Node, to_json
from connectors.notion.render import history_node
from connectors.notion.setup import ROW_SOP, Places
from connectors.notion.versions import Versions, as_version
from connectors.notion.writing import reader, whole_tree


class Finder:
    def __init__(self, api: Api, kept: Kept) -> None:
        self._api, self._kept = api, kept

    def find(self, key: str, places: Places) -> str | None:
        """The oldest page with our key: a copy that a person made is younger. One that was moved elsewhere is found through its versions."""
        body = {
            "filter": {"property": p.KEY, "rich_text": {"equals": key}},
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        }
        found = next((str(row["id"]) for row in self._api.found(places.sops.source, body) if not row.get("in_trash")), None)
        return found or self._moved(key, places)

    def _moved(self, key: str, places: Places) -> str | None:
        pages = dict.fromkeys(page for row in Versions(self._api, places.versions).with_key(key) for page in p.read(row, ROW_SOP) or ())
        return next((page for page in pages if not self._api.get(f"pages/{page}").get("in_trash")), None)

    def base_of(
        self, page: Mapping[str, Any], sign: str, wished: tuple[Node, ...], places: Places
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """A base as the publisher keeps it, and the ids of users that are us. ``sign`` and ``wished`` are the content to be published now."""
        rows = Versions(self._api, places.versions).rows(page["id"])
        told = [as_version(row) for row in rows]
        history = tuple((v.revision or 0, v.at.date().isoformat(), v.message) for v in told)
        us = frozenset({user_of(page, "created_by"), str(self._api.get("users/me").get("id", ""))} - {""})
        snapshot = next((row for row in rows if row.get("is_locked")), None)
        furniture = history_node(history, places.versions.database)
        if p.read(page, p.DIGEST) == sign:
            nodes = (*wished, furniture)  # exactly this content was published: differences are people's
        elif snapshot is not None:
            known = self._kept.of(snapshot)
            nodes = (*_anonymous(whole_tree(reader(self._api), str(snapshot["id"])) if known is None else known), furniture)
        else:
            nodes = self._as_written(page, us)
        base = {
            "history": [list(entry) for entry in history],
            "row": told[0].id if told else None,
            "facts": "",
            "sign": "",
            "props": {name: p.read(page, name) for name in page.get("properties") or {}},
            "nodes": [to_json(n) for n in nodes],
        }
        return base, us

    def _as_written(self, page: Mapping[str, Any], us: frozenset[str]) -> tuple[Node, ...]:
        """The page's blocks that nobody but the connection itself edited, as the base to go on from."""

        def ours(block: str) -> tuple[Node, ...]:
            return tuple(
                replace(node, key="", children=ours(node.id) if node.has_children else ())
                for node in children(block)
                if node.made_by in us and node.by in us
            )

        children = reader(self._api)
        return ours(str(page["id"]))


def user_of(page: Mapping[str, Any], name: str) -> str:
    """The id in ``created_by`` or ``last_edited_by``; empty where there is none."""
    return str((page.get(name) or {}).get("id") or "")


def _anonymous(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """A version's blocks as the base of the live page: other ids, the same content."""
    return tuple(replace(n, id="", by="", made_by="", has_children=False, children=_anonymous(n.children)) for n in nodes)

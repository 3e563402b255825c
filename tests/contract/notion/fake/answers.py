"""Pages, blocks, databases and data sources as Notion answers them: ids dashed, times of pages rounded down to the minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.contract.notion.fake.shapes import plain, property_value, rich_text

if TYPE_CHECKING:
    from tests.contract.notion.fake.workspace import Workspace


class Shapes:
    """The part of :class:`Workspace` that answers."""

    __slots__ = ()

    def page_shape(self: Workspace, page: dict[str, Any]) -> dict[str, Any]:
        schema = self.sources[page["source"]]["schema"] if page["source"] else {"title": {"type": "title", "id": "title"}}
        title = next((plain(rich_text(page["content"].get(n) or [])) for n, k in schema.items() if k["type"] == "title"), "")
        slug = "-".join("".join(c if c.isalnum() else " " for c in title).split())
        return {
            "object": "page",
            "id": page["id"],
            **self._times(page),
            "cover": None,
            "icon": None,
            "parent": self._parent_shape(page),
            "in_trash": page["in_trash"],
            "is_archived": False,
            "is_locked": page["locked"],
            "properties": {n: self._property(k["type"], k["id"], page["content"].get(n)) for n, k in schema.items()},
            "url": f"https://app.notion.com/p/{slug}-{page['id'].replace('-', '')}",
            "public_url": None,
        }

    def _property(self: Workspace, kind: str, identity: str, value: Any) -> dict[str, Any]:
        if kind == "files":
            shown = []
            for file in value or ():
                upload = (file.get("file_upload") or {}).get("id")
                shown.append(
                    {"name": file["name"], "type": "file", "file": self.signed(upload)} if upload else {"type": "external", **file}
                )
            value = shown
        return property_value(kind, identity, value)

    def _times(self: Workspace, node: dict[str, Any]) -> dict[str, Any]:
        return {
            "created_time": minute(node["created"]),
            "last_edited_time": minute(node["edited"]),
            "created_by": {"object": "user", "id": node["created_by"]},
            "last_edited_by": {"object": "user", "id": node["edited_by"]},
        }

    def _parent_shape(self: Workspace, node: dict[str, Any]) -> dict[str, Any]:
        if node.get("source"):
            return {"type": "data_source_id", "data_source_id": node["source"], "database_id": node["parent"]}
        parent = self.blocks.get(node["parent"])
        if parent is None:
            return {"type": "workspace", "workspace": True}
        kind = {"child_page": "page_id", "child_database": "database_id"}.get(parent["type"], "block_id")
        return {"type": kind, kind: parent["id"]}

    def block_shape(self: Workspace, node: dict[str, Any]) -> dict[str, Any]:
        self.reads += 1
        content = dict(node["content"])
        if node["type"] == "child_page":
            schema = self.page_shape(node)["properties"]
            content = {"title": next((plain(p["title"]) for p in schema.values() if p["type"] == "title"), "")}
        if "upload" in content:
            content = {"caption": content.get("caption", []), "type": "file", "file": self.signed(content["upload"])}
        return {
            "object": "block",
            "id": node["id"],
            "parent": self._parent_shape(node),
            **self._times(node),
            "has_children": bool(self.live_children(node)),
            "in_trash": node["in_trash"],
            "type": node["type"],
            node["type"]: content,
        }

    def signed(self: Workspace, upload: str) -> dict[str, Any]:
        """An address that is another one at every read."""
        self.reads += 1
        name = self.uploads[upload]["filename"]
        return {
            "url": f"{self.uploads[upload]['base']}/files/{upload}/{name}?X-Amz-Expires=3600&X-Amz-Signature={self.reads:064x}",
            "expiry_time": stamp(self.now() + timedelta(hours=1)),
        }

    def database_shape(self: Workspace, database: dict[str, Any]) -> dict[str, Any]:
        node = self.node(database["id"], "database")
        moment = node["created"].isoformat(timespec="milliseconds")
        return {
            "object": "database",
            "id": database["id"],
            "title": rich_text([{"text": {"content": database["title"]}}]),
            "description": [],
            "parent": self._parent_shape(node),
            "is_inline": False,
            "in_trash": node["in_trash"],
            "is_locked": False,
            "created_time": moment,
            "last_edited_time": moment,
            "data_sources": [{"id": s, "name": self.sources[s]["title"]} for s in database["sources"]],
            "icon": None,
            "cover": None,
            "url": f"https://app.notion.com/p/{database['id'].replace('-', '')}",
            "public_url": None,
        }

    def source_shape(self: Workspace, source: dict[str, Any]) -> dict[str, Any]:
        node = self.blocks[source["database"]]
        properties = {}
        for name, kind in source["schema"].items():
            config: dict[str, Any] = {}
            if kind["type"] in ("status", "select", "multi_select"):
                config = {"options": [{"id": f"opt-{o}", "name": o, "color": "default", "description": None} for o in kind["options"]]}
                if kind["type"] == "status":
                    config["groups"] = []
            elif kind["type"] == "relation":
                config = dict(kind["config"])
            properties[name] = {"id": kind["id"], "name": name, "description": None, "type": kind["type"], kind["type"]: config}
        return {
            "object": "data_source",
            "id": source["id"],
            "cover": None,
            "icon": None,
            **self._times(node),
            "title": rich_text([{"text": {"content": source["title"]}}]),
            "description": [],
            "is_inline": False,
            "properties": properties,
            "parent": {"type": "database_id", "database_id": source["database"]},
            "database_parent": self._parent_shape(node),
            "url": f"https://app.notion.com/p/{source['database'].replace('-', '')}",
            "public_url": None,
            "in_trash": node["in_trash"],
        }


def minute(moment: datetime) -> str:
    return stamp(moment.replace(second=0, microsecond=0))


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

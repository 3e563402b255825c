"""The state behind the fake: users, pages, blocks, databases, comments, files. Ids dashed, page times rounded down to the minute."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.contract.notion.fake.answers import Shapes
from tests.contract.notion.fake.shapes import block_content, plain, rich_text

BOT = "00000000-0000-4000-8000-00000000b0b0"
PERSON = "00000000-0000-4000-8000-00000000a001"
WORKSPACE = "00000000-0000-4000-8000-0000000000b1"


class Refused(Exception):
    """The request is answered with an error body."""

    def __init__(self, status: int, code: str, message: str, **additional: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.additional = status, code, message, additional


@dataclass(slots=True)
class Workspace(Shapes):
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    max_file_bytes: int = 5 * 1024 * 1024
    free_blocks: int | None = None
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    databases: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    unshared: set[str] = field(default_factory=set)
    users: list[dict[str, Any]] = field(default_factory=list)
    reads: int = 0

    def __post_init__(self) -> None:
        self.users = [
            {
                "object": "user",
                "id": PERSON,
                "name": "Example Person",
                "avatar_url": None,
                "type": "person",
                "person": {"email": "person@example.com", "email_verified": True},
            },
            {"object": "user", "id": BOT, "name": "SOPwright", "avatar_url": None, "type": "bot", "bot": self.bot()},
        ]

    def bot(self) -> dict[str, Any]:
        return {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_name": "Example",
            "workspace_id": WORKSPACE,
            "workspace_limits": {"max_file_upload_size_in_bytes": self.max_file_bytes},
        }

    # --- finding -----------------------------------------------------------------------------------------------------

    def node(self, identity: str, kind: str = "block") -> dict[str, Any]:
        found = self.blocks.get(dashed(identity))
        if found is None or self._hidden(found):
            raise Refused(
                404,
                "object_not_found",
                f'Could not find {kind} with ID: {identity}. Make sure the relevant pages and databases are shared with your integration "SOPwright".',
                integration_id=BOT,
            )
        return found

    def _hidden(self, node: dict[str, Any]) -> bool:
        while node:
            if node["id"] in self.unshared:
                return True
            node = self.blocks.get(node["parent"], {})
        return False

    def page(self, identity: str) -> dict[str, Any]:
        found = self.node(identity, "page")
        if found["type"] != "child_page":
            raise Refused(404, "object_not_found", f"Could not find page with ID: {identity}.")
        return found

    def source(self, identity: str) -> dict[str, Any]:
        found = self.sources.get(dashed(identity))
        if found is None:
            raise Refused(404, "object_not_found", f"Could not find data source with ID: {identity}.")
        self.node(found["database"], "database")
        return found

    def page_of(self, node: dict[str, Any]) -> dict[str, Any] | None:
        while node and node["type"] != "child_page":
            node = self.blocks.get(node["parent"], {})
        return node or None

    def live_children(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        return [self.blocks[i] for i in node["children"] if not self.blocks[i]["in_trash"]]

    def descendants(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for child in self.live_children(node):
            yield child
            yield from self.descendants(child)

    # --- writing -----------------------------------------------------------------------------------------------------

    def add_node(self, kind: str, parent: str, content: dict[str, Any], by: str, *, at: int | None = None, **more: Any) -> dict[str, Any]:
        node = {
            "id": self.new_id(),
            "type": kind,
            "parent": parent,
            "content": content,
            "children": [],
            "in_trash": False,
            "created": self.now(),
            "edited": self.now(),
            "created_by": by,
            "edited_by": by,
            **more,
        }
        self.blocks[node["id"]] = node
        holder = self.blocks.get(parent)
        if holder is not None:
            holder["children"].insert(len(holder["children"]) if at is None else at, node["id"])
        return node

    def add_blocks(self, parent: dict[str, Any], requests: list[dict[str, Any]], by: str, *, at: int | None = None) -> list[dict[str, Any]]:
        made = []
        for offset, request in enumerate(requests):
            kind = request.get("type") or next(k for k in request if k not in ("object", "type"))
            if self.free_blocks is not None:
                if self.free_blocks <= 0:
                    raise Refused(
                        403, "restricted_resource", "This workspace has used all of its free blocks.", block_limit="block_creation"
                    )
                self.free_blocks -= 1
            content = dict(request[kind])
            self._attach(content)
            node = self.add_node(kind, parent["id"], block_content(kind, content), by, at=None if at is None else at + offset)
            self.add_blocks(node, content.get("children", []), by)
            made.append(node)
        self.touch(parent, by)
        return made

    def _attach(self, content: dict[str, Any]) -> None:
        upload = content.pop("file_upload", None)
        if upload:
            content.pop("type", None)
            found = self.uploads.get(dashed(upload["id"]))
            if found is None or found["status"] != "uploaded":
                raise Refused(400, "validation_error", "body failed validation: file_upload must have status `uploaded`.")
            found["attached"] = True
            content["upload"] = found["id"]

    def touch(self, node: dict[str, Any], by: str) -> None:
        node["edited"], node["edited_by"] = self.now(), by
        page = self.page_of(node)
        if page:
            page["edited"], page["edited_by"] = self.now(), by

    def append(self, parent_id: str, body: dict[str, Any], by: str) -> list[dict[str, Any]]:
        """The new blocks, and where they were put after a block, all that follow them (as Notion answers)."""
        parent = self.node(parent_id)
        position = body.get("position", {"type": "end"})
        at = None
        if position["type"] == "start":
            at = 0
        elif position["type"] == "after_block":
            after = dashed(position["after_block"]["id"])
            if after not in parent["children"] or self.blocks[after]["in_trash"]:
                raise Refused(400, "validation_error", "position.after_block is not a child of the parent.")
            at = parent["children"].index(after) + 1
        made = self.add_blocks(parent, body["children"], by, at=at)
        if at is None:
            return made
        return [self.blocks[i] for i in parent["children"][at:] if not self.blocks[i]["in_trash"]]

    def update_block(self, identity: str, body: dict[str, Any], by: str) -> dict[str, Any]:
        node = self.node(identity)
        kinds = [k for k in body if k not in ("type", "in_trash", "object")]
        if "in_trash" in body:
            node["in_trash"] = body["in_trash"]
        for kind in kinds:
            if kind != node["type"]:
                raise Refused(400, "validation_error", f"body.type should be `{node['type']}`: a block's type cannot be changed.")
            content = dict(body[kind])
            self._attach(content)
            fresh = block_content(kind, {**content})
            node["content"] = {**node["content"], **{k: v for k, v in fresh.items() if k in content or k == "upload"}}
        self.touch(node, by)
        return node

    def create_page(self, body: dict[str, Any], by: str) -> dict[str, Any]:
        parent = body["parent"]
        page = self.add_node("child_page", self._parent_of(parent), {}, by, at=None, source=None, locked=False)
        if "data_source_id" in parent:
            source = self.source(parent["data_source_id"])
            page["source"] = source["id"]
            page["content"] = {name: _empty(kind) for name, kind in source["schema"].items()}
        else:
            page["content"] = {"title": []}
        try:
            self._write_properties(page, body.get("properties", {}))
            self.add_blocks(page, body.get("children", []), by)
        except Refused:
            self.blocks[page["parent"]]["children"].remove(page["id"])
            del self.blocks[page["id"]]
            raise
        return page

    def _parent_of(self, parent: dict[str, Any]) -> str:
        if "page_id" in parent:
            return self.page(parent["page_id"])["id"]
        if "data_source_id" in parent:
            return str(self.source(parent["data_source_id"])["database"])
        raise Refused(400, "validation_error", "body.parent is not supported for this connection.")

    def _write_properties(self, page: dict[str, Any], values: dict[str, Any]) -> None:
        schema = self.sources[page["source"]]["schema"] if page["source"] else {"title": {"type": "title", "id": "title"}}
        for name, value in values.items():
            known = name if name in schema else next((n for n, k in schema.items() if k["id"] == name), None)
            if known is None:
                raise Refused(400, "validation_error", f"{name} is not a property that exists.")
            kind = schema[known]["type"]
            if kind not in value:
                raise Refused(400, "validation_error", f"{name} is expected to be {kind}.")
            chosen = value[kind]
            if kind == "status" and chosen and chosen["name"] not in schema[known]["options"]:
                raise Refused(400, "validation_error", f'Invalid status option. Status option "{chosen["name"]}" does not exist.')
            if kind == "people":
                unknown = [p["id"] for p in chosen if dashed(p["id"]) not in {u["id"] for u in self.users}]
                if unknown:
                    raise Refused(400, "validation_error", f"Could not find user with ID: {unknown[0]}.")
            page["content"][known] = chosen

    def update_page(self, identity: str, body: dict[str, Any], by: str) -> dict[str, Any]:
        page = self.page(identity)
        if page["in_trash"] and body.get("in_trash") is not False:
            raise Refused(400, "validation_error", "Can't edit block that is in the trash. You must restore the block before editing.")
        self._write_properties(page, body.get("properties", {}))
        if "is_locked" in body:
            page["locked"] = body["is_locked"]
        if "in_trash" in body:
            page["in_trash"] = body["in_trash"]
        page["edited"], page["edited_by"] = self.now(), by
        return page

    def move_page(self, identity: str, to: str, by: str) -> None:
        """Out of its database below the page ``to``: only the title is left of its properties."""
        page, holder = self.page(identity), self.page(to)
        schema = self.sources[page["source"]]["schema"] if page["source"] else {}
        name = next((n for n, k in schema.items() if k["type"] == "title"), "title")
        self.blocks[page["parent"]]["children"].remove(page["id"])
        holder["children"].append(page["id"])
        page["content"], page["source"], page["parent"] = {"title": page["content"].get(name) or []}, None, holder["id"]
        page["edited"], page["edited_by"] = self.now(), by

    def add_file(self, name: str, data: bytes, base: str, media_type: str = "video/mp4") -> dict[str, Any]:
        """A file that a person dropped into a *files* property; the value of that property's item."""
        identity = self.new_id()
        self.uploads[identity] = {
            "id": identity,
            "filename": name,
            "base": base,
            "content_type": media_type,
            "status": "uploaded",
            "data": data,
            "attached": True,
            "parts": {},
            "created": self.now(),
        }
        return {"name": name, "file_upload": {"id": identity}}

    def create_database(self, body: dict[str, Any], by: str) -> dict[str, Any]:
        title = plain(rich_text(body.get("title", [])))
        node = self.add_node("child_database", self.page(body["parent"]["page_id"])["id"], {"title": title}, by)
        database = {"id": node["id"], "title": title, "sources": []}
        self.databases[node["id"]] = database
        source = {"id": self.new_id(), "database": node["id"], "title": title, "schema": {}, "created": self.now()}
        self.sources[source["id"]] = source
        database["sources"].append(source["id"])
        self.change_schema(source, body.get("initial_data_source", {}).get("properties", {"Name": {"title": {}}}))
        self.create_view({"database_id": node["id"], "data_source_id": source["id"], "name": "Default view", "type": "table"}, by)
        return database

    def create_view(self, body: dict[str, Any], by: str) -> dict[str, Any]:
        """As a tab of its database. Names and ids of properties in it must be those of the data source."""
        source, database = self.source(body["data_source_id"]), self.node(body["database_id"], "database")
        ids = {kind["id"]: kind["type"] for kind in source["schema"].values()}
        filters = body.get("filter", {})
        for condition in filters.get("or", filters.get("and", [filters] if filters else [])):
            kind = source["schema"].get(condition["property"], {}).get("type")
            if kind is None or kind not in condition:
                raise Refused(400, "validation_error", f"Could not filter by property: {condition['property']}.")
        for sort in body.get("sorts", ()):
            if sort["property"] not in source["schema"]:
                raise Refused(400, "validation_error", f"Could not sort by property: {sort['property']}.")
        config = body.get("configuration", {})
        if config.get("type", body["type"]) != body["type"]:
            raise Refused(400, "validation_error", "configuration.type does not match the view's type.")
        if "date_property_id" in config and ids.get(config["date_property_id"]) != "date":
            raise Refused(400, "validation_error", "date_property_id is not that of a date property.")
        if "group_by" in config and ids.get(config["group_by"]["property_id"]) != config["group_by"]["type"]:
            raise Refused(400, "validation_error", "group_by.property_id is not that of such a property.")
        moment = self.now().isoformat(timespec="milliseconds")
        view = {
            "object": "view",
            "id": self.new_id(),
            "parent": {"type": "database_id", "database_id": database["id"]},
            "name": body["name"],
            "type": body["type"],
            "created_time": moment,
            "last_edited_time": moment,
            "url": f"https://app.notion.com/p/{database['id'].replace('-', '')}?v={len(self.views)}",
            "data_source_id": source["id"],
            "created_by": {"object": "user", "id": by},
            "last_edited_by": {"object": "user", "id": by},
            "filter": body.get("filter"),
            "sorts": body.get("sorts"),
            "quick_filters": None,
            "configuration": config or None,
        }
        self.views.append(view)
        return view

    def change_schema(self, source: dict[str, Any], properties: dict[str, Any]) -> None:
        for name, config in properties.items():
            kind = config.get("type") or next(k for k in config if k not in ("name", "description"))
            if kind == "relation":
                self.source(config["relation"]["data_source_id"])
            options = [o["name"] for o in config.get(kind, {}).get("options", [])] if kind in ("status", "select", "multi_select") else []
            old = source["schema"].get(name)
            identity = old["id"] if old else ("title" if kind == "title" else f"p{len(source['schema'])}%3A")
            source["schema"][name] = {"type": kind, "id": identity, "options": options, "config": config.get(kind, {})}
        if not any(k["type"] == "title" for k in source["schema"].values()):
            source["schema"]["Name"] = {"type": "title", "id": "title", "options": [], "config": {}}


def dashed(identity: str) -> str:
    try:
        return str(uuid.UUID(identity))
    except ValueError:
        return identity


def _empty(kind: dict[str, Any]) -> Any:
    return None if kind["type"] not in ("title", "rich_text", "people", "relation", "multi_select", "files") else []

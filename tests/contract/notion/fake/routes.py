"""What each address of the API does with the workspace. Bodies and queries were judged by the published document before."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from tests.contract.notion.fake.answers import stamp
from tests.contract.notion.fake.files import Files
from tests.contract.notion.fake.lists import paged
from tests.contract.notion.fake.markdown import page_markdown
from tests.contract.notion.fake.query import rows
from tests.contract.notion.fake.shapes import rich_text
from tests.contract.notion.fake.spec import Specification
from tests.contract.notion.fake.workspace import BOT, Refused, Workspace

VERSION = "2026-03-11"


class Routes:
    """``answer`` gives status, headers and body; raises Refused. ``refused`` lists what the published document forbids."""

    def __init__(self, workspace: Workspace, spec: Specification | None) -> None:
        self.workspace = workspace
        self.tokens = {"ntn_test": BOT}
        self.oauth_codes: dict[str, str] = {}
        self.template: str | None = None
        self.not_searchable_yet: set[str] = set()
        self.refreshes = 0
        self.refused: list[str] = []
        self.files = Files(workspace)
        self._spec = spec

    def answer(self, method: str, path: str, query: dict[str, str], headers: Any, raw: bytes) -> tuple[int, dict[str, str], Any]:
        who = self._who(headers, path)
        if headers.get("Notion-Version") != VERSION:
            raise Refused(400, "validation_error", f"Notion-Version header should be {VERSION}.")
        multipart = (headers.get("Content-Type") or "").startswith("multipart/form-data")
        body = None
        if raw and not multipart:
            try:
                body = json.loads(raw)
            except ValueError:
                raise Refused(400, "invalid_json", "Error parsing JSON body.") from None
        if self._spec is not None and (wrong := self._spec.judge(method, path, query, body)):
            self.refused.append(f"{method} {path}: {wrong}")
            raise Refused(400, "validation_error", wrong)
        parts = path.removeprefix("/v1/").split("/")
        if multipart:
            return 200, {}, self.files.send(parts[1], headers, raw)
        route = getattr(self, f"_{parts[0]}", None)
        if route is None:
            raise Refused(400, "invalid_request_url", "Invalid request URL.")
        return 200, {}, route(method, parts[1:], query, body or {}, who)

    def _who(self, headers: Any, path: str) -> str:
        given = headers.get("Authorization", "")
        if path.startswith("/v1/oauth/"):
            if given != "Basic " + base64.b64encode(b"client-id:client-secret").decode():
                raise Refused(401, "unauthorized", "invalid_client")
            return BOT
        token = given.removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(401, "unauthorized", "API token is invalid.")
        return self.tokens[token]

    def _users(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        if parts == ["me"]:
            return {**next(u for u in self.workspace.users if u["id"] == who)}
        if parts:
            found = next((u for u in self.workspace.users if u["id"] == parts[0]), None)
            if found is None:
                raise Refused(404, "object_not_found", "Could not find user.")
            return found
        return {**paged(self.workspace.users, query), "type": "user", "user": {}}

    def _pages(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if not parts:
            return space.page_shape(space.create_page(body, who))
        if parts[1:] == ["markdown"]:
            page = space.page(parts[0])
            return {
                "object": "page_markdown",
                "id": page["id"],
                "markdown": page_markdown(space, page),
                "truncated": False,
                "unknown_block_ids": [],
            }
        if method == "PATCH":
            return space.page_shape(space.update_page(parts[0], body, who))
        return space.page_shape(space.page(parts[0]))

    def _blocks(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if parts[1:] == ["children"]:
            if method == "PATCH":
                return {
                    "object": "list",
                    "results": [space.block_shape(n) for n in space.append(parts[0], body, who)],
                    "next_cursor": None,
                    "has_more": False,
                    "type": "block",
                    "block": {},
                }
            answer = paged(space.live_children(space.node(parts[0])), query)
            answer["results"] = [space.block_shape(n) for n in answer["results"]]
            return {**answer, "type": "block", "block": {}}
        node = space.node(parts[0])
        if method == "DELETE":
            if node["in_trash"]:
                raise Refused(404, "object_not_found", f"Could not find block with ID: {node['id']}.")
            node["in_trash"] = True
            space.touch(node, who)
        elif method == "PATCH":
            space.update_block(parts[0], body, who)
        return space.block_shape(node)

    def _databases(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if not parts:
            return space.database_shape(space.create_database(body, who))
        found = space.databases.get(str(uuid.UUID(parts[0])))
        if found is None:
            raise Refused(404, "object_not_found", f"Could not find database with ID: {parts[0]}.")
        return space.database_shape(found)

    def _data_sources(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        source = space.source(parts[0])
        if parts[1:] == ["query"]:
            wanted = {"page_size": str(int(body.get("page_size", 100)))} | (
                {"start_cursor": body["start_cursor"]} if "start_cursor" in body else {}
            )
            answer = paged(rows(space, source, body), wanted)
            answer["results"] = [space.page_shape(n) for n in answer["results"]]
            return {**answer, "type": "page_or_data_source", "page_or_data_source": {}}
        if method == "PATCH":
            space.change_schema(source, body.get("properties", {}))
        return space.source_shape(source)

    def _comments(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if method == "POST":
            parent = body["parent"]
            space.node(parent.get("page_id") or parent["block_id"])
            comment = {
                "object": "comment",
                "id": space.new_id(),
                "parent": {"type": "page_id", **parent},
                "discussion_id": space.new_id(),
                "created_time": stamp(space.now()),
                "last_edited_time": stamp(space.now()),
                "created_by": {"object": "user", "id": who},
                "rich_text": rich_text(body["rich_text"]),
                "display_name": {"type": "integration", "resolved_name": "SOPwright"},
            }
            space.comments.append(comment)
            return comment
        wanted = str(uuid.UUID(query["block_id"]))
        space.node(wanted)
        answer = paged([c for c in space.comments if wanted in c["parent"].values()], query)
        return {**answer, "type": "comment", "comment": {}}

    def _search(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        found = [n for n in self.workspace.blocks.values() if n["type"] == "child_page" and not n["in_trash"]]
        pages = [page for page in found if page["id"] not in self.not_searchable_yet]
        answer = paged(pages, {"page_size": str(body.get("page_size", 100))})
        answer["results"] = [self.workspace.page_shape(n) for n in answer["results"]]
        return {**answer, "type": "page_or_data_source", "page_or_data_source": {}}

    def _views(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if method == "POST":
            return space.create_view(body, who)
        if parts:
            found = next((view for view in space.views if view["id"] == str(uuid.UUID(parts[0]))), None)
            if found is None:
                raise Refused(404, "object_not_found", f"Could not find view with ID: {parts[0]}.")
            return found
        wanted = str(uuid.UUID(query["database_id"]))
        space.node(wanted, "database")
        answer = paged([v for v in space.views if v["parent"]["database_id"] == wanted], query)
        answer["results"] = [{"object": "view", "id": view["id"]} for view in answer["results"]]
        return {**answer, "type": "view", "view": {}}

    def _oauth(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        grant = body.get("code") if body["grant_type"] == "authorization_code" else body.get("refresh_token")
        if grant not in self.oauth_codes:
            raise Refused(400, "invalid_grant", "invalid_grant")
        del self.oauth_codes[grant]
        if body["grant_type"] == "refresh_token":
            self.refreshes += 1
            self.tokens.clear()  # the old pair is worth nothing from now on
        token, refresh = f"ntn_{uuid.uuid4().hex}", f"nrt_{uuid.uuid4().hex}"
        self.tokens[token], self.oauth_codes[refresh] = BOT, "refresh"
        return {
            "access_token": token,
            "token_type": "bearer",
            "refresh_token": refresh,
            "bot_id": BOT,
            "workspace_id": str(uuid.UUID(int=0xB1)),
            "workspace_name": "Example",
            "workspace_icon": None,
            "owner": {"type": "workspace", "workspace": True},
            "duplicated_template_id": self.template,
        }

    def _file_uploads(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        return self.files.answer(parts, body)

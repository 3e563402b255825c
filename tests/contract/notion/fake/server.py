"""The HTTP side of the fake: one thread a connection, every request judged, counted and, where a test asked for it, spoiled."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.contract.notion.fake.faults import Fault
from tests.contract.notion.fake.markdown import page_markdown
from tests.contract.notion.fake.query import rows
from tests.contract.notion.fake.shapes import rich_text
from tests.contract.notion.fake.spec import specification
from tests.contract.notion.fake.workspace import BOT, PERSON, Refused, Workspace, stamp

VERSION = "2026-03-11"


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    path: str
    body: Any
    status: int

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class FakeNotion:
    """``with FakeNotion() as notion:`` listens on ``notion.url``; ``notion.parent`` is a page shared with the connection."""

    def __init__(self, *, judged: bool = True, **options: Any) -> None:
        self.workspace = Workspace(**options)
        self.tokens = {"ntn_test": BOT}
        self.oauth_codes: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.refused: list[str] = []
        self.lock = threading.RLock()
        self._spec = specification() if judged else None
        self.parent = self.workspace.add_node(
            "child_page", "workspace", {"title": [{"text": {"content": "Team space"}}]}, PERSON, source=None, locked=False
        )["id"]
        fake = self

        class Handler(_Handler):
            notion = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FakeNotion:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- what tests ask ----------------------------------------------------------------------------------------------

    def lines(self, since: int = 0) -> list[str]:
        return [seen.line for seen in self.seen[since:]]

    def writes(self, since: int = 0) -> list[Seen]:
        reading = re.compile(r"^GET|/query$|^POST /v1/search")
        return [s for s in self.seen[since:] if not reading.search(s.line) and s.status < 400]

    def source_named(self, title: str) -> dict[str, Any]:
        return next(s for s in self.workspace.sources.values() if s["title"] == title)

    def pages_of(self, title: str) -> list[dict[str, Any]]:
        identity = self.source_named(title)["id"]
        return [n for n in self.workspace.blocks.values() if n.get("source") == identity and not n["in_trash"]]

    def by_person(self, change: Callable[[Workspace], Any]) -> Any:
        """A change by a person in the user interface: no request of ours."""
        with self.lock:
            return change(self.workspace)

    def tree(self, page_id: str) -> str:
        """The page's blocks, one a line, indented."""
        with self.lock:
            return "\n".join(_tree(self.workspace, self.workspace.blocks[page_id], 0))

    # --- answering ---------------------------------------------------------------------------------------------------

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
            return 200, {}, self._send_part(parts[1], headers, raw)
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
        return {**_page(self.workspace.users, query), "type": "user", "user": {}}

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
            answer = _page(space.live_children(space.node(parts[0])), query)
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
            answer = _page(rows(space, source, body), wanted)
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
        answer = _page([c for c in space.comments if wanted in c["parent"].values()], query)
        return {**answer, "type": "comment", "comment": {}}

    def _views(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        return {
            "object": "view",
            "id": self.workspace.new_id(),
            "name": body["name"],
            "type": body["type"],
            "data_source_id": body["data_source_id"],
        }

    def _oauth(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        grant = body.get("code") if body["grant_type"] == "authorization_code" else body.get("refresh_token")
        if grant not in self.oauth_codes:
            raise Refused(400, "invalid_grant", "invalid_grant")
        del self.oauth_codes[grant]
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
            "duplicated_template_id": None,
        }

    def _file_uploads(self, method: str, parts: list[str], query: dict[str, str], body: Any, who: str) -> Any:
        space = self.workspace
        if not parts:
            upload = {
                "id": space.new_id(),
                "mode": body.get("mode", "single_part"),
                "filename": body.get("filename", "file"),
                "base": self.url,
                "content_type": body.get("content_type"),
                "status": "pending",
                "parts": {},
                "of": body.get("number_of_parts", 1),
                "created": space.now(),
                "attached": False,
            }
            space.uploads[upload["id"]] = upload
            return self._upload_shape(upload)
        upload = self._upload(parts[0])
        if parts[1:] == ["complete"]:
            if len(upload["parts"]) != upload["of"]:
                raise Refused(400, "validation_error", "Not all parts were sent.")
            self._finish(upload)
        return self._upload_shape(upload)

    def _upload(self, identity: str) -> dict[str, Any]:
        found = self.workspace.uploads.get(identity)
        if found is None:
            raise Refused(404, "object_not_found", f"Could not find file upload with ID: {identity}.")
        if not found["attached"] and self.workspace.now() - found["created"] > timedelta(hours=1):
            found["status"] = "expired"
        return found

    def _send_part(self, identity: str, headers: Any, raw: bytes) -> Any:
        upload = self._upload(identity)
        message = BytesParser().parsebytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + raw)
        fields = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}  # type: ignore[union-attr]
        data, number = fields["file"].get_payload(decode=True), int(fields["part_number"].get_payload()) if "part_number" in fields else 1
        if upload["content_type"] and fields["file"].get_content_type() != upload["content_type"]:
            raise Refused(400, "validation_error", "The content type does not match that of the file upload.")
        if upload["mode"] == "single_part" and len(data) > 20 * 1024 * 1024:
            raise Refused(400, "validation_error", "single_part files may have at most 20 MiB.")
        if upload["mode"] == "multi_part" and number < upload["of"] and not 5 * 1024 * 1024 <= len(data) <= 20 * 1024 * 1024:
            raise Refused(400, "validation_error", "Parts must have 5 to 20 MiB.")
        upload["parts"][number] = data
        if sum(map(len, upload["parts"].values())) > self.workspace.max_file_bytes:
            raise Refused(400, "validation_error", "The file is larger than this workspace's limit.")
        if upload["mode"] == "single_part":
            self._finish(upload)
        return self._upload_shape(upload)

    def _finish(self, upload: dict[str, Any]) -> None:
        upload["status"] = "uploaded"
        upload["data"] = b"".join(upload["parts"][n] for n in sorted(upload["parts"]))

    def _upload_shape(self, upload: dict[str, Any]) -> dict[str, Any]:
        shape = {
            "object": "file_upload",
            "id": upload["id"],
            "created_time": stamp(upload["created"]),
            "created_by": {"id": BOT, "type": "bot"},
            "last_edited_time": stamp(upload["created"]),
            "expiry_time": stamp(upload["created"] + timedelta(hours=1)),
            "in_trash": False,
            "status": upload["status"],
            "filename": upload["filename"],
            "content_type": upload["content_type"],
            "content_length": sum(map(len, upload["parts"].values())) or None,
        }
        if upload["status"] == "pending":
            shape["upload_url"] = f"{self.url}/v1/file_uploads/{upload['id']}/send"
        return shape


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    notion: FakeNotion

    def log_message(self, *_: object) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if url.path.startswith("/files/"):
            self._file(url.path)
            return
        line = f"{self.command} {url.path}"
        with self.notion.lock:
            fault = next((f for f in self.notion.faults if f.strikes(line)), None)
            early = fault is not None and self._before(fault, line)
            if early:
                return
            try:
                status, headers, answer = self.notion.answer(self.command, url.path, dict(parse_qsl(url.query)), self.headers, raw)
            except Refused as refused:
                status, headers = refused.status, {}
                answer = {"object": "error", "status": refused.status, "code": refused.code, "message": refused.message}
                if refused.additional:
                    answer["additional_data"] = refused.additional
            body = json.loads(raw) if raw[:1] == b"{" else None
            self.notion.seen.append(Seen(self.command, url.path, body, status))
        answer = {**answer, "request_id": str(uuid.uuid4())}
        self._after(fault, status, headers, answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that the base class calls

    def _before(self, fault: Fault, line: str) -> bool:
        """True where the request is spoiled before anything was done."""
        if fault.kind == "call" and fault.call:
            fault.call()
        elif fault.kind == "answer":
            status, headers, content = fault.answer()
            self.notion.seen.append(Seen(*line.split(" ", 1), None, status))
            self._write(status, {**headers, "Content-Type": "application/json"}, content)
            return True
        elif fault.kind == "line lost before":
            self._cut()
            return True
        return False

    def _after(self, fault: Fault | None, status: int, headers: dict[str, str], answer: dict[str, Any]) -> None:
        kind = fault.kind if fault and status < 400 else None
        if kind == "line lost after":
            self._cut()
        elif kind == "half":
            content = json.dumps(answer).encode()
            self._write(200, {"Content-Type": "application/json"}, content[: len(content) // 2], claimed=len(content))
            self._cut()
        elif kind == "html":
            self._write(200, {"Content-Type": "text/html"}, b"<html><body>Please log in</body></html>")
        elif kind == "empty":
            self._write(200, {"Content-Type": "application/json"}, b"")
        elif kind in ("saved, then 503", "saved, then 503 without guidance"):
            self._write(503, {"Content-Type": "application/json"}, json.dumps(_saved(answer, guided=kind == "saved, then 503")).encode())
        else:
            self._write(status, {"Content-Type": "application/json; charset=utf-8", **headers}, json.dumps(answer).encode())

    def _file(self, path: str) -> None:
        upload = self.notion.workspace.uploads.get(path.split("/")[2])
        if upload is None or "data" not in upload or upload.get("link_expired"):
            self._write(403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>")
            return
        self._write(200, {"Content-Type": upload["content_type"] or "application/octet-stream"}, upload["data"])

    def _write(self, status: int, headers: dict[str, str], content: bytes, claimed: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) if claimed is None else claimed))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _saved(answer: dict[str, Any], *, guided: bool) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if guided:
        data["retry_guidance"] = ["Read the object again to confirm the saved change.", "Do not repeat the write."]
        if answer.get("object") == "list":
            data["committed_child_ids"] = [item["id"] for item in answer["results"]]
        else:
            data["committed_resource_id"] = answer.get("id")
    return {"object": "error", "status": 503, "code": "service_unavailable", "message": "The change was saved.", "additional_data": data}


def _page(items: list[Any], query: dict[str, str]) -> dict[str, Any]:
    """One page of a list; the cursor is the id of the item that it begins with."""
    size = int(query.get("page_size", 100))
    if not 1 <= size <= 100:
        raise Refused(400, "validation_error", f"page_size should be ≤ `100`, instead was `{size}`.")
    start = next((i for i, item in enumerate(items) if item["id"] == query["start_cursor"]), 0) if "start_cursor" in query else 0
    more = len(items) > start + size
    return {
        "object": "list",
        "results": items[start : start + size],
        "next_cursor": items[start + size]["id"] if more else None,
        "has_more": more,
    }


def _tree(workspace: Workspace, node: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for child in workspace.live_children(node):
        content = child["content"]
        words = "".join(i["plain_text"] for i in content.get("rich_text", [])) or "".join(
            i["plain_text"] for i in content.get("caption", [])
        )
        if "cells" in content:
            words = " | ".join("".join(i["plain_text"] for i in cell) for cell in content["cells"])
        picture = f" [{workspace.uploads[content['upload']]['filename']}]" if "upload" in content else ""
        lines.append("  " * depth + f"{child['type']}{picture}: {words}".rstrip(": "))
        if child["type"] not in ("child_page", "child_database"):
            lines += _tree(workspace, child, depth + 1)
    return lines

"""The HTTP side of the fake: one thread a connection, every request counted and, where a test asked for it, spoiled."""

from __future__ import annotations

import json
import socket
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.contract.notion.fake.faults import Fault, Seen
from tests.contract.notion.fake.workspace import Refused

if TYPE_CHECKING:
    from tests.contract.notion.fake.server import FakeNotion


class Handler(BaseHTTPRequestHandler):
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
            awaited = self.notion.awaited if self.notion.awaited and self.notion.awaited.strikes(line) else None
        if awaited and not awaited.done and not awaited.act():
            self._cut()
            return
        with self.notion.lock:
            fault = next((f for f in self.notion.faults if f.strikes(line)), None)
            early = fault is not None and self._before(fault, line)
            if early:
                return
            try:
                status, headers, answer = self.notion.routes.answer(self.command, url.path, dict(parse_qsl(url.query)), self.headers, raw)
            except Refused as refused:
                status, headers = refused.status, {}
                answer = {"object": "error", "status": refused.status, "code": refused.code, "message": refused.message}
                if refused.additional:
                    answer["additional_data"] = refused.additional
            body = json.loads(raw) if raw[:1] == b"{" else None
            self.notion.seen.append(Seen(self.command, url.path, body, status))
        if awaited and awaited.done and not awaited.act():
            self._cut()
            return
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
        expired = upload is not None and upload.get("expired_links", 0) > 0
        if upload is not None and expired:
            upload["expired_links"] -= 1
        if upload is None or "data" not in upload or expired:
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

"""The HTTP side of the fake: one thread a connection, every request judged, counted and, where a test asked for it, spoiled."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
import threading
import uuid
from dataclasses import dataclass
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tests.contract.confluence.fake.cloud import Call, CloudApi
from tests.contract.confluence.fake.datacenter import DataCenterApi
from tests.contract.confluence.fake.faults import Fault
from tests.contract.confluence.fake.oauth import Authorization
from tests.contract.confluence.fake.site import BOT, Refused, Site
from tests.contract.confluence.fake.spec import specification

Edition = Literal["cloud", "gateway", "datacenter"]
CLOUD_ID = "11111111-2222-4333-8444-555555555555"
EMAIL, TOKEN = "bot@example.com", "conf-secret-token"
BASES = {"cloud": "/wiki", "gateway": f"/ex/confluence/{CLOUD_ID}/wiki", "datacenter": "/confluence"}


@dataclass(frozen=True, slots=True)
class Seen:
    """``path`` as the product's own documentation writes it, without the gateway's or the container's part."""

    method: str
    path: str
    body: Any
    status: int

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class FakeConfluence:
    """``with FakeConfluence("cloud") as site:`` listens on ``url``. ``gateway`` is Cloud behind the OAuth gateway with a bearer token.

    ``judged`` checks each Cloud request and answer against the published documents; what is wrong is kept in ``invalid``.
    """

    def __init__(self, edition: Edition = "cloud", *, judged: bool = True, port: int = 0) -> None:
        self.edition = edition
        self.site = Site()
        self.token, self.email = TOKEN, EMAIL
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.invalid: list[str] = []
        self.missing_scopes: list[str] = []  # patterns of lines that the token has no scope for
        site = {"id": CLOUD_ID, "name": "example", "url": "https://example.atlassian.net", "avatarUrl": "https://example.com/a.png"}
        self.oauth = Authorization([site])  # beside the gateway
        self.points: int | None = None  # what is left of the hour's budget; None: no budget
        self.lock = threading.RLock()
        self._spec = specification() if judged and edition != "datacenter" else None
        fake = self

        class Handler(_Handler):
            confluence = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.base = BASES[edition]
        self.url = self.origin + self.base
        people = self.origin + ("/confluence" if edition == "datacenter" else "/wiki")
        self.api: CloudApi | DataCenterApi = (DataCenterApi if edition == "datacenter" else CloudApi)(self.site, lambda: people)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FakeConfluence:
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
        return [s for s in self.seen[since:] if s.method != "GET"]

    def pages(self, *, but: str = "home") -> list[Any]:
        """Every page that a test or the connector made."""
        return [p for p in self.site.pages.values() if not p.title.endswith(but)]

    def body(self, page_id: str) -> str:
        return self.site.pages[page_id].now.body

    def environment(self) -> dict[str, str]:
        """Settings for the command line."""
        values = {
            "URL": self.url,
            "EDITION": "datacenter" if self.edition == "datacenter" else "cloud",
            "TOKEN": self.token,
            "SPACE": "OPS",
        } | ({"EMAIL": self.email} if self.edition == "cloud" else {})
        return {f"SOPWRIGHT_CONFLUENCE_{k}": v for k, v in values.items()} | {"SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "1"}

    # --- answering ---------------------------------------------------------------------------------------------------

    def answer(self, method: str, url: str, headers: Any, raw: bytes) -> tuple[int, dict[str, str], Any, Any]:
        """Status, headers, answer, and the request's JSON. Refusals come in the form of the API that was asked."""
        path, query, body, form = self._read(url, headers, raw)
        if path.startswith("/outside/oauth/"):
            return *self.oauth.answer(method, path.removeprefix("/outside"), headers, body), None
        canonical = path if self.edition == "datacenter" else f"/wiki{path}"
        try:
            self._authorise(method, path, headers)
            if self.points is not None:
                self._spend()
            self._judge_request(method, canonical, url, body, form)
            status, more, answer = self.api.answer(Call(method, path, query, body, form, BOT))
        except Refused as refused:
            status, more, answer = refused.status, dict(getattr(refused, "headers", {})), self._refusal(path, refused)
        except (KeyError, TypeError, ValueError) as error:
            self.invalid.append(f"{method} {path}: {type(error).__name__} {error}")
            status, more, answer = 500, {}, self._refusal(path, Refused(500, "Internal Server Error", "INTERNAL_SERVER_ERROR"))
        if self._spec is not None and status < 400 and (wrong := self._spec.answer(method, canonical, status, answer)):
            self.invalid.append(f"answer to {method} {canonical}: {wrong}")
        if self.points is not None:
            more |= {"X-RateLimit-Limit": "65000", "X-RateLimit-Remaining": str(self.points), "X-RateLimit-Reset": "2026-11-25T10:00:00Z"}
        return status, more, answer, body

    def _read(self, url: str, headers: Any, raw: bytes) -> tuple[str, dict[str, list[str]], Any, dict[str, tuple[str | None, str, bytes]]]:
        parts = urlsplit(url)
        path = unquote(parts.path)
        path = path.removeprefix(self.base) if path.startswith(self.base) else "/outside" + path
        kind = headers.get("Content-Type") or ""
        if kind.startswith("multipart/form-data"):
            return path, parse_qs(parts.query), None, _form(kind, raw)
        try:
            return path, parse_qs(parts.query, keep_blank_values=True), json.loads(raw) if raw else None, {}
        except ValueError:
            raise Refused(400, "The body is no JSON") from None

    def _authorise(self, method: str, path: str, headers: Any) -> None:
        given = headers.get("Authorization", "")
        wanted = f"Bearer {self.token}"
        if self.edition == "cloud":
            wanted = "Basic " + base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        if self.edition == "gateway" and given.removeprefix("Bearer ") in self.oauth.access:
            given = wanted
        if given != wanted:
            if self.edition == "cloud":
                # A credential that is not accepted is an anonymous visitor, who sees nothing.
                raise (
                    Refused(403, "Current user not permitted to use Confluence") if path.startswith("/rest") else Refused(404, "Not Found")
                )
            raise Refused(401, "Unauthorized")
        if any(re.search(pattern, f"{method} {path}") for pattern in self.missing_scopes):
            raise Refused(401, "Unauthorized; scope does not match")

    def _spend(self) -> None:
        assert self.points is not None
        if self.points <= 0:
            refused = Refused(429, "Rate limit exceeded")
            refused.headers = {"Retry-After": "1800", "RateLimit-Reason": "confluence-quota-global-based"}  # type: ignore[attr-defined]
            raise refused
        self.points -= 1

    def _judge_request(self, method: str, path: str, url: str, body: Any, form: Any) -> None:
        if self._spec is None:
            return
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        if wrong := self._spec.request(method, path, query, body, list(form) if form else None):
            self.invalid.append(f"{method} {path}: {wrong}")
            if wrong == "no such operation" and path.startswith("/wiki/rest/"):
                raise Refused(
                    410,
                    "com.atlassian.confluence.api.service.exceptions.pagesmodes.GoneException: This deprecated endpoint has been removed.",
                )
            raise Refused(400, wrong)

    def _refusal(self, path: str, refused: Refused) -> Any:
        if self.edition == "gateway" and refused.status == 401:
            return {"code": 401, "message": refused.title}
        if path.startswith("/api/v2"):
            return {"errors": [{"status": refused.status, "code": refused.code, "title": refused.title, "detail": None}]}
        data = {"authorized": refused.status not in (401, 403), "valid": True, "errors": [], "successful": False}
        return {"statusCode": refused.status, "data": data, "message": refused.title}


def _form(kind: str, raw: bytes) -> dict[str, tuple[str | None, str, bytes]]:
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    found = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]  # a multipart has parts
        found[str(name)] = (part.get_filename(), part.get("Content-Type", ""), part.get_payload(decode=True))  # type: ignore[union-attr]
    return found  # type: ignore[return-value]  # payloads that were decoded are bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    confluence: FakeConfluence

    def log_message(self, *_: object) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        fake = self.confluence
        raw = self._raw()
        path = unquote(urlsplit(self.path).path).removeprefix(fake.base)
        line = f"{self.command} {path}"
        with fake.lock:
            fault = next((f for f in list(fake.faults) if f.strikes(line)), None)
        if fault is not None and self._before(fault, line, path):
            return
        with fake.lock:
            upload_check = self.headers.get("X-Atlassian-Token")
            if (self.headers.get("Content-Type") or "").startswith("multipart/") and upload_check not in ("no-check", "nocheck"):
                self._write(403, {"Content-Type": "text/html"}, b"XSRF check failed")
                return
            if fault is not None and fault.kind == "half file":
                raw = _half_file(raw)
            status, headers, answer, body = fake.answer(self.command, self.path, self.headers, raw)
            fake.seen.append(Seen(self.command, path, body, status))
        self._after(fault, status, headers, answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names that the base class calls

    def _raw(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _before(self, fault: Fault, line: str, path: str) -> bool:
        """True where the request is spoiled before anything was done."""
        if fault.kind == "call" and fault.call:
            with self.confluence.lock:
                fault.call()
        elif fault.kind == "ask" and fault.ask and not fault.done:
            if not fault.ask():
                self._cut()
                return True
        elif fault.kind == "answer":
            self.confluence.seen.append(Seen(*line.split(" ", 1), None, fault.status))
            self._spoiled(fault)
            return True
        elif fault.kind == "line lost before":
            self._cut()
            return True
        return False

    def _after(self, fault: Fault | None, status: int, headers: dict[str, str], answer: Any) -> None:
        if fault is not None and fault.ask and fault.done and not fault.ask():
            self._cut()
            return
        kind = fault.kind if fault and status < 400 else None
        content = b"" if answer is None else json.dumps(answer).encode()
        headers = {"Content-Type": "application/json", "atl-traceid": uuid.uuid4().hex, **headers}
        if kind in ("line lost after", "half file"):
            self._cut()
        elif kind == "half":
            self._write(status, headers, content[: len(content) // 2], claimed=len(content) or 10)
            self._cut()
        elif kind == "html":
            self._write(200, {"Content-Type": "text/html"}, b"<html><body>Please log in</body></html>")
        elif kind == "empty":
            self._write(200, headers, b"")
        elif kind == "saved, then" and fault is not None:
            self._spoiled(fault)
        else:
            self._write(status, headers, content)

    def _spoiled(self, fault: Fault) -> None:
        content = (
            fault.body if isinstance(fault.body, bytes) else json.dumps(fault.body).encode() if fault.body is not None else b"<html></html>"
        )
        kind = "text/html" if fault.body is None or isinstance(fault.body, bytes) else "application/json"
        self._write(fault.status, {"Content-Type": kind, **fault.headers}, content)

    def _write(self, status: int, headers: dict[str, str], content: bytes, claimed: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content) if claimed is None else claimed))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _half_file(raw: bytes) -> bytes:
    """The form with half of its largest part, as after a line that broke behind a lenient proxy."""
    boundary = raw[: raw.index(b"\r\n")]
    parts = raw.split(boundary)
    at = max(range(len(parts)), key=lambda n: len(parts[n]))
    head, _, content = parts[at].partition(b"\r\n\r\n")
    parts[at] = head + b"\r\n\r\n" + content[: len(content) // 2] + b"\r\n"
    return boundary.join(parts)

"""Atlassian around a fake Confluence, on a real socket: the key set, and the gateway that tells the app's token from people's own.

With the app's token everything goes through to the fake. With a person's token it answers by what that person may see and do; nothing can be written.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.contract.confluence.fake import FakeConfluence
from tests.contract.confluence.fake.site import Attachment, Page
from tests.forge import keys

CLOUD_ID = "11111111-2222-4333-8444-555555555555"
KEYS_PATH = "/.well-known/jwks.json"


@dataclass(slots=True, kw_only=True)
class Member:
    """Somebody of the site. ``sees`` None: every page; ``edits`` and ``creates``: whether they may change and make pages."""

    account_id: str
    name: str
    email: str = ""
    sees: set[str] | None = None
    edits: bool = True
    creates: bool = True

    @property
    def token(self) -> str:
        return f"user-token-of-{self.account_id}"


@dataclass(slots=True)
class Heard:
    method: str
    path: str
    token: str


class Atlassian:
    """``with Atlassian(fake) as atlassian``. ``cloud_id`` names the site; several may stand beside each other with their own fakes."""

    def __init__(self, fake: FakeConfluence, *, cloud_id: str = CLOUD_ID, port: int = 0) -> None:
        self.fake, self.cloud_id = fake, cloud_id
        self.keys = [keys.first_key()]
        self.members: dict[str, Member] = {}
        self.system_tokens = {"app-token-1"}
        self.heard: list[Heard] = []
        self.keys_asked = 0
        self.keys_down = False
        self.pages: list[tuple[re.Pattern[str], Callable[[Handler, re.Match[str]], None]]] = []
        outer = self

        class Bound(Handler):
            atlassian = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Atlassian:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def api_base_url(self) -> str:
        return f"{self.url}/ex/confluence/{self.cloud_id}"

    @property
    def media_url(self) -> str:
        """Another origin than the gateway's, as with Atlassian."""
        return self.url.replace("127.0.0.1", "localhost")

    @property
    def jwks_url(self) -> str:
        return self.url + KEYS_PATH

    def add(self, member: Member) -> Member:
        self.members[member.token] = member
        return member

    def fit(
        self, *, now_s: float | None = None, member: Member | None = None, key: int = 0, header: dict[str, Any] | None = None, **more: Any
    ) -> str:
        """A signed invocation token; ``change`` may spoil its claims."""
        change = more.pop("change", None)
        content = keys.claims(
            api_base_url=self.api_base_url, now_s=time.time() if now_s is None else now_s, cloud_id=self.cloud_id,
            account=member.account_id if member else None, **more,
        )  # fmt: skip
        if change is not None:
            change(content)
        return keys.signed(content, self.keys[key], header)

    def headers(self, *, member: Member | None = None, system: str | None = "app-token-1", **more: Any) -> dict[str, str]:
        """What Forge puts on a call to the remote."""
        found = {
            "Authorization": f"Bearer {self.fit(member=member, **more)}",
            "x-b3-traceid": "a523b7549f0b88c9",
            "x-b3-spanid": "2a2436c64727923f",
        }
        if system:
            found["x-forge-oauth-system"] = system
        if member:
            found["x-forge-oauth-user"] = member.token
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    atlassian: Atlassian

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        here, path = self.atlassian, urlsplit(self.path).path
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        gateway = f"/ex/confluence/{here.cloud_id}/wiki"
        if path == KEYS_PATH:
            here.keys_asked += 1
            self.give(503 if here.keys_down else 200, keys.public(here.keys))
        elif path.startswith(gateway + "/"):
            self._gateway(path.removeprefix(gateway))
        elif path.startswith("/media/"):
            self._media(path.rsplit("/", 1)[1])
        else:
            for pattern, answer in here.pages:
                if match := pattern.fullmatch(path):
                    answer(self, match)
                    return
            self.give(404, {"message": "nothing here"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - the names that the base class calls

    def _gateway(self, path: str) -> None:
        here, token = self.atlassian, self.headers.get("Authorization", "").removeprefix("Bearer ")
        here.heard.append(Heard(self.command, path, token))
        if token in here.system_tokens:
            if (match := re.fullmatch(r"/rest/api/content/(\d+)/child/attachment/(\w+)/download", path)) and self._attachment(match[2]):
                self._redirect(match[2])
            else:
                self._through()
        elif token in here.members and self.command == "GET":
            with here.fake.lock:
                status, answer = self._as_member(here.members[token], path)
            self.give(status, answer)
        else:
            self.give(401, {"code": 401, "message": "Unauthorized"})

    def _through(self) -> None:
        fake = self.atlassian.fake
        sent = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("host", "authorization", "content-length", "connection")
        }
        url = fake.origin + self.path
        answer = requests.request(
            self.command,
            url,
            data=self.body or None,
            headers={**sent, "Authorization": f"Bearer {fake.token}"},
            timeout=30,
            allow_redirects=False,
        )
        kept = {k: v for k, v in answer.headers.items() if k.lower() in ("content-type", "retry-after", "location", "link")}
        self.write(answer.status_code, answer.content, kept)

    def _redirect(self, attachment_id: str) -> None:
        self.write(302, b"", {"Location": f"{self.atlassian.media_url}/media/{attachment_id}?token=media-secret"})

    def _media(self, attachment_id: str) -> None:
        here = self.atlassian
        here.heard.append(Heard(self.command, "/media", self.headers.get("Authorization", "")))
        found = self._attachment(attachment_id)
        self.write(200 if found else 404, found.data if found else b"", {"Content-Type": "application/octet-stream"})

    def _attachment(self, attachment_id: str) -> Attachment | None:
        return next((a for p in self.atlassian.fake.site.pages.values() for a in p.attachments.values() if a.id == attachment_id), None)

    def _as_member(self, member: Member, path: str) -> tuple[int, Any]:
        for pattern, answer in (
            (r"/rest/api/user/current", self._me),
            (r"/api/v2/spaces/(\d+)(/operations)?", self._space),
            (r"/api/v2/pages", self._pages),
            (r"/api/v2/attachments/(\w+)", self._one_attachment),
            (r"/api/v2/pages/(\d+)(/operations|/attachments)?", self._one_page),
        ):
            if match := re.fullmatch(pattern, path):
                return answer(member, *match.groups())
        return _missing()

    def _me(self, member: Member) -> tuple[int, Any]:
        return 200, {"accountId": member.account_id, "displayName": member.name, "publicName": member.name, "email": member.email}

    def _space(self, member: Member, space_id: str, part: str | None) -> tuple[int, Any]:
        space = self.atlassian.fake.site.spaces.get(space_id)
        if space is None:
            return _missing()
        if part:
            return 200, _operations(("read", "space"), *([("create", "page")] if member.creates else []))
        return 200, {"id": space.id, "key": space.key, "name": space.name, "type": "global", "status": "current"}

    def _pages(self, member: Member) -> tuple[int, Any]:
        wanted = parse_qs(urlsplit(self.path).query).get("id", [""])[0].split(",")
        pages = [page for page in (self._page(member, id_) for id_ in wanted) if page]
        return 200, {"results": [_shape(page) for page in pages], "_links": {}}

    def _one_attachment(self, member: Member, attachment_id: str) -> tuple[int, Any]:
        for page in self.atlassian.fake.site.pages.values():
            for found in page.attachments.values():
                if found.id == attachment_id and self._page(member, page.id):
                    return 200, _attachment_shape(page, found)
        return _missing()

    def _one_page(self, member: Member, page_id: str, part: str | None) -> tuple[int, Any]:
        page = self._page(member, page_id)
        if page is None:
            return _missing()
        if part == "/operations":
            return 200, _operations(("read", "page"), *([("update", "page")] if member.edits and not page.read_only else []))
        if part == "/attachments":
            return 200, {"results": [_attachment_shape(page, a) for a in page.attachments.values()], "_links": {}}
        return 200, _shape(page)

    def _page(self, member: Member, page_id: str) -> Page | None:
        page = self.atlassian.fake.site.pages.get(page_id)
        seen = page is not None and page.status in ("current", "archived") and (member.sees is None or page_id in member.sees)
        return page if seen else None

    def give(self, status: int, answer: Any) -> None:
        self.write(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def write(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _missing() -> tuple[int, Any]:
    return 404, {"errors": [{"status": 404, "code": "NOT_FOUND", "title": "Not Found", "detail": None}]}


def _operations(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"operations": [{"operation": operation, "targetType": target} for operation, target in pairs]}


def _shape(page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "status": page.status,
        "title": page.title,
        "spaceId": page.space,
        "parentId": page.parent,
        "version": {"number": page.now.number},
    }


def _attachment_shape(page: Page, found: Attachment) -> dict[str, Any]:
    return {
        "id": found.id, "status": "current", "title": found.name, "mediaType": found.media_type, "fileSize": len(found.data), "pageId": page.id,
        "downloadLink": f"/download/attachments/{page.id}/{found.name}",
    }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class People:
    """Who stands in the stories: the one at the keyboard, a colleague, one who may only read, one who sees nothing."""

    engineer: Member = field(default_factory=lambda: Member(account_id="712020:engineer", name="Robin Engineer", email="robin@example.com"))
    colleague: Member = field(default_factory=lambda: Member(account_id="712020:colleague", name="Sam Colleague"))
    reader: Member = field(default_factory=lambda: Member(account_id="712020:reader", name="Kim Reader", edits=False, creates=False))
    stranger: Member = field(default_factory=lambda: Member(account_id="712020:stranger", name="Alex Stranger", sees=set(), creates=False))

    def join(self, atlassian: Atlassian) -> People:
        for member in (self.engineer, self.colleague, self.reader, self.stranger):
            atlassian.add(member)
        return self

"""A page that looks like Confluence and hosts the built Forge app: another origin for the app's frames, Forge's own content security policy around them,
a stubbed bridge, signed calls to the service, events when somebody edits.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import requests

from tests.forge.atlassian import Atlassian, Handler, Member
from tests.forge.storage_html import replaced, to_html

ROOT = Path(__file__).parents[2]
APP = ROOT / "deploy" / "forge"
PAGES = Path(__file__).parent / "lookalike"
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}


def build_app() -> Path:
    """The folder with the app's pages, built anew. npm is needed, and on the first time the registry."""
    if not (APP / "node_modules").is_dir():
        subprocess.run([str(shutil.which("npm")), "ci", "--ignore-scripts", "--silent"], cwd=APP, check=True)
    subprocess.run([str(shutil.which("node")), "build.mjs"], cwd=APP, check=True)
    return APP / "static" / "main" / "build"


class Host:
    """Adds the look-alike's pages to ``atlassian``. People are told apart by ``?as=<account id>``, which is kept in a cookie."""

    def __init__(self, atlassian: Atlassian, service: str, built: Path) -> None:
        self.atlassian, self.service, self.built = atlassian, service, built
        self.app = atlassian.url.replace("127.0.0.1", "localhost")  # another origin than the page's
        command = [str(shutil.which("node")), str(Path(__file__).parent / "csp.mjs"), atlassian.url, service]
        self.policy = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        self.calls: list[tuple[str, int]] = []
        self.theme = "light"
        for pattern, answer in (
            (r"/wiki/spaces/([A-Z]+)/pages/(\d+)(?:/.*)?", self._page),
            (r"/wiki/spaces/([A-Z]+)/sops", self._space),
            (r"/wiki/attachments/(\d+)/(.+)", self._attachment),
            (r"/host/(host\.(?:js|css))", self._own),
            (r"/custom-ui/(.+)", self._app_file),
            (r"/forge-host/invoke", self._invoke),
            (r"/forge-host/edit/(\d+)", self._edit),
        ):
            atlassian.pages.append((re.compile(pattern), answer))

    def address(self, page: str, member: Member) -> str:
        return f"{self.atlassian.url}/wiki/spaces/OPS/pages/{page}?as={member.account_id}"

    def tell(self, path: str, body: Any) -> int:
        """Calls the service as Forge does by itself."""
        answer = requests.post(f"{self.service}/forge{path}", json=body, headers=self.atlassian.headers(), timeout=60)
        return answer.status_code

    # --- pages ----------------------------------------------------------------------------------------------------------------

    def _page(self, handler: Handler, match: re.Match[str]) -> None:
        site = self.atlassian.fake.site
        member, page = self._member(handler), site.pages.get(match[2])
        if page is None or member is None:
            handler.give(404, {"message": "no such page, or nobody is signed in: add ?as=<account id>"})
            return
        review = page.properties.get("sop_review")
        content = to_html(page.now.body, f"/wiki/attachments/{page.id}")
        versions = "".join(
            f"<tr><td>{v.number}</td><td>{escape(site.users[v.by].name if v.by in site.users else v.by)}</td><td>{escape(v.message)}</td></tr>"
            for v in reversed(page.versions)
        )
        facts = {"page": page.id, "review": review.value if review else None}
        history = f"<section class='versions'><h2>Page history</h2><table><tr><th>Version</th><th>By</th><th>Comment</th></tr>{versions}</table></section>"
        self._html(handler, member, page.title, content + history, facts, f"Version {page.now.number}")

    def _space(self, handler: Handler, match: re.Match[str]) -> None:
        member = self._member(handler)
        if member is None:
            handler.give(404, {"message": "add ?as=<account id>"})
            return
        self._html(handler, member, "SOPs", "", {"page": None, "review": None, "place": "space"}, "")

    def _html(self, handler: Handler, member: Member, title: str, content: str, facts: dict[str, Any], by: str) -> None:
        site = self.atlassian.fake.site
        space = site.space("OPS")
        tree = "".join(
            f"<li><a href='/wiki/spaces/OPS/pages/{p.id}'{' aria-current=page' if p.id == facts['page'] else ''}>{escape(p.title)}</a></li>"
            for p in site.pages.values() if p.status == "current"
        )  # fmt: skip
        facts = {
            **facts, "theme": self.theme, "app": f"{self.app}/custom-ui", "space": [space.id, space.key],
            "context": {"cloudId": self.atlassian.cloud_id, "siteUrl": self.atlassian.url, "accountId": member.account_id, "extension": {}},
        }  # fmt: skip
        text = (PAGES / "page.html").read_text("utf-8")
        for name, value in {
            "TITLE": escape(title), "WHO": escape(member.name), "TREE": tree, "CONTENT": content, "BY": escape(by), "SPACE": escape(space.name),
            "FACTS": json.dumps(facts).replace("</", "<\\/"),
        }.items():  # fmt: skip
            text = text.replace(f"@{name}@", value)
        handler.write(
            200, text.encode(), {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": f"as={member.account_id}; Path=/; SameSite=Lax"}
        )

    def _attachment(self, handler: Handler, match: re.Match[str]) -> None:
        page = self.atlassian.fake.site.pages.get(match[1])
        found = page.attachments.get(match[2]) if page else None
        handler.write(200 if found else 404, found.data if found else b"", {"Content-Type": found.media_type if found else "text/plain"})

    def _own(self, handler: Handler, match: re.Match[str]) -> None:
        handler.write(200, (PAGES / match[1]).read_bytes(), {"Content-Type": _KINDS[Path(match[1]).suffix]})

    def _app_file(self, handler: Handler, match: re.Match[str]) -> None:
        """As Forge's own delivery: the app's files under its policy, and the bridge before the app's script."""
        if match[1] == "bridge.js":
            handler.write(200, (PAGES / "bridge.js").read_bytes(), {"Content-Type": "text/javascript"})
            return
        path = (self.built / match[1]).resolve()
        if not path.is_file() or self.built.resolve() not in path.parents:
            handler.give(404, {})
            return
        content = path.read_bytes()
        if path.name == "index.html":
            content = content.replace(b"<head>", b'<head><script src="./bridge.js"></script>')
        handler.write(
            200, content, {"Content-Type": _KINDS.get(path.suffix, "application/octet-stream"), "Content-Security-Policy": self.policy}
        )

    # --- what Forge does ----------------------------------------------------------------------------------------------------

    def _invoke(self, handler: Handler, _match: re.Match[str]) -> None:
        asked, member = json.loads(handler.body), self._member(handler)
        if member is None or asked.get("invokeType") != "ui-remote-fetch":
            handler.give(200, {"success": False, "error": {"message": "not understood"}})
            return
        headers = self.atlassian.headers(member=member, page=asked["page"], space=tuple(asked["space"]), module=asked["moduleKey"])
        answer = requests.request(
            asked["method"],
            self.service + asked["path"],
            data=asked.get("body"),
            headers={**(asked.get("headers") or {}), **headers},
            timeout=25,
        )
        self.calls.append((asked["path"], answer.status_code))
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else None
        payload = {"status": answer.status_code, "headers": {k.lower(): [v] for k, v in answer.headers.items()}, "body": body}
        handler.give(200, {"success": True, "payload": payload})

    def _edit(self, handler: Handler, match: re.Match[str]) -> None:
        changes = json.loads(handler.body)
        with self.atlassian.fake.lock:
            for change in changes:
                self.atlassian.fake.site.edit(match[1], lambda body, change=change: replaced(body, change["at"], change["text"]))
        self.tell(
            "/events", {"eventType": "avi:confluence:updated:page", "selfGenerated": False, "content": {"id": match[1], "type": "page"}}
        )
        handler.give(200, {"saved": len(changes)})

    def _member(self, handler: Handler) -> Member | None:
        asked = re.search(r"[?&]as=([^&]+)", handler.path)
        kept = SimpleCookie(handler.headers.get("Cookie", "")).get("as")
        account = requests.utils.unquote(asked[1]) if asked else kept.value if kept else None
        return next((m for m in self.atlassian.members.values() if m.account_id == account), None)

"""A whole service on a free port for the browser: real application, real database, real files; and an SOP to look at."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw
from playwright.sync_api import Page
from waitress import wasyncore
from waitress.server import create_server

from plugin import bootstrap
from plugin.services import people
from plugin.services.deps import Deps
from plugin.services.work import work_one
from plugin.settings import load
from plugin.store import migrate
from plugin.web.app import create_app

ADMIN = "admin@example.com"
PASSWORD = "correct horse battery"


@dataclass(slots=True, kw_only=True)
class Service:
    """``url`` without a slash at its end. ``http`` is signed in as the admin."""

    url: str
    deps: Deps
    http: requests.Session = field(default_factory=requests.Session)

    def sign_in(self) -> None:
        answer = self.http.post(f"{self.url}/api/v1/session", json={"email": ADMIN, "password": PASSWORD}, timeout=20)
        answer.raise_for_status()
        self.http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The parsed answer of the API; fails on anything but success."""
        answer = self.http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def import_sop(self, document: dict[str, Any], pictures: dict[str, bytes] | None = None) -> str:
        """The id of a new SOP with this document."""
        encoded = {path: base64.b64encode(data).decode() for path, data in (pictures or {}).items()}
        saved = self.call("POST", "/sops", {"document": document, "pictures": encoded, "note": "Imported"})
        return str(saved["sop_id"])

    def work(self, jobs: int = 1) -> None:
        """Lets a worker of this process do what waits; returns when it is done."""
        for _ in range(jobs):
            assert work_one(self.deps, worker="browser-test")

    def connect_folder(self, folder: Path) -> str:
        """A connection to a Git folder, published to by everyone."""
        made = self.call(
            "POST", "/connections", {"kind": "filesystem", "name": "Handbook", "settings": {"path": str(folder)}, "default_place": "sops"}
        )
        return str(made["id"])

    def document(self, sop_id: str) -> dict[str, Any]:
        """What the service holds now."""
        found: dict[str, Any] = self.call("GET", f"/sops/{sop_id}")["document"]
        return found


@contextmanager
def running(folder: Path, *, port: int = 0, **chosen: Any) -> Iterator[Service]:
    """Serves from ``folder`` until the block ends."""
    settings = load(
        {},
        data_dir=folder,
        first_admin_email=ADMIN,
        first_admin_password=PASSWORD,
        **{"base_url": "http://127.0.0.1:8800", "min_free_bytes": 0, **chosen},
    )
    deps = bootstrap.build(settings)
    migrate.upgrade(deps.database)
    people.ensure_first_admin(deps)
    server = create_server(create_app(deps), host="127.0.0.1", port=port, threads=8)
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    service = Service(url=f"http://127.0.0.1:{server.effective_port}", deps=deps)
    try:
        service.sign_in()
        yield service
    finally:
        service.http.close()
        server.task_dispatcher.shutdown(timeout=5)
        server.close()
        thread.join(timeout=10)
        wasyncore.close_all(server._map, ignore_all=True)  # browsers keep their lines open
        deps.database.engine.dispose()


def _run(server: Any) -> None:
    """Closing the server takes the listening socket from under its waiting loop."""
    with suppress(OSError):
        server.run()


def until(page: Page, expression: str, timeout_s: float = 20.0) -> None:
    """Waits until the expression is true in the page; Playwright's own way needs ``eval``, which our policy refuses."""
    deadline = time.monotonic() + timeout_s
    while not page.evaluate(f"() => Boolean({expression})"):
        assert time.monotonic() < deadline, f"never became true: {expression}"
        page.wait_for_timeout(50)


def picture(lines: tuple[str, ...] = ("$ systemctl reload web", "$ systemctl is-active web", "active")) -> bytes:
    """A PNG that looks like a terminal."""
    image = Image.new("RGB", (1280, 720), "#10161c")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1280, 44), fill="#232b33")
    draw.text((20, 14), "Terminal - ops@web-01", fill="#cfd8df", font_size=16)
    for at, line in enumerate(lines):
        draw.text((28, 80 + 44 * at), line, fill="#d7e3ea", font_size=26)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def sample() -> tuple[dict[str, Any], dict[str, bytes]]:
    """A document that fills every field, with one picture."""
    shot = {
        "path": "images/step-01.png",
        "time": 4.0,
        "width": 1280,
        "height": 720,
        "highlight": [0.015, 0.1, 0.3, 0.07],
        "redactions": [],
        "alt": "The reload command in the terminal",
    }
    document = {
        "schema": "sopwright/sop@1", "id": "", "revision": 1, "title": "Reload the web server after a configuration change", "area": "configuration-management",
        "purpose": "Bring a changed configuration into service without dropping a request.",
        "summary": "Check the new configuration, reload the service, and confirm that it answers.",
        "scope": {"covers": ["Reloading one web server"], "excludes": ["Changes of certificates"]},
        "roles": [{"role": "Operator", "does": "runs the commands"}], "stakeholders": ["Support"], "prerequisites": ["Shell access to the server", "A reviewed change"],
        "tools": ["ssh", "systemctl"], "warnings": ["Never reload two servers of one pair at the same time."],
        "steps": [
            step("s1", "Check the new configuration.", location="Terminal, web-01", commands=[{"language": "bash", "text": "web -t", "output": "configuration is valid"}], expected="The test reports that the configuration is valid.", confidence=0.93, image=shot),
            step("s2", "Reload the service.", commands=[{"language": "bash", "text": "sudo systemctl reload web", "output": None}], warnings=["Open connections stay on the old configuration."], confidence=0.41,
                 troubleshooting=[{"problem": "The reload fails", "solution": "Read the last lines of the journal and restore the file from the backup."}]),
            step("s3", "Enter the name of the server on the status page.", location="Status page", inputs=[{"name": "Server", "value": "web-01", "secret": False}, {"name": "Access code", "value": None, "secret": True}], role="Operator", optional=True, confidence=0.55),
            step("s4", "Confirm that the service answers.", commands=[{"language": "bash", "text": "curl -sI https://www.example.com | head -1", "output": "HTTP/2 200"}], expected="The first line shows the status 200.", verification="systemctl is-active web",
                 branches=[{"when": "the status is not 200", "then": "go to the rollback"}], confidence=0.88),
        ],
        "troubleshooting": [{"problem": "The page shows the old content", "solution": "Empty the cache of the proxy."}], "rollback": ["Restore the previous file.", "Reload the service."],
        "escalation": [{"when": "the rollback fails", "to": "platform team lead"}], "references": ["https://www.example.com/runbook"], "findings": [],
        "review": {"owner": None, "interval_days": 90, "due": None}, "provenance": {"duration": 42.5, "language": "en", "generator": "test", "writer": "rules"},
    }  # fmt: skip
    return document, {"images/step-01.png": picture()}


def step(key: str, action: str, **fields: Any) -> dict[str, Any]:
    """One step of a document with evidence; ``key`` makes its id."""
    number = int(key[1:])
    evidence = {
        "start": 5.0 * number,
        "end": 5.0 * number + 4,
        "said": [[5.0 * number, 5.0 * number + 2]],
        "shown": [5.0 * number + 1, 5.0 * number + 3],
        "basis": {"action": "said", "commands": "shown", "expected": "inferred"},
    }
    empty: dict[str, Any] = {
        "detail": None,
        "location": None,
        "inputs": [],
        "commands": [],
        "expected": None,
        "verification": None,
        "warnings": [],
        "troubleshooting": [],
        "role": None,
        "optional": False,
        "branches": [],
        "image": None,
    }
    return {"id": f"stp_{key}", "number": number, "action": action, **empty, "evidence": evidence, "confidence": 0.9, **fields}  # fmt: skip

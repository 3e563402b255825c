"""A mail server on a real socket, and a service whose mails go to it: ``python -m tests.browser.post [FOLDER]`` makes a PNG of every kind of mail."""

from __future__ import annotations

import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from playwright.sync_api import sync_playwright

from plugin import scheduler
from plugin.store import tables
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.world import Service, running, sample
from tests.clocks import zone_at_noon

VIEWS: tuple[tuple[str, Literal["light", "dark"], int], ...] = (("light", "light", 760), ("dark", "dark", 760), ("narrow", "light", 360))


@dataclass
class Postbox:
    """What arrived, parsed."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the name that aiosmtpd calls
        parsed = message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"


@dataclass
class Office:
    service: Service
    post: Postbox

    def due(self, title: str, *, days_ago: int = 3, **more: Any) -> str:
        """A published SOP of the admin whose review is due; its id."""
        document, pictures = sample()
        sop_id = self.service.import_sop({**document, "title": title, **more}, pictures)
        me = self.service.call("GET", "/me")["id"]
        with self.service.deps.database.begin() as session:
            row = session.get(tables.Sop, sop_id)
            assert row is not None
            row.status, row.origin, row.owner_id = "published", "recording", me
            row.due, row.next_review_at = (datetime.now(UTC) - timedelta(days=days_ago)).date(), datetime.now(UTC)
        return sop_id

    def any_hour(self) -> None:
        """The admin may be reminded now, wherever the clock of this machine stands."""
        me = self.service.call("GET", "/me")["id"]
        self.service.call("PATCH", f"/people/{me}", {"digest_hour": 9, "working_days": [1, 2, 3, 4, 5, 6, 7], "time_zone": zone_at_noon()})
        with self.service.deps.database.begin() as session:
            session.query(tables.Outgoing).filter(tables.Outgoing.kind == "digest").update({"key": tables.Outgoing.id})  # a new day

    def send(self) -> list[EmailMessage]:
        """What goes out now."""
        before = len(self.post.mails)
        scheduler.reviews(self.service.deps)
        return self.post.mails[before:]


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    """A service on a port that its links name, and the mail server that its mails go to."""
    post, (web_port, mail_port) = Postbox(), _free_ports(2)
    controller = Controller(post, hostname="127.0.0.1", port=mail_port, ready_timeout=30)
    controller.start()
    try:
        mail = {"smtp_host": "127.0.0.1", "smtp_port": mail_port, "smtp_security": "none", "mail_from": "SOPwright <sop@example.com>"}
        with running(folder, port=web_port, base_url=f"http://127.0.0.1:{web_port}", **mail) as service:
            yield Office(service=service, post=post)
    finally:
        controller.stop()


def part(mail: EmailMessage, kind: Literal["plain", "html"]) -> str:
    found = mail.get_body((kind,))
    assert isinstance(found, EmailMessage)
    return str(found.get_content())


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for opened in sockets:
        opened.close()
    return ports


def _letters(at: Office) -> dict[str, EmailMessage]:
    """One mail of every kind."""
    at.any_hour()
    at.due("Rotate the credentials of the payment service", days_ago=1)
    found = {"digest-one": at.send()[0]}
    for number, title in enumerate(
        ("Restore a database from the nightly backup", "Roll a release back to the previous version", "Onboard a service")
    ):
        at.due(title, days_ago=7 * number)
    at.any_hour()
    found["digest"] = at.send()[0]
    other = at.service.call("POST", "/people", {"email": "bea@example.com", "name": "Bea", "role": "author"})["id"]
    sop_id = at.due("Answer a high-CPU alert")
    at.service.call("POST", f"/sops/{sop_id}/approvals", {"approvers": [other]})
    found["approval"] = next(m for m in at.send() if "approve" in str(m["Subject"]))
    return found


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, office(Path(scratch)) as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for name, mail in _letters(at).items():
            (folder / f"{name}.txt").write_text(part(mail, "plain"), "utf-8")
            for view, scheme, width in VIEWS:
                page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 500})
                page.set_content(part(mail, "html"))
                page.screenshot(path=folder / f"{name}-{view}.png", full_page=True)
                page.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/mails"))

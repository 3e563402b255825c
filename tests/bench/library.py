"""The first page of a library of 10,000 SOPs: server time and bytes over the wire. ``python -m tests.bench.library [sqlite|postgresql] [--count N]``.

Server time is what the application takes for all requests that the page makes, one after the other, without the network (median of 25, which has
to stay under the bar; the best of them tells what a machine without other work would take). Bytes are what a real
Chromium receives for the page with an empty cache, headers included.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from sqlalchemy import insert, text

from plugin.store import tables
from plugin.web.app import create_app
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.world import ADMIN, PASSWORD, Service, running
from tests.databases import database_url

BAR_MS, BAR_KB = 100.0, 100.0
ROUNDS = 25
AREAS = (
    "ci-cd",
    "infrastructure-as-code",
    "configuration-management",
    "release-management",
    "incident-response",
    "monitoring",
    "devsecops",
    "rollback",
)
NOUNS = [
    "database",
    "queue",
    "cluster",
    "certificate",
    "pipeline",
    "release",
    "backup",
    "service",
    "secret",
    "dashboard",
    "bucket",
    "node",
    "volume",
    "gateway",
    "firewall",
    "replica",
    "image",
    "cache",
]
VERBS = [
    "Restore",
    "Rotate",
    "Deploy",
    "Roll-back",
    "Provision",
    "Check",
    "Renew",
    "Drain",
    "Scale",
    "Migrate",
    "Patch",
    "Revoke",
    "Reload",
    "Verify",
]
PAGE = ("/me", "/templates", "/sops/counts", "/sops")
OTHERS = ("/sops?query=certificate+replica", "/sops?query=nosuchword", "/sops?area=rollback&overdue=true", "/sops?target=filesystem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """``best_ms`` is what a machine without other work would take, where the median tells of its neighbours too."""

    median_ms: float
    best_ms: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--count", type=int, default=10_000)
    o = parser.parse_args()
    return max(measure(kind, o.count) for kind in o.kinds)


def measure(kind: str, count: int) -> int:
    """Prints the rows of one database; 1 where a bar was missed."""
    with tempfile.TemporaryDirectory() as folder, database_url(kind) as url, running(Path(folder), database_url=url) as service:
        fill(service, count)
        page = timed(service, PAGE)
        size_kb = over_the_wire(service)
        print(
            f"{kind:<11} {count} SOPs: first page {page.median_ms:.0f} ms of server time (best {page.best_ms:.0f}), {size_kb:.0f} KB over the wire",
            flush=True,
        )
        worst = page.median_ms
        for path in OTHERS:
            took = timed(service, (path,))
            worst = max(worst, took.median_ms)
            print(f"{'':<11}   {path:<40} {took.median_ms:.0f} ms (best {took.best_ms:.0f})", flush=True)
    return 0 if worst < BAR_MS and size_kb < BAR_KB else 1


def timed(service: Service, paths: tuple[str, ...]) -> Took:
    """What the application takes for these requests of the signed-in admin."""
    client = create_app(service.deps).test_client()
    cookies = {c.name: c.value or "" for c in service.http.cookies}
    for name, value in cookies.items():
        client.set_cookie(name, value)
    rounds = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        for path in paths:
            answer = client.get(f"/api/v1{path}", headers={"Accept-Encoding": "gzip"})
            assert answer.status_code == 200, (path, answer.data[:300])
        rounds.append(1000 * (time.perf_counter() - began))
    return Took(median_ms=statistics.median(rounds[1:]), best_ms=min(rounds[1:]))


def over_the_wire(service: Service) -> float:
    """Kilobytes that the page needs until it stands, with nothing cached."""
    received: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        context = browser.new_context(base_url=service.url)
        assert context.request.post("/api/v1/session", data={"email": ADMIN, "password": PASSWORD}).ok
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: received.update({event["requestId"]: event["encodedDataLength"]}))
        page.goto("/")
        page.locator(".list li").first.wait_for()
        page.wait_for_load_state("networkidle")
        browser.close()
    return sum(received.values()) / 1000


def fill(service: Service, count: int) -> None:
    """SOPs as they come: titles, areas, owners, states, searchable words of a usual length, each published to one place."""
    chance = random.Random(1)
    # A few words are in nearly every SOP, most in hardly any, as in a language.
    words = ["".join(chance.choices("aeioulnrstkmpd", k=chance.randrange(3, 11))) for _ in range(6000)]
    for place, noun in enumerate(NOUNS):
        words[20 + 15 * place] = noun
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    me = service.call("GET", "/me")
    now = service.deps.clock()
    connection = service.connect_folder(Path(service.deps.settings.data_dir) / "handbook")
    states = ("draft", "published", "published", "published", "approved")
    for start in range(0, count, 1000):
        sops: list[dict[str, Any]] = []
        findable: list[dict[str, Any]] = []
        places: list[dict[str, Any]] = []
        for n in range(start, min(start + 1000, count)):
            title = f"{chance.choice(VERBS)} the {chance.choice(NOUNS)} of the {chance.choice(NOUNS)} {n}"
            due = now.date() + timedelta(days=chance.randrange(-60, 300))
            sops.append(
                {
                    "id": f"sop_{n:026d}", "workspace_id": me["workspace_id"], "title": title, "area": chance.choice(AREAS), "status": chance.choice(states),
                    "revision": 1 + n % 7, "origin": "recording", "owner_id": me["id"], "due": due, "review_state": "overdue" if due < now.date() else "current",
                    "steps": 3 + n % 20,
                    "created_at": now, "updated_at": now - timedelta(minutes=n),
                }
            )  # fmt: skip
            found = f"{title} {' '.join(chance.choices(words, cum_weights=weights, k=250))}".casefold()
            findable.append({"sop_id": sops[-1]["id"], "workspace_id": me["workspace_id"], "words": found})
            places.append(
                {
                    "id": f"pub_{n:026d}", "workspace_id": me["workspace_id"], "sop_id": sops[-1]["id"], "connection_id": connection, "place": "sops", "state": "published",
                    "wanted_revision": 1, "revision": 1, "url": f"https://handbook.example.com/sops/{n}", "created_at": now,
                }
            )  # fmt: skip
        with service.deps.database.begin() as session:
            session.execute(insert(tables.Sop), sops)
            session.execute(insert(tables.SopWords), findable)
            session.execute(insert(tables.Publication), places)
    with service.deps.database.begin() as session:
        session.execute(text("ANALYZE"))  # as the database does by itself after a while


if __name__ == "__main__":
    sys.exit(main())

"""How long the nightly sweep takes: 100,000 SOPs of 500 owners become due at once. ``python -m tests.bench.sweep [sqlite|postgresql] [count]``.

Prints seconds for finding and claiming what is due, seconds for gathering it into one digest per owner, the processor seconds of both, and how much
memory the sweep took beyond what the process had before (sampled while it runs).
"""

from __future__ import annotations

import gc
import itertools
import random
import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Self

import structlog
from sqlalchemy import func, insert, select, text

from plugin.services import gather, sweep
from plugin.store import tables
from tests.databases import database_url
from tests.unit.services.world import World, make_world

OWNERS = 500
WORDS = 250
"""An SOP is found by about this many words in the library."""
BAR_S = 10.0
VOCABULARY = ["".join(letters) for letters in itertools.product("bdfgklmnprst", "aeiou", "bdklmnrst", "aeiou")]


def main() -> None:
    kinds = [a for a in sys.argv[1:] if a.isalpha()] or ["sqlite", "postgresql"]
    count = next((int(a) for a in sys.argv[1:] if a.isdigit()), 100_000)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    slow = [kind for kind in kinds if _measure(kind, count) > BAR_S]
    if slow:
        sys.exit(f"slower than {BAR_S} s: {', '.join(slow)}")


def _measure(kind: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder, database_url(kind) as url:
        world = make_world(Path(folder), url)
        _fill(world, count)
        world.time.go(hours=6)
        gc.collect()
        with _Memory() as memory:
            began, busy = time.perf_counter(), time.process_time()
            swept = sweep.sweep(world.deps)
            seconds, busy = time.perf_counter() - began, time.process_time() - busy
            began, gathering_busy = time.perf_counter(), time.process_time()
            gathered = gather.gather(world.deps)
            gathering, gathering_busy = time.perf_counter() - began, time.process_time() - gathering_busy
        with world.deps.database.begin() as session:
            notices = session.scalar(select(func.count()).select_from(tables.Notice).where(tables.Notice.channel == "mail"))
        world.deps.database.close()
    assert (swept, gathered, notices) == (count, OWNERS, count), (swept, gathered, notices)
    digests = f"{OWNERS} digests {gathering:5.1f} s ({gathering_busy:.1f} s busy)"
    print(f"{kind:<11} {count} SOPs: sweep {seconds:5.1f} s ({busy:.1f} s busy), {digests}, memory +{memory.grown_mb:.0f} MB")
    return seconds


class _Memory:
    """How much the process grows while the block runs, looked at twenty times a second."""

    def __init__(self) -> None:
        self.grown_mb = 0.0
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._before = _resident_mb()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.grown_mb = max(self.grown_mb, _resident_mb() - self._before)


def _fill(world: World, count: int) -> None:
    now, workspace_id = world.time(), world.admin.workspace_id
    people = [
        {
            "id": f"per_b{n:05d}",
            "workspace_id": workspace_id,
            "email": f"o{n}@example.com",
            "name": f"Owner {n}",
            "role": "author",
            "created_at": now,
        }
        for n in range(OWNERS)
    ]
    chance = random.Random(1)
    sentences = [" ".join(chance.choices(VOCABULARY, k=WORDS // 10)) for _ in range(2000)]
    common = {"workspace_id": workspace_id, "status": "published", "revision": 1, "origin": "recording", "due": now.date(), "area": "ci-cd"}
    with world.deps.database.begin() as session:
        session.execute(insert(tables.Person), people)
        for start in range(0, count, 5000):
            rows = [
                {
                    **common,
                    "id": f"sop_{n:08d}",
                    "title": f"SOP {n}",
                    "owner_id": people[n % OWNERS]["id"],
                    "next_review_at": now + timedelta(seconds=n % 3600),
                    "created_at": now,
                    "updated_at": now,
                }
                for n in range(start, min(start + 5000, count))
            ]
            session.execute(insert(tables.Sop), rows)
            found = [(row["id"], f"{row['title']} {' '.join(chance.choices(sentences, k=10))}".casefold()) for row in rows]
            session.execute(insert(tables.SopWords), [{"sop_id": i, "workspace_id": workspace_id, "words": words} for i, words in found])
    with world.deps.database.begin() as session:
        session.execute(text("ANALYZE"))  # as the database does by itself after a while


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()

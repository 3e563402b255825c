"""How long the nightly sweep takes: 100,000 SOPs of 500 owners become due at once. ``python -m tests.bench.sweep [sqlite|postgresql] [count]``.

Prints seconds for finding and claiming what is due, seconds for gathering it into one digest per owner, and how much the memory grew meanwhile.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, insert, select

from plugin.services import gather, sweep
from plugin.store import tables
from tests.databases import database_url
from tests.unit.services.world import World, make_world

OWNERS = 500
BAR_S = 10.0


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
        before = _peak_mb()
        began, busy = time.perf_counter(), time.process_time()
        swept = sweep.sweep(world.deps)
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
        began = time.perf_counter()
        gathered = gather.gather(world.deps)
        gathering = time.perf_counter() - began
        with world.deps.database.begin() as session:
            notices = session.scalar(select(func.count()).select_from(tables.Notice).where(tables.Notice.channel == "mail"))
        world.deps.database.close()
    assert (swept, gathered, notices) == (count, OWNERS, count), (swept, gathered, notices)
    grown = _peak_mb() - before
    print(
        f"{kind:<11} {count} SOPs: sweep {seconds:5.1f} s ({busy:.1f} s of them busy), {OWNERS} digests {gathering:5.1f} s, memory +{grown:.0f} MB"
    )
    return seconds


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


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

"""Real processes on one database: killed with SIGKILL in the middle of their work, or two at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugin.services import edit, intake, jobs, library, people, work
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import tables
from tests.clocks import zone_at_noon
from tests.databases import KINDS, database_url
from tests.integration.services.role import deps_for
from tests.unit.services.stages import recording
from tests.unit.services.world import a_sop

ROOT = Path(__file__).parents[3]


@dataclass
class House:
    deps: Deps
    admin: Caller
    url: str
    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, role: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.services.role", role, str(self.folder), self.url],
            cwd=ROOT,
            env={**os.environ, "SOPWRIGHT_TEST_MARKS": str(self.folder / "marks"), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def marks(self) -> list[str]:
        path = self.folder / "marks"
        return path.read_text().split() if path.exists() else []


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with database_url(request.param) as url:
        deps = deps_for(tmp_path / "data", url)
        first = people.ensure_first_admin(deps)
        assert first is not None
        admin = people.sign_in(deps, email=first.email, password=first.password or "").caller
        made = House(deps=deps, admin=admin, url=url, folder=tmp_path / "data")
        yield made
        for process in made.running:
            process.kill()
            process.communicate()
        deps.database.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "did not come true within a minute"
        time.sleep(0.05)


@pytest.mark.parametrize("stage", ["probe", "redact", "write"])
def test_a_worker_killed_in_any_stage_leaves_one_sop_and_at_most_one_stage_repeated(house: House, stage: str) -> None:
    path = house.folder / "upload"
    path.write_bytes(recording({"action": "Open the list."}))
    accepted = intake.accept(house.deps, house.admin, path=path, filename="a.mp4")
    killed = house.start("worker", SOPWRIGHT_TEST_KILL_IN=stage)
    assert killed.wait(60) == -9
    assert library.search(house.deps, house.admin).items == ()
    house.start("worker")  # finds that the other one is dead and goes on at once, without waiting for its lease
    until(lambda: jobs.job(house.deps, house.admin, accepted.job_id).finished)
    job = jobs.job(house.deps, house.admin, accepted.job_id)
    assert (job.state, job.attempt) == ("done", 2)
    assert len(library.search(house.deps, house.admin).items) == 1
    assert Counter(house.marks()) == Counter({"probe": 1, "redact": 1, "write": 1}) + Counter([stage])


def test_a_recording_that_kills_every_worker_is_set_aside_and_the_others_go_on(house: House) -> None:
    path = house.folder / "upload"
    path.write_bytes(recording({"action": "Open the list."}))
    accepted = intake.accept(house.deps, house.admin, path=path, filename="a.mp4")
    for _ in range(3):
        assert house.start("worker", SOPWRIGHT_TEST_KILL_IN="redact").wait(60) == -9
    work.take_back(house.deps)
    assert jobs.job(house.deps, house.admin, accepted.job_id).state == "parked"


def test_two_schedulers_at_once_never_send_twice_and_lose_nothing(house: House) -> None:
    owners = [people.add(house.deps, house.admin, email=f"owner{n}@example.com", name=f"Owner {n}").id for n in range(6)]
    for person_id in owners:  # their hour has come, wherever the clock of this machine stands
        people.change(house.deps, house.admin, person_id, time_zone=zone_at_noon(), working_days=range(1, 8))
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    with house.deps.database.begin() as session:
        for number in range(300):
            session.add(
                tables.Sop(
                    id=f"sop_{number}",
                    workspace_id=house.admin.workspace_id,
                    title=f"SOP {number}",
                    status="published",
                    revision=1,
                    origin="recording",
                    owner_id=owners[number % len(owners)],
                    due=yesterday,
                    next_review_at=datetime.now(UTC) - timedelta(hours=1),
                    created_at=datetime.now(UTC),
                    updated_at=datetime.now(UTC),
                )
            )
    processes = [house.start("reviews") for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.wait(100) == 0
    mails = [json.loads(line) for line in (house.folder / "mails").read_text().splitlines()]
    assert Counter(address for _, address, _ in mails) == Counter({f"owner{n}@example.com": 1 for n in range(6)})
    assert {subject for *_, subject in mails} == {"50 SOPs are due for review"}
    with house.deps.database.begin() as session:
        assert session.query(tables.Event).filter_by(kind="review.reminded").count() == 300
        assert session.query(tables.Sop).filter(tables.Sop.reminded_for == yesterday).count() == 300


def test_of_two_schedulers_one_works_and_the_other_takes_over_when_it_is_killed(house: House) -> None:
    first = house.start("scheduler")

    def holder() -> str:
        with house.deps.database.begin() as session:
            lease = session.get(tables.Lease, "scheduler")
            return lease.holder if lease and lease.until > house.deps.clock() else ""

    until(lambda: f":{first.pid}:" in holder())
    second = house.start("scheduler")
    first.kill()
    with house.deps.database.begin() as session:  # its lease runs out
        lease = session.get(tables.Lease, "scheduler")
        assert lease is not None
        lease.until = house.deps.clock() - timedelta(seconds=1)
    until(lambda: f":{second.pid}:" in holder())


def test_two_uploads_of_the_same_bytes_at_once_make_one_recording(house: House) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = house.folder / "upload"
    path.write_bytes(recording({"action": "Open the list."}))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: intake.accept(house.deps, house.admin, path=path, filename=f"{n}.mp4"), range(8)))
    assert len({f.recording_id for f in found}) == 1
    assert len({f.job_id for f in found}) == 1


def test_many_people_saving_at_once_lose_nothing(house: House) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    document = replace(a_sop(), steps=tuple(replace(s, image=None) for s in a_sop().steps))
    sop_id = edit.create(house.deps, house.admin, document=document).sop_id
    view = library.sop(house.deps, house.admin, sop_id)
    fields = ["purpose", "summary", "prerequisites", "tools", "rollback", "references"]

    def save(field_name: str) -> None:
        value = "changed" if field_name in ("purpose", "summary") else ("changed",)
        edit.save(house.deps, house.admin, sop_id, document=replace(view.sop, **{field_name: value}), etag=view.etag)  # type: ignore[arg-type]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save, fields))
    after = library.sop(house.deps, house.admin, sop_id)
    assert after.revision == 7
    assert [getattr(after.sop, f) for f in fields] == ["changed", "changed", *[("changed",)] * 4]

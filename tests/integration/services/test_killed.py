"""The real pipeline on a real recording, its worker killed with SIGKILL in every stage and around the publication."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors import filesystem
from connectors.contract import Ref
from plugin.pipeline.stage import STAGES
from plugin.services import connections, intake, jobs, library, people, publish
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import migrate
from tests import media
from tests.integration.services.real_role import deps_for

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "examples" / "recordings" / "database-restore.mp4"
SECONDS = 9.0
ORDER = ("probe", "watch", "listen", "read", "act", "redact", "write")
"""Listening and watching run at the same time; watching is the first to end."""


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deps: Deps = deps_for(folder / "data")
        migrate.upgrade(self.deps.database)
        first = people.ensure_first_admin(self.deps)
        assert first is not None
        self.admin: Caller = people.sign_in(self.deps, email=first.email, password=first.password or "").caller

    @contextmanager
    def worker(self, kill_in: str = "") -> Iterator[subprocess.Popen[bytes]]:
        environ = {**os.environ, "SOPWRIGHT_TEST_KILL_IN": kill_in, "SOPWRIGHT_TEST_MARKS": str(self.folder / "marks")}
        command = [sys.executable, "-m", "tests.integration.services.real_role", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log, subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log) as process:
            try:
                yield process
            finally:
                process.kill()

    def marks(self) -> list[str]:
        """The stages that began, in order."""
        path = self.folder / "marks"
        return path.read_text().split() if path.exists() else []

    def finished(self, job_id: str) -> set[str]:
        """The stages whose artefact is whole."""
        return {p.parts[-3] for p in (self.folder / "data" / "work" / job_id).glob("*/*/artefact.json") if not p.parts[-2].startswith(".")}

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 300
        while not condition():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-3000:]
            time.sleep(0.1)

    def until_done(self, job_id: str) -> None:
        self.until(lambda: jobs.job(self.deps, self.admin, job_id).finished)
        job = jobs.job(self.deps, self.admin, job_id)
        assert job.state == "done", job


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.deps.database.close()


@pytest.mark.timeout(900)
def test_killed_in_every_stage_and_around_the_publication_it_ends_with_one_sop_on_one_page(house: House, tmp_path: Path) -> None:
    recording = media.beginning(SAMPLE, tmp_path / "short.mp4", seconds=SECONDS)
    accepted = intake.accept(house.deps, house.admin, path=recording, filename="short.mp4")
    assert set(ORDER) == set(STAGES)
    for stage in ORDER:
        before = len(house.marks())
        done = house.finished(accepted.job_id)
        with house.worker(kill_in=stage) as process:
            assert process.wait(300) == -9, (tmp_path / "log").read_text()[-3000:]
        began = house.marks()[before:]
        assert stage in began
        assert done.isdisjoint(began), f"a finished stage ran again after a kill: {sorted(done & set(began))}"
        assert done <= house.finished(accepted.job_id), "a kill takes away what was finished"
        assert stage not in house.finished(accepted.job_id)
        assert library.search(house.deps, house.admin).items == ()
    before = len(house.marks())
    work = tmp_path / "data" / "work" / accepted.job_id
    with house.worker():
        house.until_done(accepted.job_id)
        house.until(lambda: not work.exists())
    assert house.marks()[before:] == ["write"]
    assert jobs.job(house.deps, house.admin, accepted.job_id).attempt == len(STAGES) + 1
    (sop,) = library.search(house.deps, house.admin).items

    kb = tmp_path / "kb"
    place = connections.connect(house.deps, house.admin, kind="filesystem", name="Folder", settings={"path": str(kb)})
    asked = publish.publish(house.deps, house.admin, sop.id, connection_id=place.id, place="ops")
    assert asked.job_id is not None
    for moment in ("before publishing", "after publishing"):
        with house.worker(kill_in=moment) as process:
            assert process.wait(60) == -9, (tmp_path / "log").read_text()[-3000:]
    with house.worker():
        house.until_done(asked.job_id)
    (published,) = publish.publications(house.deps, house.admin)
    assert (published.state, published.revision) == ("published", 1)
    (page,) = kb.rglob("index.md")
    assert page.as_uri() == published.url
    connector = filesystem.connect(filesystem.Settings(path=kb), state=tmp_path)
    assert [v.revision for v in connector.history(Ref(id=sop.id, url=page.as_uri()))] == [1]

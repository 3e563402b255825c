"""The stream of a job: a frame for each change, an end, and no more than its caller may see."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from plugin.services import intake
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed
from tests.integration.web.conftest import Actor, House

MEDIA = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(400)


@pytest.fixture
def job(house: House, tmp_path: Path) -> Claimed:
    """A job that a worker has claimed."""
    path = tmp_path / "a.mp4"
    path.write_bytes(MEDIA)
    accepted = intake.accept(house.deps, house.ours["author"].caller, path=path, filename="a.mp4")
    with house.deps.database.begin() as session:
        claimed = jobs.claim(session, worker="w", now=house.clock(), lease_s=600, job_id=accepted.job_id)
    assert claimed is not None
    return claimed


def frames(house: House, job_id: str, actor: Actor | None = None, seconds: float = 20) -> Iterator[tuple[str, Any]]:
    """(event, data) as they come; comments are left out."""
    answer = house.call(actor or house.ours["reader"], "GET", f"/api/v1/jobs/{job_id}/events?seconds={seconds}", buffered=False)
    assert answer.status_code == 200, answer.data
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    text = ""
    for chunk in answer.iter_encoded():
        text += chunk.decode()
        while "\n\n" in text:
            block, text = text.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "event" in fields:
                yield fields["event"], json.loads(fields["data"])


def progress(house: House, job: Claimed, fraction: float, steps: tuple[str, ...] = ()) -> None:
    with house.deps.database.begin() as session:
        jobs.progress(session, job, stage="read", stages={"read": fraction}, fraction=fraction, seconds_left=5.0, steps=steps)


def later(work: Any, *, after_s: float = 0.3) -> None:
    def run() -> None:
        time.sleep(after_s)
        work()

    threading.Thread(target=run, daemon=True).start()


def test_each_change_is_told_with_its_provisional_steps_and_the_end_closes_the_stream(house: House, job: Claimed) -> None:
    stream = frames(house, job.id)
    assert next(stream)[1]["provisional"] is False
    later(lambda: progress(house, job, 0.4, ("Open the list of queues.",)))
    name, view = next(stream)
    assert (name, view["fraction"], view["steps"], view["provisional"]) == ("job", 0.4, ["Open the list of queues."], True)

    def done() -> None:
        with house.deps.database.begin() as session:
            jobs.end(session, job, "done", now=house.clock(), fraction=1.0, steps=["Open the queues."])

    later(done)
    rest = list(stream)
    assert [name for name, _ in rest] == ["job", "end"]
    assert (rest[0][1]["state"], rest[0][1]["steps"], rest[0][1]["provisional"]) == ("done", ["Open the queues."], False)


def test_a_finished_job_is_told_at_once(house: House, job: Claimed) -> None:
    with house.deps.database.begin() as session:
        jobs.end(session, job, "failed", now=house.clock(), error_reason="damaged", error_message="The recording is damaged.")
    found = list(frames(house, job.id))
    assert [name for name, _ in found] == ["job", "end"]
    assert found[0][1]["error"] == {"reason": "damaged", "message": "The recording is damaged."}


def test_a_job_that_vanishes_ends_its_stream(house: House, job: Claimed) -> None:
    stream = frames(house, job.id)
    next(stream)

    def vanish() -> None:
        with house.deps.database.begin() as session:
            session.execute(delete(tables.Job).where(tables.Job.id == job.id))

    later(vanish)
    assert [name for name, _ in stream] == ["gone"]


def test_a_stream_ends_by_itself_so_that_it_holds_no_thread_for_ever(house: House, job: Claimed) -> None:
    assert [name for name, _ in frames(house, job.id, seconds=0.7)] == ["job"]


def test_strangers_see_no_stream(house: House, job: Claimed) -> None:
    assert house.call(None, "GET", f"/api/v1/jobs/{job.id}/events").status_code == 401
    assert house.call(house.theirs["admin"], "GET", f"/api/v1/jobs/{job.id}/events").status_code == 404

"""Recordings are kept as long as the operator and the workspace want, whichever is shorter."""

from __future__ import annotations

import pytest

from plugin.domain.errors import Invalid, NotFound
from plugin.services import administration, intake, retention
from plugin.store import tables
from tests.unit.services.world import MP4, World


def taken(world: World, mark: bytes = b"") -> str:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(MP4 + mark), filename="a.mp4")
    with world.deps.database.begin() as session:
        job = session.get(tables.Job, accepted.job_id)
        assert job is not None
        job.state = "done"
    return accepted.recording_id


def kept(world: World, recording_id: str) -> bool:
    try:
        intake.recording(world.deps, world.admin, recording_id)
    except NotFound:
        return False
    return True


def test_a_workspace_says_how_long(world: World) -> None:
    old = taken(world)
    key = _blob(world, old)
    assert b"".join(world.deps.blobs.read(key)) == MP4
    world.time.go(days=10)
    young = taken(world, b"other")
    retention.clean(world.deps)
    assert kept(world, old)
    administration.change_workspace(world.deps, world.admin, settings={"recording_days": 7})
    retention.clean(world.deps)
    assert (kept(world, old), kept(world, young)) == (False, True)
    with pytest.raises(NotFound):
        next(iter(world.deps.blobs.read(key)))


def test_a_recording_that_is_being_read_stays(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(), filename="a.mp4")
    administration.change_workspace(world.deps, world.admin, settings={"recording_days": 1})
    world.time.go(days=10)
    retention.clean(world.deps)
    assert kept(world, accepted.recording_id)


@pytest.mark.parametrize("days", [-1, 10**9])
def test_nonsense_is_refused(world: World, days: int) -> None:
    with pytest.raises(Invalid):
        administration.change_workspace(world.deps, world.admin, settings={"recording_days": days})


def _blob(world: World, recording_id: str) -> str:
    with world.deps.database.begin() as session:
        row = session.get(tables.Recording, recording_id)
        assert row is not None
        return row.blob

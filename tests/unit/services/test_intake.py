from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.errors import Exhausted, Forbidden, NotFound, UnusableRecording
from plugin.services import intake, jobs
from tests.unit.services.world import MP4, World


def test_an_upload_becomes_a_recording_with_a_waiting_job_and_wakes_a_worker(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(), filename="../../Deploy it.mp4")
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "queued"
    assert intake.recording(world.deps, world.admin, accepted.recording_id).filename == "Deploy it.mp4"
    assert b"".join(intake.media(world.deps, world.admin, accepted.recording_id, start=4, length=4)) == b"ftyp"
    assert world.deps.queue.wait(0) == accepted.job_id


def test_the_same_bytes_answer_the_first_recording_and_make_no_second_job(world: World) -> None:
    first = intake.accept(world.deps, world.admin, path=world.upload(), filename="a.mp4")
    again = intake.accept(world.deps, world.admin, path=world.upload(name="other"), filename="b.mp4")
    assert (again.recording_id, again.job_id, again.duplicate) == (first.recording_id, first.job_id, True)
    assert len(intake.recordings(world.deps, world.admin).items) == 1


def test_another_workspace_does_not_see_a_recording(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(), filename="a.mp4")
    stranger = replace(world.admin, workspace_id="wsp_other")
    with pytest.raises(NotFound):
        intake.recording(world.deps, stranger, accepted.recording_id)
    with pytest.raises(NotFound):
        intake.delete(world.deps, stranger, accepted.recording_id)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"#EXTM3U\n/etc/passwd", "not-a-video"), (b"ffconcat version 1.0", "not-a-video")]
)
def test_what_is_no_video_is_refused_before_anything_is_stored(world: World, content: bytes, reason: str) -> None:
    with pytest.raises(UnusableRecording) as refused:
        intake.accept(world.deps, world.admin, path=world.upload(content), filename="x.mp4")
    assert refused.value.reason == reason
    assert intake.recordings(world.deps, world.admin).items == ()


def test_the_quota_of_a_workspace_is_kept(world: World) -> None:
    tight = replace(world.deps, settings=world.deps.settings.model_copy(update={"workspace_quota_bytes": len(MP4) + 10}))
    intake.accept(tight, world.admin, path=world.upload(), filename="a.mp4")
    with pytest.raises(Exhausted):
        intake.accept(tight, world.admin, path=world.upload(MP4 + b"x"), filename="b.mp4")


def test_a_reader_may_not_upload(world: World) -> None:
    with pytest.raises(Forbidden):
        intake.accept(world.deps, world.person("Rita", "reader"), path=world.upload(), filename="a.mp4")


def test_deleting_a_recording_removes_its_bytes_and_cancels_its_job(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(), filename="a.mp4")
    intake.delete(world.deps, world.admin, accepted.recording_id)
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "cancelled"
    assert not list((world.folder / "data" / "blobs").rglob("*.mp4"))


def test_lists_go_on_where_the_cursor_stands(world: World) -> None:
    for number in range(5):
        world.time.go(seconds=1)
        intake.accept(world.deps, world.admin, path=world.upload(MP4 + bytes([number])), filename=f"{number}.mp4")
    first = intake.recordings(world.deps, world.admin, limit=3)
    rest = intake.recordings(world.deps, world.admin, limit=3, cursor=first.cursor)
    assert [r.filename for r in (*first.items, *rest.items)] == ["4.mp4", "3.mp4", "2.mp4", "1.mp4", "0.mp4"]
    assert rest.cursor is None

"""A picture that somebody cuts out of the recording must not show what was covered everywhere else."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugin.domain.errors import Forbidden, Invalid
from plugin.domain.sop import Picture, Sop
from plugin.pipeline.artefacts import Actions, Mask, Media, Reading, Redacted, Transcript
from plugin.pipeline.stage import Stage
from plugin.services import audit, edit, intake, jobs, work
from tests import media
from tests.unit.services.world import World

SECRET_PLACE = (0.25, 0.25, 0.25, 0.25)
GREEN = (0, 200, 0)


def made_of(world: World, tmp_path: Path, masks: tuple[Mask, ...]) -> str:
    """An SOP of a real recording that is green all over; the stages find just these masks."""
    path = media.video(tmp_path / "r.mp4", lambda _: np.full((240, 320, 3), GREEN, np.uint8), seconds=2.0)
    found = Redacted(transcript=Transcript(), actions=Actions(), reading=Reading(), masks=masks)
    stages = (
        Stage(name="probe", version=1, needs=(), produces=Media, run=lambda _: Media(sha256="", demuxer="mov", duration_s=2.0)),
        Stage(name="redact", version=1, needs=("probe",), produces=Redacted, run=lambda _: found),
        Stage(name="write", version=1, needs=("redact",), produces=Sop, run=lambda _: Sop(id="s", revision=1, title="Green")),
    )
    world.deps = replace(world.deps, stages=lambda: stages)
    accepted = intake.accept(world.deps, world.admin, path=path, filename="r.mp4")
    assert work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    return jobs.job(world.deps, world.admin, accepted.job_id).sop_id or ""


def centre(world: World, sop_id: str, picture: Picture) -> tuple[int, ...]:
    """The colour where the secret stands."""
    data = edit.picture(world.deps, world.admin, sop_id, picture.path.split("/")[1].split(".")[0]).data
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").getpixel((round(0.37 * image.width), round(0.37 * image.height)))


def is_green(colour: tuple[int, ...]) -> bool:
    return colour[1] > 150 and colour[0] < 80


def test_a_new_picture_covers_the_secrets_of_its_moment_though_nobody_asked(world: World, tmp_path: Path) -> None:
    sop_id = made_of(world, tmp_path, (Mask(start_s=0.0, end_s=1.0, box=SECRET_PLACE),))
    picture = edit.add_picture(world.deps, world.admin, sop_id, time_s=0.5)
    assert not is_green(centre(world, sop_id, picture))
    assert len(picture.redactions) == 1
    assert is_green(centre(world, sop_id, edit.add_picture(world.deps, world.admin, sop_id, time_s=1.6)))


def test_a_person_may_say_that_it_is_no_secret_and_the_log_says_who_did(world: World, tmp_path: Path) -> None:
    sop_id = made_of(world, tmp_path, (Mask(start_s=0.0, end_s=2.0, box=SECRET_PLACE),))
    picture = edit.add_picture(world.deps, world.admin, sop_id, time_s=0.5, uncovered=(SECRET_PLACE,))
    assert is_green(centre(world, sop_id, picture))
    (event,) = [e for e in audit.events(world.deps, world.admin, sop_id=sop_id).items if e.kind == "picture.uncovered"]
    assert event.actor_name == world.admin.name


def test_without_knowing_what_to_cover_no_picture_is_cut(world: World, tmp_path: Path) -> None:
    sop_id = made_of(world, tmp_path, ())
    with world.deps.database.begin() as session:
        from plugin.store import tables

        for row in session.query(tables.Recording):
            row.side_files = {}
    with pytest.raises(Invalid):
        edit.add_picture(world.deps, world.admin, sop_id, time_s=0.5)


def test_frames_as_they_were_recorded_are_for_authors_only(world: World, tmp_path: Path) -> None:
    made_of(world, tmp_path, ())
    (recording,) = intake.recordings(world.deps, world.admin).items
    assert intake.frame(world.deps, world.admin, recording.id, time_s=1.0).startswith(b"\x89PNG")
    with pytest.raises(Forbidden):
        intake.frame(world.deps, replace(world.admin, role="reader"), recording.id, time_s=1.0)


def test_the_masks_go_with_the_recording(world: World, tmp_path: Path) -> None:
    made_of(world, tmp_path, ())
    (recording,) = intake.recordings(world.deps, world.admin).items
    key = f"{world.admin.workspace_id}/recordings/{recording.id}.masks.json"
    assert world.deps.blobs.size(key) is not None
    intake.delete(world.deps, world.admin, recording.id)
    assert world.deps.blobs.size(key) is None

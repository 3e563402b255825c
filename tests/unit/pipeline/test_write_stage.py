"""The writing stage, with real pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from plugin.pipeline.artefact_store import artefact_digest
from plugin.pipeline.artefacts import Action, Actions, Cover, Media, Reading, Redacted, Still, Transcript, Watched
from plugin.pipeline.stage import Context, Options, Shape
from plugin.pipeline.write import STAGE


def context(tmp_path: Path, **options: object) -> Context:
    stills = tmp_path / "watch"
    stills.mkdir()
    image = np.full((200, 400, 3), 255, np.uint8)
    cv2.putText(image, "secret", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2)
    cv2.imwrite(str(stills / "0.png"), image)
    click = Action(
        kind="click",
        start_s=1,
        act_s=2,
        end_s=3,
        target="Save",
        role="button",
        box=(300, 150, 60, 20),
        point=(330, 160),
        before=0,
        confidence=0.9,
    )
    redacted = Redacted(
        transcript=Transcript(),
        actions=Actions(actions=(click,)),
        reading=Reading(),
        covers=(Cover(still=0, box=(15, 10, 150, 40), rule="key"),),
    )
    folder = tmp_path / "write"
    folder.mkdir()
    return Context(
        recording=tmp_path / "x.mp4",
        folder=folder,
        options=Options(**options),  # type: ignore[arg-type]  # names and values of the options
        inputs={
            "probe": Media(sha256="cd" * 32, demuxer="mp4", duration_s=4, width=400, height=200, has_video=True),
            "watch": Watched(width=400, height=200, duration_s=4, stills=(Still(time_s=0, until_s=4, path="0.png"),)),
            "redact": redacted,
        },
        folders={"watch": stills},
        report=lambda _: None,
    )


def test_a_step_has_its_picture_with_the_control_marked_and_the_secret_covered(tmp_path: Path) -> None:
    given = context(tmp_path)
    sop = STAGE.run(given)
    picture = sop.steps[0].image
    assert picture is not None
    assert picture.highlight == (0.75, 0.75, 0.15, 0.1)
    assert len(picture.redactions) == 1
    made = cv2.imread(str(given.folder / picture.path))
    assert made is not None
    assert made.shape[:2] == (200, 400)
    assert float(made[15:45, 20:160].std(axis=(0, 1)).max()) < 3.0
    assert 1.0 <= picture.time <= 3.0


def test_the_announced_language_and_the_wishes_count(tmp_path: Path) -> None:
    sop = STAGE.run(context(tmp_path, language="de", title="Speichern", owner="Betrieb"))
    assert (sop.title, sop.review.owner, sop.steps[0].action) == ("Speichern", "Betrieb", "Klicken Sie auf Save.")


def test_a_language_model_that_cannot_be_reached_does_no_harm(tmp_path: Path) -> None:
    given = context(tmp_path, language_model={"url": "http://127.0.0.1:9/v1", "model": "gone"})  # type: ignore[arg-type]  # a mapping
    assert STAGE.run(given).provenance.writer == "rules"


def test_the_workspaces_template_gives_sections_and_interval(tmp_path: Path) -> None:
    shapes = {"rollback": Shape(sections=("escalation", "steps", "expected"), interval_days=30), "": Shape(sections=("steps",))}
    sop = STAGE.run(context(tmp_path, area="rollback", shapes=shapes))
    assert sop.sections == ("escalation", "steps")
    assert sop.review.interval_days == 30


def test_an_area_without_a_template_of_its_own_follows_the_workspaces(tmp_path: Path) -> None:
    sop = STAGE.run(context(tmp_path, area="rollback", shapes={"": Shape(sections=("steps", "purpose"))}))
    assert sop.sections == ("steps", "purpose")
    assert sop.review.interval_days == 90


def test_a_changed_template_is_written_anew() -> None:
    before, after = (Options(shapes={"rollback": Shape(sections=names)}) for names in (("steps", "roles"), ("roles", "steps")))
    assert artefact_digest(STAGE, before, {}) != artefact_digest(STAGE, after, {})
    assert artefact_digest(STAGE, before, {}) == artefact_digest(STAGE, replace(before), {})

"""Side files through all stages, on real files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from plugin.domain.document import to_document
from plugin.pipeline import runner
from plugin.pipeline.side import asciicast, session
from plugin.pipeline.side.drawing import draw, type_for
from plugin.pipeline.side.replay import Replay
from plugin.pipeline.stage import Options
from plugin.pipeline.stages import STAGES
from plugin.pipeline.still import still_at
from tests import casts, media

SECRET = "Sup3rS3cretPw9x"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "deploy.yaml").write_text("kind: Deployment\nreplicas: 2\n")
    return folder


def made(recording: Path, tmp_path: Path, **side_files: str) -> runner.Result:
    return runner.run(recording, workdir=tmp_path / "work", options=Options(side_files=side_files), stages=STAGES, isolate=False)


def pictures(result: runner.Result) -> Iterator[Image.Image]:
    for step in result.sop.steps:
        if step.image is not None:
            with Image.open(result.images / step.image.path) as image:
                yield image.convert("L")


def test_a_terminal_session_becomes_a_document_without_its_secrets(home: Path, tmp_path: Path) -> None:
    keys = ["MARK Look at the manifest", "cat deploy.yaml\r", f"export DB_PASSWORD={SECRET}\r", "cat nothing\r"]
    recording = casts.record(tmp_path / "session.cast", keys, home=home, pause_s=0.8)
    result = made(recording, tmp_path)
    steps = [command.text for step in result.sop.steps for command in step.commands]
    assert steps == ["cat deploy.yaml", "export DB_PASSWORD=<PASSWORD_1>", "cat nothing"]
    assert result.sop.steps[0].action.startswith("Look at the manifest")
    assert result.sop.steps[0].commands[0].output == "kind: Deployment\nreplicas: 2"
    assert SECRET not in json.dumps(to_document(result.sop))
    assert all(step.image and step.image.redactions for step in result.sop.steps[1:])
    assert len(list(pictures(result))) == 3
    assert still_at(recording, 1.0).startswith(b"\x89PNG")


def filmed(cast: Path, out: Path, *, late_s: float) -> Path:
    """A screen video of the session that began ``late_s`` before it."""
    header = asciicast.read_header(cast)
    events = list(asciicast.read_events(cast, header))
    cells = type_for(header.columns, header.rows)
    player, at = Replay(header), 0

    def picture(time_s: float) -> media.Frame:
        nonlocal at
        while at < len(events) and events[at].time_s <= time_s - late_s:
            player._take(events[at])
            at += 1
        return cv2.cvtColor(np.asarray(draw(player.screen, cells)), cv2.COLOR_RGB2BGR)

    return media.video(out, picture, seconds=events[-1].time_s + late_s + 1.0, bit_rate=4_000_000)


def test_a_session_beside_a_video_gives_the_commands_and_the_video_the_pictures(home: Path, tmp_path: Path) -> None:
    keys = ["echo l1O0lI.O0\r", "cat deploy.yaml\r", "echo 'done' | tr -d o0O\r"]
    cast = casts.record(tmp_path / "session.cast", keys, home=home, pause_s=1.0)
    result = made(filmed(cast, tmp_path / "film.mp4", late_s=1.5), tmp_path, cast=str(cast))
    assert [c.text for s in result.sop.steps for c in s.commands] == ["echo l1O0lI.O0", "cat deploy.yaml", "echo 'done' | tr -d o0O"]
    known = session.commands(cast)
    for step, ran in zip(result.sop.steps, known, strict=True):
        assert step.evidence.start == pytest.approx(ran.start_s + 1.5, abs=1.0)
        assert step.image is not None


def two_buttons(path: Path) -> Path:
    """Two pages, each opened by a button: Save, then (the mistake) Delete."""
    screen = media.Screen()
    for name, y, start in (("Save draft", 120, 4.0), ("Delete all", 240, 9.0)):
        screen.box(300, y, 160, 44, (225, 225, 225))
        screen.text(name, 330, y + 28)
        screen.text(f"Result of {name}", 320, 400, start=start + 0.1, end=start + 3.5)
    screen.move(2.5, 1.0, 380, 142)
    screen.move(7.5, 1.0, 380, 262)
    return media.video(path, screen, seconds=14.0)


def test_a_forgotten_span_gives_no_step_no_picture_and_no_frame(tmp_path: Path) -> None:
    recording = two_buttons(tmp_path / "buttons.mp4")
    log = tmp_path / "buttons.events.jsonl"
    lines = [
        {"type": "click", "time": 4.0, "x": 380 / 800, "y": 142 / 480, "target": "Save draft", "role": "button"},
        {"type": "click", "time": 9.0, "x": 380 / 800, "y": 262 / 480, "target": "Delete all", "role": "button"},
        {"type": "mistake", "time": 13.0, "from": 7.0},
    ]
    everything = tmp_path / "everything.jsonl"
    everything.write_text("\n".join(json.dumps(line) for line in lines[:2]))
    log.write_text("\n".join(json.dumps(line) for line in lines))
    before = made(recording, tmp_path, events=str(everything))
    assert [s.action.count("Save draft") for s in before.sop.steps] == [1, 0]
    after = made(recording, tmp_path, events=str(log))
    assert len(after.sop.steps) == 1
    assert "Save draft" in after.sop.steps[0].action
    assert "Delete all" not in [line.text for screen in after.redacted.reading.screens for line in screen.lines if 7 <= screen.time_s <= 13]
    stills = after.artefacts["watch"].value.stills
    assert not [s for s in stills if 7.0 <= s.time_s <= 13.0]
    assert (7.0, 13.0, (0.0, 0.0, 1.0, 1.0)) in [(m.start_s, m.end_s, m.box) for m in after.redacted.masks]


def test_a_changed_side_file_is_another_run(tmp_path: Path) -> None:
    recording = media.video(tmp_path / "still.mp4", media.Screen(), seconds=2.0)
    captions = tmp_path / "still.srt"
    captions.write_text("1\n00:00:00,200 --> 00:00:01,500\nFirst words.\n")
    first = made(recording, tmp_path, captions=str(captions))
    captions.write_text("1\n00:00:00,200 --> 00:00:01,500\nOther words.\n")
    second = made(recording, tmp_path, captions=str(captions))
    said = [r.artefacts["listen"].value.sentences[0].text for r in (first, second)]
    assert said == ["First words.", "Other words."]

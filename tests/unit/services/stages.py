"""A pipeline of three quick stages: the steps stand in the recording itself, behind the first bytes of an MP4. Each run of a stage leaves a mark."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from plugin.domain.errors import UnusableRecording
from plugin.domain.sop import Command, Evidence, Picture, Sop, Step
from plugin.pipeline.artefacts import Actions, Media, Reading, Redacted, Transcript
from plugin.pipeline.stage import Context, Stage
from tests.unit.services.world import MP4, picture_bytes


def recording(*steps: dict[str, Any], **more: Any) -> bytes:
    """A recording out of which exactly these steps come."""
    return MP4 + json.dumps({"steps": steps, **more}).encode()


def probe(context: Context) -> Media:
    _mark(context, "probe")
    told = _told(context.recording)
    if told.get("broken"):
        raise UnusableRecording("damaged", "The recording is damaged.")
    return Media(sha256="", demuxer="mov", duration_s=10.0)


def redact(context: Context) -> Redacted:
    _mark(context, "redact")
    context.report(0.5)
    return Redacted(transcript=Transcript(), actions=Actions(), reading=Reading())


def write(context: Context) -> Sop:
    _mark(context, "write")
    steps = []
    for number, told in enumerate(_told(context.recording)["steps"], 1):
        name = f"images/step-{number:02d}.png"
        (context.folder / "images").mkdir(exist_ok=True)
        (context.folder / name).write_bytes(picture_bytes(told.get("colour", "white")))
        steps.append(
            Step(
                id=f"stp_{number}",
                number=number,
                action=told["action"],
                commands=tuple(Command(text=c) for c in told.get("commands", ())),
                expected=told.get("expected"),
                image=Picture(path=name, time=float(number), width=64, height=40),
                evidence=Evidence(start=number, end=number + 1, basis={"action": "said"}),
            )
        )
    return Sop(
        id="sop_made", revision=1, title=context.options.title or "Made of a recording", area=context.options.area, steps=tuple(steps)
    )


STAGES = (
    Stage(name="probe", version=1, needs=(), produces=Media, run=probe),
    Stage(name="redact", version=1, needs=("probe",), produces=Redacted, run=redact),
    Stage(name="write", version=1, needs=("redact",), produces=Sop, run=write, uses=("title", "area")),
)


def _told(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_bytes()[len(MP4) :])
    return told


def _mark(context: Context, name: str) -> None:
    """Writes down that this stage ran; where a test asks for it, the process dies in the middle of it."""
    log = os.environ.get("SOPWRIGHT_TEST_MARKS")
    if log:
        with Path(log).open("a") as stream:
            stream.write(f"{name}\n")
    killer = os.environ.get("SOPWRIGHT_TEST_KILL_IN")
    if killer == name:
        os.kill(os.getpid(), 9)

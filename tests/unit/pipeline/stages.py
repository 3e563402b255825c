"""Stages that take no time, for tests of the runner; module level, since a child process imports them by name."""

import os
import signal
from pathlib import Path

from plugin.domain.errors import UnusableRecording
from plugin.domain.sop import Sop
from plugin.pipeline.artefacts import Actions, Media, Reading, Redacted, Transcript
from plugin.pipeline.stage import Context, Stage


def note(context: Context, name: str) -> None:
    """Leaves a trace of every real run beside the recording."""
    with Path(f"{context.recording}.trace").open("a") as trace:
        trace.write(name + "\n")


def probe(context: Context) -> Media:
    note(context, "probe")
    return Media(sha256="00", demuxer="mov", duration_s=1.0)


def redact(context: Context) -> Redacted:
    note(context, "redact")
    context.report(0.5)
    (context.folder / "beside.txt").write_text("a file of the artefact")
    return Redacted(transcript=Transcript(), actions=Actions(), reading=Reading())


def write(context: Context) -> Sop:
    note(context, "write")
    assert (context.folders["redact"] / "beside.txt").read_text()
    return Sop(id="sop_1", revision=1, title=context.options.title or "Untitled")


def refuse(context: Context) -> Media:
    raise UnusableRecording("not-a-video", "This is not a video.")


def crash(context: Context) -> Media:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("unreachable")


def stages(first: Stage | None = None) -> list[Stage]:
    return [
        first or Stage(name="probe", version=1, needs=(), produces=Media, run=probe, isolated=True),
        Stage(name="redact", version=1, needs=("probe",), produces=Redacted, run=redact),
        Stage(name="write", version=1, needs=("probe", "redact"), produces=Sop, run=write, uses=("title",)),
    ]

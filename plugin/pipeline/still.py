"""A single frame of a recording, decoded under guard, for people who choose another picture."""

from __future__ import annotations

from pathlib import Path

from plugin.domain.errors import UnusableRecording
from plugin.domain.recording import AVI, HEAD_BYTES, MP4, OGG, WEBM, container
from plugin.pipeline.engines.frame import frame_at
from plugin.pipeline.guard import Limits, call

DEMUXERS = {MP4.ending: "mov", WEBM.ending: "matroska", AVI.ending: "avi", OGG.ending: "ogg"}
LIMITS = Limits(cpu_s=20, memory_bytes=2 * 2**30, wall_s=30.0)


def still_at(path: Path, time_s: float) -> bytes:
    """PNG of the frame shown at ``time_s``. Raises UnusableRecording."""
    with path.open("rb") as stream:
        kind = container(stream.read(HEAD_BYTES))
    demuxer = DEMUXERS.get(kind.ending) if kind else None
    if demuxer is None:
        raise UnusableRecording("no-video", "This recording has no picture.")
    return call(frame_at, str(path), demuxer, time_s, limits=LIMITS, report=_nothing)


def _nothing(_: float) -> None:
    """Nobody waits for progress."""

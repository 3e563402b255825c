"""A single frame or a few seconds of a recording, under guard, for people who look at it and choose another picture."""

from __future__ import annotations

from pathlib import Path

from plugin.pipeline.engines.clip import clip
from plugin.pipeline.engines.frame import frame_at
from plugin.pipeline.guard import Limits, call

CLIP_LIMITS = Limits(cpu_s=60, memory_bytes=2 * 2**30, wall_s=60.0)
LIMITS = Limits(cpu_s=20, memory_bytes=2 * 2**30, wall_s=30.0)


def still_at(path: Path, time_s: float) -> bytes:
    """PNG of the frame shown at ``time_s``. Raises UnusableRecording."""
    return call(frame_at, path, time_s, limits=LIMITS)


def seconds_of(path: Path, start_s: float, end_s: float, out: Path) -> tuple[float, str]:
    """Writes the seconds as a file of its own; when it begins in the recording, and its media type. Raises UnusableRecording."""
    return call(clip, path, start_s, end_s, out, limits=CLIP_LIMITS)

"""A single frame of a recording, decoded under guard, for people who choose another picture."""

from __future__ import annotations

from pathlib import Path

from plugin.pipeline.engines.frame import frame_at
from plugin.pipeline.guard import Limits, call

LIMITS = Limits(cpu_s=20, memory_bytes=2 * 2**30, wall_s=30.0)


def still_at(path: Path, time_s: float) -> bytes:
    """PNG of the frame shown at ``time_s``. Raises UnusableRecording."""
    return call(frame_at, path, time_s, limits=LIMITS)

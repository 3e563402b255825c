"""One frame of a recording as PNG. Runs in a guarded child process; the demuxer is forced, so a playlist can open nothing else."""

from __future__ import annotations

import io

import av
from PIL import Image

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.stage import Report

BACK_S = 0.5


def frame_at(path: str, demuxer: str, time_s: float, *, report: Report) -> bytes:
    """The frame shown at ``time_s``; the last one where the recording is shorter. Raises UnusableRecording where there is none."""
    options = {"protocol_whitelist": "file"}
    with av.open(path, format=demuxer, options=options) as container:
        stream = container.streams.video[0] if container.streams.video else None
        if stream is None:
            raise UnusableRecording("no-video", "This recording has no picture.")
        container.seek(int(max(0.0, time_s - BACK_S) * av.time_base))
        shown = None
        for frame in container.decode(stream):
            if shown is not None and frame.time is not None and frame.time > time_s:
                break
            shown = frame
    if shown is None:
        raise UnusableRecording("no-frame", "There is no picture at this time of the recording.")
    report(1.0)
    target = io.BytesIO()
    Image.fromarray(shown.to_ndarray(format="rgb24")).save(target, "PNG")
    return target.getvalue()

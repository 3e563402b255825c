"""One frame of a recording, upright, as PNG. Runs in a guarded child process."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
from PIL import Image

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.engines.media import open_media, origin_s, sniff, upright_turn, video_stream
from plugin.pipeline.side import session
from plugin.pipeline.stage import Report

BACK_S = 0.5


def frame_at(path: Path, time_s: float, *, report: Report) -> bytes:
    """The frame shown ``time_s`` after the first one; the last one where the recording is shorter. Raises UnusableRecording where there is none."""
    if session.is_session(path):
        return session.frame(path, time_s)
    demuxer = sniff(path)
    if demuxer is None:
        raise UnusableRecording("no-video", "This recording has no picture.")
    with open_media(path, demuxer) as container:
        stream = video_stream(container)
        if stream is None:
            raise UnusableRecording("no-video", "This recording has no picture.")
        wanted_s = origin_s(container) + time_s
        container.seek(int(max(0.0, wanted_s - BACK_S) * av.time_base))
        shown = None
        for frame in container.decode(stream):
            if shown is not None and frame.time is not None and frame.time > wanted_s:
                break
            shown = frame
    if shown is None:
        raise UnusableRecording("no-frame", "There is no picture at this time of the recording.")
    report(1.0)
    target = io.BytesIO()
    upright = np.rot90(shown.to_ndarray(format="rgb24"), -upright_turn(shown) // 90)
    Image.fromarray(np.ascontiguousarray(upright)).save(target, "PNG")
    return target.getvalue()

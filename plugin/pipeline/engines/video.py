"""Frames of a recording by presentation time, decoded once, under the demuxer that was recognised. OpenCV never opens the file: its times are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Media
from plugin.pipeline.engines.media import open_media


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One upright frame. ``luma`` is height x width, uint8; the colours are converted only when :meth:`bgr` asks for them."""

    time_s: float
    luma: Any
    _frame: Any
    _turns: int

    def bgr(self) -> Any:
        """height x width x 3, uint8."""
        image = self._frame.to_ndarray(format="bgr24")
        return np.ascontiguousarray(np.rot90(image, -self._turns)) if self._turns else image


def frames(path: Path, media: Media, *, fps: float) -> Iterator[Frame]:
    """At most ``fps`` frames a second, as they come; a damaged end of the file ends them. One thread: the other core listens."""
    import av

    turns = (media.rotation_deg // 90) % 4
    with open_media(path, media.demuxer) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        base = stream.time_base
        origin_s: float | None = None
        due_s = 0.0
        packets = container.demux(stream)
        while True:
            try:
                decoded = next(packets).decode()
            except StopIteration:
                return
            except (av.error.EOFError, av.error.InvalidDataError):
                continue  # a broken packet: what follows may be whole again
            for frame in decoded:
                if frame.pts is None:
                    continue
                at_s = float(frame.pts * base)
                origin_s = at_s if origin_s is None else origin_s
                time_s = at_s - origin_s
                if time_s + 1e-6 < due_s:
                    continue
                due_s = max(due_s + 1 / fps, time_s + 0.5 / fps)
                yield Frame(time_s=time_s, luma=_luma(frame, turns), _frame=frame, _turns=turns)


def _luma(frame: Any, turns: int) -> Any:
    if frame.format.name.startswith(("yuv", "nv", "gray")) and not frame.format.is_big_endian and frame.format.components[0].bits == 8:
        plane = frame.planes[0]
        luma = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : frame.width]
    else:
        luma = frame.to_ndarray(format="gray")
    return np.ascontiguousarray(np.rot90(luma, -turns)) if turns else luma

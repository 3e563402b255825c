"""Sound of a recording as 16 kHz mono, in pieces, with its place on the recording's clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from plugin.pipeline.artefacts import Media
from plugin.pipeline.engines.container import opened

RATE_HZ = 16_000
GAP_S = 0.25
"""A hole in the sound that is longer than this is filled with silence, so that later words keep their times."""


def chunks(path: Path, media: Media, *, seconds: float) -> Iterator[tuple[float, Any]]:
    """(start in seconds from the first frame, float32 samples) pieces of at most ``seconds``; a damaged packet is a hole, not an end."""
    import av

    with opened(path, media.demuxer) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None:
            return
        stream.thread_count = 1
        origin_s = _origin_s(container)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        piece = _Piece(limit=int(seconds * RATE_HZ))
        for packet in container.demux(stream):
            try:
                decoded = packet.decode()
            except (av.error.InvalidDataError, av.error.EOFError):
                continue
            for frame in decoded:
                start_s = None if frame.pts is None else float(frame.pts * frame.time_base) - origin_s
                frame.pts = None
                samples = [f.to_ndarray().ravel() for f in resampler.resample(frame)]
                yield from piece.add(start_s, samples)
        yield from piece.add(None, [f.to_ndarray().ravel() for f in resampler.resample(None)])
        yield from piece.rest()


def _origin_s(container: Any) -> float:
    """When the picture begins on the container's clock; the sound's own begin where there is no picture."""
    streams = [*container.streams.video[:1], *container.streams.audio[:1]]
    first = streams[0]
    return float(first.start_time * first.time_base) if first.start_time is not None else 0.0


class _Piece:
    """Collects samples until a piece is full."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._start_s: float | None = None
        self._parts: list[Any] = []
        self._length = 0

    def add(self, start_s: float | None, samples: list[Any]) -> Iterator[tuple[float, Any]]:
        if self._start_s is None:
            self._start_s = max(0.0, start_s or 0.0)
            if start_s is not None and start_s < 0:
                samples = [np.concatenate(samples)[round(-start_s * RATE_HZ) :]] if samples else samples
        elif start_s is not None:
            missing_s = start_s - (self._start_s + self._length / RATE_HZ)
            if missing_s > GAP_S:
                yield from self.rest()
                self._start_s = start_s
        for part in samples:
            self._parts.append(part)
            self._length += len(part)
            if self._length >= self._limit:
                end_s = self._start_s + self._length / RATE_HZ
                yield from self.rest()
                self._start_s = end_s

    def rest(self) -> Iterator[tuple[float, Any]]:
        if self._length and self._start_s is not None:
            yield self._start_s, np.concatenate(self._parts).astype(np.float32, copy=False)
        self._parts, self._length = [], 0

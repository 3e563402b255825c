"""Decodes the sound of a recording, piece by piece, for a speech recogniser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugin.pipeline.artefacts import Media
from plugin.pipeline.engines import media as opening

RATE_HZ = 16_000
Audio = NDArray[np.float32]

_SMALL_GAP_S = 0.08  # what muxers round away
_PADDED_GAP_S = 2.0  # a gap up to this is filled with silence; after a longer one a new piece begins


def chunks(path: Path, media: Media, *, seconds: float) -> Iterator[tuple[float, Audio]]:
    """Mono 16 kHz float samples in pieces of at most ``seconds``, each with the time of its first sample.

    Times are on the clock of all artefacts (seconds from the first video frame), so sound that was muxed late comes late here and sound from
    before the first frame has a negative time. Memory stays flat. Damaged packets are left out; yields nothing where there is no sound.
    """
    if not media.has_audio:
        return
    size = max(1, int(seconds * RATE_HZ))
    pending: list[Audio] = []
    held = 0
    begin_s = 0.0
    for time_s, samples in _decoded(path, media):
        if held == 0:
            begin_s = time_s
        gap_s = time_s - (begin_s + held / RATE_HZ)
        if gap_s > _PADDED_GAP_S:
            yield begin_s, np.concatenate(pending)
            pending, held, begin_s = [], 0, time_s
        elif gap_s > _SMALL_GAP_S:
            silence = np.zeros(int(gap_s * RATE_HZ), np.float32)
            pending.append(silence)
            held += silence.size
        pending.append(samples)
        held += samples.size
        if held >= size:
            whole = np.concatenate(pending)
            while whole.size >= size:
                yield begin_s, whole[:size]
                begin_s, whole = begin_s + size / RATE_HZ, whole[size:]
            pending, held = [whole], whole.size
    if held:
        yield begin_s, np.concatenate(pending)


def _decoded(path: Path, media: Media) -> Iterator[tuple[float, Audio]]:
    """Resampled pieces with the time of their first sample."""
    import av

    with opening.open_media(path, media.demuxer) as container:
        stream = opening.audio_stream(container)
        if stream is None:
            return
        # Live muxers write nonsense about what of a packet is padding (19 of 20 ms were seen); really it is some milliseconds at the beginning.
        stream.codec_context.options = {"flags2": "+skip_manual"}
        origin_s = opening.origin_s(container)
        resampler: Any = None
        layout: Any = None
        time_s = 0.0
        for frame in _frames(container, stream):
            if (frame.format.name, frame.layout.name, frame.sample_rate) != layout:
                layout = (frame.format.name, frame.layout.name, frame.sample_rate)
                resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
            time_s = frame.time - origin_s if frame.time is not None else time_s
            frame.pts = None  # the resampler would invent samples to follow jumps; gaps are handled by the caller
            for out in resampler.resample(frame):
                samples = out.to_ndarray().reshape(-1)
                yield time_s, samples
                time_s += samples.size / RATE_HZ


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return  # the end, or a tail that was cut off
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue

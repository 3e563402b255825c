"""A few seconds of a recording as a small file of its own, without coding anything anew. Runs in a guarded child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.engines.media import audio_stream, open_media, origin_s, sniff, video_stream
from plugin.pipeline.stage import Report

MOST_BYTES = 100 * 2**20
_WEBM = ("vp8", "vp9", "av1", "opus", "vorbis", "libdav1d", "libvpx", "libvpx-vp9", "libaom-av1")


def clip(path: Path, start_s: float, end_s: float, out: Path, *, report: Report) -> tuple[float, str]:
    """Writes ``out``; the time in the recording at which it begins (the key frame before ``start_s``), and its media type.

    Raises UnusableRecording where the file has no picture there.
    """
    demuxer = sniff(path)
    if demuxer is None or demuxer not in ("mov", "matroska", "avi", "mpegts", "ogg"):
        raise UnusableRecording("no-video", "This recording has no moving picture.")
    with open_media(path, demuxer) as source:
        streams = [s for s in (video_stream(source), audio_stream(source)) if s is not None]
        if not streams or streams[0].type != "video":
            raise UnusableRecording("no-video", "This recording has no moving picture.")
        webm = all(s.codec_context.name in _WEBM for s in streams)
        zero_s = origin_s(source)
        source.seek(int(max(0.0, zero_s + start_s) * av.time_base))
        with av.open(str(out), "w", format="webm" if webm else "mp4") as target:
            begins_s = _copied(source, streams, target, zero_s + end_s, report)
    if begins_s is None:
        raise UnusableRecording("no-frame", "There is no picture at this time of the recording.")
    return max(0.0, begins_s - zero_s), "video/webm" if webm else "video/mp4"


def _copied(source: Any, streams: list[Any], target: Any, until_s: float, report: Report) -> float | None:
    """Copies packets from the first key frame on; the time at which that one is shown."""
    copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
    begins_s: float | None = None
    written = 0
    for packet in source.demux(streams):
        if packet.dts is None or packet.pts is None:
            continue
        at_s = float(packet.pts * packet.time_base)
        if begins_s is None:
            if packet.stream.type != "video" or not packet.is_keyframe:
                continue
            begins_s = at_s
        if packet.stream.type == "video" and (at_s > until_s or written > MOST_BYTES):
            break
        shift = int(begins_s / packet.time_base)
        if packet.dts - shift < 0 and packet.stream.type == "audio":
            continue
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        written += packet.size
        packet.stream = copies[packet.stream.index]
        target.mux(packet)
    report(1.0)
    return begins_s

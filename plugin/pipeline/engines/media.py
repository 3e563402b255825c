"""Opens media files safely: the content decides the demuxer, never a name; no playlists, no references to other files, no network.

Measured on several tools: a playlist or concat text named ``x.mp4`` makes an unguarded decoder open sibling files or addresses. A forced demuxer
with a format and protocol allow-list stops all of these.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from plugin.domain.errors import UnusableRecording
from plugin.domain.recording import HEAD_BYTES, container

DEMUXERS = ("mov", "matroska", "avi", "ogg", "mpegts", "mp3", "wav", "flac")
VIDEO_CODECS = re.compile(r"h264|hevc|(lib)?vp(x|8|9|x-vp9)|av1|libdav1d|libaom-av1|mpeg4|mpeg2video|mjpeg|theora|prores|png|ffv1")
AUDIO_CODECS = re.compile(r"aac|opus|vorbis|mp3(float)?|mp2|flac|alac|ac3|eac3|pcm_[a-z0-9]+")

_OPTIONS = {
    "protocol_whitelist": "file",
    "enable_drefs": "0",  # a MOV must not point at other files
    "use_absolute_path": "0",
    "probesize": "5000000",
    "analyzeduration": "5000000",
}


def sniff(path: Path) -> str | None:
    """The demuxer that the first bytes of the file call for, or None where they are no media file that is accepted here."""
    with path.open("rb") as stream:
        kind = container(stream.read(HEAD_BYTES))
    return kind.demuxer if kind else None


def open_media(path: Path, demuxer: str) -> Any:
    """An open PyAV container. Raises UnusableRecording ``damaged`` where the demuxer cannot make sense of the file."""
    import av

    if demuxer not in DEMUXERS:
        raise ValueError(f"demuxer {demuxer!r} is not allowed")
    options = {**_OPTIONS, "format_whitelist": _LONG_NAMES.get(demuxer, demuxer)}
    if demuxer != "mov":
        options = {k: v for k, v in options.items() if k not in ("enable_drefs", "use_absolute_path")}
    try:
        return av.open(f"file:{path.absolute()}", format=demuxer, options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        words = "The recording is damaged: its beginning could not be read. Export it again as MP4 or WebM and use that file."
        raise UnusableRecording("damaged", words, detail_for_operator=f"{demuxer}: {error}") from error


def video_stream(container: Any) -> Any | None:
    """The first real video stream (cover pictures of audio files are none), or None."""
    import av

    picture = av.stream.Disposition.attached_pic
    return next((s for s in container.streams.video if not s.disposition & picture), None)


def audio_stream(container: Any) -> Any | None:
    """The first audio stream, or None."""
    return next(iter(container.streams.audio), None)


def origin_s(container: Any) -> float:
    """The presentation time of the first frame on the container's clock: time zero of everything that is stored."""
    stream = video_stream(container) or audio_stream(container)
    if stream is None or stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)


_LONG_NAMES = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}


def upright_turn(frame: Any) -> int:
    """Degrees (0, 90, 180, 270) by which the decoded picture has to be turned clockwise to stand upright."""
    return round(-float(getattr(frame, "rotation", 0) or 0) / 90) % 4 * 90

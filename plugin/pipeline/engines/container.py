"""Opens recordings for PyAV the one safe way: demuxer forced by content, nothing but this file is ever read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugin.domain.recording import AVI, FLAC, HEAD_BYTES, MP3, MP4, OGG, WAV, WEBM, container

DEMUXERS = {
    MP4.ending: "mov",
    WEBM.ending: "matroska",
    AVI.ending: "avi",
    OGG.ending: "ogg",
    WAV.ending: "wav",
    MP3.ending: "mp3",
    FLAC.ending: "flac",
}
# Whatever a file claims to contain: playlists and lists of files would open other files and addresses.
OPTIONS = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,ogg,wav,mp3,flac", "protocol_whitelist": "file"}


def demuxer_of(path: Path) -> str | None:
    """The demuxer for the content of ``path``; None where it is no kind of recording. The file's name plays no part."""
    with path.open("rb") as stream:
        kind = container(stream.read(HEAD_BYTES))
    return DEMUXERS.get(kind.ending) if kind else None


def opened(path: Path, demuxer: str) -> Any:
    """A PyAV input container, to be used with ``with``; raises av.FFmpegError for a damaged file."""
    import av

    # An absolute path has no scheme and cannot be taken for an option, a pattern or an address.
    return av.open(str(path.absolute()), format=demuxer, options=OPTIONS, metadata_errors="ignore")

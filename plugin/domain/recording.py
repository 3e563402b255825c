"""What can be said of a recording from its first bytes and its name. Pure; the decoders decide the rest in a guarded child process."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """``ending`` is the one we store and serve under; the sender's is never kept. ``demuxer`` is FFmpeg's name, which is forced at every decoding."""

    media_type: str
    ending: str
    demuxer: str


MP4 = Container(media_type="video/mp4", ending="mp4", demuxer="mov")
WEBM = Container(media_type="video/webm", ending="webm", demuxer="matroska")
AVI = Container(media_type="video/x-msvideo", ending="avi", demuxer="avi")
OGG = Container(media_type="application/ogg", ending="ogg", demuxer="ogg")
WAV = Container(media_type="audio/wav", ending="wav", demuxer="wav")
MP3 = Container(media_type="audio/mpeg", ending="mp3", demuxer="mp3")
MPEG_TS = Container(media_type="video/mp2t", ending="ts", demuxer="mpegts")
FLAC = Container(media_type="audio/flac", ending="flac", demuxer="flac")
ASCIICAST = Container(media_type="application/x-asciicast", ending="cast", demuxer="asciicast")
HEAD_BYTES = 512
MAX_LABEL = 120

_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp")
_TS_PACKET_BYTES = 188
_CAST_HEADER = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{[^\r\n]*"version"\s*:\s*[23]\s*[,}]')
_UNSAFE = re.compile(r"[\\/:*?\"<>|%\x00-\x1f\x7f]+")


def container(head: bytes) -> Container | None:
    """The container that the first :data:`HEAD_BYTES` bytes speak of; None for anything else (text, pictures, archives, playlists)."""
    if head[4:8] in _MP4_BOXES:
        return MP4
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"WAVE"):
        return AVI if head[8:12] == b"AVI " else WAV
    if head.startswith(b"OggS"):
        return OGG
    if head.startswith(b"fLaC"):
        return FLAC
    if len(head) > 2 * _TS_PACKET_BYTES and head[0] == head[_TS_PACKET_BYTES] == head[2 * _TS_PACKET_BYTES] == 0x47:
        return MPEG_TS
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] != 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6)):
        return MP3
    if _CAST_HEADER.match(head):
        return ASCIICAST
    return None


def label(filename: str) -> str:
    """``filename`` as something that may be shown: its last part, without control or direction characters, at most 120 long. Never a path."""
    last = re.split(r"[\\/]", filename)[-1]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    plain = _UNSAFE.sub("_", plain).strip(" .-")
    return plain[:MAX_LABEL] or "recording"


def title_from(filename: str) -> str:
    """A first title where nobody gave one: the label without its ending, words apart."""
    stem = label(filename).rsplit(".", 1)[0]
    words = re.sub(r"[_\-\s]+", " ", stem).strip()
    return words[:1].upper() + words[1:] if words else "Recording"

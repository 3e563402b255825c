"""Says from the first bytes whether a file can be a recording at all. Not a parser: the guarded probing of the pipeline decides."""

from __future__ import annotations

HEAD_BYTES = 512
_MPEG_TS_PACKET_BYTES = 188


def looks_like_media(head: bytes) -> bool:
    """True for MP4/MOV, WebM/Matroska, AVI, WAV, Ogg, FLV, ASF, MPEG-TS/PS, MP3, AAC and FLAC; False for texts, playlists, archives, programs."""
    return (
        _iso_media(head)
        or head.startswith(
            (b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01", b"fLaC", b"ID3", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
        )
        or (head[:4] == b"RIFF" and head[8:12] in {b"AVI ", b"WAVE"})
        or (head[:1] == b"G" and head[_MPEG_TS_PACKET_BYTES : _MPEG_TS_PACKET_BYTES + 1] == b"G")
        # MPEG audio and ADTS frames start with eleven or twelve set bits.
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFF)
    )


def _iso_media(head: bytes) -> bool:
    return head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}

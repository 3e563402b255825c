"""The headers of tus, read strictly: ``Upload-Metadata``, ``Upload-Checksum``, lengths and offsets. Pure; knows no request."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

from plugin.domain.errors import SopError

MAX_METADATA_BYTES = 8192
MAX_LABEL_CHARS = 200
CHECKSUMS = ("sha1", "sha256", "md5")
KNOWN_KEYS = frozenset({"filename", "title", "language", "area", "sop_id", "owner", "filetype", "kind", "of"})
# Longest decimal that a 64-bit length can have; more digits are a lie, and int() on a megabyte of them is slow.
_DECIMAL = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
# Controls, and the marks that turn the reading direction of what stands beside them (bidi overrides and isolates).
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class BadHeader(SopError):
    """A tus header that cannot be read; the message names it."""


def parse_metadata(header: str) -> dict[str, str]:
    """``key base64,key base64`` -> texts. Unknown keys are read, checked and dropped; raises BadHeader."""
    if not header.strip():
        return {}
    if len(header) > MAX_METADATA_BYTES:
        raise BadHeader(f"Upload-Metadata is longer than {MAX_METADATA_BYTES} bytes.")
    found: dict[str, str] = {}
    for pair in header.split(","):
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key):
            raise BadHeader("A key in Upload-Metadata is empty or holds something other than ASCII letters, digits and signs.")
        if key in found:
            raise BadHeader(f"The key {key} stands twice in Upload-Metadata.")
        found[key] = _text(key, encoded.strip())
    return {key: value for key, value in found.items() if key in KNOWN_KEYS and value}


def _text(key: str, encoded: str) -> str:
    try:
        return label(base64.b64decode(encoded, validate=True).decode("utf-8"))
    except (binascii.Error, ValueError) as error:
        raise BadHeader(f"The value of {key} in Upload-Metadata is not base64 of UTF-8 text.") from error


def label(text: str) -> str:
    """A name that people gave, fit to be shown: no control or direction marks, at most 200 characters. Never used as a path."""
    shown = _UNSHOWABLE.sub("", unicodedata.normalize("NFC", text)).strip()
    return shown if len(shown) <= MAX_LABEL_CHARS else shown[: MAX_LABEL_CHARS - 1] + "…"


def parse_checksum(header: str) -> tuple[str, bytes]:
    """``sha1 base64`` -> algorithm and digest; raises BadHeader."""
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadHeader(f"Upload-Checksum names an unknown algorithm; known are {', '.join(CHECKSUMS)}.")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise BadHeader("The value in Upload-Checksum is not base64.") from error
    if len(digest) != {"sha1": 20, "sha256": 32, "md5": 16}[algorithm]:
        raise BadHeader(f"The value in Upload-Checksum has not the length of {algorithm}.")
    return algorithm, digest


def parse_decimal(name: str, value: str | None) -> int:
    """A length or offset in bytes; raises BadHeader naming the header."""
    if value is None or not _DECIMAL.fullmatch(value):
        raise BadHeader(f"{name} must be a whole number of bytes, 0 or more.")
    return int(value)

"""The headers of tus are read strictly; names that people give are only ever labels."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.recording import container
from plugin.web.tus.metadata import MAX_LABEL_CHARS, BadHeader, label, parse_checksum, parse_decimal, parse_metadata


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_metadata_is_read_as_utf8_texts() -> None:
    assert parse_metadata(f"filename {_b64('Wiederherstellung – Übung.mp4')},area {_b64('incident-response')}") == {
        "filename": "Wiederherstellung – Übung.mp4",
        "area": "incident-response",
    }


def test_keys_that_we_do_not_know_are_dropped_and_empty_values_are_no_wishes() -> None:
    assert parse_metadata(f"relativePath {_b64('null')},title ,is_confidential") == {}


@pytest.mark.parametrize(
    "header",
    [
        "filename not-base64!",
        f"filename {_b64('a')},filename {_b64('b')}",
        f"fílename {_b64('a')}",
        f" ,filename {_b64('a')}",
        "filename " + base64.b64encode(b"\xff\xfe").decode(),
        "filename " + _b64("x" * 1_000_000),
    ],
    ids=["no base64", "twice", "not ascii", "empty key", "not utf-8", "a megabyte"],
)
def test_unreadable_metadata_is_refused(header: str) -> None:
    with pytest.raises(BadHeader):
        parse_metadata(header)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\x00b\nc", "abc"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("x" * 300, "x" * (MAX_LABEL_CHARS - 1) + "…"),
    ],
)
def test_a_name_becomes_a_label_without_marks_that_mislead(given: str, shown: str) -> None:
    assert label(given) == shown


@given(st.text(max_size=400))
def test_no_label_can_break_a_line_or_grow(text: str) -> None:
    shown = label(text)
    assert len(shown) <= MAX_LABEL_CHARS
    assert shown.isprintable() or not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)


@pytest.mark.parametrize("value", [None, "", "-1", "+1", " 1", "1e9", "9" * 19, "٣"])
def test_a_number_of_bytes_is_a_plain_decimal(value: str | None) -> None:
    with pytest.raises(BadHeader):
        parse_decimal("Upload-Offset", value)


@pytest.mark.parametrize("header", ["crc32 AAAA", "sha1 !!!", "sha1 AAAA", "sha1", ""])
def test_a_checksum_must_be_of_a_known_kind_and_length(header: str) -> None:
    with pytest.raises(BadHeader):
        parse_checksum(header)


@pytest.mark.parametrize(
    "head",
    [
        b"<!doctype html><script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"PK\x03\x04",
        b"\x7fELF\x02\x01",
        b"%PDF-1.7",
        b"#EXTM3U\n#EXT-X-VERSION:3",
        b"<?xml version='1.0'?><MPD>",
        b"ffconcat version 1.0\nfile a.mp4",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1",
        b"GIF89a",
        b"\xff" * 64,
        b"",
    ],
)
def test_texts_archives_programs_and_playlists_are_no_media(head: bytes) -> None:
    assert container(head) is None


@pytest.mark.parametrize(
    "head", [b"\x00\x00\x00\x20ftypisom", b"\x1a\x45\xdf\xa3\x9f", b"RIFF\x00\x00\x00\x00WAVEfmt ", b"OggS\x00", b"\xff\xfb\x90\x00"]
)
def test_containers_are_known_by_their_first_bytes(head: bytes) -> None:
    assert container(head) is not None

from __future__ import annotations

import pytest

from plugin.domain.recording import container, label, title_from


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x.mp4", "x.mp4"),
        ("..\\x.mp4", "x.mp4"),
        ("/etc/passwd", "passwd"),
        ("a\x00b.mp4", "ab.mp4"),
        ("s_%02d.png", "s__02d.png"),
        ("concat:a|b", "concat_a_b"),
        ("\u202egpj.exe", "gpj.exe"),
        ("-i", "i"),
        ("x" * 300, "x" * 120),
        ("...", "recording"),
        ("", "recording"),
    ],
)
def test_a_file_name_becomes_a_harmless_label(name: str, shown: str) -> None:
    assert label(name) == shown


def test_a_title_is_made_of_the_name() -> None:
    assert title_from("restore_orders-database.mp4") == "Restore orders database"


@pytest.mark.parametrize(
    "head",
    [b"", b"#EXTM3U\nhttp://x", b"ffconcat version 1.0", b"<html>", b"PK\x03\x04", b"\x7fELF", b"%PDF-1.7", b"v=0\r\no=-", b"\x89PNG"],
)
def test_what_is_no_recording_has_no_container(head: bytes) -> None:
    assert container(head) is None


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (b"\x00\x00\x00\x20ftypisom", "mp4"),
        (b"\x1aE\xdf\xa3\x9f", "webm"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (b"OggS\x00", "ogg"),
        (b"ID3\x04", "mp3"),
    ],
)
def test_containers_are_told_by_their_first_bytes(head: bytes, ending: str) -> None:
    found = container(head)
    assert found is not None
    assert found.ending == ending

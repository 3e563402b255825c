from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from plugin.blobs.local import LocalBlobs
from plugin.domain.errors import Exhausted, NotFound


def test_bytes_come_back_whole_and_in_parts(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put("wsp/pictures/a.png", b"0123456789")
    assert b"".join(blobs.read("wsp/pictures/a.png")) == b"0123456789"
    assert b"".join(blobs.read("wsp/pictures/a.png", start=3, length=4)) == b"3456"
    assert blobs.size("wsp/pictures/a.png") == 10
    with blobs.local("wsp/pictures/a.png") as path:
        assert path.read_bytes() == b"0123456789"


def test_what_is_deleted_or_was_never_there_is_not_found(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put("wsp/a", b"x")
    blobs.delete_all("wsp/")
    blobs.delete("wsp/a")
    with pytest.raises(NotFound):
        blobs.read("wsp/a")
    assert blobs.size("wsp/a") is None


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = LocalBlobs(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Exhausted):
        blobs.put("wsp/a", b"x")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_space_of_the_machine_is_left_to_others(tmp_path: Path) -> None:
    with pytest.raises(Exhausted):
        LocalBlobs(tmp_path, min_free_bytes=2**60).put("wsp/a", b"x")


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", ".hidden", "a\x00b", ""])
def test_a_key_never_leaves_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="plain names"):
        LocalBlobs(tmp_path).put(key, b"x")

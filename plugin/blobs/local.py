"""Blobs in a folder: written aside, flushed to the disk, renamed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import IO

from plugin.blobs.contract import CHUNK_BYTES
from plugin.domain.errors import Exhausted, NotFound

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalBlobs:
    """Keys become paths below ``root``. ``min_free_bytes`` is left to the rest of the machine."""

    def __init__(self, root: Path, *, min_free_bytes: int = 0) -> None:
        self._root = root
        self._min_free_bytes = min_free_bytes

    def put_file(self, key: str, path: Path) -> None:
        if self._path(key).exists():
            return
        self._reserve(path.stat().st_size)
        with path.open("rb") as source:
            self._write(key, source)

    def put(self, key: str, data: bytes) -> None:
        if self._path(key).exists():
            return
        self._reserve(len(data))
        self._write(key, data)

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            stream = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound("This file is no longer there.", detail_for_operator=f"blob {key}") from None
        return _chunks(stream, start, length)

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.exists():
            raise NotFound("This file is no longer there.", detail_for_operator=f"blob {key}")
        yield path

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def delete_all(self, prefix: str) -> None:
        shutil.rmtree(self._path(prefix.rstrip("/")), ignore_errors=True)

    def free_bytes(self) -> int | None:
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not all(parts) or any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            raise ValueError("a blob key is made of plain names")
        return self._root.joinpath(*parts)

    def _reserve(self, size_bytes: int) -> None:
        free = self.free_bytes()
        if free is not None and free - size_bytes < self._min_free_bytes:
            raise _no_space()

    def _write(self, key: str, source: bytes | IO[bytes]) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{token_hex(8)}.part")
        try:
            with aside.open("wb") as target:
                if isinstance(source, bytes):
                    target.write(source)
                else:
                    shutil.copyfileobj(source, target, CHUNK_BYTES)
                target.flush()
                os.fsync(target.fileno())
            aside.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            if error.errno in _FULL:
                raise _no_space() from None
            raise
        finally:
            aside.unlink(missing_ok=True)


def _chunks(stream: IO[bytes], start: int, length: int | None) -> Iterator[bytes]:
    with stream:
        stream.seek(start)
        left = length
        while left is None or left > 0:
            chunk = stream.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _no_space() -> Exhausted:
    return Exhausted(
        "There is no space left to store this. Ask the operator to make room, then try again; nothing was lost.", retry_after_s=600
    )

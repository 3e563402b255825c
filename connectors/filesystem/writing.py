"""Writing a file whole or not at all, and without losing what somebody else saves at the same moment."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
NOT_HERE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


def write_whole(path: Path, content: bytes, *, instead_of: bytes | None = None) -> bool:
    """Readers see the old or the new content, also after a power cut.

    With ``instead_of`` only where that still stands there (``b""``: no file); False, with the file as somebody else left it, where it does not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if instead_of is None:
            aside.replace(path)
            return True
        if (path.read_bytes() if path.exists() else b"") != instead_of:
            return False
        return _new(aside, path) if instead_of == b"" else _instead(aside, path, instead_of)
    finally:
        aside.unlink(missing_ok=True)


def _new(aside: Path, path: Path) -> bool:
    """A link, unlike a rename, fails where a file has appeared."""
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NOT_HERE:
            raise
        aside.replace(path)
    return True


def _instead(aside: Path, path: Path, expected: bytes) -> bool:
    """Exchanges the two files and looks at what came out: a save in the last microsecond is put back."""
    if not _exchanged(aside, path):
        aside.replace(path)
        return True
    if aside.read_bytes() == expected:
        return True
    _exchanged(aside, path)
    return False


def _exchanged(one: Path, other: Path) -> bool:
    """Both change places in one step; False where this system or disk cannot do so."""
    sys.audit("os.rename", str(one), str(other), -1, -1)  # as Path.replace tells it
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in NOT_HERE:
        return False
    if code == errno.ENOENT:
        return True  # somebody deleted or moved the page: what we hold aside is still ours, which the caller sees
    raise OSError(code, os.strerror(code), str(other))

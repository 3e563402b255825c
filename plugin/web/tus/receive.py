"""The body of one PATCH into the spool: in pieces, with a checksum where one was sent; what arrived before the line was cut is kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from werkzeug.exceptions import ClientDisconnected

from plugin.web.tus.spool import Upload, Writing

READ_BYTES = 64 * 1024
PIECE_BYTES = 1024 * 1024
PATIENCE_S = 30.0
SLOWEST_BYTES_PER_S = 1024


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ChecksumMismatch(Exception):
    """The bytes are not those that were meant; none of them counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """``cut``: the line ended early, or the sender was too slow to keep a thread for."""

    upload: Upload
    cut: bool


def receive(
    source: Source,
    writing: Writing,
    *,
    checksum: Checksum | None,
    before_piece: Callable[[int], None],
    monotonic: Callable[[], float],
) -> Received:
    """Writes all of ``source``; ``before_piece`` hears up to where the next piece will reach and may raise (quota).

    Raises ChecksumMismatch (nothing of this body counts) and whatever :meth:`Writing.add` raises; what was committed before stays.
    """
    start = writing.end
    line = _Line(source, monotonic)
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    for piece in line.pieces():
        before_piece(writing.end + len(piece))
        if digest:
            digest.update(piece)
        writing.add(piece)
    if checksum and digest and (line.cut or not hmac.compare_digest(digest.digest(), checksum.digest)):
        writing.take_back(start)
        raise ChecksumMismatch
    return Received(upload=writing.commit(), cut=line.cut)


class _Line:
    """The sender's end of the line. After the last piece ``cut`` says whether more should have come."""

    def __init__(self, source: Source, monotonic: Callable[[], float]) -> None:
        self.cut = False
        self._source = source
        self._monotonic = monotonic
        self._window_began = monotonic()
        self._window_bytes = 0

    def pieces(self) -> Iterator[bytes]:
        """Pieces of PIECE_BYTES, the last one shorter."""
        piece = bytearray()
        while got := self._read():
            piece += got
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    def _read(self) -> bytes:
        if self._stalled():
            self.cut = True
            return b""
        try:
            got = self._source.read(READ_BYTES)
        except (ClientDisconnected, OSError):
            self.cut = True
            return b""
        self._window_bytes += len(got)
        return got

    def _stalled(self) -> bool:
        """True where less than a trickle came during the last PATIENCE_S."""
        now = self._monotonic()
        if now - self._window_began < PATIENCE_S:
            return False
        slow = self._window_bytes < SLOWEST_BYTES_PER_S * (now - self._window_began)
        self._window_began, self._window_bytes = now, 0
        return slow

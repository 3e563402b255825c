"""``multipart/form-data`` (RFC 7578) whose file is read while it is sent, so that its size costs no memory. Knows no target."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping

from connectors.errors import Reject


class Form:
    """Some texts and one file. Called, it gives its body anew, as often as the call has to be made."""

    def __init__(
        self,
        texts: Mapping[str, str],
        *,
        field: str,
        filename: str,
        media_type: str,
        size_bytes: int,
        stream: Callable[[], Iterable[bytes]],
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        # Without the charset a server may read the texts as Latin-1.
        head = b"".join(
            _part(boundary, f'name="{_quoted(name)}"', "text/plain; charset=utf-8") + text.encode() + b"\r\n"
            for name, text in texts.items()
        )
        self._head = head + _part(boundary, f'name="{_quoted(field)}"; filename="{_quoted(filename)}"', media_type)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._filename, self._size_bytes, self._stream = filename, size_bytes, stream

    def __call__(self) -> Body:
        return Body(self._pieces(), len(self._head) + self._size_bytes + len(self._tail))

    def _pieces(self) -> Iterator[bytes]:
        yield self._head
        sent = 0
        for piece in self._stream():
            sent += len(piece)
            if sent > self._size_bytes:
                break
            yield piece
        if sent != self._size_bytes:
            words = "A file has another size than it should have."
            raise Reject(words, path=self._filename, reason=f"not {self._size_bytes} bytes", operation="upload")
        yield self._tail


class Body:
    """What requests takes for a stream of known length."""

    def __init__(self, pieces: Iterator[bytes], size_bytes: int) -> None:
        self._pieces, self._size_bytes, self._left = pieces, size_bytes, b""

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(64 * 1024):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; fewer do not mean the end, none do."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        size = len(self._left) if size < 0 else size
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def _part(boundary: str, names: str, media_type: str) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\nContent-Type: {media_type}\r\n\r\n".encode()


def _quoted(name: str) -> str:
    """As browsers write names into such a header."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

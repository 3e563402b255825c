"""Where bytes live that are too large for the database: recordings, pictures. Keys are made by us (workspace, kind, content hash)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1 << 20


class Blobs(Protocol):
    """Puts are atomic: under a key there is the whole content or nothing. All methods raise Exhausted where there is no space."""

    def put_file(self, key: str, path: Path) -> None:
        """Copies the file; a key that is there already keeps its content (keys follow from it)."""

    def put(self, key: str, data: bytes) -> None: ...

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks from ``start`` on; raises NotFound before the first one."""

    def size(self, key: str) -> int | None:
        """None where the key is unknown."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path with the content, for decoders; read only, gone after the block where it is a copy."""

    def delete(self, key: str) -> None:
        """Unknown keys are ignored."""

    def delete_all(self, prefix: str) -> None:
        """Everything whose key starts with ``prefix`` (ends in ``/``)."""

    def free_bytes(self) -> int | None:
        """Space that is left; None where there is no limit that we know of."""

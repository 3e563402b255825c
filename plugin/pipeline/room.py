"""What a disk without room means."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from plugin.domain.errors import Exhausted

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
WORDS = "There is no space left on the disk to work on this recording. Make room, then run the same again: what was finished is kept."


@contextmanager
def needed() -> Iterator[None]:
    """Turns the disk's refusal into Exhausted; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise Exhausted(WORDS, retry_after_s=300.0, detail_for_operator=f"{error.strerror}: {error.filename}") from None

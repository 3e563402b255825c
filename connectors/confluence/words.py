"""Small texts that stand in Confluence's history and lists. Pure."""

from __future__ import annotations

import re

MESSAGE_LENGTH = 255
_REVISION = re.compile(r"SOP revision (\d+)")
_NOT_IN_LABELS = re.compile(r"[^a-z0-9_-]+")


def version_message(message: str, revision: int) -> str:
    """The words for the history, on one line, with our revision in front so that the history can be read back."""
    one_line = " ".join(message.split())
    if not _REVISION.search(one_line):
        one_line = f"SOP revision {revision}: {one_line}".removesuffix(": ")
    return one_line if len(one_line) <= MESSAGE_LENGTH else one_line[: MESSAGE_LENGTH - 1] + "…"


def revision_of(message: str) -> int | None:
    found = _REVISION.search(message)
    return int(found.group(1)) if found else None


def label_of(word: str) -> str:
    """Confluence takes lower case only, and none of the characters that mean something in its searches."""
    return _NOT_IN_LABELS.sub("-", word.lower()).strip("-")[:100]

"""Serving bytes: one range of a file (RFC 9110). Pure."""

from __future__ import annotations

import re

from plugin.web.errors import Problem

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of the wanted part; None: the whole. Raises Problem 416 for a part outside.

    A header that asks for several parts, or is none, is ignored, as the standard allows.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
    if start >= end:
        if first and last and int(last) < int(first):
            return None
        raise Problem("range-not-satisfiable", "The recording ends before that.", headers={"Content-Range": f"bytes */{size_bytes}"})
    return start, end

"""Terminal sessions as asciinema records them: asciicast version 2 (times from the start) and 3 (times from the line before)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from plugin.domain.errors import UnusableRecording

MAX_BYTES = 64 * 2**20
MAX_EVENTS = 2_000_000
MAX_COLUMNS, MAX_ROWS = 500, 200
MAX_HEADER_BYTES = 2**20
_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")

Kind = Literal["output", "marker", "resize"]
_KINDS: dict[str, Kind] = {"o": "output", "m": "marker", "r": "resize"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    version: int
    columns: int
    rows: int
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``text``: what the terminal was sent, or the name of a marker, or ``COLUMNSxROWS``."""

    time_s: float
    kind: Kind
    text: str


def read_header(path: Path) -> Header:
    """Raises UnusableRecording ``cast-unreadable``."""
    with path.open("rb") as stream:
        line = stream.readline(MAX_HEADER_BYTES)
    try:
        values = json.loads(line)
        version = values["version"]
        size = values["term"] if version == 3 else values
        columns, rows = (size["cols"], size["rows"]) if version == 3 else (size["width"], size["height"])
        title = values.get("title")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unreadable("its first line is not the header of an asciicast") from None
    if version not in (2, 3):
        raise _unreadable(f"version {version!r} is not known; asciinema writes 2 or 3")
    if not (isinstance(columns, int) and isinstance(rows, int) and 1 <= columns <= MAX_COLUMNS and 1 <= rows <= MAX_ROWS):
        raise _unreadable(f"the terminal must have 1 to {MAX_COLUMNS} columns and 1 to {MAX_ROWS} rows")
    return Header(version=version, columns=columns, rows=rows, title=title if isinstance(title, str) and title.strip() else None)


def read_events(path: Path, header: Header) -> Iterator[Event]:
    """Output, markers and changes of size in order; what was typed is not needed, since the terminal shows it. A last line that was cut off is left out.

    Raises UnusableRecording with the number of the line.
    """
    if path.stat().st_size > MAX_BYTES:
        raise _unreadable(f"it is larger than {MAX_BYTES // 2**20} MB")
    now_s = 0.0
    with path.open("rb") as stream:
        stream.readline(MAX_HEADER_BYTES)
        for number, line in enumerate(stream, start=2):
            if number > MAX_EVENTS:
                raise _unreadable(f"it has more than {MAX_EVENTS} lines")
            if not line.strip() or line.lstrip().startswith(b"#"):
                continue
            try:
                time_s, code, text = _event(line)
            except (ValueError, TypeError, RecursionError):
                if not line.endswith(b"\n"):
                    return  # the recorder was killed while it wrote
                raise _unreadable(f"line {number} is no event") from None
            now_s = now_s + time_s if header.version == 3 else max(now_s, time_s)
            if code in _KINDS and isinstance(text, str):
                yield Event(time_s=round(now_s, 6), kind=_KINDS[code], text=text)


def size_of(event: Event) -> tuple[int, int] | None:
    """Columns and rows that a resize asks for, within what is drawn; None where it says nothing."""
    match = _SIZE.fullmatch(event.text)
    if match is None:
        return None
    return max(1, min(MAX_COLUMNS, int(match.group(1)))), max(1, min(MAX_ROWS, int(match.group(2))))


def _event(line: bytes) -> tuple[float, str, Any]:
    time_s, code, text, *_ = json.loads(line)
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not math.isfinite(time_s) or not 0 <= time_s < 1e7:
        raise ValueError(time_s)
    return float(time_s), code, text


def _unreadable(why: str) -> UnusableRecording:
    return UnusableRecording("cast-unreadable", f"The terminal recording cannot be read: {why}. Record it with asciinema (version 2 or 3).")

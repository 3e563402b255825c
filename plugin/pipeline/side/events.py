"""``events.jsonl``: what a recorder knew for certain. One JSON object a line; docs/reference/side-files.md describes each kind.

Whoever writes it gives times in seconds of the recording (pauses left out). Kinds and members that are not known here are passed over, so that a newer
recorder works with an older service; a line that cannot be read is refused, because half a log is worse than none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.domain.errors import UnusableRecording

MAX_BYTES = 20 * 2**20
MAX_EVENTS = 200_000
MAX_TEXT = 4000
FORGET_S = 60.0
"""How far back "this is a mistake" reaches where the line does not say it."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A step begins here. ``text`` is what the person calls it."""

    time_s: float
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A press of the mouse button. ``x`` and ``y`` are fractions of the picture, None where only the control is known."""

    time_s: float
    x: float | None = None
    y: float | None = None
    target: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A shortcut: ``("Ctrl+S",)``."""

    time_s: float
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Text put into a field. ``text`` is None where it is secret."""

    time_s: float
    end_s: float
    text: str | None
    target: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """From here on this window or page is in front."""

    time_s: float
    title: str
    application: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """All in order of time. ``forgotten`` are spans of which nothing may be kept; they do not overlap, and no event lies in one."""

    marks: tuple[Mark, ...] = ()
    presses: tuple[Press, ...] = ()
    keys: tuple[Keys, ...] = ()
    typed: tuple[Typed, ...] = ()
    titles: tuple[Title, ...] = ()
    forgotten: tuple[Span, ...] = ()


NONE = Events()


def of(side_files: Mapping[str, str]) -> Events:
    """The events among the side files of a run; none where there is no such file."""
    path = side_files.get("events")
    return read_events(Path(path)) if path else NONE


def read_events(path: Path) -> Events:
    """Raises UnusableRecording ``events-unreadable`` with the number of the line."""
    if path.stat().st_size > MAX_BYTES:
        raise _unreadable(0, f"it is larger than {MAX_BYTES // 2**20} MB")
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise _unreadable(0, "it is no UTF-8 text") from None
    if len(lines) > MAX_EVENTS:
        raise _unreadable(MAX_EVENTS, f"more than {MAX_EVENTS} lines")
    head = _Head()
    found: dict[str, list[Any]] = {kind: [] for kind in _READERS}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line, parse_constant=_no_constant)
            if not isinstance(values, dict):
                raise ValueError("it is no JSON object")
            kind = values.get("type")
            if kind == "recording":
                head = _head(values)
            elif kind in _READERS:
                found[kind].append(_READERS[kind](values, head))
        except (ValueError, RecursionError) as error:
            raise _unreadable(number, str(error) if not isinstance(error, json.JSONDecodeError) else "it is no JSON") from None
    return _events(found)


def forgotten_at(spans: Iterable[Span], time_s: float) -> bool:
    """Whether that moment is to be forgotten."""
    return any(start <= time_s <= end for start, end in spans)


def mostly_forgotten(spans: Iterable[Span], start_s: float, end_s: float) -> bool:
    """Whether half of the time between the two, or its beginning, is to be forgotten."""
    spans = tuple(spans)
    inside = sum(max(0.0, min(end, end_s) - max(start, start_s)) for start, end in spans)
    return forgotten_at(spans, start_s) or inside > 0.5 * max(end_s - start_s, 1e-6)


@dataclass(frozen=True, slots=True)
class _Head:
    """``width`` and ``height`` that the points of the log count in; 1 for fractions. ``offset_s`` is added to every time."""

    width: float = 1.0
    height: float = 1.0
    offset_s: float = 0.0


def _head(values: Mapping[str, Any]) -> _Head:
    version = values.get("version", 1)
    if version != 1:
        raise ValueError(f"version {version!r} of the format is not known; write version 1")
    width, height = _number(values, "width", 1.0), _number(values, "height", 1.0)
    if not (0 < width < 1e5 and 0 < height < 1e5):
        raise ValueError("width and height must be pixels of the screen")
    return _Head(width, height, _number(values, "offset", 0.0))


def _events(found: Mapping[str, list[Any]]) -> Events:
    spans = _joined(found["mistake"])

    def kept(kind: str) -> tuple[Any, ...]:
        events = sorted(found[kind], key=lambda e: e.time_s)
        return tuple(e for e in events if not forgotten_at(spans, e.time_s))

    # What window is in front is true after a forgotten span as well, so titles stay.
    titles = tuple(sorted(found["title"], key=lambda e: e.time_s))
    return Events(
        marks=kept("mark"), presses=kept("click"), keys=kept("key"), typed=kept("text"), titles=titles, forgotten=tuple(spans)
    )  # fmt: skip


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif end > start:
            joined.append((start, end))
    return joined


# --- one reader a kind -------------------------------------------------------------------------------------------------
def _mark(values: Mapping[str, Any], head: _Head) -> Mark:
    return Mark(time_s=_time(values, head), text=_text(values, "text"))


def _mistake(values: Mapping[str, Any], head: _Head) -> Span:
    until = _time(values, head)
    start = _time(values, head, "from") if "from" in values else until - _number(values, "seconds", FORGET_S)
    if start > until:
        raise ValueError("from lies after time")
    return max(0.0, start), until


def _press(values: Mapping[str, Any], head: _Head) -> Press:
    x, y = (_number(values, "x") / head.width, _number(values, "y") / head.height) if "x" in values or "y" in values else (None, None)
    if x is not None and y is not None and not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError("x and y lie outside the picture; give its width and height in a first line of the type recording")
    return Press(time_s=_time(values, head), x=x, y=y, target=_text(values, "target"), role=_text(values, "role"))


def _keys(values: Mapping[str, Any], head: _Head) -> Keys:
    keys = values.get("keys")
    listed = [keys] if isinstance(keys, str) else keys
    if not isinstance(listed, list) or not listed or not all(isinstance(k, str) and 0 < len(k) <= 60 for k in listed) or len(listed) > 10:
        raise ValueError('keys must be a shortcut such as "Ctrl+S", or a list of them')
    return Keys(time_s=_time(values, head), keys=tuple(listed))


def _typed(values: Mapping[str, Any], head: _Head) -> Typed:
    secret = values.get("secret", False) is True
    time_s = _time(values, head)
    end_s = max(time_s, _time(values, head, "end")) if "end" in values else time_s
    return Typed(
        time_s=time_s, end_s=end_s, text=None if secret else (_text(values, "text") or ""), target=_text(values, "target"), secret=secret
    )


def _title(values: Mapping[str, Any], head: _Head) -> Title:
    title = _text(values, "title")
    if title is None:
        raise ValueError("title is missing")
    return Title(time_s=_time(values, head), title=title, application=_text(values, "application"))


_READERS: dict[str, Callable[[Mapping[str, Any], _Head], Any]] = {
    "mark": _mark, "mistake": _mistake, "click": _press, "key": _keys, "text": _typed, "title": _title,
}  # fmt: skip


def _time(values: Mapping[str, Any], head: _Head, name: str = "time") -> float:
    return max(0.0, _number(values, name) + head.offset_s)


def _number(values: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e7:
        raise ValueError(f"{name} must be a number")
    return float(value)


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"{name} must be a text of at most {MAX_TEXT} characters")
    return " ".join(value.split()) or None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _unreadable(line: int, why: str) -> UnusableRecording:
    where = f"Line {line} of the file with events" if line else "The file with events"
    return UnusableRecording("events-unreadable", f"{where} cannot be read: {why}. Write one JSON object a line, or leave the file out.")

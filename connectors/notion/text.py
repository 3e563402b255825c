"""Styled text in Notion's form: split under its limits without losing a character, and read back into one comparable form."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.blocks import Span

MAX_UNITS = 1900
"""UTF-16 units in one run; Notion says 2000 characters and not which, so both readings fit."""
MAX_RUNS = 100
MAX_URL = 2000
MAX_TEXT_BYTES = 200_000
"""In one block, so that a block always fits into a request of 500 KB."""
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f", "\u20e3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Text in one style. ``style`` holds letters: b(old) i(talic) c(ode)."""

    text: str
    style: str = ""
    link: str | None = None


Runs = tuple[Run, ...]


def runs(spans: Iterable[Span]) -> Runs:
    """The neutral text as runs; unsafe or overlong links become plain text."""
    made = []
    for span in spans:
        style = "".join(letter for letter, on in (("b", span.bold), ("i", span.italic), ("c", span.code)) if on)
        made.append(Run(text=clean(span.text), style=style, link=span.link if span.link and safe_link(span.link) else None))
    return merged(made)


def clean(text: str) -> str:
    """Lone surrogates cannot be sent in any encoding; they become U+FFFD. Everything else stays."""
    return (
        text.encode("utf-8", "replace").decode() if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def safe_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and units(link) <= MAX_URL and not any(c.isspace() for c in link)


def merged(items: Iterable[Run]) -> Runs:
    """Equal neighbours joined, empty runs dropped: the form that both sides are compared in."""
    joined: list[Run] = []
    for run in items:
        if not run.text:
            continue
        if joined and (joined[-1].style, joined[-1].link) == (run.style, run.link):
            joined[-1] = Run(text=joined[-1].text + run.text, style=run.style, link=run.link)
        else:
            joined.append(run)
    return tuple(joined)


def plain(items: Iterable[Run]) -> str:
    return "".join(run.text for run in items)


def units(text: str) -> int:
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def pieces(text: str, limit: int = MAX_UNITS) -> list[str]:
    """``text`` in parts of at most ``limit`` UTF-16 units, cut at white space where there is some, never inside a grapheme if avoidable."""
    parts: list[str] = []
    start = 0
    while start < len(text):
        end, used = start, 0
        while end < len(text) and used + units(text[end]) <= limit:
            used += units(text[end])
            end += 1
        if end < len(text):
            end = _boundary(text, start, end)
        parts.append(text[start:end])
        start = end
    return parts


def _boundary(text: str, start: int, end: int) -> int:
    for at in range(end, max(start, end - 200), -1):
        if text[at - 1].isspace() and not text[at].isspace() and not _extends(text, at):
            return at
    for at in range(end, max(start, end - 64), -1):
        if not _extends(text, at):
            return at
    return end


def _extends(text: str, at: int) -> bool:
    """Whether the character at ``at`` belongs to the one before it."""
    after, before = text[at], text[at - 1]
    flags = 0x1F1E6 <= ord(after) <= 0x1F1FF and 0x1F1E6 <= ord(before) <= 0x1F1FF
    modifier = 0x1F3FB <= ord(after) <= 0x1F3FF
    return (
        bool(unicodedata.combining(after))
        or after in _JOINERS
        or before == "\u200d"
        or flags
        or modifier
        or (before == "\r" and after == "\n")
    )


def split(items: Runs) -> Runs:
    """Runs that each fit into one rich text item."""
    return tuple(Run(text=piece, style=run.style, link=run.link) for run in items for piece in pieces(run.text))


def portions(items: Runs) -> list[Runs]:
    """The split runs in groups that each fit into one rich text array; at least one group."""
    groups: list[Runs] = []
    current: list[Run] = []
    size = 0
    for run in split(items):
        weight = len(json.dumps(run.text, ensure_ascii=False).encode("utf-8", "replace"))
        if current and (len(current) == MAX_RUNS or size + weight > MAX_TEXT_BYTES):
            groups.append(tuple(current))
            current, size = [], 0
        current.append(run)
        size += weight
    return [*groups, tuple(current)]


def to_rich_text(items: Sequence[Run]) -> list[dict[str, Any]]:
    """The request form; callers have seen to the limits."""
    rich = []
    for run in items:
        item: dict[str, Any] = {"type": "text", "text": {"content": run.text}}
        if run.link:
            item["text"]["link"] = {"url": run.link}
        style = {name: True for letter, name in (("b", "bold"), ("i", "italic"), ("c", "code")) if letter in run.style}
        if style:
            item["annotations"] = style
        rich.append(item)
    return rich


def from_rich_text(items: Any) -> Runs:
    """The response form, read tolerantly: unknown items count by their plain text."""
    read = []
    for item in items or []:
        style = item.get("annotations") or {}
        letters = "".join(letter for letter, name in (("b", "bold"), ("i", "italic"), ("c", "code")) if style.get(name))
        inner = item.get("text") or {}
        text = inner.get("content", item.get("plain_text", "")) if item.get("type", "text") == "text" else item.get("plain_text", "")
        link = (inner.get("link") or {}).get("url") if inner else None
        read.append(Run(text=text, style=letters, link=link))
    return merged(read)

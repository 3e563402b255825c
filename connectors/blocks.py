"""The neutral page: what a connector renders into the native form of its target.

Every block has a ``key`` that stays the same over revisions and says which field of the SOP it shows, as a path:
``purpose``, ``prerequisites``, ``steps/<step id>``, ``steps/<step id>/expected`` ... Keys are what merging goes by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one style. ``link`` is an absolute http(s) address."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str | None = None


Text = tuple[Span, ...]


def text(plain: str) -> Text:
    """Unstyled text; the empty string gives no span."""
    return (Span(text=plain),) if plain else ()


def plain(value: Text) -> str:
    return "".join(span.text for span in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    key: str
    level: Literal[1, 2, 3]
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    key: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A coloured box. ``kind``: info (blue), note (yellow), warning (red), success (green, an expected result)."""

    key: str
    kind: Literal["info", "note", "warning", "success"]
    title: str | None = None
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    key: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """``asset`` is the digest of one of the page's assets; ``width`` and ``height`` are its pixels."""

    key: str
    asset: str
    width: int
    height: int
    alt: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list: bullets, numbers, or boxes to tick."""

    key: str
    kind: Literal["bullet", "number", "task"]
    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    key: str
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """Facts about the page (owner, review due, version, status, area) as name and value, in order."""

    key: str
    rows: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A table of contents of this page."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """Folded away until a reader opens it."""

    key: str
    title: str
    children: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBlock:
    """One step: its imperative sentence and everything below it."""

    key: str
    number: int
    text: Text
    children: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Divider:
    key: str


Block = Heading | Paragraph | Panel | Code | Image | Items | Table | Properties | Contents | Expand | StepBlock | Divider


def walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Every block, parents before children, in reading order."""
    for block in blocks:
        yield block
        if isinstance(block, (Expand, StepBlock)):
            yield from walk(block.children)

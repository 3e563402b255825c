"""What a reader reads in a block, and the order in which a page's blocks stand one below the other. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

from connectors.blocks import (
    Block,
    Code,
    Contents,
    Divider,
    Expand,
    Heading,
    Image,
    Items,
    Panel,
    Paragraph,
    Properties,
    StepBlock,
    Table,
    plain,
)

_NUMBER = re.compile(r"^\s*\d+[.)]\s+")


def plain_of(block: Block) -> str:
    """The block's words: cells divided by tabs, rows (without the header) and list entries by line breaks, a step without number and children."""
    match block:
        case Heading() | Paragraph() | Panel() | StepBlock():
            return plain(block.text)
        case Code():
            return block.text
        case Image():
            return block.caption or block.alt
        case Items():
            return "\n".join(plain(item) for item in block.items)
        case Table():
            return "\n".join("\t".join(plain(cell) for cell in row) for row in block.rows)
        case Properties():
            return "\n".join(f"{name}\t{plain(value)}" for name, value in block.rows)
        case Expand():
            return "\n".join([block.title, *(plain_of(child) for child in flatten(block.children))])
        case Contents() | Divider():
            return ""


def flatten(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Steps without children, each followed by its children; what is folded away stays one block."""
    for block in blocks:
        if isinstance(block, StepBlock):
            yield replace(block, children=())
            yield from flatten(block.children)
        else:
            yield block


def without_number(sentence: str) -> str:
    """A step's sentence without the number in front, which changes when other steps come and go."""
    return _NUMBER.sub("", sentence)


def asset_name(name: str, digest: str, media_type: str) -> str:
    """A file name by content: readable stem, 12 digits of the digest, the extension of the type. Safe in paths, URLs and XML."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower()).strip("-")[:40] or "picture"
    extension = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}[media_type]
    return f"{stem}-{digest[:12]}.{extension}"


def short_digest(value: str) -> str:
    """16 hex digits that stand for a text in a comparison."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]

"""Neutral blocks <-> Markdown. Each block stands between two HTML comments that carry its key; what stands outside of them a person wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

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
    Span,
    StepBlock,
    Table,
    Text,
    walk,
)
from connectors.merge import Piece

OPEN, CLOSE = "<!-- sop:{key} -->", "<!-- /sop -->"
_BLOCK = re.compile(r"^<!-- sop:(?P<key>\S+) -->\n(?P<body>.*?)\n^<!-- /sop -->$", re.MULTILINE | re.DOTALL)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_STARTS_A_BLOCK = re.compile(r"^(\s*)([#>+-]|\d+[.)])(?=\s|$)|^(\s*)(~{3,}|={3,}|-{3,})")
TITLES = {"info": "Note", "note": "Note", "warning": "Warning", "success": "Expected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file taken apart. ``title`` is its first heading, ``facts`` the front matter, ``pieces`` everything below."""

    facts: dict[str, Any]
    title: str
    pieces: tuple[Piece[str], ...]


def pieces_of(blocks: Sequence[Block], images: Mapping[str, str]) -> tuple[Piece[str], ...]:
    """The Markdown of every block. ``images`` maps an asset's digest to its path beside the page."""
    return tuple(piece(key, body) for key, body in _bodies(blocks, images))


def degraded(blocks: Sequence[Block]) -> Iterator[str]:
    """What stands elsewhere than on the page, as ``key: words``."""
    for block in walk(tuple(blocks)):
        if isinstance(block, Properties):
            yield f"{block.key}: the facts stand in the front matter of the file"
        elif isinstance(block, Contents):
            yield f"{block.key}: readers of Markdown show an outline of their own"
        elif isinstance(block, Expand):
            yield f"{block.key}: always open, with its title in bold"


def piece(key: str | None, body: str) -> Piece[str]:
    """The number of a step is no part of what it says, so it is left out of the mark."""
    kind, plain = read(body)
    shown = body if kind in ("image", "html") else plain
    return Piece(key=key, mark=f"{kind}\n{shown}", plain=plain, kind=kind, native=body)


def write(document: Document) -> str:
    """The whole file; ends with one line feed."""
    facts = yaml.safe_dump(document.facts, sort_keys=False, allow_unicode=True, default_flow_style=False)
    parts = [f"---\n{facts}---\n", f"# {escape(document.title)}\n"]
    number = 0
    for p in document.pieces:
        body = p.native
        if p.key is not None and re.fullmatch(r"steps/[^/]+", p.key):
            number += 1
            body = re.sub(r"^### (?:\d+\. )?", f"### {number}. ", body)
        parts.append(f"{OPEN.format(key=p.key)}\n{body}\n{CLOSE}\n" if p.key is not None else f"{body}\n")
    return "\n".join(parts)


def parse(text: str) -> Document:
    """The inverse of :func:`write`, for whatever a person made of the file; a front matter that cannot be read is empty."""
    facts: dict[str, Any] = {}
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if found:
        text = text[found.end() :]
        try:
            loaded = yaml.safe_load(found.group(1))
        except yaml.YAMLError:
            loaded = None
        facts = loaded if isinstance(loaded, dict) else {}
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    title = ""
    if heading:
        title = read(heading.group())[1]
        text = text[: heading.start()] + text[heading.end() :]
    return Document(facts=facts, title=title, pieces=tuple(_pieces_in(text)))


def _pieces_in(text: str) -> Iterator[Piece[str]]:
    at = 0
    for block in _BLOCK.finditer(text):
        if own := text[at : block.start()].strip("\n"):
            yield piece(None, own)
        yield piece(block["key"], block["body"])
        at = block.end()
    if own := text[at:].strip("\n"):
        yield piece(None, own)


# --- writing -----------------------------------------------------------------------------------------------------------
def _bodies(blocks: Sequence[Block], images: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        if isinstance(block, (Contents, Properties)):
            continue  # readers of Markdown have an outline of their own; the facts stand in the front matter
        if isinstance(block, StepBlock):
            yield block.key, f"### {block.number}. {inline(block.text)}"
            yield from _bodies(block.children, images)
        elif isinstance(block, Expand):
            yield f"{block.key}/title", f"**{escape(block.title)}**"
            yield from _bodies(block.children, images)
        else:
            yield block.key, _body(block, images)


def _body(block: Block, images: Mapping[str, str]) -> str:
    match block:
        case Heading():
            return f"{'#' * max(2, block.level)} {inline(block.text)}"
        case Paragraph():
            return inline(block.text)
        case Panel():
            return "> " + f"**{escape(block.title or TITLES[block.kind])}:** {inline(block.text)}".replace("\n", "\n> ")
        case Code():
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", block.text)), 3)
            return f"{fence}{block.language}\n{block.text}\n{fence}"
        case Image():
            caption = f"\n\n*{escape(block.caption)}*" if block.caption else ""
            return f"![{escape(block.alt)}]({images.get(block.asset, '')}){caption}"
        case Items():
            signs = {"bullet": "- ", "number": "{}. ", "task": "- [ ] "}
            lines = (signs[block.kind].format(n) + inline(item).replace("\n", " ") for n, item in enumerate(block.items, 1))
            return "\n".join(lines)
        case Table():
            rows = [tuple(escape(h) for h in block.header), ("---",) * len(block.header), *(tuple(map(inline, row)) for row in block.rows)]
            return "\n".join("| " + " | ".join(cell.replace("\n", "<br>") for cell in row) + " |" for row in rows)
        case Divider():
            return "---"
        case _:
            raise AssertionError(type(block).__name__)


def inline(text: Text) -> str:
    return _safe_start("".join(_span(span) for span in text))


def _span(span: Span) -> str:
    if span.code:
        tick = "`" * (max((len(run) for run in re.findall(r"`+", span.text)), default=0) + 1)
        space = " " if span.text.startswith("`") or span.text.endswith("`") else ""
        shown = f"{tick}{space}{span.text}{space}{tick}"
    else:
        shown = escape(span.text)
    inner = shown.strip()
    if inner and (span.bold or span.italic):
        sign = "**" if span.bold else "*"
        shown = shown.replace(inner, f"{sign}{inner}{sign}", 1)
    return f"[{shown}]({span.link})" if span.link else shown


def escape(text: str) -> str:
    """Text as Markdown that shows exactly it; control characters other than the line feed are left out, they have no form."""
    clean = "".join(c for c in text if c == "\n" or c == "\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) <= 0xDFFF))
    return _SPECIAL.sub(r"\\\1", clean.replace("&", "&amp;"))


def _safe_start(text: str) -> str:
    """No line of running text may begin a list, a heading or a quotation."""
    return "\n".join(_STARTS_A_BLOCK.sub(_escaped_start, line) for line in text.split("\n") if line.strip() or "\n" not in text)


def _escaped_start(match: re.Match[str]) -> str:
    sign = match.group(2) or match.group(4)
    if sign[0].isdigit():
        return f"{match.group(1)}{sign[:-1]}\\{sign[-1]}"
    return f"{match.group(1) or match.group(3) or ''}\\{sign}"


# --- reading -----------------------------------------------------------------------------------------------------------
def read(body: str) -> tuple[str, str]:
    """(kind, plain text) of a block's Markdown, as a reader reads it: list items and table rows one a line, cells apart by a bar."""
    tokens = _parser().parse(body)
    if not tokens:
        return "paragraph", ""
    first = tokens[0]
    if first.type == "fence":
        return "code", first.content.removesuffix("\n")
    if first.type == "html_block":
        return "html", body
    if first.type == "table_open":
        return "table", "\n".join(_rows(tokens))
    inlines = [_plain(t) for t in tokens if t.type == "inline"]
    if first.type in ("bullet_list_open", "ordered_list_open"):
        return "list", "\n".join(re.sub(r"^\[[ xX]\] ", "", line) for line in inlines)
    if first.type == "blockquote_open":
        return "panel", re.sub(r"^(?:Note|Warning|Expected|Check|Tip):\s*", "", "\n".join(inlines))
    if first.type == "heading_open":
        return first.tag, re.sub(r"^\d+\. ", "", inlines[0]) if first.tag == "h3" else inlines[0]
    if len(inlines) == 1 and tokens[1].children and tokens[1].children[0].type == "image":
        return "image", tokens[1].children[0].content
    return "paragraph", "\n".join(inlines)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table")


def _plain(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type == "html_inline" and child.content.lower().startswith("<br"):
            parts.append("\n")
    return "".join(parts)


def _rows(tokens: Sequence[Token]) -> Iterator[str]:
    cells: list[str] = []
    in_body = False
    for token in tokens:
        if token.type == "tbody_open":
            in_body = True
        elif token.type == "inline" and in_body:
            cells.append(_plain(token))
        elif token.type == "tr_close" and in_body:
            yield " | ".join(cells)
            cells = []

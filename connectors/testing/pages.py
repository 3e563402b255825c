"""The pages of the kit. Each passage has words of its own, so that one can count how often it stands on a page."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

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
    text,
)
from connectors.contract import Asset, Facts, Page, Person
from connectors.reading import flatten, plain_of

PURPOSE = "Purpose of the kit page."
EXPECTED = "Expected result of action 001."
CHECK = "Check before you begin."
SOLUTION = "Solution of the kit."

ODD = (
    "Gemäß § 4 – naïve Straße, 你好世界, مرحبا بالعالم, שלום, 👩🏽‍🚒🇩🇪 e\u0301",
    "<b>bold</b> &amp; <script>alert(1)</script> ]]> <!-- note -->",
    "**no bold** _no italics_ `no code` [no](link) ![no](picture) | no | table |",
    "# no heading",
    "1. no list",
    "- [ ] no task",
    "---",
    "{no: macro} {{no template}} ${no variable} @nobody #nothing \\n",
    "a" * 300 + " one long word",
)
ODD_CODE = "line one\n\n\tline three with a tab\n    four spaces  \n<b>&amp;</b> `tick` ``` ~~~ ]]> $HOME \\ \"quotes\" 'single'"


def picture(number: int) -> Asset:
    """A real PNG of 4 x 4 pixels; each number gives another one."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((number % 256, number // 256 % 256, 60)) * 4 for _ in range(4))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    digest = hashlib.sha256(data).hexdigest()
    return Asset(digest=digest, name=f"images/step-{number:02}.png", media_type="image/png", size_bytes=len(data), read=lambda: data)


def action(number: int) -> str:
    return f"Do action {number:03} of the kit."


def command(number: int) -> str:
    return f"kit --action {number:03} | tee log"


def page(
    version: int = 1,
    *,
    steps: int = 3,
    pictures: int = 2,
    actions: Mapping[int, str] | None = None,
    purpose: str = PURPOSE,
    key: str = "sop_kit",
    title: str = "Kit page",
    owner: Person | None = None,
    labels: tuple[str, ...] = (),
) -> Page:
    """An SOP with a heading, paragraphs, a panel, lists, a table and ``steps`` steps. ``actions`` are other words for steps, by number."""
    assets = tuple(picture(n) for n in range(1, min(pictures, steps) + 1))
    blocks: tuple[Block, ...] = (
        Heading(key="purpose/heading", level=2, text=text("Purpose")),
        Paragraph(key="purpose", text=text(purpose)),
        Items(key="prerequisites", kind="bullet", items=(text(CHECK),)),
        Heading(key="steps/heading", level=2, text=text("Steps")),
        *(_step(n, (actions or {}).get(n, action(n)), assets) for n in range(1, steps + 1)),
        Heading(key="troubleshooting/heading", level=2, text=text("Troubleshooting")),
        Paragraph(key="troubleshooting/0/solution", text=text(SOLUTION)),
        Table(key="escalation", header=("When", "Who"), rows=((text("It fails for the kit."), text("Team of the kit.")),)),
    )
    return _page(blocks, assets, key=key, title=title, version=version, owner=owner, labels=labels)


def _step(number: int, words: str, assets: tuple[Asset, ...]) -> StepBlock:
    key = f"steps/s{number}"
    below: list[Block] = [Code(key=f"{key}/commands/0/text", language="bash", text=command(number))]
    if number <= len(assets):
        below.append(Image(key=f"{key}/image", asset=assets[number - 1].digest, width=4, height=4, alt=f"Screen of action {number:03}"))
    if number == 1:
        below.append(Panel(key=f"{key}/expected", kind="success", title="Expected", text=text(EXPECTED)))
    return StepBlock(key=key, number=number, text=text(words), children=tuple(below))


def every_kind(version: int = 1) -> Page:
    """A page with each kind of block, panel, list and style."""
    shot = picture(7)
    styles = (
        Span(text="Plain of the kit, "), Span(text="bold of the kit", bold=True), Span(text=", "), Span(text="italic of the kit", italic=True),
        Span(text=", "), Span(text="code of the kit", code=True), Span(text=", "),
        Span(text="link of the kit", link="https://example.com/kit?a=1&b=2"), Span(text="."),
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        Properties(key="facts", rows=(("Owner", text("Kit Owner")), ("Area", text("kit-area")))),
        Contents(key="contents"),
        Heading(key="h/1", level=1, text=text("Heading one of the kit")),
        Heading(key="h/2", level=2, text=text("Heading two of the kit")),
        Heading(key="h/3", level=3, text=text("Heading three of the kit")),
        Paragraph(key="styles", text=styles),
        Panel(key="panels/info", kind="info", text=text("Info of the kit.")),
        Panel(key="panels/note", kind="note", text=text("Note of the kit.")),
        Panel(key="panels/warning", kind="warning", text=text("Warning of the kit.")),
        Panel(key="panels/success", kind="success", title="Expected", text=text("Success of the kit.")),
        Items(key="bullets", kind="bullet", items=(text("Bullet one of the kit"), text("Bullet two of the kit"))),
        Items(key="numbers", kind="number", items=(text("Number one of the kit"), text("Number two of the kit"))),
        Items(key="tasks", kind="task", items=(text("Task one of the kit"), text("Task two of the kit"))),
        StepBlock(
            key="steps/a",
            number=1,
            text=text("Step of the kit."),
            children=(
                Code(key="steps/a/commands/0/text", language="yaml", text="kit:\n  code: yes"),
                Image(key="steps/a/image", asset=shot.digest, width=4, height=4, alt="Picture", caption="Caption of the kit"),
            ),
        ),
        Divider(key="divider"),
        Expand(key="more", title="Folded title of the kit", children=(Paragraph(key="more/0", text=text("Folded words of the kit.")),)),
        Table(key="table", header=("Head of the kit", "B"), rows=((text("Cell one of the kit"), text("Cell two of the kit")),)),
    )
    owner = Person(name="Kit Owner", email="kit.owner@example.com")
    made = _page(blocks, (shot,), key="sop_kinds", title="Every kind", version=version, owner=owner, labels=())
    return replace(made, facts=replace(made.facts, area="kit-area"))


def odd(version: int = 1) -> Page:
    """Words that look like markup, foreign scripts, an empty passage and a huge one."""
    blocks: tuple[Block, ...] = (
        *(Paragraph(key=f"odd/{n}", text=text(words)) for n, words in enumerate(ODD)),
        Items(key="odd/items", kind="bullet", items=tuple(text(words) for words in ODD)),
        Table(key="odd/table", header=("A",), rows=tuple((text(words),) for words in ODD)),
        StepBlock(
            key="steps/odd", number=1, text=text(ODD[0]), children=(Code(key="steps/odd/commands/0/text", language="bash", text=ODD_CODE),)
        ),
        Paragraph(key="empty", text=()),
        Code(key="empty/code", language="bash", text=""),
        Panel(key="control", kind="note", text=text("before\x00\x08\x0b\x1bafter")),
        Paragraph(key="huge", text=text(" ".join(f"word{n:05}" for n in range(4000)))),
        Code(key="huge/code", language="bash", text="\n".join(f"echo line{n:04}" for n in range(2000))),
    )
    return _page(blocks, (), key="sop_odd", title="Odd & <wide> “title” 你好", version=version)


def readable(value: Page) -> Iterator[tuple[str, str]]:
    """(block key, words) of everything that a reader must be able to read on the page, in reading order."""
    for block in flatten(value.blocks):
        for line in plain_of(block).splitlines():
            words = line.split("\t") if isinstance(block, (Table, Properties)) else [line]
            yield from ((block.key, word) for word in words if word.strip())


def _page(
    blocks: tuple[Block, ...],
    assets: tuple[Asset, ...],
    *,
    key: str,
    title: str,
    version: int,
    owner: Person | None = None,
    labels: tuple[str, ...] = (),
) -> Page:
    facts = Facts(version=version, owner=owner, review_due=date(2027, 2, 25), labels=labels)
    digest = hashlib.sha256(repr((title, blocks, labels, owner)).encode("utf-8", "surrogatepass")).hexdigest()
    return Page(key=key, title=title, digest=digest, facts=facts, blocks=blocks, assets=assets)

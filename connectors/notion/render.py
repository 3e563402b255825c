"""The neutral page in Notion's native blocks. Pure: no network, no clock; pictures are named by their digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors import blocks as neutral
from connectors.contract import Page, Rendered
from connectors.notion import header
from connectors.notion.edits import PART, TITLE
from connectors.notion.languages import notion_language
from connectors.notion.nodes import PARENTS, Node
from connectors.notion.text import Run, Runs, merged, portions, runs, safe_link

PANELS = {
    "info": ("ℹ️", "blue_background"),
    "note": ("📝", "yellow_background"),
    "warning": ("⚠️", "red_background"),
    "success": ("✅", "green_background"),
}
LISTS = {"bullet": "bulleted_list_item", "number": "numbered_list_item", "task": "to_do"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """``Rendered.body`` of this connector."""

    nodes: tuple[Node, ...]


def render(page: Page) -> Rendered:
    """The whole page; what Notion cannot show as it is stands in ``degraded``."""
    degraded: list[str] = []
    nodes = [_with_facts(node, page) for block in page.blocks for node in _native(block, degraded)]
    _check_numbering(page.blocks, degraded)
    return Rendered(page=page, body=Body(nodes=tuple(nodes)), degraded=tuple(degraded))


def _with_facts(node: Node, page: Page) -> Node:
    if node.key != header.KEY or node.kind != "callout":
        return node
    return header.with_review(node, page.facts.review_state, page.facts.review_due)


def _native(block: neutral.Block, degraded: list[str]) -> list[Node]:
    if any(span.link and not safe_link(span.link) for span in _spans(block)):
        degraded.append(f"{block.key}: a link that Notion does not accept is shown as text")
    return _MAKERS[type(block)](block, degraded)


def _spans(block: neutral.Block) -> tuple[neutral.Span, ...]:
    if isinstance(block, neutral.Items):
        return tuple(span for item in block.items for span in item)
    if isinstance(block, neutral.Table):
        return tuple(span for row in block.rows for cell in row for span in cell)
    if isinstance(block, neutral.Properties):
        return tuple(span for _, value in block.rows for span in value)
    return getattr(block, "text", ()) if not isinstance(block, neutral.Code) else ()


def fitted(node: Node) -> list[Node]:
    """The node, its text under the limits of one block; what is too long goes on in the next blocks, or in children where it may have some."""
    if node.kind == "table_row":
        return _fitted_row(node)
    first, *rest = portions(node.runs)
    head = replace(node, runs=merged(first) if not rest else first)
    if not rest:
        return [replace(head, runs=first)]
    if node.kind in ("paragraph", "code"):
        return [head, *(replace(node, key=f"{node.key}#{n}", runs=part, children=()) for n, part in enumerate(rest, 2))]
    more = tuple(Node(kind="paragraph", key=f"{node.key}#{n}", runs=part) for n, part in enumerate(rest, 2))
    if node.kind in PARENTS:
        return [replace(head, children=more + node.children)]
    return [head, *more]


def _fitted_row(node: Node) -> list[Node]:
    cells = [portions(cell) for cell in node.cells]
    rows = max(map(len, cells), default=1)
    return [
        replace(node, key=node.key if n == 0 else f"{node.key}#{n + 1}", cells=tuple(cell[n] if n < len(cell) else () for cell in cells))
        for n in range(rows)
    ]


def _text_block(kind: str, key: str, said: Runs, **extra: Any) -> list[Node]:
    return fitted(Node(kind=kind, key=key, runs=said, extra=extra))


def _heading(block: neutral.Heading, _: list[str]) -> list[Node]:
    return _text_block(f"heading_{block.level}", block.key, runs(block.text))


def _paragraph(block: neutral.Paragraph, _: list[str]) -> list[Node]:
    return _text_block("paragraph", block.key, runs(block.text))


def _panel(block: neutral.Panel, _: list[str]) -> list[Node]:
    icon, color = PANELS[block.kind]
    title = (neutral.Span(text=block.title, bold=True), neutral.Span(text="\n" if block.text else "")) if block.title else ()
    return _text_block(
        "callout", block.key, runs((*title, *block.text)), icon=icon, color=color, **({TITLE: block.title} if block.title else {})
    )


def _code(block: neutral.Code, degraded: list[str]) -> list[Node]:
    language = notion_language(block.language)
    if language is None:
        degraded.append(f"{block.key}: Notion does not colour {block.language!r}; shown as plain text")
    return _text_block("code", block.key, runs((neutral.Span(text=block.text),)), language=language or "plain text")


def _image(block: neutral.Image, _: list[str]) -> list[Node]:
    caption = portions(runs((neutral.Span(text=block.caption or block.alt),)))
    more = [Node(kind="paragraph", key=f"{block.key}#{n}", runs=part) for n, part in enumerate(caption[1:], 2)]
    return [Node(kind="image", key=block.key, runs=caption[0], extra={"asset": block.asset}), *more]


def _items(block: neutral.Items, _: list[str]) -> list[Node]:
    return [
        node
        for n, item in enumerate(block.items)
        for node in _text_block(LISTS[block.kind], f"{block.key}/{n}", runs(item), **{PART: block.key})
    ]


def _table(block: neutral.Table, _: list[str]) -> list[Node]:
    width = max(len(block.header), *(len(row) for row in block.rows), 1)
    header = tuple(runs(neutral.text(cell)) for cell in block.header)
    lines = [header, *(tuple(runs(cell) for cell in row) for row in block.rows)]
    rows = [
        row
        for n, cells in enumerate(lines)
        for row in fitted(
            Node(
                kind="table_row",
                key=f"{block.key}/{n}",
                cells=cells + ((),) * (width - len(cells)),
                extra={PART: block.key} if n else {},
            )
        )
    ]
    return [Node(kind="table", key=block.key, extra={"width": width}, children=tuple(rows))]


def _properties(block: neutral.Properties, _: list[str]) -> list[Node]:
    said: list[neutral.Span] = []
    for n, (name, value) in enumerate(block.rows):
        said += [neutral.Span(text=("\n" if n else "") + f"{name}: ", bold=True), *value]
    return _text_block("callout", block.key, runs(said), icon="📋", color="gray_background")


def _contents(block: neutral.Contents, _: list[str]) -> list[Node]:
    return [Node(kind="table_of_contents", key=block.key)]


def _divider(block: neutral.Divider, _: list[str]) -> list[Node]:
    return [Node(kind="divider", key=block.key)]


def _with_children(kind: str, key: str, said: Runs, children: tuple[neutral.Block, ...], degraded: list[str]) -> list[Node]:
    below = tuple(node for child in children for node in _native(child, degraded))
    return fitted(Node(kind=kind, key=key, runs=said, children=below))


def _expand(block: neutral.Expand, degraded: list[str]) -> list[Node]:
    return _with_children("toggle", block.key, runs(neutral.text(block.title)), block.children, degraded)


def _step(block: neutral.StepBlock, degraded: list[str]) -> list[Node]:
    return _with_children("numbered_list_item", block.key, runs(block.text), block.children, degraded)


_MAKERS: Mapping[type[Any], Callable[[Any, list[str]], list[Node]]] = {
    neutral.Heading: _heading,
    neutral.Paragraph: _paragraph,
    neutral.Panel: _panel,
    neutral.Code: _code,
    neutral.Image: _image,
    neutral.Items: _items,
    neutral.Table: _table,
    neutral.Properties: _properties,
    neutral.Contents: _contents,
    neutral.Divider: _divider,
    neutral.Expand: _expand,
    neutral.StepBlock: _step,
}


def _check_numbering(page: tuple[neutral.Block, ...], degraded: list[str]) -> None:
    """Notion numbers by position: a run of steps that is interrupted begins at 1 again."""
    shown = 0
    for block in page:
        if isinstance(block, neutral.StepBlock):
            shown += 1
            if shown != block.number:
                degraded.append(f"{block.key}: shown as number {shown} instead of {block.number}")
        else:
            shown = 0


def history_node(entries: tuple[tuple[int, str, str], ...], versions_database: str) -> Node:
    """The folded list at the page's end; ``entries`` are ``(version, ISO date, what changed)``, newest first."""
    link = Node(kind="link_to_page", key="history/all", extra={"target": {"type": "database_id", "database_id": versions_database}})
    lines = [
        part
        for number, day, message in entries
        for part in fitted(
            Node(
                kind="bulleted_list_item",
                key=f"history/v{number}",
                runs=merged((Run(text=f"Version {number}", style="b"), Run(text=f", {day}: {message}" if message else f", {day}"))),
            )
        )
    ]
    return Node(kind="toggle", key="history", runs=(Run(text="Version history", style="b"),), children=(link, *lines))

"""What people did to single blocks, told by the blocks of the neutral page: a list or table is one of them there and many here."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Edit
from connectors.notion.nodes import Node
from connectors.notion.text import plain

PART, TITLE = "part", "title"
"""Names in ``Node.extra``: the key of the list or table that a block belongs to; the title that a panel shows above its text."""

Entry = tuple[Node, Node, Node | None]
"""A block of ours, the same in the base, and what stands for it on the page (None: a person removed it)."""


def said(node: Node | None, like: Node) -> str | None:
    """The words of ``node`` without what we put before them; ``like`` is our block, which knows."""
    if node is None:
        return None
    if node.cells:
        return "\t".join(plain(cell) for cell in node.cells)
    title = str(like.extra.get(TITLE) or "")
    return node.text.removeprefix(title).removeprefix("\n") if title else node.text


def of_part(part: str, entries: Sequence[Entry], theirs: Sequence[Node]) -> tuple[Edit, set[str]]:
    """The edit of a whole list or table, and the ids of entries that people put into it."""
    own = [entry for entry in entries if entry[0].extra.get(PART) == part]
    places = {live.id: mine for mine, _, live in own if live is not None}
    before: list[str] = []
    for mine, known, _ in own:
        _put(before, mine, said(known, mine) or "")
    after: list[str] = []
    added: set[str] = set()
    inside: Node | None = None
    for node in theirs:
        ours = places.get(node.id)
        if ours is not None:
            _put(after, ours, said(node, ours) or "")
            inside = node
        elif inside is not None and node.kind == inside.kind and _unknown(node, entries):
            after.append(said(node, node) or "")
            added.add(node.id)
        else:
            inside = None
    return Edit(key=part, before="\n".join(before), after="\n".join(after) if after else None), added


def added_to_lists(entries: Sequence[Entry], theirs: Sequence[Node]) -> set[str]:
    """The parts that people put entries into."""
    return {
        part
        for part in {str(mine.extra[PART]) for mine, _, live in entries if live is not None and PART in mine.extra}
        if of_part(part, entries, theirs)[1]
    }


def _put(lines: list[str], mine: Node, words: str) -> None:
    """A block that only goes on with the one before it, because that was full, is no line of its own."""
    if "#" in mine.key.rsplit("/", 1)[-1] and lines:
        lines[-1] += words
    else:
        lines.append(words)


def _unknown(node: Node, entries: Sequence[Entry]) -> bool:
    return all(live is None or live.id != node.id for _, _, live in entries)

"""A forest of blocks cut into requests, each under every limit that Notion puts on one: 100 in a list, 1000 in all, 500 KB, two levels down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.notion.nodes import Node, request

MAX_LIST, MAX_BLOCKS, MAX_BYTES = 100, 1000, 450_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """``node`` as it goes into the request; ``later`` are its children that have to be appended to it afterwards, in order."""

    node: Node
    later: tuple[Node, ...] = ()


def batches(nodes: Sequence[Node], uploads: Mapping[str, str], *, whole: bool = False) -> list[list[Piece]]:
    """Consecutive groups of ``nodes``, one request each. With ``whole`` the result stops before the first node that does not fit in one piece."""
    groups: list[list[Piece]] = []
    current: list[Piece] = []
    blocks = size = 0
    for node in nodes:
        piece, piece_blocks, piece_bytes = _piece(node, uploads)
        if whole and piece.later:
            break
        if current and (len(current) == MAX_LIST or blocks + piece_blocks > MAX_BLOCKS or size + piece_bytes > MAX_BYTES):
            groups.append(current)
            current, blocks, size = [], 0, 0
        current.append(piece)
        blocks, size = blocks + piece_blocks, size + piece_bytes
    return [*groups, current] if current else groups


def _piece(node: Node, uploads: Mapping[str, str]) -> tuple[Piece, int, int]:
    """The node with as many of its first children as may go along, their number of blocks and bytes."""
    blocks, size = 1, _bytes(replace(node, children=()), uploads)
    taken = 0
    for child in node.children:
        child_blocks, child_bytes = sum(1 for _ in child.walk()), _bytes(child, uploads)
        deep = any(grandchild.children for grandchild in child.children) or len(child.children) > MAX_LIST
        if deep or taken == MAX_LIST or blocks + child_blocks > MAX_BLOCKS or size + child_bytes > MAX_BYTES:
            break
        blocks, size, taken = blocks + child_blocks, size + child_bytes, taken + 1
    return Piece(node=replace(node, children=node.children[:taken]), later=node.children[taken:]), blocks, size


def _bytes(node: Node, uploads: Mapping[str, str]) -> int:
    return len(json.dumps(request(node, uploads), ensure_ascii=False).encode("utf-8", "replace")) + 2

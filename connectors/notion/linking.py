"""Which block is which: pairs of blocks out of two lists that are the same one, although text, order or ids changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher

from rapidfuzz import fuzz

from connectors.notion.nodes import Node

SIMILAR = 55.0
"""Of 100: below it, two texts of one kind are two different blocks."""
_INDEXED = re.compile(r"(/\d+|#\d+)$")

Pairs = dict[int, int]


def indexed(key: str) -> bool:
    """Whether a key ends in a position, which shifts when something is put before it."""
    return not key or bool(_INDEXED.search(key))


def shape(node: Node) -> str:
    """Only blocks of one shape can become each other; a table's width is fixed when it is made."""
    return f"{node.kind}:{node.extra.get('width')}" if node.kind == "table" else node.kind


def ours_to_base(base: Sequence[Node], ours: Sequence[Node]) -> Pairs:
    """Index in ours -> index in base, in increasing order. Lasting keys first, then equal content, then likeness."""

    def token(node: Node) -> Hashable:
        return (shape(node), node.sign) if indexed(node.key) else (shape(node), node.key)

    pairs = _common(base, ours, token)
    pairs |= _in_gaps(base, ours, pairs, lambda b, o: _common(b, o, lambda n: (shape(n), n.sign)))
    return pairs | _in_gaps(base, ours, pairs, _alike)


def theirs_to_base(base: Sequence[Node], theirs: Sequence[Node]) -> Pairs:
    """Index in theirs -> index in base: by id; where the base does not know one yet, by content and then by likeness."""
    place = {node.id: n for n, node in enumerate(base) if node.id}
    pairs = {n: place[node.id] for n, node in enumerate(theirs) if node.id in place}
    open_base = [n for n, node in enumerate(base) if not node.id]
    open_theirs = [n for n in range(len(theirs)) if n not in pairs]
    if not open_base or not open_theirs:
        return pairs
    some_base, some_theirs = [base[n] for n in open_base], [theirs[n] for n in open_theirs]
    found = _common(some_base, some_theirs, lambda n: (shape(n), n.sign))
    found |= _in_gaps(some_base, some_theirs, found, _alike_or_only)
    return pairs | {open_theirs[t]: open_base[b] for t, b in found.items()}


def _common(base: Sequence[Node], other: Sequence[Node], token: Callable[[Node], Hashable]) -> Pairs:
    matcher = SequenceMatcher(None, [token(n) for n in base], [token(n) for n in other], autojunk=False)
    return {o + i: b + i for b, o, size in matcher.get_matching_blocks() for i in range(size)}


def _in_gaps(base: Sequence[Node], other: Sequence[Node], pairs: Pairs, link: Callable[[Sequence[Node], Sequence[Node]], Pairs]) -> Pairs:
    """Links what lies between two neighbouring pairs, so that the order stays increasing."""
    found: Pairs = {}
    last_b = last_o = -1
    for o, b in [*sorted(pairs.items()), (len(other), len(base))]:
        gap_b, gap_o = base[last_b + 1 : b], other[last_o + 1 : o]
        if gap_b and gap_o:
            found |= {last_o + 1 + i: last_b + 1 + j for i, j in link(gap_b, gap_o).items()}
        last_b, last_o = b, o
    return found


def _alike(base: Sequence[Node], other: Sequence[Node]) -> Pairs:
    """Similar text of one shape; two different lasting keys are never one block."""
    found: Pairs = {}
    at = 0
    for o, theirs in enumerate(other):
        for b in range(at, len(base)):
            apart = not indexed(base[b].key) and not indexed(theirs.key)
            if shape(base[b]) == shape(theirs) and not apart and _ratio(base[b], theirs) >= SIMILAR:
                found[o], at = b, b + 1
                break
    return found


def _alike_or_only(base: Sequence[Node], other: Sequence[Node]) -> Pairs:
    """Likeness, and in what is left the n-th of a shape with the n-th of the same shape where both sides have equally many."""
    found = _alike(base, other)

    def rest(b: Sequence[Node], o: Sequence[Node]) -> Pairs:
        return {n: n for n in range(len(b))} if [shape(n) for n in b] == [shape(n) for n in o] else {}

    return found | _in_gaps(base, other, found, rest)


def _ratio(one: Node, other: Node) -> float:
    return float(fuzz.ratio(one.text[:2000], other.text[:2000])) if one.text or other.text else 100.0

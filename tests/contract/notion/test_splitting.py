from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.notion.batch import MAX_BLOCKS, MAX_LIST, Piece, batches
from connectors.notion.nodes import Node, from_json, read, request, to_json
from connectors.notion.render import fitted
from connectors.notion.text import Run, clean, merged, pieces, plain, portions, units
from tests.contract.notion.fake.shapes import block_content
from tests.contract.notion.fake.spec import specification

KINDS = ("paragraph", "numbered_list_item", "callout", "toggle")
TEXT = st.text(max_size=40).map(clean)
LONG = st.tuples(st.text(min_size=1, max_size=8).map(clean), st.sampled_from([1, 300, 1901]))
"""A text and how often it is said."""


@given(LONG)
@settings(max_examples=40, deadline=None)
def test_pieces_join_to_the_text_and_fit(said: tuple[str, int]) -> None:
    text = said[0] * said[1]
    parts = pieces(text)
    assert "".join(parts) == text
    assert all(0 < units(part) <= 1900 for part in parts)


def test_a_grapheme_is_not_torn() -> None:
    family = "👩\u200d👩\u200d👧"
    assert all(part.count("👩") % 2 == 0 for part in pieces("x" * 1897 + family * 400))


@given(st.lists(st.tuples(LONG, st.sampled_from(["", "b", "i", "bc"])), max_size=4))
@settings(max_examples=30, deadline=None)
def test_portions_keep_every_character(items: list[tuple[tuple[str, int], str]]) -> None:
    runs = merged(Run(text=t * n, style=s) for (t, n), s in items)
    groups = portions(runs)
    assert merged(run for group in groups for run in group) == runs
    assert all(len(group) <= 100 for group in groups)


def nodes() -> st.SearchStrategy[Node]:
    leaf = st.builds(lambda kind, text: Node(kind=kind, runs=merged((Run(text=text),))), st.sampled_from(KINDS), TEXT)
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            lambda n, c, times: Node(kind=n.kind, runs=n.runs, children=tuple(c) * times),
            leaf,
            st.lists(inner, max_size=3),
            st.sampled_from([1, 12]),
        ),
        max_leaves=8,
    )


@given(st.lists(nodes(), max_size=6), st.sampled_from([1, 60]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_batches_hold_every_block_in_order_and_every_limit(some: list[Node], times: int) -> None:
    forest = some * times

    def send(group: list[Piece]) -> None:
        body = {"children": [request(piece.node, {}) for piece in group]}
        assert len(group) <= MAX_LIST
        assert sum(1 for piece in group for _ in piece.node.walk()) <= MAX_BLOCKS
        assert len(json.dumps(body, ensure_ascii=False).encode()) <= 500_000
        judge = specification()
        assert judge is None or judge.judge("PATCH", "/v1/blocks/x/children", {}, body) is None

    def rebuild(parts: tuple[Node, ...] | list[Node]) -> list[Node]:
        whole = []
        for group in batches(parts, {}):
            send(group)
            whole += [Node(kind=p.node.kind, runs=p.node.runs, children=(*p.node.children, *rebuild(p.later))) for p in group]
        return whole

    assert rebuild(forest) == forest


@given(nodes())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_read_back_is_what_was_sent(node: Node) -> None:
    body = request(Node(kind=node.kind, runs=node.runs), {})
    answer = {"type": node.kind, node.kind: block_content(node.kind, body[node.kind])}
    assert read(answer).runs == node.runs
    assert from_json(json.loads(json.dumps(to_json(node)))) == node


def test_an_endless_text_goes_on_in_more_blocks() -> None:
    text = "word " * 100_000
    blocks = fitted(Node(kind="paragraph", key="purpose", runs=(Run(text=text),)))
    assert "".join(plain(block.runs) for block in blocks) == text
    step = fitted(Node(kind="numbered_list_item", key="steps/a", runs=(Run(text=text),)))
    assert len(step) == 1
    assert plain(step[0].runs) + "".join(plain(child.runs) for child in step[0].children) == text

"""Carries out what a merge decided: uploads, appends in pieces, changes, deletions; each step journalled before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from connectors.contract import Asset
from connectors.errors import Gone, Retry
from connectors.notion.batch import Piece, batches
from connectors.notion.client import Api
from connectors.notion.failures import NAME, Doubtful
from connectors.notion.journal import Journal
from connectors.notion.merge import Plan
from connectors.notion.nodes import Node, content, read, request
from connectors.notion.uploads import Uploads


class Writer:
    """``ids`` maps ``id(node)`` of every node that was appended at a known place to its block id."""

    def __init__(self, api: Api, journal: Journal, uploads: Uploads, assets: Mapping[str, Asset], *, to_row: bool = False) -> None:
        self._api, self._journal, self._uploads, self._assets, self._to_row = api, journal, uploads, assets, to_row
        self.ids: dict[int, str] = {}

    def for_row(self) -> Writer:
        """The same for a version's page."""
        return Writer(self._api, self._journal, self._uploads, self._assets, to_row=True)

    def upload_ids(self, nodes: Sequence[Node]) -> dict[str, str]:
        """Of all pictures in ``nodes`` and below them."""
        digests = [n.extra["asset"] for node in nodes for n in node.walk() if "asset" in n.extra]
        return self._uploads.ids(digests, self._assets)

    def attached(self, nodes: Sequence[Node]) -> None:
        self._uploads.attached([n.extra["asset"] for node in nodes for n in node.walk() if "asset" in n.extra])

    def carry_out(self, plan: Plan) -> None:
        for insert in plan.inserts:
            self.append(insert.parent, insert.nodes, after=insert.after, first=insert.after is None)
        for block, node in plan.patches:
            self.patch(block, node)
        for block in plan.deletes:
            self._delete(block)

    def append(self, parent: str, nodes: Sequence[Node], *, after: str | None = None, first: bool = False) -> None:
        """Behind ``after``, at the start with ``first``, else at the end. Raises Doubtful where it is unknown what was saved."""
        uploads = self.upload_ids(nodes)
        place = 0
        for group in batches(nodes, uploads):
            self._journal.adding([piece.node for piece in group], to_row=self._to_row)
            body: dict[str, Any] = {"children": [request(piece.node, uploads) for piece in group]}
            if after is not None:
                body["position"] = {"type": "after_block", "after_block": {"id": after}}
            elif first:
                body["position"] = {"type": "start"}
            made = self._api.create(f"blocks/{parent}/children", body, "PATCH").get("results") or []
            if len(made) < len(group):
                raise Doubtful(
                    Retry("Notion's answer does not tell which blocks were added.", after_s=10.0, connector=NAME, operation="append")
                )
            for offset, (_, block) in enumerate(zip(group, made, strict=False)):  # what follows are older siblings
                self.ids[id(nodes[place + offset])] = block["id"]
            if after is not None or first:
                after = made[len(group) - 1]["id"]
            place += len(group)
            self.attached([piece.node for piece in group])
            self._later(group, [block["id"] for block in made[: len(group)]])

    def _later(self, group: Sequence[Piece], ids: Sequence[str]) -> None:
        for piece, block in zip(group, ids, strict=True):
            if piece.later:
                self.append(block, piece.later)

    def patch(self, block: str, node: Node) -> None:
        uploads = self.upload_ids([replace(node, children=())])
        self._journal.patching(block, node)
        self._api.change(f"blocks/{block}", {node.kind: content(node, uploads, creating=False)})
        self.attached([replace(node, children=())])

    def _delete(self, block: str) -> None:
        with suppress(Gone):  # a lost answer of the first try, or a person was faster
            self._api.call("DELETE", f"blocks/{block}", again=True)

    def named(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """The nodes with the ids that they got."""
        return tuple(replace(node, id=self.ids.get(id(node), node.id), children=self.named(node.children)) for node in nodes)


def reader(api: Api) -> Callable[[str], list[Node]]:
    """Children of a block or page, each read once."""
    seen: dict[str, list[Node]] = {}

    def children(block: str) -> list[Node]:
        if block not in seen:
            seen[block] = [read(child) for child in api.listed(f"blocks/{block}/children") if not child.get("in_trash")]
        return seen[block]

    return children


def whole_tree(children: Callable[[str], list[Node]], block: str) -> tuple[Node, ...]:
    """Everything below ``block``; one request a block that has children."""
    return tuple(replace(node, children=whole_tree(children, node.id) if node.has_children else ()) for node in children(block))

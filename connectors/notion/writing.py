"""Carries out what a merge decided: uploads, appends in pieces, changes, deletions; each step journalled before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from connectors.contract import Asset
from connectors.errors import Gone, Reject, Retry
from connectors.notion import header
from connectors.notion.batch import Piece, batches
from connectors.notion.client import Api
from connectors.notion.failures import NAME, Doubtful, Edited
from connectors.notion.journal import Journal
from connectors.notion.merge import Change, Insert, Plan, Read
from connectors.notion.nodes import Node, content, read, request
from connectors.notion.uploads import Uploads


class Writer:
    """``ids`` maps ``id(node)`` of every node that was appended at a known place to its block id."""

    def __init__(self, api: Api, journal: Journal, uploads: Uploads, assets: Mapping[str, Asset], *, to_row: bool = False) -> None:
        self._api, self._journal, self._uploads, self._assets, self._to_row = api, journal, uploads, assets, to_row
        self.ids: dict[int, str] = {}

    def for_row(self, more: Mapping[str, Asset]) -> Writer:
        """The same for a version's page, which may hold ``more`` pictures."""
        return Writer(self._api, self._journal, self._uploads, {**self._assets, **more}, to_row=True)

    def upload_ids(self, nodes: Sequence[Node]) -> dict[str, str]:
        """Of all pictures in ``nodes`` and below them."""
        digests = [n.extra["asset"] for node in nodes for n in node.walk() if "asset" in n.extra]
        return self._uploads.ids(digests, self._assets)

    def attached(self, nodes: Sequence[Node]) -> None:
        self._uploads.attached([n.extra["asset"] for node in nodes for n in node.walk() if "asset" in n.extra])

    def bring(self, plan: Plan) -> None:
        """Sends the pictures that the plan needs, so that its writes follow each other closely."""
        self.upload_ids([node for insert in plan.inserts for node in insert.nodes])
        self.upload_ids([replace(change.wanted, children=()) for change in plan.patches if change.wanted is not None])

    def carry_out(self, plan: Plan) -> None:
        """Raises Edited, Doubtful, Collision: begin anew with reading.

        What names the version (header, history) comes last: where a person's edit ends this in a conflict, the page does not claim to be newer.
        """
        for insert in plan.inserts:
            if not all(map(_names_version, insert.nodes)):
                self._insert(insert)
        for change in plan.patches:
            if not _names_version(change.wanted):
                self._patch(change)
        for change in plan.deletes:
            self._delete(change)
        for change in plan.patches:
            if _names_version(change.wanted):
                self._patch(change)
        for insert in plan.inserts:
            if all(map(_names_version, insert.nodes)):
                self._insert(insert)

    def _insert(self, insert: Insert) -> None:
        self.append(insert.parent, insert.nodes, after=insert.after, first=insert.after is None)

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
            with self._while_there(parent, *([after] if after is not None else [])):
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

    def _patch(self, change: Change) -> None:
        node, block = change.wanted, change.live.id
        assert node is not None  # noqa: S101 - a patch has something to write
        uploads = self.upload_ids([replace(node, children=())])
        self._check(change.live)
        self._journal.patching(block, node)
        with self._while_there(block):
            self._api.change(f"blocks/{block}", {node.kind: content(node, uploads, creating=False)})
        self.attached([replace(node, children=())])

    def _delete(self, change: Change) -> None:
        self._check(change.live)
        with suppress(Gone):  # a lost answer of the first try, or a person was faster
            self._api.call("DELETE", f"blocks/{change.live.id}", again=True)

    def _check(self, seen: Node) -> None:
        """Notion has no conditional write: looks at the block right before it is written. Raises Edited where it is not what the merge saw."""
        now = self._now(seen.id)
        if now is None or now.sign != seen.sign or (seen.file and now.file != seen.file):
            raise Edited
        if seen.children:
            self._check_below(seen)

    def _check_below(self, seen: Node) -> None:
        """What goes away with a block that is deleted."""
        there = {node.id: node for node in reader(self._api)(seen.id)}
        known = [child for child in seen.children if child.id in there or not child.id]
        signs = sorted(node.sign for node in there.values())
        if len(known) < len(there) or signs != sorted(child.sign for child in known):
            raise Edited
        for child in seen.children:
            if child.children and child.id in there:
                self._check_below(child)

    def _now(self, block: str) -> Node | None:
        """As it stands; None where it is in the trash or cannot be seen."""
        try:
            answer = self._api.get(f"blocks/{block}")
        except Gone:
            return None
        return None if answer.get("in_trash") else read(answer)

    @contextmanager
    def _while_there(self, *blocks: str) -> Iterator[None]:
        """A refusal that comes of a person's having deleted one of ``blocks`` meanwhile is no refusal of the content."""
        try:
            yield
        except (Reject, Gone):
            if any(self._now(block) is None for block in blocks):
                raise Edited from None
            raise

    def named(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """The nodes with the ids that they got."""
        return tuple(replace(node, id=self.ids.get(id(node), node.id), children=self.named(node.children)) for node in nodes)


def _names_version(node: Node | None) -> bool:
    return node is not None and (node.key == header.KEY or node.key.startswith("history"))


def reader(api: Api) -> Callable[[str], list[Node]]:
    """Children of a block or page, each read once."""
    seen: dict[str, list[Node]] = {}

    def children(block: str) -> list[Node]:
        if block not in seen:
            seen[block] = [read(child) for child in api.listed(f"blocks/{block}/children") if not child.get("in_trash")]
        return seen[block]

    return children


def whole_tree(children: Read, block: str) -> tuple[Node, ...]:
    """Everything below ``block``; one request a block that has children."""
    return tuple(replace(node, children=whole_tree(children, node.id) if node.has_children else ()) for node in children(block))

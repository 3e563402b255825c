"""An old version's page as content to publish anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.contract import Asset, Known
from connectors.errors import Gone
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.edits import PART, TITLE
from connectors.notion.failures import NAME
from connectors.notion.journal import Journal, Shelf
from connectors.notion.kept import Kept
from connectors.notion.linking import ours_to_base
from connectors.notion.merge import Merger, Read
from connectors.notion.nodes import Node, from_json, to_json
from connectors.notion.render import history_node
from connectors.notion.setup import SUPERSEDED
from connectors.notion.snapshot import Copier
from connectors.notion.text import Run, merged
from connectors.notion.uploads import Uploads
from connectors.notion.versions import Entry, Versions
from connectors.notion.writing import Writer, reader, whole_tree


def keep_edits(
    api: Api,
    versions: Versions,
    page: Mapping[str, Any],
    journal: Journal,
    uploads: Uploads,
    aside: Journal,
    told: Shelf,
    now: datetime,
    *,
    children: Read,
    private: bool,
) -> None:
    """A version of the page as it stands, where people edited our blocks since the last publish (or where that is not known any more).

    ``told`` remembers per page which edits were kept last.
    """
    identity, memory = str(page["id"]), journal.memory
    signs: list[str] = []
    if memory is not None:
        base = tuple(from_json(n) for n in memory.base.get("nodes", ()))
        found = Merger(children, full=True, written=journal.written).run(identity, base, base)
        signs = [json.dumps([edit.key, edit.before, edit.after]) for edit in found.edits]
        known = set(told.all().get(identity) or ()) if journal.unfinished else set()
        if all(edit.before is None for edit in found.edits) or known.issuperset(signs):
            return  # nothing of theirs, or a restore that was cut off has kept it already
    copier, furniture = Copier(uploads, allow_private=private), history_node((), "").runs
    nodes = copier.copied(n for n in whole_tree(children, identity) if n.runs != furniture)
    digest = hashlib.sha256(json.dumps([to_json(n) for n in nodes]).encode()).hexdigest()[:32]
    rows = versions.rows(identity)
    numbers = [int(p.read(row, p.VERSION) or 0) for row in rows if p.read(row, p.DIGEST) != digest]
    if any(p.read(row, p.DIGEST) == digest and row.get("is_locked") for row in rows):
        return
    entry = Entry(
        key=str(p.read(page, p.KEY) or identity),
        title=p.title(page),
        version=max(numbers, default=0) + 1,
        digest=digest,
        at=now,
        message="With the edits of the page, kept before an older version was restored.",
        status=SUPERSEDED,
        page=identity,
    )
    versions.add(entry, nodes, Writer(api, aside, uploads, copier.assets, to_row=True), aside, look=True, before=None)
    aside.forget()
    told.put(identity, signs)


def old_version(
    api: Api, row: str, kept: Kept, uploads: Uploads, memory: Known | None, *, allow_private: bool
) -> tuple[tuple[Node, ...], dict[str, Asset]]:
    """The version's blocks with the keys that the page has now, and the pictures that have to be sent again."""
    page = api.get(f"pages/{row}")
    if page.get("in_trash"):
        raise Gone("This version is in Notion's trash.", connector=NAME, operation="restore", remote_id=row)
    copier, known = Copier(uploads, allow_private=allow_private), kept.of(page)
    if known is not None and not all(uploads.known(n.extra["asset"]) for top in known for n in top.walk() if "asset" in n.extra):
        known = None  # its pictures have to be read from the page
    nodes = copier.copied(whole_tree(reader(api), row) if known is None else known)
    base = tuple(from_json(n) for n in memory.base.get("nodes", ())) if memory else ()
    return _keyed(nodes, base), copier.assets


def numbered(nodes: tuple[Node, ...], number: int) -> tuple[Node, ...]:
    """The same content as that version."""
    return tuple(_renumbered(node, number) for node in nodes)


def _renumbered(node: Node, number: int) -> Node:
    """The header says which version this is."""
    for n, run in enumerate(node.runs[:-1]):
        if node.kind == "callout" and run.style == "b" and run.text.strip() == "Version:":
            runs = (*node.runs[: n + 1], Run(text=str(number)), *_rest(node.runs[n + 1]), *node.runs[n + 2 :])
            return replace(node, runs=merged(runs))
    return node


def _rest(run: Run) -> tuple[Run, ...]:
    head, line, tail = run.text.partition("\n")
    return (replace(run, text=line + tail),) if line and head else ()


def _keyed(nodes: tuple[Node, ...], base: tuple[Node, ...]) -> tuple[Node, ...]:
    pairs: Mapping[int, int] = ours_to_base(base, nodes)
    return tuple(_named(node, base[pairs[n]]) if n in pairs else node for n, node in enumerate(nodes))


def _named(node: Node, known: Node) -> Node:
    told = {name: known.extra[name] for name in (PART, TITLE) if name in known.extra}
    return replace(node, key=known.key, extra={**told, **node.extra}, children=_keyed(node.children, known.children))

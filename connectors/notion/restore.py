"""An old version's page as content to publish anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import Asset, Known
from connectors.errors import Gone, Retry
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.edits import PART, TITLE
from connectors.notion.failures import NAME
from connectors.notion.journal import Journal
from connectors.notion.linking import ours_to_base
from connectors.notion.merge import COPIED, Merger
from connectors.notion.nodes import Node, from_json, to_json
from connectors.notion.render import history_node
from connectors.notion.text import Run, merged
from connectors.notion.uploads import Uploads
from connectors.notion.versions import Entry, Versions
from connectors.notion.writing import Writer, reader, whole_tree
from connectors.transport import Door

MEDIA = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg", "jpeg": "image/jpeg"}


def keep_edits(
    api: Api,
    versions: Versions,
    page: Mapping[str, Any],
    memory: Known | None,
    uploads: Uploads,
    aside: Journal,
    now: datetime,
    private: bool,
) -> None:
    """A version of the page as it stands, where people edited our blocks since the last publish (or where that is not known any more)."""
    identity, children = str(page["id"]), reader(api)
    if memory is not None:
        base = tuple(from_json(n) for n in memory.base.get("nodes", ()))
        if all(edit.before is None for edit in Merger(children, full=True).run(identity, base, base).edits):
            return
    assets: dict[str, Asset] = {}
    furniture = history_node((), "").runs
    nodes = tuple(_ours(n, uploads, assets, private) for n in whole_tree(children, identity) if n.kind in COPIED and n.runs != furniture)
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
        page=identity,
    )
    versions.add(entry, nodes, Writer(api, aside, uploads, assets), aside, look=True, before=None)
    aside.forget()


def old_version(
    api: Api, row: str, uploads: Uploads, number: int, memory: Known | None, *, allow_private: bool
) -> tuple[tuple[Node, ...], dict[str, Asset]]:
    """The version's blocks with the keys that the page has now, and the pictures that have to be sent again."""
    page = api.get(f"pages/{row}")
    if page.get("in_trash"):
        raise Gone("This version is in Notion's trash.", connector=NAME, operation="restore", remote_id=row)
    assets: dict[str, Asset] = {}
    nodes = tuple(_ours(node, uploads, assets, allow_private) for node in whole_tree(reader(api), row) if node.kind in COPIED)
    base = tuple(from_json(n) for n in memory.base.get("nodes", ())) if memory else ()
    return _keyed(tuple(_renumbered(node, number) for node in nodes), base), assets


def _ours(node: Node, uploads: Uploads, assets: dict[str, Asset], allow_private: bool) -> Node:
    children = tuple(_ours(child, uploads, assets, allow_private) for child in node.children if child.kind in COPIED)
    extra = dict(node.extra)
    if node.kind == "image":
        address = str(extra.pop("address", ""))
        digest = uploads.known(node.file.split(".")[0]) or _fetched(address, node.file, assets, allow_private)
        extra["asset"] = digest
    return replace(node, id="", by="", made_by="", file="", has_children=False, extra=extra, children=children)


def _fetched(address: str, name: str, assets: dict[str, Asset], allow_private: bool) -> str:
    """The picture itself, where no upload of it is remembered."""
    parts = urlsplit(address)
    answer = Door(f"{parts.scheme}://{parts.netloc}", connector=NAME, allow_private=allow_private).request(
        "GET", address, operation="picture"
    )
    if answer.status_code != 200:
        raise Retry("A picture of the old version cannot be read.", after_s=60.0, connector=NAME, operation="restore")
    data = answer.content
    digest = hashlib.sha256(data).hexdigest()
    kind = MEDIA.get(name.rsplit(".", 1)[-1].lower(), "image/png")
    assets[digest] = Asset(digest=digest, name=name, media_type=kind, size_bytes=len(data), read=lambda: data)  # type: ignore[arg-type]  # one of MEDIA's values
    return digest


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

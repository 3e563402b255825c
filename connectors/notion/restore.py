"""An old version's page as content to publish anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from connectors.contract import Asset, Known
from connectors.errors import Gone, Retry
from connectors.notion.client import Api
from connectors.notion.failures import NAME
from connectors.notion.linking import ours_to_base
from connectors.notion.merge import COPIED
from connectors.notion.nodes import Node, from_json
from connectors.notion.text import Run, merged
from connectors.notion.uploads import Uploads
from connectors.notion.writing import reader, whole_tree
from connectors.transport import Door

MEDIA = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg", "jpeg": "image/jpeg"}


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
    return tuple(
        replace(node, key=base[pairs[n]].key, children=_keyed(node.children, base[pairs[n]].children)) if n in pairs else node
        for n, node in enumerate(nodes)
    )

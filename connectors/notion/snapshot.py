"""What stands on a page in a form that can be written to another one: for a version's page, and for an old version that comes back.

Blocks of people are anything that Notion can show. What the API does not take as it was read is written in another form (a link, words), never
left to be refused: a picture that somebody pasted must not stop the publishing of a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from connectors.contract import Asset
from connectors.errors import ConnectorError, Misconfigured
from connectors.notion.failures import NAME
from connectors.notion.nodes import BARE, PARENTS, TEXTUAL, Node
from connectors.notion.render import fitted
from connectors.notion.text import Run, Runs, clean, safe_link
from connectors.notion.uploads import Uploads
from connectors.transport import Door, Limits

FLAT = ("column_list", "column", "synced_block")
"""Only an arrangement: what is in them is kept."""
COPIED = (*TEXTUAL, *BARE, *FLAT, "table", "table_row", "link_to_page", "image")
"""Kinds that can be copied."""
MEDIA = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
LIMITS = Limits(tries=2, read_s=20.0, answer_s=60.0)


class Copier:
    """``assets`` grows by pictures that have to be sent again."""

    def __init__(self, uploads: Uploads, *, allow_private: bool) -> None:
        self._uploads, self._allow_private = uploads, allow_private
        self.assets: dict[str, Asset] = {}

    def copied(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        """The nodes without ids, under every limit, with pictures by their digests."""
        return tuple(made for node in nodes for made in self._copied(node))

    def _copied(self, node: Node) -> Sequence[Node]:
        if node.kind not in COPIED:
            return ()
        below = self.copied(node.children)
        if node.kind in FLAT:
            return below
        node = replace(
            node, id="", by="", made_by="", has_children=False, children=(), runs=_safe(node.runs), cells=tuple(map(_safe, node.cells))
        )
        if node.kind == "image":
            return [*fitted(self._picture(node)), *below]
        if node.kind == "link_to_page":
            return [_linked(node)]
        if node.kind == "table" and not below:
            return ()  # Notion makes no table without a row
        if node.kind in PARENTS:
            return fitted(replace(node, children=below))
        return [*fitted(node), *below]

    def _picture(self, node: Node) -> Node:
        extra, name = dict(node.extra), node.file
        address = str(extra.pop("address", ""))
        node = replace(node, file="", extra=extra)
        if "asset" in extra:
            return node
        if "external" in extra:
            return node if safe_link(str(extra["external"])) else _words(node, name)
        digest = self._uploads.known(name.split(".")[0]) or self._fetched(address, name)
        return replace(node, extra={"asset": digest}) if digest else _words(node, name)

    def _fetched(self, address: str, name: str) -> str | None:
        """The picture itself, where no upload of it is remembered; None where it cannot be had, or is of a kind that we do not send."""
        parts, kind = urlsplit(address), MEDIA.get(name.rsplit(".", 1)[-1].lower())
        if kind is None:
            return None
        try:
            with Door(f"{parts.scheme}://{parts.netloc}", connector=NAME, allow_private=self._allow_private, limits=LIMITS) as door:
                answer = door.request("GET", address, operation="picture")
        except (ConnectorError, Misconfigured):
            return None
        data = answer.content
        if answer.status_code != 200 or not data:
            return None
        digest = hashlib.sha256(data).hexdigest()
        self.assets[digest] = Asset(digest=digest, name=name, media_type=kind, size_bytes=len(data), read=lambda: data)  # type: ignore[arg-type]  # one of MEDIA's values
        return digest


def _safe(runs: Runs) -> Runs:
    """Notion itself gives back links within the workspace that it does not take."""
    return tuple(replace(run, text=clean(run.text), link=run.link if run.link and safe_link(run.link) else None) for run in runs)


def _words(node: Node, name: str) -> Node:
    """In the place of a picture that cannot be copied."""
    said = (Run(text=f"[Picture {name}]" if name else "[Picture]", style="i"), *((Run(text=" "), *node.runs) if node.runs else ()))
    return Node(kind="paragraph", key=node.key, runs=said)


def _linked(node: Node) -> Node:
    """A link in words: one to a page that the connection may not see would be refused."""
    target = node.extra.get("target") or {}
    identity = str(next((v for k, v in target.items() if k.endswith("_id")), "")).replace("-", "")
    return Node(
        kind="paragraph", key=node.key, runs=(Run(text="Linked page", link=f"https://app.notion.com/p/{identity}" if identity else None),)
    )

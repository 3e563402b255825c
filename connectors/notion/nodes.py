"""One block of a page as this connector sees it: the same form for ours (rendered), theirs (read) and base (kept between publishes)."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.notion.text import Run, Runs, from_rich_text, merged, plain, split, to_rich_text

TEXTUAL = (
    "paragraph", "heading_1", "heading_2", "heading_3", "heading_4", "bulleted_list_item", "numbered_list_item", "to_do", "toggle", "callout",
    "quote", "code",
)  # fmt: skip
PARENTS = ("paragraph", "bulleted_list_item", "numbered_list_item", "to_do", "toggle", "callout", "quote", "table")
BARE = ("divider", "table_of_contents", "breadcrumb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """``key`` is the path into the SOP (ours and base); ``id`` the block's id (theirs, and base where it is known).

    ``extra`` holds what belongs to the content besides text: language, color, icon, asset, table width, link target. ``file`` is a picture's
    file name as the target tells it, which holds the start of its digest.
    """

    kind: str
    key: str = ""
    id: str = ""
    runs: Runs = ()
    cells: tuple[Runs, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    file: str = ""
    by: str = ""
    made_by: str = ""
    has_children: bool = False

    @property
    def text(self) -> str:
        """Plain text for people; a picture's is its caption."""
        return " | ".join(plain(cell) for cell in self.cells) if self.cells else plain(self.runs)

    @property
    def sign(self) -> str:
        """Equal for equal content of the block itself; children, colours of icons and ticks of boxes left out."""
        said = [self.kind, [_runs_sign(r) for r in (self.runs, *self.cells)], {k: v for k, v in sorted(self.extra.items()) if k in _SIGNED}]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()[:16]

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


_SIGNED = ("language", "color", "width", "target")


def _runs_sign(items: Runs) -> list[list[str]]:
    return [[unicodedata.normalize("NFC", r.text).replace("\r\n", "\n"), r.style, (r.link or "").rstrip("/")] for r in merged(items)]


def shallow(node: Node) -> Node:
    return replace(node, children=())


# --- to Notion -----------------------------------------------------------------------------------------------------------


def content(node: Node, uploads: Mapping[str, str], *, creating: bool) -> dict[str, Any]:
    """The block's own fields of a request, without children. ``uploads`` maps asset digests to file upload ids."""
    if node.kind == "table_row":
        return {"cells": [to_rich_text(split(cell)) for cell in node.cells]}
    if node.kind == "table":
        return (
            {"table_width": node.extra["width"], "has_column_header": True, "has_row_header": False}
            if creating
            else {"has_column_header": True}
        )
    if node.kind == "image":
        return _picture(node, uploads, creating=creating)
    if node.kind == "link_to_page":
        return dict(node.extra["target"])
    if node.kind in BARE:
        return {}
    fields: dict[str, Any] = {"rich_text": to_rich_text(split(node.runs))}
    fields |= {name: node.extra[name] for name in ("language", "color") if name in node.extra}
    if "icon" in node.extra:
        fields["icon"] = {"type": "emoji", "emoji": node.extra["icon"]}
    if node.kind == "to_do" and creating:
        fields["checked"] = bool(node.extra.get("checked"))
    return fields


def _picture(node: Node, uploads: Mapping[str, str], *, creating: bool) -> dict[str, Any]:
    picture: dict[str, Any] = {"caption": to_rich_text(split(node.runs))}
    if "asset" in node.extra:
        picture["file_upload"] = {"id": uploads[node.extra["asset"]]}
        if creating:
            picture["type"] = "file_upload"
    elif "external" in node.extra:
        picture["external"] = {"url": node.extra["external"]}
    return picture


def request(node: Node, uploads: Mapping[str, str]) -> dict[str, Any]:
    """A block with all its children, ready for an append."""
    fields = content(node, uploads, creating=True)
    if node.children:
        fields["children"] = [request(child, uploads) for child in node.children]
    return {"object": "block", "type": node.kind, node.kind: fields}


# --- from Notion -----------------------------------------------------------------------------------------------------------


def read(block: Mapping[str, Any], children: Sequence[Node] = ()) -> Node:
    """A block of an answer. Kinds that we do not write keep their kind and count as content of people."""
    kind = str(block.get("type", "unsupported"))
    fields = block.get(kind) or {}
    runs: Runs = ()
    if kind in TEXTUAL:
        runs = from_rich_text(fields.get("rich_text"))
    elif kind == "image":
        runs = from_rich_text(fields.get("caption"))
    elif kind in ("child_page", "child_database"):
        runs = (Run(text=str(fields.get("title", ""))),)
    return Node(
        kind=kind,
        id=str(block.get("id", "")),
        runs=runs,
        cells=tuple(from_rich_text(cell) for cell in fields.get("cells", [])) if kind == "table_row" else (),
        extra=_extra(kind, fields),
        children=tuple(children),
        file=file_name(_address(fields)) if kind == "image" else "",
        by=_user(block, "last_edited_by"),
        made_by=_user(block, "created_by"),
        has_children=bool(block.get("has_children")),
    )


def _extra(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "table":
        return {"width": fields.get("table_width")}
    if kind == "code":
        return {"language": fields.get("language")}
    if kind == "to_do":
        return {"checked": bool(fields.get("checked"))}
    if kind == "image":
        external = (fields.get("external") or {}).get("url")
        return {"address": _address(fields)} | ({"external": str(external)} if external else {})
    if kind == "link_to_page":
        return {"target": {k: str(v) for k, v in fields.items()}}
    if kind == "callout":
        icon = (fields.get("icon") or {}).get("emoji")
        return {"color": fields.get("color", "default")} | ({"icon": icon} if icon else {})
    return {}


def _address(fields: Mapping[str, Any]) -> str:
    return str((fields.get("file") or fields.get("external") or {}).get("url", ""))


def file_name(address: str) -> str:
    """The last part of an address: the one thing about a signed address that stays the same."""
    return unquote(urlsplit(address).path.rsplit("/", 1)[-1])


def _user(block: Mapping[str, Any], field_name: str) -> str:
    return str((block.get(field_name) or {}).get("id", ""))


# --- the base, kept as JSON between publishes --------------------------------------------------------------------------------


def to_json(node: Node) -> dict[str, Any]:
    stored: dict[str, Any] = {"k": node.key, "t": node.kind}
    if node.id:
        stored["i"] = node.id
    if node.runs:
        stored["r"] = [[r.text, r.style, r.link] if r.link else [r.text, r.style] if r.style else [r.text] for r in node.runs]
    if node.cells:
        stored["z"] = [[[r.text, r.style, r.link] for r in cell] for cell in node.cells]
    if node.extra:
        stored["x"] = dict(node.extra)
    if node.file:
        stored["f"] = node.file
    if node.children:
        stored["c"] = [to_json(child) for child in node.children]
    return stored


def from_json(stored: Mapping[str, Any]) -> Node:
    return Node(
        kind=stored["t"],
        key=stored.get("k", ""),
        id=stored.get("i", ""),
        runs=tuple(_run(r) for r in stored.get("r", ())),
        cells=tuple(tuple(_run(r) for r in cell) for cell in stored.get("z", ())),
        extra=dict(stored.get("x", {})),
        file=stored.get("f", ""),
        children=tuple(from_json(c) for c in stored.get("c", ())),
    )


def _run(stored: Sequence[Any]) -> Run:
    return Run(text=stored[0], style=stored[1] if len(stored) > 1 else "", link=stored[2] if len(stored) > 2 else None)

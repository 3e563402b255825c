"""The base of the merge from the page itself, when the caller does not know it any more: from our property and the page's history.

The property names the version that we wrote, the keys of its blocks in order, and our marks of the blocks where a person's content was kept.
Without it, the newest version whose message is ours is taken, and its blocks are named by likeness to what we want to publish now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.confluence import memory as memories
from connectors.confluence import sheet as sheets
from connectors.confluence.failures import Missing
from connectors.confluence.memory import SYNC, Memory
from connectors.confluence.remote import Property, Remote, RemoteBody
from connectors.confluence.storage import Element, Malformed
from connectors.merge import OWN, Base, Piece, rebase

Pieces = Sequence[Piece[Element]]


def refreshed(remote: Remote, ours: Pieces, body: RemoteBody, memory: Memory, version: str) -> Memory:
    """``memory``, which is of ``version`` of the page, or that of a later version of ours whose end the caller was never told."""
    if memory.blocks and version == str(body.version):
        return memory
    sync = remote.property(body.id, SYNC)
    newest = _newest_of_ours(remote, body.id)
    if memory.blocks and version.isdigit() and max(_version(sync), newest) <= int(version):
        return replace(memory, sync=sync or memory.sync)
    return recovered(remote, ours, body, replace(memory, sync=sync), newest=newest)


def recovered(remote: Remote, ours: Pieces, body: RemoteBody, memory: Memory, *, newest: int | None = None) -> Memory:
    """``memory`` with its blocks. Where the page as we wrote it cannot be found, each difference becomes a question to a person."""
    sync = memory.sync or remote.property(body.id, SYNC)
    value: Mapping[str, Any] = sync.value if sync is not None and isinstance(sync.value, dict) else {}
    memory = replace(
        memory,
        sync=sync,
        title=str(value.get("title") or body.title),
        labels=tuple(map(str, value.get("labels") or ())),
        owner=value.get("owner"),
    )
    version = _version(sync)
    if body.version != version:
        version = max(version, newest if newest is not None else _newest_of_ours(remote, body.id), 1)
    pieces = _as_written(remote, body, version)
    if pieces is None:
        unknown = [replace(b, marks=frozenset()) for b in rebase(list(ours), list(ours), frozenset())]
        return replace(memory, blocks=tuple(unknown))
    keys = memories.expanded(value.get("keys")) if version == _version(sync) else []
    if len(keys) == len(pieces):
        then = [p if p.key is not None else replace(p, key=key) for p, key in zip(pieces, keys, strict=True)]
    else:
        then = list(sheets.keyed_pieces(pieces, rebase(list(ours), list(ours), frozenset())))
    return replace(memory, blocks=_with_kept(rebase(then, then, frozenset()), value.get("kept"), ours))


def sync_value(memory: Memory, body: RemoteBody, *, key: str, place: str, revision: int, digest: str) -> dict[str, Any]:
    """What stands in our property; the counterpart of :func:`recovered`."""
    value: dict[str, Any] = {
        "key": key,
        "page": body.id,
        "place": place,
        "revision": revision,
        "version": body.version,
        "digest": digest,
        "title": memory.title,
        "labels": list(memory.labels),
        "owner": memory.owner,
    }
    keys = memories.compact([b.key for b in memory.blocks if b.here])
    if keys is not None:
        value["keys"] = keys
    kept = {b.key: sorted(b.marks) for b in memory.blocks if b.key and not b.key.startswith(OWN) and b.here not in b.marks}
    return value | ({"kept": kept} if kept else {})


def _version(sync: Property | None) -> int:
    """The version that we wrote last, as far as we got to say so; 0 where we did not."""
    version = sync.value.get("version") if sync is not None and isinstance(sync.value, dict) else None
    return version if isinstance(version, int) else 0


def _newest_of_ours(remote: Remote, page_id: str) -> int:
    """The newest version whose message is ours; 0 where there is none."""
    return max((int(v.id) for v in remote.versions(page_id) if v.revision is not None), default=0)


def _as_written(remote: Remote, body: RemoteBody, version: int) -> list[Piece[Element]] | None:
    try:
        old = body if body.version == version else remote.read(body.id, version=version)
        return list(sheets.read(old.body or "").pieces)
    except (Missing, Malformed):
        return None


def _with_kept(base: list[Base], kept: Any, ours: Pieces) -> tuple[Base, ...]:
    """Gives the blocks where a person's content stands the marks of ours, so that it goes on being the person's."""
    if not isinstance(kept, dict):
        return tuple(base)
    mine = {p.key: p for p in ours if p.key is not None}
    result = []
    for block in base:
        marks = kept.get(block.key)
        if isinstance(marks, list) and block.key is not None:
            plain = mine[block.key].plain if block.key in mine else block.plain
            result.append(replace(block, marks=frozenset(map(str, marks)), plain=plain))
        else:
            result.append(block)
    there = {b.key for b in base}
    for key, marks in kept.items():
        if key not in there and isinstance(marks, list):
            piece = mine.get(key)
            plain, kind = (piece.plain, piece.kind) if piece else ("", "p")
            result.append(Base(key=key, marks=frozenset(map(str, marks)), here="", plain=plain, there="", kind=kind))
    return tuple(result)

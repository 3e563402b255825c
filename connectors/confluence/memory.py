"""What we keep between two publications of a page: in :class:`connectors.contract.Known`, and once more on the page itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.confluence.remote import Property, RemoteBody
from connectors.contract import Known, Ref
from connectors.merge import Base, from_json, to_json

SYNC = "sop_sync"
REVIEW = "sop_review"
LARGEST_KEYS = 20_000  # characters; a property holds 32 KB


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """``title`` is ours at the last publication; ``files`` the pictures that we know to be there."""

    blocks: tuple[Base, ...] = ()
    title: str | None = None
    files: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    owner: str | None = None
    sync: Property | None = None
    review: Property | None = None

    @classmethod
    def of(cls, known: Known | None) -> Memory:
        """Tolerant: what cannot be read is looked up at the target again."""
        base: Mapping[str, Any] = known.base if known else {}
        return cls(
            blocks=tuple(from_json(base.get("blocks"))),
            title=base.get("title"),
            files=frozenset(base.get("files") or ()),
            labels=tuple(base.get("labels") or ()),
            owner=base.get("owner"),
            sync=_property(base.get("sync")),
            review=_property(base.get("review")),
        )

    def known(self, page: RemoteBody) -> Known:
        base = {
            "blocks": to_json(self.blocks),
            "title": self.title,
            "files": sorted(self.files),
            "labels": list(self.labels),
            "owner": self.owner,
            "sync": _as_json(self.sync),
            "review": _as_json(self.review),
        }
        return Known(ref=Ref(id=page.id, url=page.url), version=str(page.version), base=base)

    def with_property(self, value: Property) -> Memory:
        return replace(self, sync=value) if value.key == SYNC else replace(self, review=value)


def compact(keys: Sequence[str | None]) -> list[str | None] | None:
    """Keys with what they share with the key before them written as ``~``; None where there are too many for a property."""
    result: list[str | None] = []
    before = ""
    for key in keys:
        head = before.rpartition("/")[0] if before.count("/") > 1 else before
        result.append(f"~{key[len(head) :]}" if key and head and key.startswith(f"{head}/") else key)
        before = key or before
    return result if sum(len(k or "") + 4 for k in result) < LARGEST_KEYS else None


def expanded(value: Any) -> list[str | None]:
    """The inverse of :func:`compact`; empty for anything else."""
    result: list[str | None] = []
    before = ""
    for key in value if isinstance(value, list) else ():
        head = before.rpartition("/")[0] if before.count("/") > 1 else before
        whole = f"{head}{key[1:]}" if isinstance(key, str) and key.startswith("~") else key if isinstance(key, str) else None
        result.append(whole)
        before = whole or before
    return result


def _as_json(value: Property | None) -> dict[str, Any] | None:
    return None if value is None else {"id": value.id, "key": value.key, "value": value.value, "version": value.version}


def _property(value: Any) -> Property | None:
    try:
        return Property(id=str(value["id"]), key=str(value["key"]), value=value["value"], version=int(value["version"]))
    except (TypeError, KeyError, ValueError):
        return None

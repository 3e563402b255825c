"""What a page's answer and our memory of it tell: who edited it last, whether that was us, which version it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.contract import Edit, Known
from connectors.notion import properties as p
from connectors.notion.adopting import user_of


def newer(known: Known | None, memory: Known | None) -> Known | None:
    """Of the caller's and our own memory of one page the later; the caller's names the page."""
    if known is None or memory is None or known.ref.id != memory.ref.id:
        return known or memory
    return memory if memory.base.get("n", 0) >= known.base.get("n", 0) else known


def fresh(edits: Sequence[Edit], base: Mapping[str, Any]) -> tuple[Edit, ...]:
    """People's own blocks are reported once; changes of our blocks until we have taken them over."""
    told = set(base.get("own", ()))
    return tuple(e for e in edits if e.before is not None or e.after not in told)


def seen(page: Mapping[str, Any]) -> list[str]:
    """Who edited the page last, and when to the minute."""
    return [user_of(page, "last_edited_by"), str(page.get("last_edited_time") or "")]


def untouched(page: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """False where a person was the last to edit, so that the blocks themselves have to be read: Markdown does not show everything."""
    return by_us(page) or base.get("seen") in (None, seen(page))


def by_us(page: Mapping[str, Any]) -> bool:
    """Whether the last edit of a page of ours was our own, or is not told."""
    return user_of(page, "last_edited_by") in ("", user_of(page, "created_by"))


def unsigned(markdown: str) -> str:
    """Signed addresses change at every read; what stays of them is the file's name."""
    return re.sub(r"https?://[^\s()<>\"]*/([^\s()<>\"/?]+)\?[^\s()<>\"]*", r"\1", markdown)


def version_of(markdown: str | None, page: Mapping[str, Any]) -> str:
    """Our revision and a sign of the content, as in ``3-c51d9b472e68``; the minute of the last edit where Notion does not show all of it."""
    number, sign = p.read(page, p.VERSION), markdown[:12] if markdown else str(page.get("last_edited_time") or "")
    return f"{number:g}-{sign}" if isinstance(number, (int, float)) else sign


def moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None

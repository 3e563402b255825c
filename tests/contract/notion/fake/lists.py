"""Paging, as all lists of the API have it."""

from __future__ import annotations

from typing import Any

from tests.contract.notion.fake.workspace import Refused


def paged(items: list[Any], query: dict[str, str]) -> dict[str, Any]:
    """One page of a list; the cursor is the id of the item that it begins with."""
    size = int(query.get("page_size", 100))
    if not 1 <= size <= 100:
        raise Refused(400, "validation_error", f"page_size should be ≤ `100`, instead was `{size}`.")
    start = next((i for i, item in enumerate(items) if item["id"] == query["start_cursor"]), 0) if "start_cursor" in query else 0
    more = len(items) > start + size
    return {
        "object": "list",
        "results": items[start : start + size],
        "next_cursor": items[start + size]["id"] if more else None,
        "has_more": more,
    }

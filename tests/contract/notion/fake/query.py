"""Filters and sorts of a data source query, as far as the service uses them."""

from __future__ import annotations

from typing import Any

from tests.contract.notion.fake.answers import minute
from tests.contract.notion.fake.shapes import plain, rich_text
from tests.contract.notion.fake.workspace import Refused, Workspace


def rows(workspace: Workspace, source: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The source's pages that fit ``body['filter']``, sorted; trashed ones only with ``in_trash``."""
    found = [
        node
        for node in workspace.blocks.values()
        if node.get("source") == source["id"]
        and node["in_trash"] == body.get("in_trash", False)
        and ("filter" not in body or _fits(workspace, source, node, body["filter"]))
    ]
    for sort in reversed(body.get("sorts", [])):
        found.sort(key=lambda node: _key(source, node, sort), reverse=sort["direction"] == "descending")
    return found


def _key(source: dict[str, Any], node: dict[str, Any], sort: dict[str, Any]) -> Any:
    if "timestamp" in sort:
        return minute(node["created" if sort["timestamp"] == "created_time" else "edited"])
    value = _value(source, node, sort["property"])
    return (value is not None, value)


def _value(source: dict[str, Any], node: dict[str, Any], name: str) -> Any:
    if name not in source["schema"]:
        raise Refused(400, "validation_error", f"Could not find property with name or id: {name}")
    kind, value = source["schema"][name]["type"], node["content"].get(name)
    if kind in ("title", "rich_text"):
        return plain(rich_text(value or []))
    if kind in ("select", "status"):
        return value["name"] if value else None
    if kind == "date":
        return value["start"] if value else None
    if kind in ("relation", "people"):
        return [item["id"] for item in value or []]
    return value


def _fits(workspace: Workspace, source: dict[str, Any], node: dict[str, Any], condition: dict[str, Any]) -> bool:
    if "and" in condition:
        return all(_fits(workspace, source, node, c) for c in condition["and"])
    if "or" in condition:
        return any(_fits(workspace, source, node, c) for c in condition["or"])
    if "timestamp" in condition:
        test = condition[condition["timestamp"]]
        value: Any = minute(node["created" if condition["timestamp"] == "created_time" else "edited"])
    else:
        kind = next(k for k in condition if k not in ("property", "type"))
        declared = source["schema"].get(condition["property"], {}).get("type")
        if declared not in (kind, None):
            raise Refused(400, "validation_error", f"database property {declared} does not match filter {kind}")
        value, test = _value(source, node, condition["property"]), condition[kind]
    operation, wanted = next(iter(test.items()))
    empty = value in (None, "", [])
    checks = {
        "equals": lambda: value == wanted,
        "does_not_equal": lambda: value != wanted,
        "contains": lambda: wanted in (value or []),
        "is_empty": lambda: empty,
        "is_not_empty": lambda: not empty,
        "on_or_after": lambda: not empty and value >= wanted[: len(value)],
        "on_or_before": lambda: not empty and value <= wanted,
    }
    return bool(checks[operation]())

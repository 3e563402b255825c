"""The facts of an SOP as Notion properties, written in the type that the database has and read back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Facts
from connectors.notion.text import Run, from_rich_text, pieces, plain, to_rich_text

KEY, DIGEST = "SOP id", "Content digest"
STATUS, VERSION, OWNER, DUE, REVIEW, AREA, LABELS = "Status", "Version", "Owner", "Review due", "Review status", "Area", "Labels"
PUBLISHING = "Publishing"

Schema = Mapping[str, Mapping[str, Any]]
"""Property name to ``{"type": ..., "options": [names] or None}``."""


def facts_sign(facts: Facts) -> str:
    """Equal for equal facts."""
    return hashlib.sha256(repr(facts).encode("utf-8", "replace")).hexdigest()[:16]


def values(facts: Facts, owner: str | None) -> dict[str, Any]:
    """Name to plain value; ``owner`` is the Notion user's id."""
    return {
        STATUS: facts.status.capitalize(),
        VERSION: facts.version,
        OWNER: [owner] if owner else [],
        DUE: facts.review_due.isoformat() if facts.review_due else None,
        REVIEW: facts.review_state.capitalize(),
        AREA: facts.area,
        LABELS: sorted(facts.labels),
    }


def written(wanted: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The request's ``properties``; names that the database lacks, and status values that it does not know, are left out."""
    properties: dict[str, Any] = {}
    for name, value in wanted.items():
        kind = schema.get(name, {}).get("type")
        options = schema.get(name, {}).get("options")
        if kind is None or (kind == "status" and value and options is not None and value not in options):
            continue
        made = _value(kind, value)
        if made is not None:
            properties[name] = made
    return properties


def _value(kind: str, value: Any) -> dict[str, Any] | None:
    if kind in ("title", "rich_text"):
        text = str(value) if value is not None else ""
        return {kind: to_rich_text([Run(text=piece) for piece in pieces(text)][:100])}
    if kind == "number" and (value is None or isinstance(value, (int, float))):
        return {"number": value}
    if kind == "people" and isinstance(value, Sequence):
        return {"people": [{"object": "user", "id": person} for person in value]}
    if kind == "relation" and isinstance(value, Sequence):
        return {"relation": [{"id": page} for page in value]}
    if kind == "date":
        return {"date": {"start": value} if value else None}
    if kind in ("select", "status"):
        return {kind: {"name": _option(value)} if value else None}
    if kind == "multi_select":
        return {"multi_select": [{"name": _option(item)} for item in value or ()][:100]}
    if kind == "url":
        return {"url": value or None}
    return None


def _option(name: Any) -> str:
    """Notion refuses commas in option names, and more than 100 characters."""
    return str(name).replace(",", " ")[:100]


def schema_of(properties: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The schema in a data source's answer (with options) or a page's (without)."""
    schema = {}
    for name, config in properties.items():
        kind = config.get("type", "")
        inner = config.get(kind)
        options = [o["name"] for o in inner["options"]] if isinstance(inner, Mapping) and "options" in inner else None
        schema[name] = {"type": kind, "options": options}
    return schema


def title_name(schema: Schema) -> str:
    return next((name for name, config in schema.items() if config["type"] == "title"), "title")


def read(page: Mapping[str, Any], name: str) -> Any:
    """A property's plain value, None where there is none."""
    config = (page.get("properties") or {}).get(name) or {}
    kind = config.get("type", "")
    value = config.get(kind)
    if kind in ("title", "rich_text"):
        return plain(from_rich_text(value))
    if kind in ("select", "status"):
        return value.get("name") if value else None
    if kind == "date":
        return value.get("start") if value else None
    if kind in ("people", "relation"):
        return [item["id"] for item in value or ()]
    if kind == "multi_select":
        return sorted(item["name"] for item in value or ())
    return value


def title(page: Mapping[str, Any]) -> str:
    return str(read(page, title_name(schema_of(page.get("properties") or {}))) or "")

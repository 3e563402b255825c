"""What Notion makes of a request's parts when it reads them back: defaults filled in, equal neighbours merged."""

from __future__ import annotations

from typing import Any

PLAIN = {"bold": False, "italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "paragraph": {"icon": None, "color": "default"},
    "heading_1": {"is_toggleable": False, "color": "default"},
    "heading_2": {"is_toggleable": False, "color": "default"},
    "heading_3": {"is_toggleable": False, "color": "default"},
    "numbered_list_item": {"color": "default"},
    "bulleted_list_item": {"color": "default"},
    "to_do": {"checked": False, "color": "default"},
    "toggle": {"color": "default"},
    "quote": {"color": "default"},
    "callout": {"icon": None, "color": "default"},
    "code": {"caption": []},
    "table_of_contents": {"color": "default"},
    "table": {"has_column_header": False, "has_row_header": False},
    "image": {"caption": []},
    "video": {"caption": []},
    "file": {"caption": []},
    "divider": {},
}


def rich_text(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The response form of a request's rich text."""
    read: list[dict[str, Any]] = []
    for item in items:
        annotations = {**PLAIN, **item.get("annotations", {})}
        if "mention" in item:
            mention = item["mention"]
            read.append(
                {
                    "type": "mention",
                    "mention": {"type": next(k for k in mention if k != "type"), **mention},
                    "annotations": annotations,
                    "plain_text": "@Person",
                    "href": None,
                }
            )
            continue
        link = item["text"].get("link")
        content = item["text"]["content"]
        last = read[-1] if read else None
        if last and last["type"] == "text" and last["annotations"] == annotations and last["text"]["link"] == link:
            last["text"]["content"] += content
            last["plain_text"] += content
        elif content:
            read.append(
                {
                    "type": "text",
                    "text": {"content": content, "link": link},
                    "annotations": annotations,
                    "plain_text": content,
                    "href": link["url"] if link else None,
                }
            )
    return read


def block_content(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The response form of a block's own fields; children left out."""
    read = {**DEFAULTS.get(kind, {}), **{k: v for k, v in content.items() if k != "children"}}
    for field in ("rich_text", "caption"):
        if field in read:
            read[field] = rich_text(read[field])
    if "cells" in read:
        read["cells"] = [rich_text(cell) for cell in read["cells"]]
    return read


def plain(items: list[dict[str, Any]]) -> str:
    return "".join(item["plain_text"] for item in items)


def property_value(kind: str, identity: str, value: Any) -> dict[str, Any]:
    """The response form of one property."""
    if kind in ("title", "rich_text"):
        value = rich_text(value or [])
    elif kind == "people":
        value = [{"object": "user", "id": person["id"]} for person in value or []]
    elif kind == "verification":
        value = {"state": "unverified", "verified_by": None, "date": None, **(value or {})}
    elif kind in ("select", "status") and value:
        value = {"id": f"opt-{value['name']}", "name": value["name"], "color": "default"}
    elif kind == "date" and value:
        value = {"start": value["start"], "end": value.get("end"), "time_zone": value.get("time_zone")}
    elif kind in ("relation", "multi_select", "files"):
        value = list(value or [])
    elif kind == "checkbox":
        value = bool(value)
    answer: dict[str, Any] = {"id": identity, "type": kind, kind: value}
    if kind == "relation":
        answer["has_more"] = False
    return answer

"""A page as the markdown endpoint shows it: one line a block, children indented by a tab, pictures by signed addresses."""

from __future__ import annotations

from typing import Any

from tests.contract.notion.fake.shapes import plain
from tests.contract.notion.fake.workspace import Workspace

_PREFIX = {
    "heading_1": "# ",
    "heading_2": "## ",
    "heading_3": "### ",
    "bulleted_list_item": "- ",
    "numbered_list_item": "1. ",
    "quote": "> ",
}


def page_markdown(workspace: Workspace, page: dict[str, Any]) -> str:
    return "\n".join(_lines(workspace, page, ""))


def _lines(workspace: Workspace, parent: dict[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for node in workspace.live_children(parent):
        kind, content = node["type"], node["content"]
        words = _inline(content.get("rich_text", []))
        if kind == "to_do":
            lines.append(f"{indent}- [{'x' if content['checked'] else ' '}] {words}")
        elif kind == "code":
            lines += [f"{indent}```{content['language']}", *(indent + line for line in words.split("\n")), f"{indent}```"]
        elif kind == "image":
            address = workspace.signed(content["upload"])["url"] if "upload" in content else content["external"]["url"]
            lines.append(f"{indent}![{plain(content['caption'])}]({address})")
        elif kind in ("callout", "toggle"):
            lines.append(f'{indent}<{kind} color="{content["color"]}">{words}')
        elif kind == "table_row":
            lines.append(indent + "| " + " | ".join(_inline(cell) for cell in content["cells"]) + " |")
        elif kind in ("table", "table_of_contents", "divider"):
            lines.append(f"{indent}<{kind}/>")
        elif kind == "link_to_page":
            lines.append(f'{indent}<page url="{next(v for k, v in content.items() if k != "type")}"/>')
        else:
            lines.append(indent + _PREFIX.get(kind, "") + words)
        if kind not in ("child_page", "child_database"):
            lines += _lines(workspace, node, indent + "\t")
    return lines


def _inline(items: list[dict[str, Any]]) -> str:
    shown = []
    for item in items:
        words, style = item["plain_text"], item["annotations"]
        for name, mark in (("code", "`"), ("bold", "**"), ("italic", "*"), ("strikethrough", "~~")):
            words = f"{mark}{words}{mark}" if style[name] else words
        shown.append(f"[{words}]({item['href']})" if item["href"] else words)
    return "".join(shown)

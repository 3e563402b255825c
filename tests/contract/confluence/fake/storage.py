"""What Confluence makes of a body: refuses what is no XML, adds ids, writes some things otherwise. Own code, so that it shares no mistake
with the connector.

``normalised`` is what the API does to every body; ``edited`` what the first save in the editor does on top of that.
"""

from __future__ import annotations

import re
import uuid
from html.entities import html5

from lxml import etree

AC = "http://atlassian.com/content"
RI = "http://atlassian.com/resource/identifier"
NS = {"ac": AC, "ri": RI}
_OPEN = f'<x xmlns:ac="{AC}" xmlns:ri="{RI}">'
_BLOCKS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "tr", "td", "th", f"{{{AC}}}task-list", f"{{{AC}}}image"}
)
_VOID = re.compile(r"<([a-z][\w:-]*)((?:\s[^<>]*?)?)\s*/>")
_ENTITIES = {
    "’": "&rsquo;",
    "‘": "&lsquo;",
    "“": "&ldquo;",
    "”": "&rdquo;",
    "–": "&ndash;",
    "—": "&mdash;",
    "\u00a0": "&nbsp;",
    "→": "&rarr;",
    "ä": "&auml;",
}


class BadBody(ValueError):
    """The words with which Confluence refuses it."""


def parse(body: str) -> etree._Element:
    if "<!DOCTYPE" in body or "<!ENTITY" in body or "<?" in body:
        raise BadBody("Error parsing xhtml: Unexpected character '!' in prolog")
    text = re.sub(
        r"&([A-Za-z][A-Za-z0-9]*);",
        lambda m: m.group(0) if m.group(1) in ("amp", "lt", "gt", "quot", "apos") else html5[m.group(1) + ";"],
        body,
    )
    try:
        return etree.fromstring(f"{_OPEN}{text}</x>".encode(), etree.XMLParser(strip_cdata=False, resolve_entities=False))
    except (etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise BadBody(f"Error parsing xhtml: {error}") from None


def write(root: etree._Element) -> str:
    """As Confluence writes: named entities, quotes escaped in text, a space before ``/>``."""
    text = etree.tostring(root, encoding="unicode")
    inner = text[text.index(">") + 1 : -len("</x>")] if not text.endswith("/>") else ""
    pieces = re.split(r"(<!\[CDATA\[.*?\]\]>|<[^>]*>)", inner, flags=re.DOTALL)
    return "".join(p if p.startswith("<![CDATA[") else _VOID.sub(r"<\1\2 />", p) if p.startswith("<") else _escaped(p) for p in pieces)


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(c, "&quot;" if c == '"' else c) for c in text)


def normalised(body: str) -> str:
    root = parse(body)
    for element in root.iter():
        if element.tag == f"{{{AC}}}structured-macro":
            _set(element, AC, "schema-version", "1")
            _set(element, AC, "macro-id", str(uuid.uuid4()))
        elif element.tag == f"{{{RI}}}attachment":
            _set(element, RI, "version-at-save", "1")
        elif element.tag in ("b", "i"):
            element.tag = "strong" if element.tag == "b" else "em"
    _unwrap(root, [e for e in root.iter("span", "div") if not e.attrib])
    return write(root)


def edited(body: str) -> str:
    """The rewriting of a save in the editor: local ids, table layouts, task uuids, parameters in another order, paragraphs in cells."""
    root = parse(body)
    for element in root.iter():
        if element.tag in _BLOCKS:
            key = f"{{{AC}}}local-id" if str(element.tag).startswith("{") else "local-id"
            if key not in element.attrib:
                element.set(key, uuid.uuid4().hex[:12])
        if element.tag == "table":
            element.set("data-table-width", "760")
            element.set("data-layout", "default")
            if element.find("colgroup") is None:
                columns = max((len(row) for row in element.iter("tr")), default=1)
                group = etree.Element("colgroup")
                for _ in range(columns):
                    etree.SubElement(group, "col").set("style", "width: 226.0px;")
                element.insert(0, group)
        elif element.tag == f"{{{AC}}}task" and element.find(f"{{{AC}}}task-uuid") is None:
            made = etree.Element(f"{{{AC}}}task-uuid")
            made.text = str(uuid.uuid4())
            element.insert(1, made)
        elif element.tag == f"{{{AC}}}structured-macro":
            _set(element, AC, "local-id", str(uuid.uuid4()))
            parameters = [e for e in element if e.tag == f"{{{AC}}}parameter"]
            for parameter in sorted(parameters, key=lambda e: str(e.get(f"{{{AC}}}name")), reverse=True):
                element.remove(parameter)
                element.insert(0, parameter)
    return write(root)


def _set(element: etree._Element, space: str, name: str, value: str) -> None:
    key = f"{{{space}}}{name}"
    if key not in element.attrib:
        element.set(key, value)


def _unwrap(root: etree._Element, elements: list[etree._Element]) -> None:
    for element in elements:
        parent = element.getparent()
        if parent is None:
            continue
        at = parent.index(element)
        text = element.text or ""
        if at:
            parent[at - 1].tail = (parent[at - 1].tail or "") + text
        else:
            parent.text = (parent.text or "") + text
        for child in reversed(list(element)):
            parent.insert(at, child)
        last = parent[at + len(element) - 1] if len(element) else None
        tail = element.tail or ""
        parent.remove(element)
        if last is not None:
            last.tail = (last.tail or "") + tail
        elif at:
            parent[at - 1].tail = (parent[at - 1].tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail


def attachments_in(body: str) -> set[str]:
    """The file names that a body shows."""
    return {str(e.get(f"{{{RI}}}filename")) for e in parse(body).iter(f"{{{RI}}}attachment")}

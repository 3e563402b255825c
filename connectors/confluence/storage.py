"""The storage format as a tree: parsing, building and writing it. Knows XML and Confluence's namespaces; not what a page means."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import lru_cache
from html.entities import html5

from lxml import etree

Element = etree._Element  # noqa: SLF001  lxml names its element type so

AC = "http://atlassian.com/content"
RI = "http://atlassian.com/resource/identifier"
_NAMES = {"ac": AC, "ri": RI}
_OPEN = f'<page xmlns:ac="{AC}" xmlns:ri="{RI}">'
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Stands for the end of a CDATA section inside one, until the text is written; a private character that `clean` removes from all content.
_SPLIT = "\uf8fa"
_SPLIT_WRITTEN = "]]]]><![CDATA[>"


class Malformed(ValueError):
    """The text is no well-formed storage format."""


def name(qualified: str) -> str:
    """``ac:image`` as lxml writes it; a name without prefix stays as it is."""
    prefix, colon, local = qualified.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}" if colon and prefix in _NAMES else qualified


def short(element: Element) -> str:
    """The inverse for an element; the empty string for comments and processing instructions."""
    return shorten(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=4096)  # asked for each element of a page, several times
def shorten(full: str) -> str:
    for prefix, uri in _NAMES.items():
        if full.startswith(f"{{{uri}}}"):
            return f"{prefix}:{full[len(uri) + 2 :]}"
    return full


def clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold (they come with recognised speech and screens); line ends as one newline."""
    return _NOT_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace(_SPLIT, "")


def make(qualified: str, *children: Element | str, **attributes: str) -> Element:
    """An element with text and children in order. Attribute names write ``ac_name`` for ``ac:name`` and ``original_width`` for hyphens."""
    element = etree.Element(name(qualified), nsmap=_NAMES if ":" in qualified else None)
    for key, value in attributes.items():
        prefix, underscore, local = key.partition("_")
        full = f"{prefix}:{local.replace('_', '-')}" if underscore and prefix in _NAMES else key.replace("_", "-")
        element.set(name(full), clean(value))
    for child in children:
        append(element, child)
    return element


def append(element: Element, child: Element | str) -> None:
    if not isinstance(child, str):
        element.append(child)
        return
    child = clean(child)
    if len(element):
        element[-1].tail = (element[-1].tail or "") + child
    else:
        element.text = (element.text or "") + child


def macro(kind: str, body: list[Element] | None = None, *, code: str | None = None, **parameters: str | None) -> Element:
    """A structured macro with its parameters and a rich or plain body."""
    element = make("ac:structured-macro", ac_name=kind)
    for key, value in parameters.items():
        if value is None:
            continue
        element.append(make("ac:parameter", value, ac_name=key))
    if code is not None:
        holder = make("ac:plain-text-body")
        holder.text = etree.CDATA(clean(code).replace("]]>", _SPLIT))
        element.append(holder)
    if body is not None:
        element.append(make("ac:rich-text-body", *body))
    return element


def anchor(label: str) -> Element:
    """An invisible place to link to, which nobody's normalisation takes away."""
    element = make("ac:structured-macro", ac_name="anchor")
    element.append(make("ac:parameter", label, ac_name=""))
    return element


def parse(body: str) -> Element:
    """The page's blocks as children of one element. Raises Malformed. Entities of HTML are known; documents cannot bring their own."""
    pieces = _CDATA.split(body)
    text = "".join(piece if piece.startswith("<![CDATA[") else _ENTITY.sub(_character, piece) for piece in pieces)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False, remove_comments=True
    )
    try:
        return etree.fromstring(_NOT_XML.sub("", f"{_OPEN}{text}</page>").encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"no well-formed storage format: {error}") from error


def _character(match: re.Match[str]) -> str:
    entity = match.group(1)
    return match.group(0) if entity in _XML_ENTITIES else html5.get(f"{entity};", match.group(0))


def write(blocks: list[Element]) -> str:
    """The blocks as a body, without the declarations that Confluence has of its own."""
    page = etree.fromstring(f"{_OPEN}</page>".encode())
    for block in blocks:
        page.append(deepcopy(block))
    etree.cleanup_namespaces(page, keep_ns_prefixes=list(_NAMES))
    text = etree.tostring(page, encoding="unicode")
    inner = text[text.index(">") + 1 : -len("</page>")] if len(page) else ""
    return inner.replace(_SPLIT, _SPLIT_WRITTEN)


def get(element: Element, qualified: str) -> str | None:
    value = element.get(name(qualified))
    return None if value is None else str(value)


def text_of(element: Element) -> str:
    """All text below an element, exactly as it stands."""
    return "".join(str(piece) for piece in element.itertext()).replace(_SPLIT, "]]>")


def macro_name(element: Element) -> str | None:
    return get(element, "ac:name") if short(element) in ("ac:structured-macro", "ac:macro") else None


def parameter(element: Element, key: str) -> str:
    """A macro's parameter, empty where it has none of that name."""
    for child in element:
        if short(child) == "ac:parameter" and get(child, "ac:name") == key:
            return text_of(child)
    return ""

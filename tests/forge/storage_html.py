"""Confluence's storage format as a reader would see it, roughly: enough for a look-alike page. Elements keep their place in the body as ``data-at``."""

from __future__ import annotations

from html import escape

from lxml import etree

from tests.contract.confluence.fake.storage import AC, RI, parse, write

_PANELS = {"info", "note", "warning", "tip", "panel"}
_VOID = {"br", "hr", "col"}
_PLAIN = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "tbody", "thead", "tr", "td", "th", "colgroup", "col", "strong", "em", "code",
    "a", "br", "hr", "del", "u", "blockquote", "pre", "sub", "sup",
}  # fmt: skip


def to_html(body: str, pictures: str) -> str:
    """``pictures`` is the address below which attachments are found."""
    root = parse(body)
    places = {element: at for at, element in enumerate(root.iter())}
    return "".join(_html(child, places, pictures) for child in root)


def replaced(body: str, at: int, text: str) -> str:
    """The body with the text of one element changed, as an editor would."""
    root = parse(body)
    element = list(root.iter())[at]
    element.text = text
    return write(root)


def _html(element: etree._Element, places: dict[etree._Element, int], pictures: str) -> str:
    inner = escape(element.text or "") + "".join(_html(child, places, pictures) + escape(child.tail or "") for child in element)
    tag = str(element.tag)
    if not tag.startswith("{"):
        if tag == "time":
            return f"<span class='date'>{escape(element.get('datetime') or '')}</span>"
        if tag not in _PLAIN:
            return inner
        attributes = f" href='{escape(element.get('href') or '', quote=True)}'" if tag == "a" else ""
        edits = " data-edit" if tag in ("p", "h2", "h3", "h4", "li", "td") and len(element) == 0 and (element.text or "").strip() else ""
        return f"<{tag}{attributes} data-at='{places[element]}'{edits}>" + ("" if tag in _VOID else f"{inner}</{tag}>")
    return _confluence(tag, element, inner, places, pictures)


def _confluence(tag: str, element: etree._Element, inner: str, places: dict[etree._Element, int], pictures: str) -> str:
    if tag == f"{{{AC}}}structured-macro":
        return _macro(element, places, pictures)
    if tag == f"{{{AC}}}image":
        name = next((str(e.get(f"{{{RI}}}filename")) for e in element.iter(f"{{{RI}}}attachment")), "")
        caption = "".join(_html(c, places, pictures) for c in element if c.tag == f"{{{AC}}}caption")
        alt = escape(element.get(f"{{{AC}}}alt") or "", quote=True)
        return f"<figure><img src='{pictures}/{escape(name, quote=True)}' alt='{alt}'><figcaption>{caption}</figcaption></figure>"
    if tag == f"{{{AC}}}task-list":
        return f"<ul class='tasks'>{inner}</ul>"
    if tag == f"{{{AC}}}task":
        text = "".join(_html(c, places, pictures) for c in element if c.tag == f"{{{AC}}}task-body")
        return f"<li><input type='checkbox' disabled aria-label='done'> {text}</li>"
    if tag in (f"{{{AC}}}parameter", f"{{{AC}}}task-id", f"{{{AC}}}task-uuid", f"{{{AC}}}task-status", f"{{{AC}}}placeholder"):
        return ""
    return inner


def _macro(element: etree._Element, places: dict[etree._Element, int], pictures: str) -> str:
    name = element.get(f"{{{AC}}}name")
    title = next((e.text or "" for e in element if e.tag == f"{{{AC}}}parameter" and e.get(f"{{{AC}}}name") == "title"), "")
    rich = "".join(_html(c, places, pictures) for e in element if e.tag == f"{{{AC}}}rich-text-body" for c in e)
    if name == "code":
        text = next((e.text or "" for e in element if e.tag == f"{{{AC}}}plain-text-body"), "")
        return f"<pre class='code'>{escape(text)}</pre>"
    if name == "status":
        return f"<span class='lozenge'>{escape(title)}</span>"
    if name == "expand":
        return f"<details><summary>{escape(title or 'Click here to expand')}</summary>{rich}</details>"
    if name == "toc":
        return "<p class='toc'>Table of contents</p>"
    if name in _PANELS:
        return f"<div class='panel {name}'>{f'<strong>{escape(title)}</strong>' if title else ''}{rich}</div>"
    return f"<div class='macro'>{rich}</div>" if rich else ""

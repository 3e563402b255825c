"""What a block says, whatever Confluence made of its form: the mark to compare by, and the words that a reader reads. Pure.

Confluence adds ids to macros and blocks, sorts parameters, wraps commented text into markers, turns ``b`` into ``strong``, puts paragraphs
into cells, adds column widths; people tick the boxes of a task list. None of that is an edit of a person.
"""

from __future__ import annotations

import re

from connectors.confluence.storage import Element, get, macro_name, parameter, short, shorten, text_of
from connectors.reading import short_digest, without_number

_KEPT_ATTRIBUTES = frozenset(
    {"ac:name", "ac:alt", "ac:anchor", "ac:type", "ac:emoji-shortname", "ri:filename", "ri:value", "ri:account-id", "ri:userkey",
     "ri:username", "ri:content-title", "ri:space-key", "href", "colspan", "rowspan", "datetime"}
)  # fmt: skip
_UNWRAPPED = frozenset({"ac:inline-comment-marker", "span", "tbody", "thead", "div", "u", "ac:link-body"})
_DROPPED = frozenset({"colgroup", "ac:task-id", "ac:task-uuid", "ac:task-status", "ac:placeholder"})
_SAME = {"b": "strong", "i": "em", "strike": "del", "s": "del", "tt": "code", "ac:plain-text-link-body": "ac:link-body"}
_CELLS = frozenset({"li", "td", "th", "ac:task-body", "ac:caption"})
_TEXTS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "ac:task-body", "ac:caption", "ac:parameter", "blockquote"})
_SPACE = re.compile(r"[ \t\n\r\u00a0\u200b]+")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def kind_of(element: Element) -> str:
    """Element, and which macro; blocks of different kinds are never taken for versions of one another."""
    return macro_name(element) or short(element)


def mark_of(element: Element) -> str:
    """Equal for two blocks that say the same. The number in front of a step's heading does not count."""
    text = canonical(element)
    if short(element) in _HEADINGS:
        opening, _, rest = text.partition(">")
        text = f"{opening}>{without_number(rest)}"
    return short_digest(text)


def canonical(element: Element) -> str:
    tag = short(element)
    tag = _SAME.get(tag, tag)
    if tag in _DROPPED or not tag:
        return ""
    if tag == "ac:plain-text-body":
        return f"<{tag}>{text_of(element).strip()}</{tag}>"
    inner = _inner(element, tag)
    if tag in _UNWRAPPED:
        return inner
    if tag == "ac:parameter" and not inner:
        return ""
    pairs = ((shorten(str(key)), str(value)) for key, value in element.attrib.items())
    kept = "".join(f' {key}="{_SPACE.sub(" ", value).strip()}"' for key, value in sorted(pairs) if key in _KEPT_ATTRIBUTES)
    return f"<{tag}{kept}>{inner}</{tag}>"


def _inner(element: Element, tag: str) -> str:
    parts = [_SPACE.sub(" ", element.text or "")]
    parameters = []
    for child in element:
        written = canonical(child)
        child_tag = short(child)
        if child_tag == "ac:parameter":
            parameters.append(written)
        elif child_tag == "p" and tag in _CELLS:
            parts.append(f"\n{written.removeprefix('<p>').removesuffix('</p>')}\n" if written != "<p></p>" else "")
        elif child_tag == "br":
            parts.append("\n")
        else:
            parts.append(written)
        parts.append(_SPACE.sub(" ", child.tail or ""))
    inner = re.sub(r" *\n+ *", "\n", "".join(parts))
    if tag in _TEXTS:
        inner = inner.strip()
    elif not inner.strip():
        inner = ""
    elif tag not in ("strong", "em", "code", "a", "del") and tag not in _UNWRAPPED:
        inner = re.sub(r">\s+<", "><", inner).strip()
    return "".join(sorted(parameters)) + inner


def plain_of(element: Element) -> str:
    """The block's words, cut as :mod:`connectors.reading` cuts those of our own blocks."""
    tag = short(element)
    kind = macro_name(element)
    if kind == "code":
        return "".join(text_of(c) for c in element if short(c) == "ac:plain-text-body")
    if kind in ("anchor", "toc"):
        return ""
    if kind == "status":
        return parameter(element, "title")
    if kind is not None:
        body = [plain_of(child) for c in element if short(c) == "ac:rich-text-body" for child in c]
        inner = "\n".join(text for text in body if text)
        return f"{parameter(element, 'title')}\n{inner}".strip() if kind == "expand" and len(body) > 1 else inner
    if tag == "ac:image":
        caption = next((words(child) for child in element if short(child) == "ac:caption"), "")
        return caption or get(element, "ac:alt") or ""
    if tag in ("ul", "ol", "ac:task-list"):
        return "\n".join(words(child) for child in element)
    if tag == "table":
        rows = [child for child in element.iter() if short(child) == "tr" and any(short(cell) == "td" for cell in child)]
        return "\n".join("\t".join(words(cell) for cell in row) for row in rows)
    if tag in _HEADINGS:
        return without_number(words(element))
    return words(element)


def mentioned(account: str) -> str:
    """What stands for a person in a text until their name is asked for; nothing that people can type."""
    return f"\u2063{account}\u2063" if account else ""


def words(element: Element) -> str:
    """All text of an element in one line per paragraph, dates and states included."""
    return re.sub(r" *\n+ *", "\n", _words(element)).strip()


def _words(element: Element) -> str:
    tag = short(element)
    if tag in _DROPPED or not tag:
        return ""
    if tag == "time":
        return get(element, "datetime") or ""
    if tag == "br":
        return "\n"
    kind = macro_name(element)
    if kind is not None:
        return plain_of(element)
    if tag == "ri:user":
        return mentioned(next(filter(None, (get(element, name) for name in ("ri:account-id", "ri:userkey", "ri:username"))), ""))
    if tag == "ac:emoticon":
        return get(element, "ac:emoji-fallback") or ""
    parts = [_SPACE.sub(" ", element.text or "")]
    for child in element:
        inner = _words(child)
        parts.append(f"\n{inner}\n" if short(child) in ("p", "ul", "ol", "li") else inner)
        parts.append(_SPACE.sub(" ", child.tail or ""))
    return "".join(parts)

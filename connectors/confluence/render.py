"""The neutral page as blocks of the storage format, one tree per block. Pure; every kind of block has its own small function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from connectors.blocks import (
    Block,
    Code,
    Contents,
    Divider,
    Expand,
    Heading,
    Image,
    Items,
    Panel,
    Paragraph,
    Properties,
    Span,
    StepBlock,
    Table,
    Text,
    plain,
)
from connectors.confluence.canonical import kind_of, mark_of
from connectors.confluence.storage import Element, anchor, append, macro, make
from connectors.contract import Page, ReviewFlag
from connectors.merge import OWN, Piece
from connectors.reading import asset_name, flatten, plain_of

MARKER = f"{OWN}marker"
FLAG = f"{OWN}flag"
ANCHOR = "sopwright-"
WIDEST_PX = 760
STEPS_IN_CONTENTS = 30
LINK_LENGTH = 2000

_PANELS = {"info": "info", "note": "note", "warning": "warning", "success": "tip"}
_LANGUAGES = {
    "bash": "bash", "sh": "bash", "shell": "bash", "zsh": "bash", "console": "bash", "powershell": "powershell", "python": "python",
    "py": "python", "sql": "sql", "yaml": "yaml", "yml": "yaml", "json": "json", "xml": "xml", "html": "xml", "java": "java",
    "javascript": "js", "js": "js", "typescript": "typescript", "go": "go", "ruby": "ruby", "php": "php", "perl": "perl", "css": "css",
    "c": "c", "cpp": "cpp", "diff": "diff", "groovy": "groovy", "hcl": "text", "text": "text",
}  # fmt: skip
_STATUS_COLOURS = {"published": "Green", "approved": "Green", "in review": "Blue", "draft": "Yellow", "retired": "Red"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def body_of(page: Page) -> tuple[Piece[Element], ...]:
    """The page's blocks in order, furniture included: a review notice where one is due, and the invisible marker that carries the key."""
    names = {asset.digest: asset_name(asset.name, asset.digest, asset.media_type) for asset in page.assets}
    steps = sum(isinstance(block, StepBlock) for block in page.blocks)
    pieces = [_piece(block, names, steps) for block in flatten(page.blocks)]
    notice = notice_of(ReviewFlag(state=page.facts.review_state, due=page.facts.review_due, owner=page.facts.owner))
    if notice is not None:
        pieces.insert(0, notice)
    return (*pieces, marker_of(page.key))


def marker_of(key: str) -> Piece[Element]:
    return own_piece(MARKER, make("p", anchor(f"{ANCHOR}{key}")))


def notice_of(flag: ReviewFlag) -> Piece[Element] | None:
    """The panel that tells readers how far the page can be trusted; None while it is current."""
    due = f" It was due on {flag.due.isoformat()}." if flag.due else ""
    whom = f" Owner: {flag.owner.name}." if flag.owner else ""
    texts = {
        "due": ("note", "Due for review", f"This page is to be checked now.{due}{whom}"),
        "overdue": ("warning", "Overdue for review", f"Check before you rely on this page.{due}{whom}"),
        "in review": ("info", "In review", f"This page is being checked.{whom}"),
        "retired": ("warning", "Retired", "This page is kept for the record. Do not follow it any more."),
    }
    if flag.state not in texts:
        return None
    kind, title, words = texts[flag.state]
    return own_piece(FLAG, macro(kind, [make("p", anchor(f"{ANCHOR}review"), words)], title=title))


def placeholder(key: str) -> list[Element]:
    """What stands on a new page while its pictures are being brought there; carries the key, so that it is found again."""
    words = "This procedure is being published. Its text appears here as soon as all pictures are in place."
    return [macro("info", [make("p", words)]), make("p", anchor(f"{ANCHOR}{key}"))]


def own_piece(key: str, element: Element) -> Piece[Element]:
    return Piece(key=key, mark=mark_of(element), plain="", kind=kind_of(element), native=element)


def _piece(block: Block, names: Mapping[str, str], steps: int) -> Piece[Element]:
    element = _element(block, names, steps)
    # A folded block with one part is known by that part, so that an edit finds the field that it shows.
    part = block.children[0] if isinstance(block, Expand) and len(block.children) == 1 else block
    return Piece(key=part.key, mark=mark_of(element), plain=plain_of(part), kind=kind_of(element), native=element)


def _element(block: Block, names: Mapping[str, str], steps: int) -> Element:
    if isinstance(block, Image):
        return _image(block, names)
    if isinstance(block, Contents):
        return macro("toc", minLevel="2", maxLevel="3" if steps <= STEPS_IN_CONTENTS else "2")
    if isinstance(block, Expand):
        return macro("expand", [_element(child, names, steps) for child in flatten(block.children)], title=block.title)
    return _FORMS[type(block)](block)


def _heading(block: Heading) -> Element:
    return make(f"h{block.level}", *inline(block.text))


def _step(block: StepBlock) -> Element:
    return make("h3", f"{block.number}. ", *inline(block.text))


def _paragraph(block: Paragraph) -> Element:
    return make("p", *inline(block.text))


def _panel(block: Panel) -> Element:
    return macro(_PANELS[block.kind], [make("p", *inline(block.text))], title=block.title)


def _code(block: Code) -> Element:
    return macro("code", code=block.text, language=_LANGUAGES.get(block.language.lower(), "text"))


def _image(block: Image, names: Mapping[str, str]) -> Element:
    width = min(block.width, WIDEST_PX)
    element = make(
        "ac:image",
        make("ri:attachment", ri_filename=names[block.asset]),
        ac_align="center",
        ac_layout="center",
        ac_original_width=str(block.width),
        ac_original_height=str(block.height),
        ac_custom_width="true",
        ac_width=str(width),
        ac_alt=block.alt,
    )
    if caption := block.caption or block.alt:
        element.append(make("ac:caption", make("p", caption)))
    return element


def _items(block: Items) -> Element:
    if block.kind == "task":
        return make("ac:task-list", *(_task(number, item) for number, item in enumerate(block.items, 1)))
    return make("ul" if block.kind == "bullet" else "ol", *(make("li", make("p", *inline(item))) for item in block.items))


def _task(number: int, item: Text) -> Element:
    return make(
        "ac:task",
        make("ac:task-id", str(number)),
        make("ac:task-status", "incomplete"),
        make("ac:task-body", *inline(item)),
    )


def _table(block: Table) -> Element:
    rows = [make("tr", *(make("th", make("p", cell)) for cell in block.header))]
    rows += [make("tr", *(make("td", make("p", *inline(cell))) for cell in row)) for row in block.rows]
    return make("table", make("tbody", *rows))


def _properties(block: Properties) -> Element:
    rows = [make("tr", make("th", make("p", label)), make("td", make("p", *_fact(label, value)))) for label, value in block.rows]
    return macro("details", [make("table", make("tbody", *rows))])


def _fact(label: str, value: Text) -> Iterable[Element | str]:
    words = plain(value)
    if label.lower() == "status":
        colour = _STATUS_COLOURS.get(words.lower())
        return [macro("status", title=words, colour=colour)]
    if _DATE.fullmatch(words):
        return [make("time", datetime=words)]
    return inline(value)


def _divider(_block: Divider) -> Element:
    return make("hr")


def inline(text: Text) -> list[Element | str]:
    """Spans as nested elements; a line break as ``br``."""
    return [node for span in text for node in _span(span)]


def _span(span: Span) -> list[Element | str]:
    nodes: list[Element | str] = []
    for number, line in enumerate(span.text.split("\n")):
        if number:
            nodes.append(make("br"))
        if line:
            nodes.append(line)
    for wanted, wrap in (
        (span.code, partial(make, "code")),
        (span.italic, partial(make, "em")),
        (span.bold, partial(make, "strong")),
        (allowed_link(span.link), partial(make, "a", href=span.link or "")),
    ):
        if wanted and nodes:
            nodes = [_wrapped(cast(Callable[..., Element], wrap), nodes)]
    return nodes


def _wrapped(wrap: Callable[..., Element], nodes: Sequence[Element | str]) -> Element:
    element = wrap()
    for node in nodes:
        append(element, node)
    return element


def allowed_link(link: str | None) -> bool:
    """Absolute web addresses of sensible length; everything else becomes plain text."""
    return bool(link) and len(link or "") <= LINK_LENGTH and re.match(r"https?://[^/\s]", link or "", re.IGNORECASE) is not None


_FORMS: dict[type, Callable[[Any], Element]] = {
    Heading: _heading,
    StepBlock: _step,
    Paragraph: _paragraph,
    Panel: _panel,
    Code: _code,
    Items: _items,
    Table: _table,
    Properties: _properties,
    Divider: _divider,
}

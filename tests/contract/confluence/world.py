"""The fake Confluence as the conformance kit sees it: what a reader reads, and what a person does in the editor."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree

from connectors.contract import Connector, Person, Ref, Target
from connectors.testing import Armed, Seen, World
from tests.contract.confluence import pages
from tests.contract.confluence.fake import FakeConfluence, Fault, Page
from tests.contract.confluence.fake.server import Edition
from tests.contract.confluence.fake.storage import AC, RI, parse, write

LINES = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", f"{{{AC}}}task-body", f"{{{AC}}}plain-text-body", f"{{{AC}}}caption"}
)
SILENT = frozenset({f"{{{AC}}}task-id", f"{{{AC}}}task-status", f"{{{AC}}}task-uuid", "colgroup"})
SPOKEN_PARAMETERS = frozenset({"title"})


class ConfluenceWorld(World):
    """One fake, one state folder."""

    target = Target(place="OPS")
    person = Person(name="Example Person", email="person@example.com")

    def __init__(self, edition: Edition, folder: Path, *, judged: bool = True) -> None:
        self.fake = FakeConfluence(edition, judged=judged)
        self._folder = folder
        self._anew = 0

    def connect(self, *, fresh: bool = False) -> Connector:
        if fresh:
            self._anew += 1
        return pages.connector(self.fake, self._folder / f"state-{self._anew if fresh else 0}")

    def look(self, ref: Ref) -> Seen:
        with self.fake.lock:
            page = self.fake.site.pages[ref.id]
            root = parse(page.now.body)
            owner = self.fake.site.users.get(page.owner)
            notes = tuple("\n".join(_lines(parse(c.body))) for c in self.fake.site.comments if c.page == ref.id and c.marker is None)
            return Seen(
                title=page.title,
                text="\n".join(_lines(root)),
                pictures=tuple(_pictures(root, page)),
                labels=tuple(page.labels),
                owner=f"{owner.name} {owner.email}" if owner else None,
                review=_review(root),
                notes=notes,
            )

    def pages(self) -> Sequence[str]:
        return [p.id for p in self.fake.pages() if p.status == "current"]

    def edit(self, ref: Ref, before: str, after: str) -> None:
        self._change(ref, lambda root: _say(_block_saying(root, before), before, after))

    def add(self, ref: Ref, behind: str, words: str) -> None:
        def change(root: Any) -> None:
            block = _top(root, _block_saying(root, behind))
            paragraph = etree.Element("p")
            paragraph.text = words
            block.addnext(paragraph)

        self._change(ref, change)

    def remove(self, ref: Ref, words: str) -> None:
        def change(root: Any) -> None:
            block = _block_saying(root, words)
            holder = block if block.tag == "li" else _top(root, block)
            holder.getparent().remove(holder)

        self._change(ref, change)

    def rename(self, ref: Ref, title: str) -> None:
        with self.fake.lock:
            self.fake.site.edit(ref.id, lambda body: body, title=title)

    def trash(self, ref: Ref) -> None:
        with self.fake.lock:
            self.fake.site.pages[ref.id].status = "trashed"

    def move(self, ref: Ref) -> None:
        with self.fake.lock:
            space = self.fake.site.add_space("ARCH", "Elsewhere")
            page = self.fake.site.pages[ref.id]
            page.space, page.parent = space.id, space.homepage

    @contextmanager
    def at(self, nth: int, act: Callable[[], bool], *, done: bool = False) -> Iterator[Armed]:
        armed = Armed()
        once = threading.Lock()

        def strike() -> bool:
            with once:
                armed.struck = True
                return act()

        fault = Fault("ask", skip=nth - 1, ask=strike, done=done)
        self.fake.faults.append(fault)
        try:
            yield armed
        finally:
            self.fake.faults.remove(fault)

    def requests(self) -> int:
        return len(self.fake.seen)

    def writes(self) -> int:
        return len([s for s in self.fake.writes() if s.status < 400])

    def uploads(self) -> int:
        return len([s for s in self.fake.writes() if "/child/attachment" in s.path and s.status < 400])

    def _change(self, ref: Ref, change: Callable[[Any], None]) -> None:
        def rewritten(body: str) -> str:
            root = parse(body)
            change(root)
            return write(root)

        with self.fake.lock:
            self.fake.site.edit(ref.id, rewritten)


def _lines(element: Any) -> Iterator[str]:
    """What a reader reads, one line a paragraph, list entry or cell."""
    if element.tag in SILENT or not isinstance(element.tag, str):
        return
    if element.tag == f"{{{AC}}}parameter":
        if element.get(f"{{{AC}}}name") in SPOKEN_PARAMETERS:
            yield element.text or ""
        return
    if element.tag in LINES and not any(
        child.tag in LINES or str(child.tag).endswith("structured-macro") for child in element.iter() if child is not element
    ):
        text = _flat(element)
        yield from (line for line in text.split("\n") if line.strip())
        return
    if element.text and element.text.strip():
        yield element.text
    for child in element:
        yield from _lines(child)
        if child.tail and child.tail.strip():
            yield child.tail


def _flat(element: Any) -> str:
    if element.tag == "br":
        return "\n"
    if element.tag == "time":
        return str(element.get("datetime"))
    return (element.text or "") + "".join(_flat(child) + (child.tail or "") for child in element)


def _pictures(root: Any, page: Page) -> Iterator[str]:
    for image in root.iter(f"{{{AC}}}image"):
        name = image.find(f"{{{RI}}}attachment").get(f"{{{RI}}}filename")
        yield hashlib.sha256(page.attachments[name].data).hexdigest()


def _review(root: Any) -> str | None:
    """The title of the notice in front of everything else."""
    for macro in root.iter(f"{{{AC}}}structured-macro"):
        if any((p.text or "") == "sopwright-review" for p in macro.iter(f"{{{AC}}}parameter")):
            return next((p.text for p in macro if p.get(f"{{{AC}}}name") == "title"), None)
    return None


def _block_saying(root: Any, words: str) -> Any:
    for element in root.iter():
        if element.tag in LINES and re.sub(r"^\d+\. ", "", " ".join(_flat(element).split())) == words:
            inner = [e for e in element.iter() if e is not element and e.tag in LINES and " ".join(_flat(e).split()) == words]
            return inner[0] if inner else element
    raise LookupError(words)


def _say(block: Any, before: str, after: str) -> None:
    number = re.match(r"^\d+\. ", _flat(block))
    for child in list(block):
        block.remove(child)
    if str(block.tag).endswith("plain-text-body"):
        block.text = etree.CDATA(after)
    else:
        block.text = (number.group(0) if number else "") + after


def _top(root: Any, block: Any) -> Any:
    while block.getparent() is not root:
        block = block.getparent()
    return block


__all__ = ["ConfluenceWorld"]

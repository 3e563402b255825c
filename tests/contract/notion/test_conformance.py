"""The kit that every connector passes, against the fake, which judges each request where the published document is at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector, Person, Ref
from connectors.testing import Armed, Conformance, Seen, World
from tests.contract.notion.fake import Awaited, FakeNotion
from tests.contract.notion.fake.shapes import plain
from tests.contract.notion.fake.workspace import PERSON
from tests.contract.notion.pages import connector, target


class NotionWorld(World):
    conditional_writes = False  # Notion has none
    person = Person(name="Example Person", email="person@example.com")

    def __init__(self, notion: FakeNotion, folder: Path, *, only: str = ".*") -> None:
        """``only``: which requests :meth:`at` counts."""
        self.only = only
        self.notion, self.folder, self.machines = notion, folder, 0
        self.target = target(notion)
        self.slept_s = 0.0

    def connect(self, *, fresh: bool = False) -> Connector:
        self.machines += fresh
        return connector(self.notion, self.folder / f"machine-{self.machines}", sleep=self._sleep, monotonic=self.clock_s)

    def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds

    def clock_s(self) -> float:
        return self.slept_s

    # --- reading ----------------------------------------------------------------------------------------------------------

    def look(self, ref: Ref) -> Seen:
        page, space = self._page(ref), self.notion.workspace
        content = page["content"]
        nodes = list(space.descendants(page))
        pictures = [space.uploads[n["content"]["upload"]]["data"] for n in nodes if "upload" in n["content"]]
        owners = [next(u for u in space.users if u["id"] == o["id"]) for o in content.get("Owner") or []]
        return Seen(
            title=words(content["Name" if page["source"] else "title"]),
            text="\n".join(line for n in nodes for line in _lines(n["content"])),
            pictures=tuple(hashlib.sha256(data).hexdigest() for data in pictures),
            labels=tuple(option["name"] for option in content.get("Labels") or []),
            owner=owners[0]["person"]["email"] if owners else None,
            review=(content.get("Review status") or {}).get("name"),
            notes=tuple(plain(c["rich_text"]) for c in space.comments if ref.id in c["parent"].values()),
        )

    def pages(self) -> Sequence[str]:
        try:
            versions = {page["id"] for page in self.notion.pages_of("SOP versions")}
        except StopIteration:
            versions = set()
        live = [n["id"] for n in self.notion.workspace.blocks.values() if n["type"] == "child_page" and not n["in_trash"]]
        return [page for page in live if page not in versions and page != self.notion.parent]

    # --- a person -----------------------------------------------------------------------------------------------------------

    def edit(self, ref: Ref, before: str, after: str) -> None:
        node = self._saying(ref, before)
        kind, content = node["type"], node["content"]
        if "cells" in content:
            cells = [[{"text": {"content": after if plain(cell) == before else plain(cell)}}] for cell in content["cells"]]
            self._by_person(lambda w: w.update_block(node["id"], {kind: {"cells": cells}}, PERSON))
            return
        field = "caption" if kind == "image" else "rich_text"
        said = plain(content[field])
        words = said.replace(before, after)
        self._by_person(lambda w: w.update_block(node["id"], {kind: {field: [{"text": {"content": words}}]}}, PERSON))

    def add(self, ref: Ref, behind: str, words: str) -> None:
        block = {"paragraph": {"rich_text": [{"text": {"content": words}}]}}
        at = {"type": "after_block", "after_block": {"id": self._saying(ref, behind)["id"]}}
        self._by_person(lambda w: w.append(ref.id, {"children": [block], "position": at}, PERSON))

    def remove(self, ref: Ref, words: str) -> None:
        node = self._saying(ref, words)
        self._by_person(lambda w: w.update_block(node["id"], {"in_trash": True}, PERSON))

    def rename(self, ref: Ref, title: str) -> None:
        body = {"properties": {"Name": {"title": [{"text": {"content": title}}]}}}
        self._by_person(lambda w: w.update_page(ref.id, body, PERSON))

    def trash(self, ref: Ref) -> None:
        self._by_person(lambda w: w.update_page(ref.id, {"in_trash": True}, PERSON))

    def move(self, ref: Ref) -> None:
        """To another row's place in the same workspace: the page leaves our database and keeps its id."""
        self._by_person(lambda w: w.move_page(ref.id, self.notion.parent, PERSON))

    # --- requests -----------------------------------------------------------------------------------------------------------

    @contextmanager
    def at(self, nth: int, act: Callable[[], bool], *, done: bool = False) -> Iterator[Armed]:
        awaited = Awaited(nth=nth, act=act, done=done, on=self.only)
        self.notion.awaited = awaited
        armed = Armed()
        try:
            yield armed
        finally:
            self.notion.awaited = None
            armed.struck = awaited.struck

    def requests(self) -> int:
        return len(self.notion.seen)

    def writes(self) -> int:
        return len(self.notion.writes())

    def uploads(self) -> int:
        return len(self.notion.workspace.uploads)

    # --- helpers ------------------------------------------------------------------------------------------------------------

    def _by_person(self, change: Callable[[Any], Any]) -> None:
        self.notion.by_person(change)

    def _page(self, ref: Ref) -> dict[str, Any]:
        return self.notion.workspace.blocks[ref.id]

    def _saying(self, ref: Ref, words: str) -> dict[str, Any]:
        with self.notion.lock:
            for node in self.notion.workspace.descendants(self._page(ref)):
                if words in _lines(node["content"]):
                    return node
        raise LookupError(words)


def _lines(content: dict[str, Any]) -> list[str]:
    said = content.get("rich_text") or content.get("caption") or []
    cells = [plain(cell) for cell in content.get("cells", [])]
    return cells or (plain(said).split("\n") if said else [])


def words(items: list[dict[str, Any]]) -> str:
    return "".join(item["text"]["content"] for item in items)


@pytest.mark.timeout(900)  # the sweeps begin a process for each request
class TestNotion(Conformance):
    @contextmanager
    def world(self, folder: Path) -> Iterator[World]:
        with FakeNotion() as notion:
            yield NotionWorld(notion, folder)
            assert notion.refused == [], "a request that the published document forbids"

    def _points(self, folder: Path, *, kill: bool, done: bool, again: bool) -> int:
        points = super()._points(folder, kill=kill, done=done, again=again)
        how = f"{'killed' if kill else 'cut off'} {'after' if done else 'before'}"
        print(f"{'update' if again else 'first publish'}, {how} each of {points} requests: one whole page, nothing twice")
        return points

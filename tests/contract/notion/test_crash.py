"""Kill -9 at every write of a publish of a long page, then the same call again.

The kit does the same with a short one, at reads too, and also with cut lines.
"""

from __future__ import annotations

import copy
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Known, Page
from connectors.testing.tools import kept, killed
from tests.contract.notion.fake import FakeNotion
from tests.contract.notion.fake.workspace import PERSON
from tests.contract.notion.pages import connector, sop, step, target
from tests.contract.notion.test_conformance import NotionWorld
from tests.contract.notion.test_publish import block_saying, person_writes, publish, reworded

pytestmark = pytest.mark.timeout(900)  # a process for each request

STEPS = tuple(step(n, f"Do thing number {n}.", expected=f"Thing {n} is done.") for n in range(1, 106))
WRITES = r"^(?!GET ).*(?<!/query)$"
FIRST = sop(steps=STEPS)
SECOND = reworded(
    sop(version=2, steps=(*STEPS[:49], *STEPS[50:], step(106, "Do thing number 106."), step(107, "Do thing number 107."))),
    3,
    "Do thing number 3 now.",
)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_first_publish_that_is_killed_is_resumed_and_nothing_stands_twice(tmp_path: Path, done: bool) -> None:
    with FakeNotion(judged=False) as notion:
        points = _sweep(tmp_path, notion, FIRST, None, done)
    print(f"first publish, killed {'after' if done else 'before'} each of {points} writes: no block or page twice, none missing")


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_an_update_with_peoples_edits_that_is_killed_is_resumed_and_nothing_is_lost(tmp_path: Path, done: bool) -> None:
    with FakeNotion(judged=False) as notion:
        known = publish(notion, tmp_path / "state", FIRST, message="First").known
        _people_edit(notion, known.ref.id)
        points = _sweep(tmp_path, notion, SECOND, known, done)
    print(f"update with edits, killed {'after' if done else 'before'} each of {points} writes: no block or page twice, none missing")


def _people_edit(notion: FakeNotion, page: str) -> None:
    person_writes(notion, page, "Thing 7 is done.", "Thing 7 is done, says a person.")
    gone = block_saying(notion, "Thing 9 is done.", page)["id"]
    notion.by_person(lambda w: w.update_block(gone, {"in_trash": True}, PERSON))
    note = {"paragraph": {"rich_text": [{"text": {"content": "A person's note."}}]}}
    behind = {"type": "after_block", "after_block": {"id": block_saying(notion, "Do thing number 20.", page)["id"]}}
    notion.by_person(lambda w: w.append(page, {"children": [note], "position": behind}, PERSON))
    inside = block_saying(notion, "Do thing number 30.", page)["id"]
    notion.by_person(lambda w: w.append(inside, {"children": [note]}, PERSON))


def _sweep(folder: Path, origin: FakeNotion, page: Page, known: Known | None, done: bool) -> int:
    """Each point begins with a copy of what stood there. Returns how many writes a whole publish has."""
    for nth in range(1, 100):
        state = folder / f"at-{nth}"
        if (folder / "state").exists():
            shutil.copytree(folder / "state", state)
        with FakeNotion(workspace=copy.deepcopy(origin.workspace), parent=origin.parent) as notion:
            world = NotionWorld(notion, state, only=WRITES)
            if not killed(world, nth, lambda at=notion, where=state: _once(at, where, page, known), done=done):
                return nth - 1
            receipt = publish(notion, state, page, known, "Again")
            _whole(notion, receipt, nth, updated=known is not None)
            assert notion.refused == [], nth
            shutil.rmtree(state)
    raise AssertionError("a publish takes fewer than 100 requests")


def _once(notion: FakeNotion, state: Path, page: Page, known: Known | None) -> None:
    with closing(connector(notion, state)) as c:
        c.publish(c.render(page), target(notion), known=kept(known) if known else None, message="Again")


def _whole(notion: FakeNotion, receipt: Any, nth: int, *, updated: bool) -> None:
    tree = notion.tree(receipt.known.ref.id)
    pages = (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions")), len(notion.workspace.databases))
    assert pages == (1, 2 if updated else 1, 3), nth
    want = {*range(1, 108 if updated else 106)} - ({50} if updated else set())
    assert [n for n in want if tree.count(f"Do thing number {n} now." if updated and n == 3 else f"Do thing number {n}.") != 1] == [], nth
    assert tree.count("Do thing number") == len(want), nth
    assert tree.count("is done") == (103 if updated else 105), nth
    assert (tree.count("Version 1,"), tree.count("Version history")) == (1, 1), nth
    versions = notion.pages_of("SOP versions")
    assert all(v["locked"] for v in versions), nth
    for version in versions:
        assert notion.tree(version["id"]).count("Do thing number") in (105, 106), nth
    if updated:
        assert (tree.count("Version 2,"), tree.count("A person's note."), tree.count("says a person")) == (1, 2, 1), nth
        states = {v["content"]["Version"]: v["content"]["Status"]["name"] for v in versions}
        assert states == {1: "Superseded", 2: "Current"}, nth


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_restore_that_is_killed_is_done_again_and_loses_nobodys_words(tmp_path: Path, done: bool) -> None:
    with FakeNotion() as notion:
        known = publish(notion, tmp_path / "state", sop(), message="First").known
        known = publish(notion, tmp_path / "state", reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower").known
        person_writes(notion, known.ref.id, "Every pod is Running", "Every pod is up, says a person.")
        first = next(v["id"] for v in notion.pages_of("SOP versions") if v["content"]["Version"] == 1)

        def restore(at: FakeNotion, state: Path) -> None:
            with closing(connector(at, state)) as c:
                c.restore(known.ref, first, message="Back")

        for nth in range(1, 100):
            state = tmp_path / f"at-{nth}"
            shutil.copytree(tmp_path / "state", state)
            with FakeNotion(workspace=copy.deepcopy(notion.workspace), parent=notion.parent) as at:
                struck = killed(NotionWorld(at, state, only=WRITES), nth, lambda at=at, state=state: restore(at, state), done=done)
                if struck:
                    restore(at, state)
                _restored(at, known.ref.id, nth)
                assert at.refused == [], nth
            if not struck:
                break
    print(f"restore after an edit, killed {'after' if done else 'before'} each of {nth - 1} writes: nothing twice, nothing lost")


def _restored(notion: FakeNotion, page: str, nth: int) -> None:
    tree, versions = notion.tree(page), notion.pages_of("SOP versions")
    for words in (
        "Open the dashboard.",
        "Restart the deployment.",
        "Check the pods.",
        "Every pod is Running.",
        "Read its log.",
        "Version 1,",
    ):
        assert tree.count(words) == 1, (nth, words)
    assert "Restart it slowly." not in tree, nth
    assert (tree.count("image ["), tree.count("Version history")) == (2, 1), nth
    kept = [v for v in versions if "says a person" in notion.tree(v["id"])]
    assert len(kept) == 1, nth
    assert all(v["locked"] for v in versions), nth
    assert [v["content"]["Status"]["name"] for v in versions].count("Current") == 1, nth
    assert len(versions) == 4, nth

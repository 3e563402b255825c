from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.blocks import StepBlock, text
from connectors.contract import Origin, Page, Person, ReviewFlag
from connectors.errors import AuthFailed, Conflict, Gone, Reject, Retry
from tests.contract.notion.fake import FakeNotion, Fault
from tests.contract.notion.fake.workspace import PERSON
from tests.contract.notion.pages import asset, connector, png, sop, step, target


def reworded(page: Page, number: int, words: str) -> Page:
    blocks = tuple(replace(b, text=text(words)) if isinstance(b, StepBlock) and b.number == number else b for b in page.blocks)
    return replace(page, blocks=blocks)


def publish(notion: FakeNotion, state: Path, page: Page, known: Any = None, message: str = "", **more: Any) -> Any:
    c = connector(notion, state)
    try:
        return c.publish(c.render(page), target(notion), known=known, message=message, **more)
    finally:
        c.close()


def block_saying(notion: FakeNotion, words: str, page: str) -> dict[str, Any]:
    found = notion.workspace.descendants(notion.workspace.blocks[page])
    return next(n for n in found if words in "".join(r["plain_text"] for r in n["content"].get("rich_text", [])))


def person_writes(notion: FakeNotion, page: str, old: str, new: str) -> str:
    node = block_saying(notion, old, page)
    notion.by_person(lambda w: w.update_block(node["id"], {node["type"]: {"rich_text": [{"text": {"content": new}}]}}, PERSON))
    return str(node["id"])


def test_an_unchanged_page_costs_two_reads_and_no_write(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    seen = len(notion.seen)
    receipt = publish(notion, tmp_path, sop(), known)
    assert (receipt.written, receipt.writes, len(notion.seen) - seen) == (False, 0, 2)


def test_a_changed_step_keeps_its_block_and_a_colleagues_words(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    step_block = block_saying(notion, "Restart the deployment.", known.ref.id)["id"]
    person_writes(notion, known.ref.id, "Every pod is Running", "Every pod is Running, ask Ops otherwise.")
    notion.by_person(
        lambda w: w.append(known.ref.id, {"children": [{"paragraph": {"rich_text": [{"text": {"content": "My own note"}}]}}]}, PERSON)
    )
    receipt = publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower")
    tree = notion.tree(known.ref.id)
    assert block_saying(notion, "Restart it slowly.", known.ref.id)["id"] == step_block
    assert "Every pod is Running, ask Ops otherwise." in tree
    assert "My own note" in tree
    assert {e.key for e in receipt.edits} == {"steps/s3/expected", "after:history"}
    assert "Version 2" in tree


def test_a_page_that_people_edited_is_read_block_by_block_once_and_then_only_when_it_changed(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    person_writes(notion, known.ref.id, "Every pod is Running", "Every pod is Running, ask Ops otherwise.")
    later = datetime.now(UTC) + timedelta(minutes=5)

    def look(now: datetime = later) -> tuple[int, list[str | None]]:
        seen = len(notion.seen)
        edits = connector(notion, tmp_path, now=lambda: now).fetch(known.ref, known=known).edits
        return len(notion.seen) - seen, [edit.after for edit in edits]

    first = look(datetime.now(UTC))  # the minute is not over: another edit could look the same
    words = ["Every pod is Running, ask Ops otherwise."]
    assert first == look()
    assert first[1] == words
    assert look() == look() == (2, words)
    person_writes(notion, known.ref.id, "Read its log.", "Read both logs.")
    cost, found = look()
    assert cost > 2
    assert sorted(map(str, found)) == sorted([*words, "Read both logs."])


def test_both_changed_is_a_conflict_and_nothing_is_written(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    person_writes(notion, known.ref.id, "Restart the deployment.", "Restart it by hand.")
    before, page = notion.tree(known.ref.id), reworded(sop(version=2), 2, "Restart it slowly.")
    writes = len(notion.writes())
    with pytest.raises(Conflict) as caught:
        publish(notion, tmp_path, page, known)
    clash = caught.value.clashes[0]
    assert (clash.key, clash.base, clash.theirs, clash.ours) == (
        "steps/s2", "Restart the deployment.", "Restart it by hand.", "Restart it slowly.",
    )  # fmt: skip
    assert notion.tree(known.ref.id) == before
    assert len(notion.writes()) == writes
    publish(notion, tmp_path, page, known, choices={"steps/s2": "theirs"})
    assert "Restart it by hand." in notion.tree(known.ref.id)


def test_the_same_words_on_both_sides_are_no_conflict_whatever_their_style(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    person_writes(notion, known.ref.id, "Every pod is Running", "Expected\nEvery pod is up.")  # the title lost its bold face
    steps = tuple(
        step(3, "Check the pods.", expected="Every pod is up.") if b.number == 3 else b for b in sop().blocks if isinstance(b, StepBlock)
    )
    page = sop(version=2, steps=steps, assets=sop().assets)
    receipt = publish(notion, tmp_path, page, known)
    assert receipt.edits == ()
    assert notion.tree(known.ref.id).count("Every pod is up.") == 1
    assert publish(notion, tmp_path, page, receipt.known).writes == 0


def test_what_people_wrote_is_kept_as_a_version_before_an_old_one_comes_back(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop(), message="First").known
    known = publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower").known
    person_writes(notion, known.ref.id, "Every pod is Running", "Every pod is up, says a person.")
    c = connector(notion, tmp_path)
    for _ in range(2):  # a second time: nothing was edited since, so nothing has to be kept
        first = next(v.id for v in c.history(known.ref) if v.revision == 1)
        known = c.restore(known.ref, first, message="Back")
    rows = c.history(known.ref)
    kept = next(v for v in rows if "kept before" in v.message)
    assert [v.revision for v in rows] == [5, 4, 3, 2, 1]
    assert "Every pod is up, says a person." in notion.tree(kept.id)
    assert "Every pod is Running." in notion.tree(known.ref.id)
    assert all(page["locked"] for page in notion.pages_of("SOP versions"))


def test_a_review_is_shown_in_the_header_and_is_no_edit(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    c = connector(notion, tmp_path)
    flagged = c.flag(known, ReviewFlag(state="overdue", due=date(2027, 2, 25)))
    header = block_saying(notion, "Review due", known.ref.id)
    assert "Review due: 2027-02-25\nVersion: 1\nStatus: published\nReview: overdue" in "".join(
        r["plain_text"] for r in header["content"]["rich_text"]
    )
    assert header["content"]["color"] == "red_background"
    assert c.fetch(flagged.ref, known=flagged).edits == ()
    person_writes(notion, known.ref.id, "Review due", "Ask me about this page.")
    c.flag(flagged, ReviewFlag(state="current", due=date(2027, 5, 25)))
    assert "Ask me about this page." in notion.tree(known.ref.id)


def test_a_step_put_in_front_and_one_taken_out_leave_the_others_blocks_alone(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    third = block_saying(notion, "Check the pods.", known.ref.id)["id"]
    steps = (step(1, "Announce the restart.", identity="new"), step(2, "Check the pods.", expected="Every pod is Running.", identity="s3"))
    page = sop(version=2, steps=steps)
    publish(notion, tmp_path, page, known)
    tree = notion.tree(known.ref.id)
    assert tree.index("Announce the restart.") < tree.index("Check the pods.")
    assert "Restart the deployment." not in tree
    assert block_saying(notion, "Check the pods.", known.ref.id)["id"] == third


def test_a_page_is_adopted_by_its_key_without_any_memory(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path / "a", sop()).known
    receipt = publish(notion, tmp_path / "b", sop())
    assert (receipt.created, receipt.known.ref.id, len(notion.pages_of("SOPs"))) == (False, known.ref.id, 1)
    changed = publish(notion, tmp_path / "c", reworded(sop(version=2), 1, "Open the status page."))
    assert changed.known.ref.id == known.ref.id
    assert notion.tree(known.ref.id).count("numbered_list_item") == 4


def test_a_picture_is_uploaded_once_for_all_pages_and_versions(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known)
    assert len(notion.workspace.uploads) == 2


def test_every_version_is_a_locked_page_and_an_old_one_can_come_back(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop(), message="First").known
    known = publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower").known
    c = connector(notion, tmp_path)
    rows = c.history(known.ref)
    assert [(v.revision, v.message) for v in rows] == [(2, "Slower"), (1, "First")]
    assert all(page["locked"] for page in notion.pages_of("SOP versions"))
    c.restore(known.ref, rows[-1].id, message="Back to the first")
    assert "Restart the deployment." in notion.tree(known.ref.id)
    assert "Restart it slowly." not in notion.tree(known.ref.id)
    assert [v.revision for v in c.history(known.ref)] == [3, 2, 1]


def views(notion: FakeNotion) -> list[str]:
    """``database: view`` of all that were made by the connection."""
    names = {d["id"]: d["title"] for d in notion.workspace.databases.values()}
    return [f"{names[v['parent']['database_id']]}: {v['name']}" for v in notion.workspace.views if v["name"] != "Default view"]


VIEWS = [
    "SOPs: To review", "SOPs: Review calendar", "SOPs: By area", "SOP versions: Newest first", "Recordings: By status",
]  # fmt: skip


def test_the_databases_that_are_made_get_their_views_once(notion: FakeNotion, tmp_path: Path) -> None:
    publish(notion, tmp_path / "a", sop())
    assert views(notion) == VIEWS
    notion.workspace.views[:] = [v for v in notion.workspace.views if v["name"] != "By area"]  # an admin took one away
    publish(notion, tmp_path / "b", sop(key="sop-2"))
    assert views(notion) == [v for v in VIEWS if "By area" not in v]


@pytest.mark.parametrize("kind", ["line lost after", "line lost before", "saved, then 503 without guidance", "answer"])
def test_a_view_that_fails_holds_up_nothing_and_is_named_until_it_is_there(notion: FakeNotion, tmp_path: Path, kind: Any) -> None:
    notion.faults.append(Fault(kind, on="POST /v1/views", error="403 capability"))
    publish(notion, tmp_path, sop())
    assert len(notion.pages_of("SOPs")) == 1
    missing = connector(notion, tmp_path).check().missing
    if kind in ("line lost before", "answer"):
        assert views(notion) == VIEWS[1:]
        assert "no view 'To review'" in missing[0]
        assert "Review status is Due soon, Due, Overdue, In review" in missing[0]
        source, database = notion.source_named("SOPs")["id"], notion.source_named("SOPs")["database"]
        notion.by_person(
            lambda w: w.create_view({"database_id": database, "data_source_id": source, "name": "To review", "type": "table"}, PERSON)
        )
        missing = connector(notion, tmp_path).check().missing
    assert missing == ()


def test_two_that_set_up_at_once_make_each_database_once(notion: FakeNotion, tmp_path: Path) -> None:
    notion.faults.append(Fault("call", on="POST /v1/databases", call=lambda: time.sleep(0.2)))
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(publish, notion, tmp_path, sop(key=f"sop-{n}")) for n in (1, 2)]
        busy = [t for t in tries if isinstance(t.exception(), Retry)]
    assert (len(notion.workspace.databases), len(views(notion))) == (3, len(VIEWS))
    assert len(notion.pages_of("SOPs")) == 2 - len(busy)


def test_a_versions_row_says_who_published_it_and_from_which_recording(notion: FakeNotion, tmp_path: Path) -> None:
    origin = Origin(by=Person(name="Example Person", email="person@example.com"), recording="https://sops.example.com/sops/a?recording=1")
    known = publish(notion, tmp_path, replace(sop(), origin=origin), message="First").known
    assert publish(notion, tmp_path, replace(sop(), origin=Origin()), known).writes == 0, "who asks is no reason to write"
    unsafe = Origin(by=origin.by, recording="javascript:alert(1)")
    known = publish(notion, tmp_path, replace(reworded(sop(version=2), 2, "Restart it slowly."), origin=unsafe), known, "Slower").known
    c = connector(notion, tmp_path)
    rows = c.history(known.ref)
    assert [(v.by, v.recording) for v in rows] == [("Example Person", None), ("Example Person", origin.recording)]
    c.restore(known.ref, rows[-1].id, message="Back")
    assert c.history(known.ref)[0].recording == origin.recording


def test_published_by_may_be_a_column_of_people(notion: FakeNotion, tmp_path: Path) -> None:
    c = connector(notion, tmp_path / "a")
    c.setup.places(notion.parent)
    notion.source_named("SOP versions")["schema"]["Published by"]["type"] = "people"
    origin = Origin(by=Person(name="Example Person", email="person@example.com"))
    known = publish(notion, tmp_path / "b", replace(sop(), origin=origin), message="First").known
    assert notion.pages_of("SOP versions")[0]["content"]["Published by"] == [{"object": "user", "id": PERSON}]
    assert c.check().missing == ()
    assert [v.revision for v in c.history(known.ref)] == [1]


def test_three_hundred_steps_are_published_updated_and_restored(notion: FakeNotion, tmp_path: Path) -> None:
    steps = tuple(step(n, f"Do thing number {n}.", expected=f"Thing {n} is done.") for n in range(1, 301))
    first = publish(notion, tmp_path, sop(steps=steps), message="First")
    changed = reworded(sop(version=2, steps=steps), 150, "Do the thing in the middle.")
    second = publish(notion, tmp_path, changed, first.known, "Middle")
    same = publish(notion, tmp_path, changed, second.known)
    tree = notion.tree(first.known.ref.id)
    assert tree.count("Do thing number") == 299
    assert (same.requests, same.writes) == (2, 0)
    c, seen = connector(notion, tmp_path), len(notion.seen)
    c.restore(first.known.ref, c.history(first.known.ref)[-1].id, message="Back")
    restored, seen = len(notion.seen) - seen, len(notion.seen)
    assert notion.tree(first.known.ref.id).count("Do thing number") == 300
    assert restored <= second.requests + 8
    person_writes(notion, first.known.ref.id, "Do thing number 7.", "Do thing number 7 by hand.")
    c.restore(first.known.ref, c.history(first.known.ref)[1].id, message="Forth")
    edited = len(notion.seen) - seen
    assert "in the middle" in notion.tree(first.known.ref.id)
    assert any("7 by hand" in notion.tree(version["id"]) for version in notion.pages_of("SOP versions"))
    print(
        f"300 steps: first {first.requests} requests, one step changed {second.requests}, unchanged {same.requests}, "
        f"restored {restored}, restored after an edit {edited}"
    )


def test_an_edit_made_while_an_old_version_comes_back_is_kept_too(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop(), message="First").known
    second = reworded(reworded(sop(version=2), 1, "Open the status page."), 2, "Restart it slowly.")
    known = publish(notion, tmp_path, second, known, "Slower").known
    node = block_saying(notion, "Restart it slowly.", known.ref.id)
    changed = {node["type"]: {"rich_text": said("Restart it as I say.")}}
    notion.faults.append(Fault("call", on="PATCH /v1/blocks", call=lambda: notion.workspace.update_block(node["id"], changed, PERSON)))
    c = connector(notion, tmp_path)
    c.restore(known.ref, c.history(known.ref)[-1].id, message="Back")
    assert "Restart the deployment." in notion.tree(known.ref.id)
    assert any("Restart it as I say." in notion.tree(version["id"]) for version in notion.pages_of("SOP versions"))


def test_a_version_that_a_person_edited_comes_back_as_it_reads(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop(), message="First").known
    known = publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower").known
    c = connector(notion, tmp_path)
    first = c.history(known.ref)[-1].id
    person_writes(notion, first, "Restart the deployment.", "Restart all of it.")
    c.restore(known.ref, first, message="Back")
    assert "Restart all of it." in notion.tree(known.ref.id)


def test_owner_review_and_mention_reach_the_person(notion: FakeNotion, tmp_path: Path) -> None:
    owner = Person(name="Example Person", email="Person@example.com")
    known = publish(notion, tmp_path, sop(owner=owner)).known
    page = notion.pages_of("SOPs")[0]
    assert page["content"]["Owner"] == [{"object": "user", "id": PERSON}]
    c = connector(notion, tmp_path)
    c.flag(known, ReviewFlag(state="overdue", due=None))
    assert page["content"]["Review status"] == {"name": "Overdue"}
    for _ in range(2):
        c.mention(known.ref, owner, "Please review.", key="2026-11")
    assert len(notion.workspace.comments) == 1
    assert notion.workspace.comments[0]["rich_text"][0]["mention"]["user"]["id"] == PERSON
    c.archive(known.ref)
    assert c.fetch(known.ref).state == "archived"


@pytest.mark.parametrize(
    "kind", ["saved, then 503", "saved, then 503 without guidance", "line lost after", "line lost before", "half", "html", "empty"]
)
@pytest.mark.parametrize("on", ["POST /v1/pages$", "PATCH /v1/blocks/.*/children", "POST /v1/databases"])
def test_a_doubtful_answer_doubles_nothing(notion: FakeNotion, tmp_path: Path, kind: Any, on: str) -> None:
    steps = tuple(step(n, f"Do thing number {n}.") for n in range(1, 131))
    fault = Fault(kind, on=on)
    notion.faults.append(fault)
    known = publish(notion, tmp_path, sop(steps=steps)).known
    tree = notion.tree(known.ref.id)
    assert fault.struck == 1
    assert (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions")), len(notion.workspace.databases)) == (1, 1, 3)
    assert [tree.count(f"Do thing number {n}.") for n in range(1, 131)] == [1] * 130
    assert tree.count("Version history") == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [("401", AuthFailed), ("403 capability", AuthFailed), ("403 free workspace", Reject), ("404", Gone), ("400 too many", Reject),
     ("429 blocked", AuthFailed), ("429 workspace limit", Retry)],
)  # fmt: skip
def test_each_refusal_says_what_the_caller_does_next(notion: FakeNotion, tmp_path: Path, error: str, expected: type[Exception]) -> None:
    notion.faults.append(Fault("answer", on="POST /v1/pages$", times=99, error=error))
    with pytest.raises(expected) as caught:
        publish(notion, tmp_path, sop())
    if error == "429 workspace limit":
        assert caught.value.after_s >= 150  # type: ignore[attr-defined]  # Retry has it
    assert notion.pages_of("SOPs") == []


def test_the_token_is_in_no_error_and_no_journal(notion: FakeNotion, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    publish(notion, tmp_path, sop())
    notion.tokens.clear()
    with pytest.raises(AuthFailed) as caught:
        publish(notion, tmp_path, sop(version=2))
    stored = "".join(f.read_text(errors="replace") for f in tmp_path.rglob("*") if f.is_file())
    assert "ntn_test" not in caplog.text + str(caught.value) + repr(caught.value) + stored


def test_a_picture_over_the_plans_limit_is_named(notion: FakeNotion, tmp_path: Path) -> None:
    notion.workspace.max_file_bytes = 10
    picture = asset(5)
    with pytest.raises(Reject, match=r"step-5\.png"):
        publish(notion, tmp_path, sop(steps=(step(1, "Open it.", image=picture),), assets=(picture,)))
    assert notion.pages_of("SOPs") == []


def test_in_a_wiki_the_verification_says_the_same_as_our_review(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop()).known
    source = notion.source_named("SOPs")
    notion.by_person(lambda w: w.change_schema(source, {"Verification": {"type": "verification", "verification": {}}}))
    c = connector(notion, tmp_path, now=lambda: datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    flagged = c.flag(known, ReviewFlag(state="current", due=date(2027, 5, 25)))
    content = notion.pages_of("SOPs")[0]["content"]
    assert content["Verification"] == {
        "state": "verified",
        "date": {"start": "2026-11-25T12:00:00+00:00", "end": "2027-05-25T23:59:59+00:00"},
    }
    c.flag(flagged, ReviewFlag(state="overdue", due=date(2027, 5, 25)))
    assert content["Verification"] == {"state": "unverified"}


def test_what_is_missing_is_named_before_anything_is_published(notion: FakeNotion, tmp_path: Path) -> None:
    c = connector(notion, tmp_path)
    assert [line.split("'")[1] for line in c.check().missing] == ["SOPs", "SOP versions", "Recordings"]
    publish(notion, tmp_path, sop())
    assert c.check().missing == ()
    schema = notion.source_named("Recordings")["schema"]
    schema["Status"]["options"] = ["New", "Done"]
    del schema["Message"]
    schema["Video"]["type"] = "url"
    words = " ".join(c.check().missing)
    assert "'Status' lacks the options Received" in words
    assert "no property 'Message'" in words
    assert "'Video' is of type url, expected files" in words
    notion.workspace.unshared.add(notion.parent)
    assert "Connections" in " ".join(c.check().missing)


def said(words: str, **more: Any) -> list[dict[str, Any]]:
    return [{"text": {"content": words, **more}}]


def test_whatever_people_put_on_a_page_it_can_still_be_published_and_its_version_shows_it(notion: FakeNotion, tmp_path: Path) -> None:
    known = publish(notion, tmp_path, sop(), message="First").known
    pasted, moving = (
        notion.workspace.add_file(n, png(77), notion.url, t) for n, t in (("mine.png", "image/png"), ("mine.gif", "image/gif"))
    )
    theirs = [
        {"image": {"file_upload": pasted["file_upload"], "caption": said("Pasted.")}},
        {"image": {"file_upload": moving["file_upload"]}},
        {"image": {"type": "external", "external": {"url": "https://example.com/a.png"}}},
        {"toggle": {"rich_text": said("Open me."), "children": [{"paragraph": {"rich_text": said("Folded away.")}}]}},
        {"heading_2": {"rich_text": said("Folded heading."), "is_toggleable": True, "children": [{"paragraph": {"rich_text": said("Below it.")}}]}},
        {"table": {"table_width": 2, "children": [{"table_row": {"cells": [[], said("A cell.")]}}]}},
        {"paragraph": {"rich_text": [{"text": {"content": f"{n} ", "link": None}, "annotations": {"bold": bool(n % 2)}} for n in range(150)]}},
        {"paragraph": {"rich_text": said("Inside.", link={"url": "/0123456789abcdef0123456789abcdef"})}},
        {"link_to_page": {"type": "page_id", "page_id": notion.parent}},
        {"bookmark": {"url": "https://example.com"}},
        {"column_list": {"children": [{"column": {"children": [{"paragraph": {"rich_text": said("In a column.")}}]}}] * 2}},
    ]  # fmt: skip
    notion.by_person(lambda w: w.append(known.ref.id, {"children": theirs}, PERSON))
    known = publish(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known, "Slower").known
    version = notion.tree(notion.pages_of("SOP versions")[-1]["id"])
    for words in (
        "Restart it slowly.",
        "Pasted.",
        "mine.gif",
        "Folded away.",
        "Below it.",
        "A cell.",
        "149",
        "Inside.",
        "Linked page",
        "In a column.",
    ):
        assert words in version, words
    assert version.count("image [") == 3
    assert {u["data"] for u in notion.workspace.uploads.values()} == {png(1), png(2), png(77)}
    c = connector(notion, tmp_path)
    c.restore(known.ref, c.history(known.ref)[-1].id, message="Back")
    back = next(v for v in c.history(known.ref) if v.revision == 2)
    c.restore(known.ref, back.id, message="And forth")
    tree = notion.tree(known.ref.id)
    assert all(words in tree for words in ("Restart it slowly.", "Pasted.", "Folded away.", "In a column.", "bookmark"))

"""The fault list, case by case, as far as it concerns Notion. (F33 to F35 and the attacks 58 to 67: tests/integration/web/test_notion_*.py.)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.blocks import Code, Expand, Heading, Items, Paragraph, Table, text
from connectors.breaker import Breaker
from connectors.contract import Known, Page, Person, ReviewFlag
from connectors.errors import Conflict, ConnectorError, Gone, Reject, Retry
from tests.contract.notion.fake import FakeNotion, Fault
from tests.contract.notion.fake.shapes import plain
from tests.contract.notion.fake.workspace import PERSON
from tests.contract.notion.pages import asset, connector, sop, step, target
from tests.contract.notion.test_publish import block_saying, person_writes, publish, reworded

STEPS = tuple(step(n, f"Do thing number {n}.") for n in range(1, 131))
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def published(notion: FakeNotion, state: Path, page: Page, known: Known | None = None, **more: Any) -> tuple[Known, list[float]]:
    """The outcome and the seconds that were waited for."""
    slept: list[float] = []
    with closing(connector(notion, state, sleep=slept.append, now=lambda: NOW, **more)) as c:
        return c.publish(c.render(page), target(notion), known=known, message="").known, slept


@pytest.mark.parametrize(
    ("retry_after", "least_s"),
    [
        ("2", 2.0),
        ("59", 59.0),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30.0),
        (None, 0.5),
        ("garbage", 0.5),
        ("-5", 0.0),
    ],
)
@pytest.mark.parametrize("error", ["429 connection", "529"])
def test_f22_a_short_wait_is_waited_out(notion: FakeNotion, tmp_path: Path, error: str, retry_after: str | None, least_s: float) -> None:
    notion.faults.append(Fault("answer", on="POST /v1/pages$", error=error, retry_after=retry_after, without_wait=retry_after is None))
    _, slept = published(notion, tmp_path, sop())
    assert sum(slept) >= least_s
    assert len(notion.pages_of("SOPs")) == 1


@pytest.mark.parametrize(
    ("retry_after", "least_s"), [("120", 120.0), ("3600", 3600.0), (format_datetime(NOW + timedelta(hours=2), usegmt=True), 7200.0)]
)
def test_f22_a_long_wait_is_handed_up_and_nothing_is_lost(notion: FakeNotion, tmp_path: Path, retry_after: str, least_s: float) -> None:
    notion.faults.append(Fault("answer", on="POST /v1/pages$", error="429 connection", retry_after=retry_after))
    with pytest.raises(Retry) as caught:
        published(notion, tmp_path, sop())
    assert caught.value.after_s >= least_s
    published(notion, tmp_path, sop())
    assert len(notion.pages_of("SOPs")) == 1


@pytest.mark.parametrize("error", ["500", "502", "503"])
@pytest.mark.parametrize(
    "on", ["GET /v1/blocks", "POST /v1/data_sources/.*/query", "POST /v1/pages$", "POST /v1/databases", "PATCH /v1/pages"]
)
def test_f23_trouble_on_a_read_is_retried_and_on_a_create_looked_at_first(notion: FakeNotion, tmp_path: Path, error: str, on: str) -> None:
    fault = Fault("answer", on=on, error=error)
    notion.faults.append(fault)
    published(notion, tmp_path, sop())
    assert fault.struck == 1
    assert (len(notion.pages_of("SOPs")), len(notion.workspace.databases)) == (1, 3)


@pytest.mark.parametrize(
    ("case", "on"),
    [("F24", "PATCH /v1/blocks/[^/]+$"), ("F24", "PATCH /v1/blocks/.*/children"), ("F25", "PATCH /v1/pages"), ("F26", "POST /v1/pages$")],
)
def test_f24_f25_f26_a_409_is_read_again_and_ends_when_it_stays(notion: FakeNotion, tmp_path: Path, case: str, on: str) -> None:
    known, _ = published(notion, tmp_path, sop())
    steps = (*_steps(sop()), step(4, "Do one more."))
    page = reworded(sop(version=2, steps=steps, assets=sop().assets), 2, "Restart it slowly.")
    fault = Fault("answer", on=on, error="409")
    notion.faults.append(fault)
    published(notion, tmp_path, page, known)
    tree = notion.tree(known.ref.id)
    assert (fault.struck, tree.count("Restart it slowly."), tree.count("Do one more."), tree.count("Version 2")) == (1, 1, 1, 1), case
    notion.faults.append(Fault("answer", on=on, error="409", times=99))
    last = reworded(sop(version=3, steps=(*_steps(page), step(5, "And more."))), 2, "Restart it at last.")
    with pytest.raises(Retry):
        published(notion, tmp_path, replace(last, assets=sop().assets), known)


@pytest.mark.parametrize("error", ["400 too many", "413", "400 type"])
def test_f27_what_is_refused_is_not_tried_again_and_says_where(notion: FakeNotion, tmp_path: Path, error: str) -> None:
    notion.faults.append(Fault("answer", on="POST /v1/pages$", error=error, times=99))
    with pytest.raises(Reject) as caught:
        published(notion, tmp_path, sop())
    assert notion.faults[0].struck == 1
    assert caught.value.path


@pytest.mark.parametrize("kind", ["line lost before", "line lost after", "half", "html", "empty"])
@pytest.mark.parametrize(
    "on", ["GET /v1/blocks", "POST /v1/pages$", "POST /v1/file_uploads$", "POST /v1/file_uploads/.*/send", "PATCH /v1/pages", "markdown$"]
)
def test_f28_f29_a_spoiled_answer_is_never_taken_for_a_success(notion: FakeNotion, tmp_path: Path, kind: Any, on: str) -> None:
    fault = Fault(kind, on=on)
    notion.faults.append(fault)
    known, _ = published(notion, tmp_path, sop())
    tree = notion.tree(known.ref.id)
    assert fault.struck == 1
    assert (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions")), tree.count("image [")) == (1, 1, 2)


def test_f30_after_hours_without_notion_there_is_exactly_one_publish(notion: FakeNotion, tmp_path: Path) -> None:
    notion.faults.append(Fault("answer", error="503", times=40))
    refused = 0
    while True:
        try:
            published(notion, tmp_path, sop())
            break
        except Retry:
            refused += 1
    assert refused >= 3
    assert (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions")), len(notion.workspace.databases)) == (1, 1, 3)


def test_f30_a_notion_that_does_not_answer_is_left_alone_and_asked_again_by_one(notion: FakeNotion, tmp_path: Path) -> None:
    clock = NOW

    def tried() -> float:
        """Seconds after which to come back; 0 where it worked."""
        breaker = Breaker(tmp_path / "breaker.json", connector="notion", now=lambda: clock)
        with closing(connector(notion, tmp_path / "state", now=lambda: clock, breaker=breaker)) as c:
            try:
                c.publish(c.render(sop()), target(notion), known=None, message="")
            except Retry as busy:
                return busy.after_s
        return 0.0

    notion.faults.append(Fault("line lost before", times=999))
    waits = [tried()]
    sent = notion.faults[0].struck
    waits.append(tried())  # at once: nothing is sent
    assert (notion.faults[0].struck, sent <= 6, min(waits) > 20) == (sent, True, True)
    clock += timedelta(seconds=waits[-1] + 1)
    tried()
    assert notion.faults[0].struck == sent + 1, "one request tries it"
    notion.faults.clear()
    clock += timedelta(hours=1)
    assert tried() == 0.0
    assert len(notion.pages_of("SOPs")) == 1


def test_f31_when_the_second_of_two_batches_fails_the_first_is_not_repeated(notion: FakeNotion, tmp_path: Path) -> None:
    notion.faults.append(Fault("answer", on="PATCH /v1/blocks/.*/children", error="400 too many"))
    with pytest.raises(Reject):
        published(notion, tmp_path, sop(steps=STEPS))
    known, _ = published(notion, tmp_path, sop(steps=STEPS))
    tree = notion.tree(known.ref.id)
    assert [tree.count(f"Do thing number {n}.") for n in range(1, 131)] == [1] * 130
    assert len(notion.pages_of("SOPs")) == 1


def test_f31_the_block_limit_of_a_free_workspace_is_said_and_after_an_upgrade_it_goes_on(notion: FakeNotion, tmp_path: Path) -> None:
    notion.workspace.free_blocks = 100
    with pytest.raises(Reject, match="free plan"):
        published(notion, tmp_path, sop(steps=STEPS))
    notion.workspace.free_blocks = None
    known, _ = published(notion, tmp_path, sop(steps=STEPS))
    assert notion.tree(known.ref.id).count("Do thing number") == 130
    assert (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions"))) == (1, 1)


def test_f32_databases_behind_more_than_a_hundred_blocks_are_found(notion: FakeNotion, tmp_path: Path) -> None:
    note = {"paragraph": {"rich_text": [{"text": {"content": "note"}}]}}
    for _ in range(3):
        notion.by_person(lambda w: w.append(notion.parent, {"children": [note] * 80}, PERSON))
    published(notion, tmp_path / "one", sop())
    published(notion, tmp_path / "two", sop(key="sop-2"))
    assert len(notion.workspace.databases) == 3


@pytest.mark.parametrize("error", ["404", "403 capability"])
def test_f36_a_page_that_cannot_be_seen_is_not_taken_for_deleted(notion: FakeNotion, tmp_path: Path, error: str) -> None:
    known, _ = published(notion, tmp_path, sop())
    notion.workspace.unshared.add(known.ref.id) if error == "404" else notion.faults.append(Fault("answer", error=error, times=3))
    with pytest.raises(ConnectorError):
        published(notion, tmp_path, sop(version=2), known)
    with pytest.raises(ConnectorError):
        published(notion, tmp_path, sop(version=2), None)
    with closing(connector(notion, tmp_path)) as c:
        if error == "404":
            assert c.fetch(known.ref).state == "unreachable"
    notion.workspace.unshared.clear()
    notion.faults.clear()
    assert published(notion, tmp_path, sop(version=2), known)[0].ref.id == known.ref.id
    assert len(notion.pages_of("SOPs")) == 1


def test_a_column_that_people_removed_or_renamed_is_made_again_and_stops_nothing(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    for title, name in (("SOPs", "Labels"), ("SOPs", "Review due"), ("SOP versions", "Change summary"), ("SOP versions", "Published by")):
        del notion.source_named(title)["schema"][name]
    second, _ = published(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known)
    published(notion, tmp_path, sop(key="sop-2"))
    assert {"Labels", "Review due"} <= set(notion.source_named("SOPs")["schema"])
    assert {"Change summary", "Published by"} <= set(notion.source_named("SOP versions")["schema"])
    assert len(notion.pages_of("SOP versions")) == 3
    assert second.ref.id == known.ref.id


@pytest.mark.parametrize("lost", ["SOPs", "SOP versions", "whole page"])
def test_f36_a_database_that_cannot_be_seen_is_named_and_not_made_a_second_time_by_itself(
    notion: FakeNotion, tmp_path: Path, lost: str
) -> None:
    published(notion, tmp_path, sop())
    away = notion.parent if lost == "whole page" else notion.source_named(lost)["database"]
    notion.workspace.unshared.add(away)
    for _ in range(2):
        with pytest.raises(Reject, match="SOPs" if lost == "whole page" else lost):
            published(notion, tmp_path, sop(key="sop-2"))
    with closing(connector(notion, tmp_path)) as c:
        assert any(lost in line or "parent page" in line for line in c.check().missing)
    assert len(notion.workspace.databases) == 3
    notion.workspace.unshared.clear()
    published(notion, tmp_path, sop(key="sop-2"))
    assert len(notion.pages_of("SOPs")) == 2


def test_f37_a_database_that_was_moved_is_followed_and_one_that_was_deleted_is_made_anew_when_an_admin_asks(
    notion: FakeNotion, tmp_path: Path
) -> None:
    published(notion, tmp_path, sop())
    database, elsewhere = notion.source_named("SOPs")["database"], notion.workspace.add_node
    other = elsewhere("child_page", "workspace", {"title": []}, PERSON, source=None, locked=False)
    notion.workspace.blocks[notion.parent]["children"].remove(database)
    notion.workspace.blocks[database]["parent"] = other["id"]
    other["children"].append(database)
    with closing(connector(notion, tmp_path)) as c:
        assert c.check().missing == ()
    published(notion, tmp_path, sop(key="sop-2"))
    assert len(notion.pages_of("SOPs")) == 2
    notion.by_person(lambda w: w.update_block(notion.source_named("Recordings")["database"], {"in_trash": True}, PERSON))
    with closing(connector(notion, tmp_path)) as c:
        assert [line for line in c.check().missing if "'Recordings' cannot be seen" in line]
        c.set_up_again()
        assert not any("Recordings" in line for line in c.check().missing)
    assert [d["title"] for d in notion.workspace.databases.values()].count("Recordings") == 2


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_f37_a_moved_page_is_followed_and_not_moved_back(notion: FakeNotion, tmp_path: Path, memory: str) -> None:
    known, _ = published(notion, tmp_path, sop())
    notion.by_person(lambda w: w.move_page(known.ref.id, notion.parent, PERSON))
    page = reworded(sop(version=2), 2, "Restart it slowly.")
    second, _ = published(notion, tmp_path if memory == "kept" else tmp_path / "other", page, known if memory == "kept" else None)
    assert second.ref.id == known.ref.id
    assert notion.pages_of("SOPs") == []
    assert "Restart it slowly." in notion.tree(known.ref.id)


def test_f38_a_renamed_page_keeps_the_persons_title(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    title = {"properties": {"Name": {"title": [{"text": {"content": "Ours now"}}]}}}
    notion.by_person(lambda w: w.update_page(known.ref.id, title, PERSON))
    second, _ = published(notion, tmp_path, sop(version=2, title="Restart it"), known)
    third, _ = published(notion, tmp_path, sop(version=3, title="Restart it well"), second)
    with closing(connector(notion, tmp_path)) as c:
        assert c.fetch(third.ref).title == "Ours now"


def test_f39_a_page_in_the_trash_is_not_made_anew_unless_somebody_asks_for_it_anew(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    notion.by_person(lambda w: w.update_page(known.ref.id, {"in_trash": True}, PERSON))
    for _ in range(2):
        with pytest.raises(Gone, match="trash"):
            published(notion, tmp_path, sop(version=2), known)
    with closing(connector(notion, tmp_path)) as c:
        assert c.fetch(known.ref).state == "trashed"
    assert notion.pages_of("SOPs") == []
    anew, _ = published(notion, tmp_path, sop(version=2), None)
    assert anew.ref.id != known.ref.id
    assert len(notion.pages_of("SOPs")) == 1


def test_f40_what_a_person_wrote_stays_to_the_letter(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    words = "Every pod is Running ✅ – “ask Ops” otherwise.\nTwice."
    person_writes(notion, known.ref.id, "Every pod is Running", words)
    with closing(connector(notion, tmp_path)) as c:
        edits = c.fetch(known.ref, known=known).edits
    assert [(e.key, e.after) for e in edits] == [("steps/s3/expected", words)]
    published(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known)
    assert words in notion.tree(known.ref.id)


def test_f41_a_person_who_edits_another_block_while_we_write_loses_nothing(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())

    def save() -> None:
        node = block_saying(notion, "Read its log.", known.ref.id)
        notion.workspace.update_block(node["id"], {"paragraph": {"rich_text": [{"text": {"content": "Read both logs."}}]}}, PERSON)

    notion.faults.append(Fault("call", on="PATCH /v1/blocks", call=save))
    second, _ = published(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known)
    published(notion, tmp_path, reworded(sop(version=3), 2, "Restart it very slowly."), second)
    assert "Read both logs." in notion.tree(known.ref.id)
    assert "Read its log." not in notion.tree(known.ref.id)


IN_BETWEEN = {"while another block is written": "PATCH /v1/blocks/[^/]+$", "while its block is looked at": "GET /v1/blocks/[^/]+$"}


@pytest.mark.parametrize("on", IN_BETWEEN.values(), ids=IN_BETWEEN)
@pytest.mark.parametrize("choice", ["theirs", "ours"])
def test_f41_the_same_block_edited_between_our_reading_and_writing_becomes_a_conflict(
    notion: FakeNotion, tmp_path: Path, on: str, choice: Any
) -> None:
    """Step 1 is written before step 2, so the fault strikes after the merge has read step 2 and before that is written."""
    known, _ = published(notion, tmp_path, sop())
    page = reworded(reworded(sop(version=2), 1, "Open the status page."), 2, "Restart it slowly.")
    step_2 = block_saying(notion, "Restart the deployment.", known.ref.id)
    changed = {step_2["type"]: {"rich_text": [{"text": {"content": "Restart it by hand."}}]}}
    notion.faults.append(Fault("call", on=on, call=lambda: notion.workspace.update_block(step_2["id"], changed, PERSON)))
    with pytest.raises(Conflict) as caught:
        published(notion, tmp_path, page, known)
    clash = caught.value.clashes[0]
    assert (clash.key, clash.theirs, clash.ours) == ("steps/s2", "Restart it by hand.", "Restart it slowly.")
    tree = notion.tree(known.ref.id)
    assert ("Restart it by hand." in tree, "Version: 1" in tree, "Version 2," in tree) == (True, True, False)
    with closing(connector(notion, tmp_path)) as c:
        assert [e.key for e in c.fetch(known.ref, known=known).edits] == ["steps/s2"], "step 1 is what we wrote ourselves"
    assert len(notion.pages_of("SOP versions")) == 1
    publish(notion, tmp_path, page, known, choices={"steps/s2": choice})
    tree = notion.tree(known.ref.id)
    assert ("Restart it by hand." in tree, "Restart it slowly." in tree) == (choice == "theirs", choice == "ours")
    assert (tree.count("Version 2,"), len(notion.pages_of("SOP versions"))) == (1, 2)


def test_f41_a_step_that_a_person_writes_into_is_not_deleted_under_their_hands(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    steps = (*_steps(sop())[:1], *_steps(sop())[2:])
    page = reworded(sop(version=2, steps=steps, assets=sop().assets), 1, "Open the status page.")
    second = block_saying(notion, "Restart the deployment.", known.ref.id)
    note = {"children": [{"paragraph": {"rich_text": [{"text": {"content": "Call me first."}}]}}]}
    write = Fault("call", on="PATCH /v1/blocks/[^/]+$", call=lambda: notion.workspace.append(second["id"], note, PERSON))
    notion.faults.append(write)
    with pytest.raises(Conflict):
        published(notion, tmp_path, page, known)
    assert write.struck == 1
    assert "Call me first." in notion.tree(known.ref.id)
    publish(notion, tmp_path, page, known, choices={"steps/s2": "ours"})
    assert "Restart the deployment." not in notion.tree(known.ref.id)


@pytest.mark.parametrize("gone", ["Restart the deployment.", "Check the pods."])
def test_f41_a_block_that_a_person_deletes_while_we_write_stays_away_and_stops_nothing(
    notion: FakeNotion, tmp_path: Path, gone: str
) -> None:
    """The second of the two is the one behind which a new step is put."""
    known, _ = published(notion, tmp_path, sop())
    page = sop(version=2, steps=(*_steps(sop()), step(4, "Do one more.")), assets=sop().assets)
    node = block_saying(notion, gone, known.ref.id)
    notion.faults.append(
        Fault("call", on="PATCH /v1/blocks/.*/children", call=lambda: notion.workspace.update_block(node["id"], {"in_trash": True}, PERSON))
    )
    published(notion, tmp_path, page, known)
    tree = notion.tree(known.ref.id)
    assert (tree.count("Do one more."), gone in tree, tree.count("Version 2,")) == (1, False, 1)


def test_f41_an_edit_made_while_we_write_comes_back_into_the_sop(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    node = block_saying(notion, "Read its log.", known.ref.id)
    changed = {"paragraph": {"rich_text": [{"text": {"content": "Read both logs."}}]}}
    notion.faults.append(Fault("call", on="POST /v1/pages$", call=lambda: notion.workspace.update_block(node["id"], changed, PERSON)))
    second, _ = published(notion, tmp_path, reworded(sop(version=2), 2, "Restart it slowly."), known)
    with closing(connector(notion, tmp_path)) as c:
        assert [(e.key, e.after) for e in c.fetch(second.ref, known=second).edits] == [("troubleshooting/0/solution", "Read both logs.")]


def test_f42_comments_block_ids_ticks_and_links_survive(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    before = {n["id"] for n in notion.workspace.descendants(notion.workspace.blocks[known.ref.id])}
    box = block_saying(notion, "The runbook is open", known.ref.id)
    notion.by_person(lambda w: w.update_block(box["id"], {"to_do": {"checked": True}}, PERSON))
    page = reworded(sop(version=2, prerequisites=("Access to the cluster", "The runbook is open and read")), 2, "Restart it slowly.")
    published(notion, tmp_path, page, known)
    after = {n["id"] for n in notion.workspace.descendants(notion.workspace.blocks[known.ref.id])}
    assert before <= after
    assert box["content"]["checked"] is True
    assert plain(box["content"]["rich_text"]) == "The runbook is open and read"


def test_f43_a_copy_of_the_page_is_not_taken_for_it_and_a_deleted_marker_does_no_harm(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    source = notion.source_named("SOPs")["id"]
    copy = {"parent": {"data_source_id": source}, "properties": {"SOP id": {"rich_text": [{"text": {"content": "sop-1"}}]}}}
    notion.by_person(lambda w: w.create_page(copy, PERSON))
    assert published(notion, tmp_path / "other", sop())[0].ref.id == known.ref.id
    notion.by_person(lambda w: w.update_page(known.ref.id, {"properties": {"SOP id": {"rich_text": []}}}, PERSON))
    page = reworded(sop(version=2), 2, "Restart it slowly.")
    second, _ = published(notion, tmp_path, page, known)
    assert second.ref.id == known.ref.id
    assert "Restart it slowly." in notion.tree(known.ref.id)


def test_f44_an_owner_who_is_gone_stops_nothing(notion: FakeNotion, tmp_path: Path) -> None:
    owner = Person(name="Example Person", email="person@example.com")
    known, _ = published(notion, tmp_path, sop(owner=owner))
    notion.workspace.users[:] = [u for u in notion.workspace.users if u["id"] != PERSON]
    second, _ = published(notion, tmp_path, reworded(sop(version=2, owner=owner), 2, "Restart it slowly."), known)
    with closing(connector(notion, tmp_path)) as c:
        c.flag(second, ReviewFlag(state="overdue", due=None, owner=owner))
        c.mention(second.ref, owner, "Please look.", key="one")
    assert notion.pages_of("SOPs")[0]["content"]["Review status"] == {"name": "Overdue"}
    assert plain(notion.workspace.comments[0]["rich_text"]) == "Example Person Please look."


@pytest.mark.parametrize("kind", ["line lost after", "line lost before", "saved, then 503 without guidance", "half"])
@pytest.mark.parametrize("times", [1, 99])
def test_a_notice_with_a_doubtful_answer_is_said_once_in_the_end(notion: FakeNotion, tmp_path: Path, kind: Any, times: int) -> None:
    known, _ = published(notion, tmp_path, sop())
    notion.faults.append(Fault(kind, on="POST /v1/comments", times=times))
    person = Person(name="Example Person", email="person@example.com")
    with closing(connector(notion, tmp_path)) as c:
        for key in ("first", "second"):
            try:
                c.mention(known.ref, person, "Please review.", key=key)
            except Retry:
                assert times > 1
                notion.faults.clear()
                c.mention(known.ref, person, "Please review.", key=key)
            c.mention(known.ref, person, "Please review.", key=key)
    assert len(notion.workspace.comments) == 2


def test_a_409_beside_a_publish_ends_as_one_of_the_contracts_errors(notion: FakeNotion, tmp_path: Path) -> None:
    known, _ = published(notion, tmp_path, sop())
    with closing(connector(notion, tmp_path)) as c:
        calls: list[Callable[[], Any]] = [
            lambda: c.flag(known, ReviewFlag(state="overdue", due=None)),
            lambda: c.archive(known.ref),
            lambda: c.mention(known.ref, Person(name="Example Person"), "Look.", key="k"),
        ]
        for call in calls:
            notion.faults[:] = [Fault("answer", on="PATCH|POST /v1/comments", error="409", times=2)]
            call()
            assert notion.faults[0].struck == 2
        notion.faults[:] = [Fault("answer", on="PATCH", error="409", times=999)]
        with pytest.raises(Retry):
            c.archive(known.ref)


LONG = "word " * 3000


@pytest.mark.parametrize(
    "block",
    [
        Paragraph(key="purpose", text=text("x" * 2001)),
        Paragraph(key="purpose", text=text("👩🏽‍🚒" * 1200)),
        Paragraph(key="purpose", text=()),
        Paragraph(key="purpose", text=text("word " * 60_000)),
        Items(key="items", kind="task", items=tuple(text(f"Item {n}.") for n in range(101))),
        Items(key="items", kind="bullet", items=(text(""), text(LONG))),
        Code(key="code", language="no such language", text=LONG),
        Heading(key="heading", level=1, text=text(LONG)),
        Table(key="table", header=("A", "B"), rows=tuple((text(f"Cell {n}."), text(LONG if n == 1 else "")) for n in range(150))),
        Expand(
            key="a",
            title=LONG,
            children=(
                Expand(key="b", title="B", children=(Expand(key="c", title="C", children=(Paragraph(key="d", text=text("Deep.")),)),)),
            ),
        ),
        Expand(key="many", title="Many", children=tuple(Paragraph(key=f"many/{n}", text=text(f"Part {n}.")) for n in range(1001))),
    ],
    ids=["2001", "emoji", "empty", "300kB", "101 items", "long item", "code", "heading", "150 rows", "4 levels", "1001 blocks"],
)
def test_79_no_limit_is_ever_reached_and_no_word_is_lost(notion: FakeNotion, tmp_path: Path, block: Any) -> None:
    page = replace(sop(steps=()), blocks=(block,))
    known, _ = published(notion, tmp_path, page)
    nodes = list(notion.workspace.descendants(notion.workspace.blocks[known.ref.id]))
    shown = "".join(_said(node) for node in nodes)
    for words in _words(block):
        assert words in shown or words.replace(" ", "") in shown.replace(" ", ""), words[:80]
    receipt = publish(notion, tmp_path, page, known)
    assert (receipt.writes, receipt.edits) == (0, ())


def _said(node: dict[str, Any]) -> str:
    content = node["content"]
    return "".join(plain(cell) for cell in content.get("cells", [])) + plain(content.get("rich_text") or content.get("caption") or [])


def _words(block: Any) -> list[str]:
    if isinstance(block, Items):
        return ["".join(s.text for s in item) for item in block.items]
    if isinstance(block, Table):
        return ["".join(s.text for s in cell) for row in block.rows for cell in row]
    if isinstance(block, Expand):
        return [block.title, *(w for child in block.children for w in _words(child))]
    return [block.text if isinstance(block, Code) else "".join(s.text for s in block.text)]


def _steps(page: Page) -> tuple[Any, ...]:
    return tuple(b for b in page.blocks if type(b).__name__ == "StepBlock")


def test_a_picture_of_each_size_is_sent_whole(notion: FakeNotion, tmp_path: Path) -> None:
    notion.workspace.max_file_bytes = 100 * 2**20
    data = b"\x89PNG\r\n\x1a\n" + bytes(21 * 2**20)
    import hashlib

    big = replace(asset(7), digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data), read=lambda: data)
    known, _ = published(notion, tmp_path, sop(steps=(step(1, "Open it.", image=big),), assets=(big,)))
    uploads = [u for u in notion.workspace.uploads.values() if u.get("data") == data]
    assert (len(uploads), uploads[0]["of"]) == (1, 3)
    assert "image [" in notion.tree(known.ref.id)

"""A row in *Recordings* becomes a page in *SOPs*, without anybody touching our own pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.domain.sop import Sop
from plugin.pipeline.stage import Context
from plugin.services import connections, edit, jobs, library, notion_rows, publish, work
from tests.contract.notion.fake.workspace import BOT, PERSON
from tests.databases import KINDS, database_url
from tests.integration.services.notion_house import SECOND_TAKE, VIDEO, NotionHouse, notion_house
from tests.unit.services.stages import STAGES, write


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotionHouse]:
    with database_url(getattr(request, "param", "sqlite")) as url, notion_house(tmp_path, url) as made:
        yield made
        assert made.notion.refused == []


def test_a_row_with_a_video_becomes_a_page_and_the_row_leads_to_it(house: NotionHouse) -> None:
    house.rule("publish")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    shown = house.notion.row(row)
    assert (shown["state"], shown["progress"]) == ("Published", 1.0)
    tree = house.notion.tree(house.page_of(row))
    assert "Restart the service." in tree
    assert "systemctl restart orders" in tree
    assert tree.count("image [") == 2
    assert [p["content"]["Name"][0]["text"]["content"] for p in house.notion.pages_of("SOPs")] == ["Restart the order service"]
    assert str(shown["link"]).endswith(house.page_of(row).replace("-", ""))
    version = house.notion.pages_of("SOP versions")[0]["content"]
    assert version["Published by"][0]["text"]["content"] == "Example Person", "who made the row"
    assert version["Source recording"].startswith(f"{house.deps.settings.base_url}/sops/{house.sops()[0].id}?recording=")
    assert house.sweep() == 0, "a finished row costs no further look"


@pytest.mark.parametrize("house", KINDS, indirect=True)
def test_a_human_edit_and_a_second_take_are_both_kept(house: NotionHouse) -> None:
    house.rule("publish")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    page = house.page_of(row)
    note = {"paragraph": {"rich_text": [{"text": {"content": "Ask the night shift first."}}]}}
    house.notion.by_person(lambda w: w.append(page, {"children": [note]}, PERSON))
    file = house.notion.workspace.add_file("second.mp4", SECOND_TAKE, house.notion.url)
    house.notion.by_person(lambda w: w.blocks[row]["content"].update({"Video": [file], "Status": {"name": "New"}}))
    house.settle()
    tree = house.notion.tree(page)
    assert house.page_of(row) == page
    assert "Ask the night shift first." in tree
    assert "Tell the team." in tree
    assert tree.count("Restart the service.") == 1
    assert len(house.notion.pages_of("SOPs")) == 1
    assert len(house.notion.pages_of("SOP versions")) == 2


def test_while_it_is_worked_on_the_row_says_how_far_it_is(house: NotionHouse) -> None:
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    states = []
    for _ in range(8):
        house.sweep()
        if not work.work_one(house.deps, worker="test:1:1"):
            break
        states.append(house.notion.row(row)["state"])
    assert states == ["Understanding", "Understanding", "Needs a look"]


def test_where_the_policy_is_to_wait_the_row_asks_for_a_look_until_somebody_publishes(house: NotionHouse) -> None:
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    shown = house.notion.row(row)
    sop = house.sops()[0]
    assert (shown["state"], shown["link"]) == ("Needs a look", f"{house.deps.settings.base_url}/sops/{sop.id}")
    assert house.notion.pages_of("SOPs") == []
    publish.publish(house.deps, house.admin, sop.id, connection_id=house.connection_id, place=house.notion.parent)
    house.settle()
    assert house.notion.row(row)["state"] == "Published"
    assert len(house.notion.pages_of("SOPs")) == 1


def test_nothing_is_published_while_a_possible_secret_is_open(house: NotionHouse) -> None:
    house.rule("publish")
    house.deps = replace(house.deps, stages=lambda: (*STAGES[:2], replace(STAGES[2], run=_with_a_finding)))
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    assert house.notion.row(row)["state"] == "Needs a look"
    assert "secret" in house.notion.row(row)["message"]
    assert house.notion.pages_of("SOPs") == []
    sop_id = house.sops()[0].id
    sop = library.sop(house.deps, house.admin, sop_id)
    edit.save(house.deps, house.admin, sop_id, document=replace(sop.sop, findings=()), etag=sop.etag)
    house.settle()
    assert house.notion.row(row)["state"] == "Published"


def test_a_row_is_taken_when_it_has_a_title_and_a_video_not_before(house: NotionHouse) -> None:
    row = house.notion.add_row("")
    house.settle()
    house.notion.by_person(lambda w: w.blocks[row]["content"].update({"Video": [w.add_file("a.mp4", VIDEO, house.notion.url)]}))
    house.settle()
    assert house.notion.row(row)["state"] is None
    house.notion.by_person(lambda w: w.blocks[row]["content"].update({"Name": [{"type": "text", "text": {"content": "Now it has one"}}]}))
    house.settle()
    assert house.notion.row(row)["state"] == "Needs a look"


def test_a_row_deleted_while_its_recording_is_processed_leaves_nothing_behind(house: NotionHouse) -> None:
    house.rule("publish")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.sweep()
    work.work_one(house.deps, worker="test:1:1")  # taken in, not understood yet
    house.notion.by_person(lambda w: w.update_page(row, {"in_trash": True}, PERSON))
    notion_rows.ask(house.deps, workspace_id=house.admin.workspace_id, connection_id=house.connection_id, row_id=row)
    house.settle()
    assert house.notion.pages_of("SOPs") == []
    assert [j.state for j in jobs.jobs(house.deps, house.admin).items if j.kind == "process"] == ["cancelled"]


def test_a_row_deleted_after_its_recording_was_understood_is_not_published(house: NotionHouse) -> None:
    house.rule("publish")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.sweep()
    work.work_one(house.deps, worker="test:1:1")
    work.work_one(house.deps, worker="test:1:1")
    house.notion.by_person(lambda w: w.update_page(row, {"in_trash": True}, PERSON))
    house.settle()
    assert house.notion.pages_of("SOPs") == []


def test_a_link_that_expired_before_the_download_is_asked_for_anew(house: NotionHouse) -> None:
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    upload = next(u for u in house.notion.workspace.uploads.values() if u["data"] == VIDEO)
    upload["expired_links"] = 1
    house.settle()
    assert house.notion.row(row)["state"] == "Needs a look"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"video": b"<html>not a film</html>"}, "not a screen recording"),
        ({"video": b""}, "empty"),
        ({"video": VIDEO * 2000}, "larger than a recording may be"),
        ({"Video link": "https://169.254.169.254/latest/meta-data"}, "private network"),
        ({"Video link": "https://[::ffff:127.0.0.1]:9/x.mp4"}, "private network"),
        ({"Video link": "http://example.com/x.mp4"}, "must begin with https://"),
        ({"Video link": "file:///etc/passwd"}, "web address"),
        ({"Video link": "https://user:secret@example.com/x.mp4"}, "user name"),
    ],
)
def test_what_cannot_be_taken_is_said_in_the_row(house: NotionHouse, content: dict[str, Any], words: str) -> None:
    private = "Video link" not in content
    settings = house.deps.settings.model_copy(update={"max_upload_bytes": 100_000, "allow_private_addresses": private})
    house.deps = replace(house.deps, settings=settings)
    row = house.notion.add_row("Restart the order service", **content)
    house.settle()
    shown = house.notion.row(row)
    assert shown["state"] == "Failed"
    assert words in shown["message"], shown
    assert "secret" not in shown["message"]


def test_a_failed_row_is_taken_again_when_a_person_sets_it_to_new(house: NotionHouse) -> None:
    row = house.notion.add_row("Restart the order service", video=b"<html>")
    house.settle()
    assert house.notion.row(row)["state"] == "Failed"
    file = house.notion.workspace.add_file("right.mp4", VIDEO, house.notion.url)
    house.notion.by_person(lambda w: w.blocks[row]["content"].update({"Video": [file], "Status": {"name": "New"}}))
    house.settle()
    assert house.notion.row(row)["state"] == "Needs a look"


def test_a_status_column_that_people_renamed_is_made_again_and_no_finished_row_is_taken_twice(house: NotionHouse) -> None:
    house.rule("publish")
    done = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    schema = house.notion.source_named("Recordings")["schema"]
    schema["State"] = schema.pop("Status")
    for page in house.notion.pages_of("Recordings"):
        page["content"]["State"] = page["content"].pop("Status", None)
    fresh = house.notion.add_row("Tell the team", video=SECOND_TAKE)
    house.settle()
    assert house.notion.row(fresh)["state"] == "Published"
    assert house.notion.row(done)["state"] is None
    assert len([j for j in jobs.jobs(house.deps, house.admin).items if j.kind == "process"]) == 2


def test_the_owner_is_who_made_the_row(house: NotionHouse) -> None:
    house.rule("publish")
    house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    assert house.notion.pages_of("SOPs")[0]["content"]["Owner"] == [{"object": "user", "id": PERSON}]


def test_a_policy_of_off_takes_nothing(house: NotionHouse) -> None:
    house.rule("off")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.settle()
    assert house.notion.row(row)["state"] is None
    assert house.sops() == []


def test_a_token_that_was_revoked_pauses_the_connection_and_everything_goes_on_after_it_is_given_anew(house: NotionHouse) -> None:
    house.rule("publish")
    row = house.notion.add_row("Restart the order service", video=VIDEO)
    house.sweep()
    house.work()
    house.notion.tokens.clear()
    house.settle()
    connection = connections.connection(house.deps, house.admin, house.connection_id)
    assert connection.state == "paused"
    house.notion.tokens["ntn_fresh"] = BOT
    connections.change(house.deps, house.admin, house.connection_id, settings={"token": "ntn_fresh"})
    house.settle()
    assert house.notion.row(row)["state"] == "Published"
    assert len(house.notion.pages_of("SOPs")) == 1


def _with_a_finding(context: Context) -> Sop:
    return replace(write(context), findings=("Something that may be a secret at 0:03 was covered (rule token). Please decide.",))

"""Correcting an SOP in place: every change arrives, nothing typed is lost, nobody is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.world import ADMIN, PASSWORD, Service, until

HOSTILE = '<img src=x onerror="document.title=1">\u202e{{7*7}} \'"; DROP TABLE sop;-- ' + "x" * 3000


def edit(page: Page, sop_id: str) -> None:
    page.goto(f"/sops/{sop_id}/edit")
    expect(page.locator("sop-editor .steps > li").first).to_be_visible()


def step(page: Page, number: int) -> Locator:
    return page.locator("sop-editor .steps > li").nth(number - 1)


def saved(page: Page) -> None:
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Saved")
    until(page, "!document.querySelector('sop-editor').saver.dirty")


def actions(service: Service, sop_id: str) -> list[str]:
    return [s["action"] for s in service.document(sop_id)["steps"]]


def test_typing_is_saved_by_itself_and_marked_as_edited(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_label("Action of step 2").fill("Reload the web service without downtime.")
    step(page, 1).get_by_label("Expected result").fill("The test says that the file is valid.")
    page.get_by_label("Title", exact=True).fill("Reload a web server")
    saved(page)
    document = service.document(sop_id)
    assert document["title"] == "Reload a web server"
    assert document["steps"][1]["action"] == "Reload the web service without downtime."
    assert document["steps"][1]["evidence"]["basis"]["action"] == "edited"
    assert document["steps"][0]["expected"] == "The test says that the file is valid."


def test_every_kind_of_field_can_be_added(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    card = step(page, 2)
    for name in ("Where", "Who", "Detail", "How to check", "Expected result"):
        card.get_by_role("button", name=f"+ {name}", exact=True).click()
        card.get_by_label(name, exact=True).fill(f"new {name}")
    card.get_by_role("button", name="+ Values to enter", exact=True).click()
    card.get_by_label("Values to enter 1: field").fill("Server")
    card.get_by_label("Values to enter 1: value").fill("web-02")
    card.get_by_role("button", name="+ Decisions", exact=True).click()
    card.get_by_label("Decisions 1: when").fill("it is already reloaded")
    card.get_by_label("Decisions 1: then").fill("go on")
    card.get_by_label("optional step").check()
    page.get_by_role("button", name="+ Rollback step", exact=True).click()
    page.get_by_label("Rollback 3", exact=True).fill("Tell the team.")
    saved(page)
    document = service.document(sop_id)
    changed = document["steps"][1]
    assert (changed["location"], changed["role"], changed["detail"]) == ("new Where", "new Who", "new Detail")
    assert (changed["verification"], changed["expected"], changed["optional"]) == ("new How to check", "new Expected result", True)
    assert changed["inputs"] == [{"name": "Server", "value": "web-02", "secret": False}]
    assert changed["branches"] == [{"when": "it is already reloaded", "then": "go on"}]
    assert document["rollback"][-1] == "Tell the team."


def test_a_value_marked_as_secret_is_gone_from_the_document(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    step(page, 3).get_by_label("secret").first.check()
    saved(page)
    assert service.document(sop_id)["steps"][2]["inputs"][0] == {"name": "Server", "value": None, "secret": True}


def test_steps_are_added_moved_merged_split_and_deleted_by_keys(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_role("button", name="Move step 1").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Action of step 2")).to_have_value("Check the new configuration.")
    assert page.evaluate("document.querySelector('sop-editor').shadowRoot.activeElement.getAttribute('aria-label')") == "Move step 2"
    step(page, 4).get_by_role("button", name="Add a step below").click()
    page.keyboard.type("Tell support. Close the change.")
    page.get_by_label("Action of step 5").evaluate("(e) => e.setSelectionRange(14, 14)")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Action of step 6")).to_have_value("Close the change.")
    step(page, 3).get_by_role("button", name="Delete step").click()
    step(page, 1).get_by_role("button", name="Merge with the step below").click()
    saved(page)
    assert actions(service, sop_id) == [
        "Reload the service. Check the new configuration.", "Confirm that the service answers.", "Tell support.", "Close the change.",
    ]  # fmt: skip
    merged = service.document(sop_id)["steps"][0]
    assert [c["text"] for c in merged["commands"]] == ["sudo systemctl reload web", "web -t"]
    assert merged["image"] is not None


def test_a_step_is_dragged_to_another_place(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    before = actions(service, sop_id)
    handle = page.get_by_role("button", name="Move step 2")
    handle.scroll_into_view_if_needed()
    start, target = handle.bounding_box(), step(page, 1).bounding_box()
    assert start is not None
    assert target is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 16, start["y"] + 4, steps=4)
    page.mouse.move(target["x"] + 200, target["y"] + target["height"] - 60, steps=6)
    page.mouse.up()
    expect(page.get_by_label("Action of step 1")).to_have_value(before[1])
    saved(page)
    assert actions(service, sop_id) == [before[1], before[0], *before[2:]]


def test_undo_and_redo_walk_through_everything(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    before = actions(service, sop_id)
    page.get_by_label("Action of step 1").fill("Something else.")
    step(page, 2).get_by_role("button", name="Delete step").click()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Action of step 1")).to_have_value(before[0])
    page.keyboard.press("Control+y")
    expect(page.get_by_label("Action of step 1")).to_have_value("Something else.")
    page.keyboard.press("Control+z")
    saved(page)
    assert actions(service, sop_id) == before


def test_the_least_certain_steps_come_first(page: Page, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_label("Order of the list").select_option("confidence")
    expect(page.locator("sop-editor .outline li").first).to_contain_text("Reload the service.")
    page.get_by_role("button", name="2 steps to check").click()
    assert page.evaluate("document.querySelector('sop-editor').shadowRoot.activeElement.value") == "Reload the service."


def test_a_colleagues_change_to_another_field_comes_in(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    colleague(service, sop_id, lambda d: d["steps"][3].update(expected="It answers with 200."))
    page.get_by_label("Action of step 1").fill("Test the configuration.")
    saved(page)
    expect(step(page, 4).get_by_label("Expected result")).to_have_value("It answers with 200.")
    document = service.document(sop_id)
    assert (document["steps"][0]["action"], document["steps"][3]["expected"]) == ("Test the configuration.", "It answers with 200.")


def test_two_changes_of_one_passage_are_shown_side_by_side_and_a_person_chooses(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)

    def theirs(document: dict[str, Any]) -> None:
        document["purpose"] = "Their purpose."
        document["summary"] = "Their summary."
        document["steps"][1]["action"] = "Their second action."

    colleague(service, sop_id, theirs)
    page.get_by_label("Purpose").fill("My purpose.")
    page.get_by_label("Action of step 2").fill("My second action.")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Their purpose.")
    expect(dialog).to_contain_text("My second action.")
    dialog.get_by_role("group", name="Purpose").get_by_label("Take theirs").check()
    dialog.get_by_role("button", name="Save this").click()
    saved(page)
    document = service.document(sop_id)
    assert (document["purpose"], document["summary"], document["steps"][1]["action"]) == (
        "Their purpose.",
        "Their summary.",
        "My second action.",
    )
    expect(page.get_by_label("Summary")).to_have_value("Their summary.")


def colleague(service: Service, sop_id: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Saves a change as somebody else would, from the newest revision."""
    now = service.call("GET", f"/sops/{sop_id}")
    change(now["document"])
    service.call("PUT", f"/sops/{sop_id}/draft", {"document": now["document"]}, **{"If-Match": f'"{now["etag"]}"'})


def test_an_expired_session_loses_nothing_and_goes_on_after_signing_in_in_place(
    open_context: Callable[..., BrowserContext], service: Service, sop_id: str
) -> None:
    context = open_context()
    page = context.new_page()
    edit(page, sop_id)
    context.clear_cookies()
    page.get_by_label("Action of step 1").fill("Typed after the session had ended.")
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("E-mail").fill(ADMIN)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    saved(page)
    assert actions(service, sop_id)[0] == "Typed after the session had ended."


def test_what_was_typed_is_still_there_after_a_crash_without_a_session(
    open_context: Callable[..., BrowserContext], service: Service, sop_id: str
) -> None:
    context = open_context()
    page = context.new_page()
    edit(page, sop_id)
    context.route("**/draft", lambda route: route.abort())
    page.get_by_label("Action of step 1").fill("Typed before the crash.")
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Waiting for the server")
    page.close()
    context.unroute("**/draft")
    again = context.new_page()
    edit(again, sop_id)
    expect(again.get_by_text("This is what you typed last time")).to_be_visible()
    expect(again.get_by_label("Action of step 1")).to_have_value("Typed before the crash.")
    saved(again)
    assert actions(service, sop_id)[0] == "Typed before the crash."


def test_a_second_tab_is_told_and_both_save(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    second = page.context.new_page()
    edit(second, sop_id)
    expect(page.get_by_text("also open in another tab")).to_be_visible()
    page.get_by_label("Action of step 1").fill("From the first tab.")
    saved(page)
    second.get_by_label("Action of step 2").fill("From the second tab.")
    saved(second)
    assert actions(service, sop_id)[:2] == ["From the first tab.", "From the second tab."]


def test_hostile_and_huge_text_stays_text(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_label("Action of step 1").fill(HOSTILE)
    step(page, 1).get_by_label("Commands 1: command").fill(HOSTILE)
    saved(page)
    assert service.document(sop_id)["steps"][0]["commands"][0]["text"] == HOSTILE
    page.goto(f"/sops/{sop_id}")
    expect(page.locator(".steps .action").first).to_contain_text("<img src=x onerror")
    assert page.title() != "1"
    assert page.locator(".steps img[src=x]").count() == 0
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")


def test_an_sop_that_vanishes_while_it_is_edited_keeps_what_was_typed(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    page.route(
        "**/draft",
        lambda route: route.fulfill(
            status=404, content_type="application/problem+json", body='{"title": "gone", "detail": "There is nothing here."}'
        ),
    )
    page.get_by_label("Action of step 1").fill("Typed too late.")
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("No longer on the server")
    expect(page.get_by_label("Action of step 1")).to_have_value("Typed too late.")
    expect(page.get_by_text("What you typed is kept in this browser.")).to_be_visible()

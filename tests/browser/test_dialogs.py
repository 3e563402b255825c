"""What opens over a page: no serious finding of the accessibility checker, closed with Escape, the focus back where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from plugin.services import masks
from plugin.store import tables
from tests.browser.test_editor import colleague, edit, saved, step
from tests.browser.test_evidence import recorded
from tests.browser.test_pages import VIEWS, findings
from tests.browser.test_record import film
from tests.browser.world import PASSWORD, Service, until


def restore(page: Page, sop_id: str) -> None:
    page.goto(f"/sops/{sop_id}#history")
    page.get_by_role("button", name="Restore").click()


def enlarge(page: Page, sop_id: str) -> None:
    page.goto(f"/sops/{sop_id}")
    page.get_by_role("button", name="The reload command in the terminal").click()


def choose_frame(page: Page, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_role("button", name="Frame and boxes").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Frame at").first.wait_for()


def remove_picture(page: Page, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_role("button", name="Remove picture").click()


def deactivate(page: Page, sop_id: str) -> None:
    page.goto("/admin/people")
    page.get_by_role("button", name="Shut out").first.click()


def disconnect(page: Page, sop_id: str) -> None:
    page.goto("/admin/connections")
    page.get_by_role("button", name="Disconnect").click()


DIALOGS: tuple[Callable[[Page, str], None], ...] = (restore, enlarge, choose_frame, remove_picture, deactivate, disconnect)


@pytest.fixture
def furnished(service: Service, sop_id: str, tmp_path: Path) -> str:
    """An SOP with two revisions and a recording; a second person; a connection."""
    recorded(service, sop_id, film(tmp_path / "dialogs.mp4", seconds=3 + hash(tmp_path) % 40))
    colleague(service, sop_id, lambda document: document.update(purpose="Another purpose."))
    service.call(
        "POST", "/people", {"email": f"{sop_id[-8:].lower()}@example.com", "name": "Second", "role": "author", "password": PASSWORD}
    )
    if not service.call("GET", "/connections")["items"]:
        service.connect_folder(tmp_path / "handbook")
    return sop_id


@pytest.mark.parametrize("view", VIEWS, ids=("light", "dark", "narrow"))
def test_no_dialog_has_a_serious_finding_and_escape_leads_back(
    view: dict[str, Any], open_context: Callable[..., BrowserContext], furnished: str, axe_source: str, complaints: list[str]
) -> None:
    page = open_context(**view).new_page()
    found: dict[str, list[str]] = {}
    for opened in DIALOGS:
        page.goto("about:blank")
        opened(page, furnished)
        expect(page.get_by_role("dialog")).to_be_visible()
        assert complaints == [], opened.__name__
        problems = findings(page, axe_source)
        complaints.clear()  # the checker itself sets inline styles, which our policy refuses
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            problems.append("scrolls sideways")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        if page.evaluate("document.activeElement === document.body"):
            problems.append("the focus is lost")
        if problems:
            found[opened.__name__] = problems
    assert found == {}, json.dumps(found, indent=1)


def test_a_clash_and_a_new_sign_in_pass_too(page: Page, service: Service, sop_id: str, axe_source: str, complaints: list[str]) -> None:
    edit(page, sop_id)
    colleague(service, sop_id, lambda document: document.update(purpose="Their purpose."))
    page.get_by_label("Purpose").fill("My purpose.")
    expect(page.get_by_role("dialog")).to_contain_text("Their purpose.")
    assert findings(page, axe_source) == []
    complaints.clear()
    page.get_by_role("dialog").get_by_role("button", name="Save this").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.clear_cookies()
    page.get_by_label("Action of step 2").fill("Typed without a session.")
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    assert findings(page, axe_source) == []
    complaints.clear()


def test_a_step_is_corrected_with_the_keyboard_alone(page: Page, service: Service, sop_id: str) -> None:
    edit(page, sop_id)
    page.get_by_label("Action of step 2").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Reload it by hand.")
    page.keyboard.press("Control+S")
    for _ in range(12):  # on to the tools of the step, as a person without a mouse goes there
        page.keyboard.press("Tab")
        if page.evaluate("document.querySelector('sop-editor').shadowRoot.activeElement?.getAttribute('aria-label')") == "Move up":
            break
    page.keyboard.press("Enter")
    expect(step(page, 1).get_by_label("Action of step 1")).to_have_value("Reload it by hand.")
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Saved")
    assert service.document(sop_id)["steps"][0]["action"] == "Reload it by hand."


def test_boxes_are_drawn_and_moved_with_the_pointer(page: Page, service: Service, furnished: str) -> None:
    with service.deps.database.begin() as session:  # the recording has been read, and no secret was found in it
        row = session.scalars(
            select(tables.Recording).join(tables.Sop, tables.Sop.recording_id == tables.Recording.id).where(tables.Sop.id == furnished)
        ).one()
        row.side_files = {**row.side_files, masks.KIND: masks.store(service.deps, row, ())}
    choose_frame(page, furnished)
    dialog = page.get_by_role("dialog")
    until(page, "document.querySelector('sop-editor').shadowRoot.querySelector('.canvas img').ariaBusy === null", timeout_s=60)
    canvas = dialog.locator(".canvas").bounding_box()
    assert canvas is not None

    def drag(x0: float, y0: float, x1: float, y1: float) -> None:
        page.mouse.move(canvas["x"] + x0 * canvas["width"], canvas["y"] + y0 * canvas["height"])
        page.mouse.down()
        page.mouse.move(canvas["x"] + x1 * canvas["width"], canvas["y"] + y1 * canvas["height"], steps=4)
        page.mouse.up()

    dialog.get_by_role("button", name="Cover something").click()
    drag(0.5, 0.5, 0.8, 0.7)
    drag(0.1, 0.13, 0.2, 0.33)  # the highlight, from where the sample has it
    dialog.get_by_role("button", name="Use this picture").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=60_000)
    saved(page)
    picture = service.document(furnished)["steps"][0]["image"]
    assert picture["redactions"][0] == pytest.approx([0.5, 0.5, 0.3, 0.2], abs=0.03)
    assert picture["highlight"] == pytest.approx([0.115, 0.3, 0.3, 0.07], abs=0.03)

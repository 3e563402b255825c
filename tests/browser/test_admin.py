"""Administration and templates: forms with empty, huge and hostile text, and what an admin can set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_record import film
from tests.browser.world import PASSWORD, Service, until

HOSTILE = "<img src=x onerror=\"document.title='owned'\">'; DROP TABLE people; --\u202e"


def bare(page: Page) -> None:
    """Takes the browser's own checks away, so that the service has to say it."""
    page.evaluate(
        "() => document.querySelectorAll('form').forEach((form) => { form.noValidate = true; for (const e of form.elements) ['maxlength', 'max', 'pattern'].forEach((a) => e.removeAttribute(a)); })"
    )


@pytest.mark.parametrize("address", ["/admin/people", "/admin/tokens", "/admin/workspace", "/admin/connections"])
def test_empty_and_huge_text_is_refused_in_words_and_nothing_breaks(page: Page, address: str) -> None:
    page.goto(address)
    form = page.locator("form").last
    form.wait_for()
    bare(page)
    text = form.locator("input:not([type=checkbox]), textarea").first
    for value in ("", "9" * 20_000):
        text.fill(value, force=True)
        form.locator("button.primary").click()
        expect(form.get_by_role("alert")).to_be_visible()
        expect(form.get_by_role("alert")).not_to_contain_text("Traceback")
        expect(form.locator("button.primary")).to_be_enabled()


def test_hostile_text_stays_text(page: Page, service: Service) -> None:
    page.goto("/admin/people")
    form = page.locator("form").last
    form.get_by_label("Name").fill(HOSTILE)
    form.get_by_label("E-mail").fill("hostile@example.com")
    form.locator("button.primary").click()
    expect(page.get_by_role("cell", name="hostile@example.com")).to_be_visible()
    expect(page.get_by_role("cell", name="<img src=x")).to_be_visible()
    assert page.title() != "owned"
    assert page.locator("table img").count() == 0


def test_a_person_becomes_an_approver(page: Page, service: Service) -> None:
    service.call("POST", "/people", {"email": "bea@example.com", "name": "Bea", "role": "author", "password": PASSWORD})
    page.goto("/admin/people")
    with page.expect_response(lambda answer: "/people/" in answer.url):
        page.get_by_label("Role of Bea").select_option("approver")
    until(
        page,
        "[...document.querySelectorAll('tr')].some((row) => row.textContent.includes('bea@example.com') && row.querySelector('select').value === 'approver')",
    )
    assert next(p["role"] for p in service.call("GET", "/people")["items"] if p["name"] == "Bea") == "approver"


def test_recordings_are_kept_as_long_as_the_workspace_wants(page: Page, service: Service) -> None:
    page.goto("/admin/recordings")
    page.get_by_label("Delete recordings after so many days").fill("30")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("older than 30 days")
    dialog.get_by_role("button", name="Save").click()
    until(page, "!document.querySelector('dialog')")
    expect(page.get_by_label("Delete recordings after so many days")).to_have_value("30")
    assert service.call("GET", "/settings")["settings"]["recording_days"] == 30


def test_an_area_is_copied_and_changed(page: Page, service: Service) -> None:
    page.goto("/templates")
    page.get_by_label("Name of a new area").fill("rollback")
    page.get_by_label("Begin with").select_option("rollback")
    page.get_by_role("button", name="Add").click()
    assert page.get_by_label("Name of a new area").evaluate("(e) => e.validationMessage").startswith("There is an area")
    page.get_by_label("Name of a new area").fill("Night-shift")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/templates/night-shift?from=rollback")
    expect(page.get_by_role("group", name="Sections").get_by_role("checkbox", name="Escalation")).to_be_checked()
    page.get_by_role("textbox", name="Title").fill("Night shift")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    known = {area["name"]: area for area in service.call("GET", "/templates")["items"]}
    assert sorted(known["night-shift"]["sections"]) == sorted(known["rollback"]["sections"])
    assert known["night-shift"]["required"] == known["rollback"]["required"]
    page.goto("/new")
    expect(page.get_by_label("Area").locator("option", has_text="Night shift")).to_be_attached()


def test_the_review_rule_of_an_area_and_of_the_workspace_is_set_in_words(page: Page, service: Service) -> None:
    page.goto("/templates/default")
    page.get_by_label("Rhythm").select_option(label="Quarterly")
    page.get_by_label("How critical").select_option(label="High")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.goto("/templates/monitoring")
    expect(page.get_by_label("Rhythm").locator("option:checked")).to_have_text("As the wider rule: Quarterly")
    page.get_by_label("Rhythm").select_option(label="On days of the year")
    page.get_by_label("Days (month-day)").fill("31 March")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("MM-DD")
    page.get_by_label("Days (month-day)").fill("03-31, 09-30")
    page.get_by_label("Due soon before (days)").fill("21")
    me = service.call("GET", "/me")
    for label in ("Who reviews", "Stand-in where the owner has left"):
        page.get_by_label(label).select_option(label=me["name"])
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Days (month-day)")).to_have_value("03-31, 09-30")
    policy = service.call("GET", "/templates/monitoring")["policy"]
    assert {**policy, "fixed": ["03-31", "09-30"], "lead_days": 21, "reviewer_id": me["id"], "fallback_id": me["id"]} == policy
    page.goto("/templates")
    expect(page.get_by_text("Review: On 03-31, 09-30, criticality: High")).to_be_visible()
    for name in ("default", "monitoring"):
        service.call("PUT", f"/templates/{name}", {"title": name.capitalize()})


def test_an_sop_has_the_sections_of_a_changed_template_in_its_order(page: Page, service: Service, tmp_path: Path) -> None:
    page.goto("/templates/incident-response")
    sections = page.get_by_role("group", name="Sections")
    up = sections.get_by_role("button", name="Move Rollback up")
    up.focus()
    while sections.get_by_role("checkbox").nth(0).evaluate("(e) => e.closest('label').textContent") != "Rollback":
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Move Rollback ")
    sections.get_by_role("checkbox", name="Rollback").check()
    page.get_by_label("Rhythm").select_option("days")
    page.get_by_label("Review every (days)").fill("45")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    said = (
        "Before you start, make sure that you have shell access to the server.",
        "To roll back, restore the previous release from the archive.",
    )
    captions = "".join(f"00:0{at * 3}.000 --> 00:0{at * 3 + 2}.000\n{text}\n\n" for at, text in enumerate(said))
    (tmp_path / "night.vtt").write_text(f"WEBVTT\n\n{captions}")
    page.goto("/new")
    page.get_by_label("Title (optional)").fill("Take the night's release back")
    page.get_by_label("Area").select_option("incident-response")
    page.get_by_label("Choose files").set_input_files([film(tmp_path / "night.mp4", seconds=7), tmp_path / "night.vtt"])
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", name="Take the night's release back")).to_be_visible()
    service.work()
    sop_id = service.call("GET", f"/jobs/{page.url.rsplit('/', 1)[1]}")["sop_id"]
    document = service.document(sop_id)
    assert document["sections"][0] == "rollback"
    assert document["review"]["interval_days"] == 45
    page.goto(f"/sops/{sop_id}")
    page.get_by_role("heading", name="Prerequisites").wait_for()
    shown = page.locator(".sop :is(h2, h3)").all_text_contents()
    assert shown.index("Rollback") < shown.index("Prerequisites") < shown.index("Steps")
    page.goto(f"/sops/{sop_id}/edit")
    page.get_by_label("Title", exact=True).wait_for()
    fields = page.locator("sop-editor [data-field]").evaluate_all("(all) => all.map((one) => one.dataset.field)")
    assert fields.index("rollback") < fields.index("prerequisites")
    page.goto(f"/sops/{sop_id}/publish")
    preview = page.get_by_role("tabpanel")
    expect(preview).to_contain_text("Before you start")
    text = preview.inner_text()
    assert text.index("Going back") < text.index("Before you start")


def test_a_viewer_sees_the_templates_and_cannot_change_them(service: Service, open_context: Callable[..., BrowserContext]) -> None:
    service.call("POST", "/people", {"email": "reads@example.com", "name": "Reads", "role": "viewer", "password": PASSWORD})
    page = open_context(account=("reads@example.com", PASSWORD)).new_page()
    page.goto("/templates/rollback")
    expect(page.get_by_role("textbox", name="Title")).to_be_disabled()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)


def test_a_deleted_recording_asks_first_and_is_gone(page: Page, service: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files(film(tmp_path_factory.mktemp("film") / "old.mp4", seconds=5))
    page.wait_for_url("**/jobs/*")
    page.goto("/admin/recordings")
    row = page.get_by_role("row").filter(has_text="old.mp4")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_token_is_shown_once_works_within_its_scopes_and_is_revoked(page: Page, service: Service) -> None:
    page.goto("/admin/tokens")
    page.get_by_label("Name").fill("Nightly export")
    page.get_by_label("Record, edit and review").uncheck()
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("heading", name="Your new token")).to_be_visible()
    secret = page.locator(".once").inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert requests.get(f"{service.url}/api/v1/sops", headers=bearer, timeout=10).status_code == 200
    assert requests.post(f"{service.url}/api/v1/sops", headers=bearer, json={"document": {}}, timeout=10).status_code == 403
    page.reload()
    row = page.get_by_role("row").filter(has_text="Nightly export")
    expect(row).to_contain_text("read")
    expect(page.get_by_text(secret)).to_have_count(0)
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("You have no API tokens.")).to_be_visible()
    assert requests.get(f"{service.url}/api/v1/sops", headers=bearer, timeout=10).status_code == 401


def test_a_connection_is_made_checked_and_taken_away(page: Page, service: Service, tmp_path: Path) -> None:
    page.goto("/admin/connections")
    page.get_by_label("Kind").select_option("Git folder")
    page.get_by_label("Name").fill("Runbooks")
    page.get_by_label("Folder", exact=True).fill(str(tmp_path / "runbooks"))
    page.get_by_role("button", name="Connect a knowledge base").click()
    card = page.locator("section.card").filter(has=page.get_by_role("heading", name="Runbooks"))
    expect(card).to_contain_text("Active")
    expect(page.get_by_text("Allow private addresses")).to_have_count(0)  # that is for the operator to say
    card.get_by_role("button", name="Check").click()
    expect(card.get_by_role("status")).to_be_visible()
    card.get_by_role("button", name="Disconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(card).to_have_count(0)
    assert [c["name"] for c in service.call("GET", "/connections")["items"]] == []


def test_a_workspace_is_renamed_and_another_made_and_health_says_what_is_poor(page: Page, service: Service) -> None:
    page.goto("/admin/workspace")
    page.get_by_label("Name", exact=True).fill("Platform")
    page.get_by_label("Always cover these words").fill("Contoso")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Always cover these words")).to_have_value("Contoso")
    assert service.call("GET", "/settings")["settings"]["never"] == ["Contoso"]
    page.get_by_label("Name of a new workspace").fill("Second team")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("listitem").filter(has_text="Second team")).to_be_visible()
    page.goto("/admin/health")
    expect(page.get_by_role("row").filter(has_text="scheduler")).to_contain_text("no scheduler runs")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("row").filter(has_text="database")).to_contain_text("Good")

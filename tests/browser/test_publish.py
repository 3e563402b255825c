"""From the check list to the page in the knowledge base, its history, and back to an old revision."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_record import film
from tests.browser.world import Service


@contextmanager
def worker(service: Service, jobs: int = 1) -> Iterator[None]:
    """A worker beside the browser, for so many jobs."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(service.work, jobs)
        yield
        done.result(timeout=100)


@pytest.fixture(scope="module")
def handbook(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handbook")
    service.connect_folder(folder)
    return folder


def test_an_sop_is_checked_previewed_and_published(page: Page, service: Service, sop_id: str, handbook: Path) -> None:
    page.goto(f"/sops/{sop_id}/publish")
    expect(page.get_by_role("heading", name="Before you publish")).to_be_visible()
    expect(page.get_by_text("Nobody owns this SOP yet")).to_be_visible()
    for tab in ("Confluence", "Notion", "Git folder"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).to_contain_text("sudo systemctl reload web")
    page.get_by_label("Owner").select_option("Admin")
    page.get_by_label("Review", exact=True).select_option("180")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("The page is being written.")).to_be_visible()
    with worker(service):
        expect(page.get_by_text("Published. It will be reviewed on time.")).to_be_visible(timeout=30_000)
    assert any("sudo systemctl reload web" in path.read_text("utf-8") for path in handbook.rglob("*.md"))
    page.goto(f"/sops/{sop_id}#publications")
    expect(page.get_by_role("tabpanel")).to_contain_text("Published")
    page.goto("/?target=filesystem")
    expect(page.get_by_role("link", name="Reload the web server after a configuration change").first).to_be_visible()


def test_a_shortcut_of_a_wiki_says_where_its_sops_go(page: Page, sop_id: str, handbook: Path) -> None:
    page.goto("/new?target=filesystem:runbooks:servers")
    expect(page.get_by_role("button", name="Record the screen")).to_be_visible()
    page.goto(f"/sops/{sop_id}/publish")
    expect(page.get_by_label("Place")).to_have_value("runbooks")
    expect(page.get_by_label("Below the page (optional)")).to_have_value("servers")


def test_a_double_click_publishes_once(page: Page, service: Service, sop_id: str, handbook: Path) -> None:
    page.goto(f"/sops/{sop_id}/publish")
    page.get_by_role("button", name="Publish").dblclick()
    expect(page.get_by_text("The page is being written.")).to_be_visible()
    with worker(service):
        expect(page.get_by_text("Published. It will be reviewed on time.")).to_be_visible(timeout=30_000)
    assert len(service.call("GET", f"/sops/{sop_id}/publications")["items"]) == 1


def test_two_revisions_are_compared_step_by_step_and_the_old_one_restored(page: Page, service: Service, sop_id: str) -> None:
    page.goto(f"/sops/{sop_id}/edit")
    page.get_by_label("Action of step 2").fill("Reload the service at once.")
    page.locator("sop-editor .steps > li").nth(2).get_by_role("button", name="Delete step").click()
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Not saved yet")
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Saved")
    newest = service.call("GET", f"/sops/{sop_id}")["revision"]
    page.goto(f"/sops/{sop_id}/compare?from=1&to={newest}")
    expect(page.locator("ins").filter(has_text="at once.")).to_be_visible()
    expect(page.get_by_text("Removed", exact=True)).to_be_visible()
    page.get_by_role("button", name="Restore revision 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    page.wait_for_url(f"**/sops/{sop_id}")
    expect(page.get_by_text("Enter the name of the server on the status page.")).to_be_visible()
    assert len(service.document(sop_id)["steps"]) == 4


def test_it_is_found_by_a_command_and_by_its_area(page: Page, sop_id: str) -> None:
    page.goto("/")
    page.get_by_role("searchbox").fill("systemctl")
    expect(page.get_by_role("link", name="Reload the web server").first).to_be_visible()
    page.get_by_role("searchbox").fill("nowhere-to-be-found")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.goto("/")
    page.get_by_role("button", name="Configuration management").click()
    expect(page).to_have_url("/?area=configuration-management")
    expect(page.get_by_role("link", name="Reload the web server").first).to_be_visible()


def test_a_review_is_confirmed_with_one_click(page: Page, service: Service, sop_id: str) -> None:
    page.goto(f"/sops/{sop_id}#reviews")
    page.get_by_role("button", name="Still right").click()
    expect(page.get_by_role("heading", name="Earlier reviews")).to_be_visible()
    assert service.call("GET", f"/sops/{sop_id}/reviews")["history"][0]["outcome"] == "still_right"


def test_a_recording_is_watched_while_it_becomes_an_sop_whose_picture_is_then_redacted(
    page: Page, service: Service, tmp_path: Path
) -> None:
    page.goto("/new")
    page.get_by_label("Title (optional)").fill("A short recording")
    page.get_by_label("Choose files").set_input_files(film(tmp_path / "short.mp4"))
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", name="Waiting for its turn")).to_be_visible()
    with worker(service):
        expect(page.get_by_role("heading", name="Done")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Check and correct it").click()
    page.wait_for_url("**/sops/*/edit")
    sop_id = page.url.split("/")[-2]
    expect(page.get_by_label("Title", exact=True)).to_have_value("A short recording")
    page.get_by_role("button", name="Add a step below").last.click()
    page.keyboard.type("Watch the bar move.")
    page.get_by_role("button", name="Add a picture").last.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Frame at 1.0 s").click()
    dialog.get_by_role("button", name="Cover something").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    dialog.get_by_role("button", name="Highlight").first.focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Use this picture").click()
    expect(page.get_by_role("button", name="Frame and boxes").last).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Frame and boxes").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Uncover").click()
    expect(page.get_by_role("dialog", name="Uncover this part?")).to_be_visible()
    page.get_by_role("button", name="Keep it covered").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="Done").click()
    page.wait_for_url(f"**/sops/{sop_id}")
    picture = service.document(sop_id)["steps"][-1]["image"]
    assert len(picture["redactions"]) == 1
    assert picture["highlight"] is not None


def test_the_components_work_in_a_foreign_page_with_a_ticket_and_no_cookie(
    open_context: Callable[..., BrowserContext], service: Service, sop_id: str
) -> None:
    ticket = service.call("POST", "/tickets", {"seconds": 600})["secret"]
    static = service.http.get(f"{service.url}/", timeout=10).text.split('href="/ui/')[1].split("/")[0]
    host = f"http://localhost:{service.url.rsplit(':', 1)[1]}"
    policy = (
        f"default-src 'none'; script-src {service.url}; style-src {service.url}; connect-src {service.url}; img-src blob:; media-src blob:"
    )
    markup = f"""<!doctype html><html lang="en"><title>Foreign</title><script type="module" src="{service.url}/ui/{static}/js/editor.js"></script>
        <sop-editor api="{service.url}/api/v1" token="{ticket}" sop-id="{sop_id}"></sop-editor></html>"""
    context = open_context(account=None)
    context.route(
        f"{host}/foreign", lambda route: route.fulfill(body=markup, content_type="text/html", headers={"Content-Security-Policy": policy})
    )
    page = context.new_page()
    page.goto(f"{host}/foreign")
    page.get_by_label("Action of step 1").fill("Corrected from a foreign page.")
    expect(page.locator("sop-editor .editor-bar .badge")).to_have_text("Saved")
    expect(page.locator("sop-editor .shot img")).to_have_js_property("complete", True)
    assert page.locator("sop-editor .shot img").evaluate("(image) => image.naturalWidth") > 0
    assert json.dumps(context.cookies()) == "[]"
    assert service.document(sop_id)["steps"][0]["action"] == "Corrected from a foreign page."

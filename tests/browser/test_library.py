"""Finding an SOP again: words, filters, areas, the address that remembers them; and what the log says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from plugin.store import tables
from tests.browser.world import Service, sample

TITLES = {"Drain the queue": "monitoring", "Renew the certificate": "devsecops", "Restore the volume": "incident-response"}


@pytest.fixture(scope="module")
def shelf(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three SOPs: one is mine, published and overdue; two are drafts of nobody."""
    ids = {}
    for title, area in TITLES.items():
        document, pictures = sample()
        ids[title] = service.import_sop({**document, "title": title, "area": area}, pictures)
    connection = service.connect_folder(tmp_path_factory.mktemp("shelf"))
    me = service.call("GET", "/me")["id"]
    service.call("POST", f"/sops/{ids['Drain the queue']}/publications", {"connection_id": connection, "owner": me, "interval_days": 90})
    service.work()
    with service.deps.database.begin() as session:
        late = {"due": service.deps.clock().date() - timedelta(days=3), "review_state": "overdue"}
        session.execute(update(tables.Sop).where(tables.Sop.id == ids["Drain the queue"]).values(**late))
    return ids


def titles(page: Page) -> Locator:
    return page.locator(".list .title")


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Any area", "Monitoring and alerting"),
        ("Any status", "Published"),
        ("Any place", "Git folder"),
        ("Any review date", "Due or overdue"),
        ("Any owner", "Mine"),
    ],
)
def test_each_filter_narrows_the_list_and_stays_in_the_address(page: Page, shelf: dict[str, str], label: str, value: str) -> None:
    page.goto("/")
    expect(titles(page)).to_have_count(3)
    page.get_by_label(label).select_option(value)
    expect(titles(page)).to_have_text(["Drain the queue"])
    page.reload()
    expect(titles(page)).to_have_text(["Drain the queue"])


def test_words_of_steps_and_titles_are_found_and_nothing_is_said_plainly(page: Page, shelf: dict[str, str]) -> None:
    page.goto("/")
    search = page.get_by_role("searchbox")
    search.fill("certif")
    expect(titles(page)).to_have_text(["Renew the certificate"])
    search.fill("systemctl reload")
    expect(titles(page)).to_have_count(3)
    search.fill("no-such-word")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    expect(titles(page)).to_have_count(3)


def test_an_area_tells_what_is_missing_and_leads_to_its_sops(page: Page, shelf: dict[str, str]) -> None:
    page.goto("/")
    expect(page.get_by_role("button", name="Release management")).to_contain_text("Missing: Carry out a major production release")
    tile = page.get_by_role("button", name="Incident response")
    expect(tile).to_contain_text("1")
    tile.click()
    expect(titles(page)).to_have_text(["Restore the volume"])
    expect(tile).to_have_attribute("aria-pressed", "true")


def test_the_log_of_the_workspace_names_the_sop_and_can_be_taken_along(page: Page, service: Service, shelf: dict[str, str]) -> None:
    page.goto("/admin/log")
    entry = page.get_by_role("listitem").filter(has_text="published revision 1").first
    expect(entry.get_by_role("link", name="Drain the queue")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export as CSV").click()
    lines = Path(taken.value.path()).read_text("utf-8").splitlines()
    assert lines[0].endswith("sop_title")
    assert any("Drain the queue" in line for line in lines)

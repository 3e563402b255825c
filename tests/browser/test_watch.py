"""Watching an SOP being made: stages, time left, first steps; leaving and coming back; cancelling and trying again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from plugin.store import jobs
from plugin.store.jobs import Claimed
from tests.browser.test_pages import findings
from tests.browser.test_record import film
from tests.browser.world import Service

STEPS = ("Open the terminal.", "Run `systemctl reload web`.")


@pytest.fixture
def claimed(page: Page, service: Service, tmp_path: Path) -> Claimed:
    """The job of a recording that was brought in the browser, in the hands of a worker of this test."""
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files(film(tmp_path / f"{tmp_path.name}.mp4", seconds=3 + hash(tmp_path) % 40))
    page.wait_for_url("**/jobs/*")
    with service.deps.database.begin() as session:
        job = jobs.claim(session, worker="watch-test", now=service.deps.clock(), lease_s=600, job_id=page.url.rsplit("/", 1)[1])
    assert job is not None
    return job


def tell(service: Service, job: Claimed, fraction: float, steps: tuple[str, ...] = ()) -> None:
    stages = {"probe": 1.0, "listen": 1.0, "watch": fraction, "read": 0.0, "act": 0.0, "redact": 0.0, "write": 0.0}
    with service.deps.database.begin() as session:
        jobs.progress(session, job, stage="watch", stages=stages, fraction=fraction, seconds_left=75.0, steps=steps)


def test_stages_time_left_and_first_steps_appear_and_are_there_after_coming_back(
    page: Page, service: Service, claimed: Claimed, axe_source: str, complaints: list[str]
) -> None:
    tell(service, claimed, 0.25)
    expect(page.get_by_role("heading", name="Being made")).to_be_visible()
    expect(page.get_by_text("25 % · about 1:15 left")).to_be_visible()
    expect(page.locator("sop-progress [aria-current=step]")).to_contain_text("Watching")
    tell(service, claimed, 0.5, STEPS)
    expect(page.get_by_text("provisional, may still change")).to_be_visible()
    expect(page.locator("sop-progress .found li")).to_have_text(["Open the terminal.", "Run systemctl reload web."])
    expect(page.locator("sop-progress .found code")).to_have_text("systemctl reload web")
    assert findings(page, axe_source) == []
    complaints.clear()
    address = page.url
    page.goto("/")
    tell(service, claimed, 0.75, STEPS)
    page.goto(address)
    expect(page.get_by_text("75 %", exact=False).first).to_be_visible()
    expect(page.locator("sop-progress .found li")).to_have_count(2)


def test_cancelling_asks_and_trying_again_goes_on(page: Page, service: Service, claimed: Claimed) -> None:
    tell(service, claimed, 0.3, STEPS)
    page.get_by_role("button", name="Cancel this job").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    assert service.call("GET", f"/jobs/{claimed.id}")["state"] == "running"
    page.get_by_role("button", name="Cancel this job").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel this job").click()
    with service.deps.database.begin() as session:  # what a worker does at its next report
        jobs.end(session, claimed, "cancelled", now=service.deps.clock())
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Waiting for its turn")).to_be_visible()
    assert service.call("GET", f"/jobs/{claimed.id}")["state"] == "queued"


def test_a_failure_says_why_and_offers_another_try(page: Page, service: Service, claimed: Claimed) -> None:
    with service.deps.database.begin() as session:
        jobs.end(
            session,
            claimed,
            "failed",
            now=service.deps.clock(),
            error_reason="silent",
            error_message="There is neither sound nor picture in it.",
        )
    expect(page.get_by_role("alert")).to_contain_text("There is neither sound nor picture in it.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.goto("/jobs")
    expect(page.get_by_role("listitem").filter(has_text="neither sound nor picture")).to_contain_text("Failed")

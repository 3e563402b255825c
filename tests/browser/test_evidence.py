"""Evidence in the editor: the seconds in which something was said or shown are played, with a cookie, with a ticket, or shown as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from plugin.services import intake
from plugin.services.caller import system
from plugin.store import tables
from tests import casts, media
from tests.browser.test_editor import actions, edit, saved, step
from tests.browser.world import Service, until

PLAYER = "document.querySelector('sop-editor').player"


def recorded(service: Service, sop_id: str, path: Path) -> str:
    """Gives the SOP this recording; its id."""
    workspace_id = service.call("GET", "/me")["workspace_id"]
    accepted = intake.accept(service.deps, system(workspace_id), path=path, filename=path.name)
    with service.deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        row.recording_id = accepted.recording_id
        job = session.get(tables.Job, accepted.job_id)
        assert job is not None
        job.sop_id = sop_id
    return accepted.recording_id


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A WebM of 30 seconds, as browsers record it; no two tests have the same."""
    shade = hash(tmp_path) % 100
    return media.video(
        tmp_path / "evidence.webm", lambda at: np.full((240, 320, 3), shade + int(at), np.uint8), seconds=30.0, codec="libvpx"
    )


def play(page: Page, number: int) -> None:
    step(page, number).get_by_role("button", name="0:").first.click()


def test_the_seconds_of_a_step_are_played(page: Page, service: Service, sop_id: str, film: Path) -> None:
    recorded(service, sop_id, film)
    edit(page, sop_id)
    play(page, 2)  # from 0:10 to 0:14
    until(page, f"{PLAYER}.video.readyState > 1 && {PLAYER}.video.currentTime >= 10 && {PLAYER}.video.currentTime < 15", timeout_s=60)
    assert page.evaluate(f"{PLAYER}.video.src").endswith("/media")


def test_the_source_recording_that_a_target_names_is_shown(page: Page, service: Service, sop_id: str, film: Path) -> None:
    recording_id = recorded(service, sop_id, film)
    page.goto(f"{service.url}/sops/{sop_id}?recording={recording_id}")
    until(page, f"document.querySelector('#player video')?.src.endsWith('/recordings/{recording_id}/media')", timeout_s=60)


def test_with_a_ticket_only_those_seconds_are_fetched(page: Page, service: Service, sop_id: str, film: Path) -> None:
    recorded(service, sop_id, film)
    edit(page, sop_id)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/recordings/" in request.url else None)
    ticket = service.call("POST", "/tickets", {"seconds": 600, "sop_id": sop_id})["secret"]
    page.evaluate(f"document.querySelector('sop-editor').api.token = {ticket!r}")
    play(page, 4)  # from 0:20 to 0:24
    until(page, f"{PLAYER}.video.readyState > 1 && {PLAYER}.video.src.startsWith('blob:') && {PLAYER}.video.duration < 29", timeout_s=90)
    assert [url.split("/")[-1].split("?")[0] for url in asked if not url.startswith("blob:")] == ["clip"]


def test_a_recording_that_is_deleted_while_the_editor_is_open_takes_nothing_along(
    page: Page, service: Service, sop_id: str, film: Path
) -> None:
    recording_id = recorded(service, sop_id, film)
    edit(page, sop_id)
    page.get_by_label("Action of step 1").fill("Typed before it was deleted.")
    saved(page)
    service.call("DELETE", f"/recordings/{recording_id}")
    play(page, 2)
    expect(page.get_by_text("The recording cannot be played")).to_be_visible(timeout=60_000)
    page.get_by_label("Action of step 2").fill("Typed after it was deleted.")
    saved(page)
    assert actions(service, sop_id)[:2] == ["Typed before it was deleted.", "Typed after it was deleted."]


def test_a_terminal_session_is_shown_as_it_stood(page: Page, service: Service, sop_id: str, tmp_path: Path) -> None:
    recorded(
        service, sop_id, casts.write(tmp_path / "s.cast", [(1.0, "o", "$ "), (6.0, "o", f"echo {tmp_path.name}\r\n"), (30.0, "o", "$ ")])
    )
    edit(page, sop_id)
    play(page, 2)
    until(page, f"!{PLAYER}.picture.hidden && {PLAYER}.picture.naturalWidth > 300", timeout_s=90)
    expect(page.get_by_text("The recording cannot be played")).to_have_count(0)

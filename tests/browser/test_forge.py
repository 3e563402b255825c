"""The whole story inside a look-alike of Confluence: from the "…" menu of a page to a published SOP, a colleague's edit, a new recording, both changes."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from plugin.domain.document import from_document
from plugin.services import edit, publish
from plugin.services.caller import system
from plugin.services.work import work_one
from plugin.store import tables
from plugin.web.forge import dialog as dialog_views
from tests.browser.conftest import needed
from tests.browser.test_pages import findings
from tests.browser.world import Service, running
from tests.contract.confluence.fake import PERSON, FakeConfluence
from tests.forge import keys
from tests.forge.atlassian import Atlassian, People
from tests.forge.film import terminal_film
from tests.forge.host import Host, build_app
from tests.forge.story import AFTER, BEFORE, Story

SHOTS = Path(__file__).parents[2] / "var" / "forge"
LONG_ms = 180_000


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that stands on the stage, and a browser that complains nowhere."""

    service: Service
    atlassian: Atlassian
    host: Host
    people: People
    page_id: str

    @property
    def fake(self) -> FakeConfluence:
        return self.atlassian.fake


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    needed(shutil.which("npm") is not None and shutil.which("node") is not None, "npm")
    folder = tmp_path_factory.mktemp("forge")
    built = build_app()
    port = free_port()
    with FakeConfluence("gateway") as fake, Atlassian(fake) as atlassian:
        options = {"forge_app_id": keys.APP, "forge_jwks_url": atlassian.jwks_url, "allow_private_addresses": True}
        with running(folder / "service", port=port, base_url=f"http://127.0.0.1:{port}", **options) as service:
            host = Host(atlassian, service.url, built)
            people = People().join(atlassian)
            space = fake.site.space("OPS")
            page = fake.site.create(space.id, None, "Web servers", "<p>Everything about our web servers.</p>", PERSON)
            assert host.tell("/installed", {"installerAccountId": people.colleague.account_id}) == 200
            yield Stage(service=service, atlassian=atlassian, host=host, people=people, page_id=page.id)
            assert fake.invalid == []


@pytest.fixture
def sheet(stage: Stage, browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens pages of the look-alike; after the test nothing may have been refused by a policy or broken in a script."""
    context = browser.new_context(viewport={"width": 1360, "height": 920}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)

    def show(member: object, page_id: str | None = None) -> Page:
        page = context.new_page()
        page.goto(stage.host.address(page_id or stage.page_id, member))  # type: ignore[arg-type]  # a Member
        return page

    yield show
    context.close()
    assert complaints == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def working(service: Service) -> Iterator[None]:
    """A worker beside the browser, as long as the block lasts."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not work_one(service.deps, worker="forge-test"):
                stop.wait(0.1)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"))


def opened(page: Page) -> FrameLocator:
    """The dialog, as a person opens it."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Create SOP from recording").click()
    return page.frame_locator("iframe.modal")


@pytest.mark.timeout(900)  # two recordings are worked on
def test_from_the_menu_of_a_page_to_a_published_sop_and_through_a_second_recording(
    stage: Stage, sheet: Callable[..., Page], tmp_path: Path
) -> None:
    fake = stage.fake
    story = Story(host=stage.host, people=stage.people, show=sheet, shots=SHOTS)
    first, second = story.films(tmp_path)
    with working(stage.service):
        made = story.record_and_publish(stage.page_id, first)
        assert made.parent == stage.page_id
        assert "sudo systemctl reload web" in made.now.body
        assert BEFORE in made.now.body
        assert len(made.attachments) >= 3
        assert fake.site.broken == []
        story.edit_as_a_colleague(made.id)
        story.record_again(made.id, second)
    body = fake.body(made.id)
    assert AFTER in body
    assert "sudo systemctl restart web" in body
    assert "sudo systemctl reload web" not in body
    assert [(path, status) for path, status in stage.host.calls if status != 200] == []


@pytest.mark.timeout(600)
def test_a_video_of_the_page_becomes_an_sop(stage: Stage, sheet: Callable[..., Page], tmp_path: Path) -> None:
    fake = stage.fake
    film = terminal_film(tmp_path / "uptime.mp4", [("uptime", "up 12 days"), ("free -m", "Mem: 7820")])
    here = fake.site.create(fake.site.space("OPS").id, None, "Health checks", "<p>How we look after them.</p>", PERSON)
    fake.site.attach(here, "uptime.mp4", "video/mp4", film.read_bytes(), "")
    with working(stage.service):
        page = sheet(stage.people.engineer, here.id)
        dialog = opened(page)
        expect(dialog.get_by_role("heading", name="Or use a video of this page")).to_be_visible()
        dialog.get_by_label("Title (optional)").fill("Look after a server")
        shot(page, "11-video-of-the-page")
        dialog.get_by_role("button", name="Use this video").click()
        expect(dialog.locator("sop-editor").get_by_label("Title", exact=True)).to_have_value("Look after a server", timeout=LONG_ms)
    assert [h.token for h in stage.atlassian.heard if h.path == "/media"] == [""]


def test_screen_and_voice_are_recorded_inside_the_dialog(stage: Stage, sheet: Callable[..., Page]) -> None:
    page = sheet(stage.people.engineer)
    dialog = opened(page)
    dialog.get_by_role("button", name="Record the screen").click()
    dialog.get_by_role("button", name="Start now").click()
    expect(dialog.get_by_role("button", name="Finish")).to_be_visible()
    page.wait_for_timeout(2500)
    shot(page, "16-recording")
    dialog.get_by_role("button", name="Finish").click()
    expect(dialog.locator("sop-progress")).to_be_visible()
    with stage.service.deps.database.begin() as session:
        recording = session.query(tables.Recording).order_by(tables.Recording.created_at.desc()).first()
        assert recording is not None
        assert (recording.media_type, recording.size_bytes > 1000) == ("video/webm", True)


def test_a_ticket_that_ends_is_renewed_on_the_way(
    stage: Stage, sheet: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dialog_views, "TICKET_S", 1)
    film = terminal_film(tmp_path / "disk.mp4", [("df -h /", "/dev/sda1  40G  12G")])
    page = sheet(stage.people.engineer)
    dialog = opened(page)
    expect(dialog.get_by_label("Choose files")).to_be_attached()
    page.wait_for_timeout(1500)
    asked = len(stage.host.calls)
    dialog.get_by_label("Choose files").set_input_files(film)
    expect(dialog.locator("sop-progress")).to_be_visible()
    assert "/forge/ui/session" in [path for path, _ in stage.host.calls[asked:]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dialog_passes_the_accessibility_checker(
    stage: Stage, sheet: Callable[..., Page], theme: str, axe_source: str, complaints: list[str]
) -> None:
    stage.host.theme = theme
    page = sheet(stage.people.engineer)
    expect(opened(page).get_by_role("button", name="Record the screen")).to_be_visible()
    shot(page, f"17-{theme}")
    frame = next(one for one in page.frames if "/custom-ui/" in one.url)
    assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme
    assert findings(frame, axe_source) == []
    complaints.clear()  # the checker itself sets inline styles, which the policy refuses
    stage.host.theme = "light"


def test_who_may_not_write_there_reads_why(stage: Stage, sheet: Callable[..., Page]) -> None:
    page = sheet(stage.people.reader)
    dialog = opened(page)
    expect(dialog.get_by_role("alert")).to_contain_text("You may not put new pages into this space.")
    shot(page, "12-not-allowed")


def published(stage: Stage, title: str) -> tuple[str, str]:
    """The ids of an SOP and of its page, made without the dialog."""
    deps = stage.service.deps
    with deps.database.begin() as session:
        site = session.get_one(tables.External, ("forge-site", stage.atlassian.cloud_id))
    caller = system(site.workspace_id)
    steps = [{"id": "stp_1", "number": 1, "action": "Look at the graph."}]
    sop_id = edit.create(
        deps, caller, document=from_document({"schema": "sopwright/sop@1", "id": "", "revision": 1, "title": title, "steps": steps})
    ).sop_id
    made = publish.publish(deps, caller, sop_id, connection_id=site.data["connection_id"], place="OPS", parent=stage.page_id)
    assert work_one(deps, worker="forge-test", job_id=made.job_id)
    with deps.database.begin() as session:
        return sop_id, session.get_one(tables.Publication, made.id).remote_id or ""


def test_an_overdue_sop_says_so_on_its_page_and_one_click_confirms_it(stage: Stage, sheet: Callable[..., Page]) -> None:
    sop_id, page_id = published(stage, "Look at the load")
    review = stage.fake.site.pages[page_id].properties["sop_review"]
    review.value = {**review.value, "state": "overdue", "title": "SOP: review overdue"}
    with stage.service.deps.database.begin() as session:
        row = session.get_one(tables.Sop, sop_id)
        row.review_state, row.due = "overdue", date(2026, 11, 1)
    page = sheet(stage.people.engineer, page_id)
    banner = page.frame_locator("iframe.banner")
    expect(banner.get_by_text("was due for review on Nov 1, 2026")).to_be_visible()
    shot(page, "13-overdue")
    banner.get_by_role("button", name="Still right").click()
    expect(banner.get_by_text("The next review date is set.")).to_be_visible()
    shot(page, "14-confirmed")
    with stage.service.deps.database.begin() as session:
        assert session.get_one(tables.Sop, sop_id).review_state == "current"


def test_the_spaces_own_page_lists_what_the_person_may_see(stage: Stage, sheet: Callable[..., Page]) -> None:
    _, page_id = published(stage, "Look at the queue")
    page = sheet(stage.people.engineer)
    page.goto(f"{stage.atlassian.url}/wiki/spaces/OPS/sops")
    whole = page.frame_locator("iframe.whole")
    expect(whole.get_by_role("heading", name="SOPs in Operations")).to_be_visible()
    expect(whole.get_by_role("link", name="Look at the queue")).to_have_attribute("href", re.compile(page_id))
    shot(page, "15-space")
    whole.get_by_role("button", name="Create SOP from recording").click()
    expect(whole.get_by_text("It becomes a new page in Operations.")).to_be_visible()

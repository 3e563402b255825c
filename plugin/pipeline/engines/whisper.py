"""Speech to words with times, by faster-whisper on the CPU (CTranslate2, int8).

The batched pipeline is used because it costs about half of the plain loop and its word times are steadier. It answers in pieces of up to
30 seconds, so sentences are made from the words, elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugin.pipeline.artefacts import Word

SAMPLE_RATE_HZ = 16_000
Audio = NDArray[np.float32]

# int8 copies of the small models stay below half a gigabyte with this; more pieces at once cost memory and win nothing on two cores.
BATCH_SIZE = 4
BEAM_SIZE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One answer of the recogniser, with what it tells about its own doubt.

    ``no_speech`` is the model's probability that nobody spoke; ``mean_log_probability`` is over the tokens; ``compression`` is the ratio of the
    text's length to its deflated length (high for loops).
    """

    words: tuple[Word, ...]
    no_speech: float
    mean_log_probability: float
    compression: float


class Recogniser:
    """One loaded model. Not safe for use by several threads at once."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        """``folder`` holds a CTranslate2 model; raises FileNotFoundError where it does not (the library would take it for a hub name)."""
        if not (folder / "model.bin").is_file():
            raise FileNotFoundError(f"no speech model in {folder}")
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
        self._pipeline: Any = BatchedInferencePipeline(self._model)

    @property
    def multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def language(self, audio: Audio) -> tuple[str, float]:
        """The language that is spoken in the first half minute of ``audio`` and its probability; English for a model that knows no other."""
        if not self.multilingual:
            return "en", 1.0
        code, probability, _ = self._model.detect_language(audio, vad_filter=True)
        return str(code), float(probability)

    def hear(self, audio: Audio, *, language: str, offset_s: float = 0.0) -> list[Piece]:
        """The pieces of speech in ``audio`` (mono, 16 kHz), their times moved by ``offset_s``. Empty where nobody speaks."""
        segments, _ = self._pipeline.transcribe(
            audio, language=language, beam_size=BEAM_SIZE, batch_size=BATCH_SIZE, word_timestamps=True, vad_filter=True
        )
        return [piece for piece in (_piece(s, offset_s) for s in segments) if piece.words]


def _piece(segment: Any, offset_s: float) -> Piece:
    return Piece(
        words=_joined(segment.words or (), offset_s),
        no_speech=float(segment.no_speech_prob),
        mean_log_probability=float(segment.avg_logprob),
        compression=float(segment.compression_ratio),
    )


def _joined(parts: Iterable[Any], offset_s: float) -> tuple[Word, ...]:
    """The recogniser's parts as words: one that does not begin with a space goes on with the word before it ("5" + ",400", "Ctrl" + "-O")."""
    words: list[Word] = []
    for part in parts:
        text = str(part.word)
        if not text.strip():
            continue
        start_s, end_s, probability = float(part.start) + offset_s, float(part.end) + offset_s, float(part.probability)
        if words and not text[0].isspace():
            last = words.pop()
            start_s, probability, text = last.start_s, min(last.probability, probability), last.text + text
        words.append(Word(start_s=round(start_s, 2), end_s=round(end_s, 2), text=text.strip(), probability=round(probability, 3)))
    return tuple(words)

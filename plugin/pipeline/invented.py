"""What a speech model invents where nobody speaks: loops, thanks for watching, words over music. Each gives itself away by its own figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plugin.pipeline.artefacts import Word
from plugin.pipeline.engines.whisper import Piece

LOOP_COMPRESSION = 2.4
"""Text that deflates better than this repeats itself (the figure of the Whisper authors)."""

NOBODY = 0.6
DOUBTFUL = -1.0
"""Nobody spoke where the model thinks so with this probability and doubts its words as well (log probability)."""

HOPELESS = -1.6
UNSURE_WORDS = 0.3
"""A piece whose words have a mean probability below this is noise that was forced into words."""

LOOP_WORDS = 4
"""So many repetitions in a row are a loop, not a way of speaking."""

_CREDITS = re.compile(
    r"^\W*(?:thanks?(?: you)?(?: so much| very much)?(?: for (?:watching|listening|your (?:attention|time)))?|please (?:like and )?subscribe\b.*|"
    r"subtitles? (?:by|created)\b.*|(?:see you )?(?:in the )?next (?:video|time)|bye(?: bye)*|you|music|applause|"
    r"untertitel(?:ung)? (?:im auftrag|von|der)\b.*|copyright\b.*|vielen dank(?: fürs zuschauen)?)\W*$",
    re.IGNORECASE,
)


def is_invented(piece: Piece) -> bool:
    """True where the piece is most likely no speech at all."""
    sure = sum(w.probability for w in piece.words) / len(piece.words)
    text = " ".join(w.text for w in piece.words)
    if piece.compression > LOOP_COMPRESSION or piece.mean_log_probability < HOPELESS or sure < UNSURE_WORDS:
        return True
    if piece.no_speech > NOBODY and piece.mean_log_probability < DOUBTFUL:
        return True
    doubtful = piece.no_speech > NOBODY / 2 or piece.mean_log_probability < DOUBTFUL / 2 or sure < 2 * UNSURE_WORDS
    return bool(_CREDITS.match(text)) and doubtful


def without_loops(words: Sequence[Word]) -> list[Word]:
    """``words`` with a phrase that repeats itself LOOP_WORDS times or more in a row kept once."""
    kept: list[Word] = []
    i = 0
    while i < len(words):
        length, times = _loop_at(words, i)
        kept.extend(words[i : i + length])
        i += length * times
    return kept


def _loop_at(words: Sequence[Word], start: int) -> tuple[int, int]:
    """(length of the phrase, how many times it stands here in a row); (1, 1) where nothing loops."""
    for length in range(1, 9):
        phrase = _said(words[start : start + length])
        times = 1
        while phrase and _said(words[start + times * length : start + (times + 1) * length]) == phrase:
            times += 1
        if times >= LOOP_WORDS:
            return length, times
    return 1, 1


def _said(words: Sequence[Word]) -> list[str]:
    return [re.sub(r"\W", "", w.text).lower() for w in words]

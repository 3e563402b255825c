"""Sentences to clauses: the pieces of narration that can each have a job of their own in an SOP.

A clause ends with its sentence, at a pause, or where a cue word begins something new. "If ..., do ..." stays in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from plugin.pipeline.artefacts import Sentence, Word
from plugin.pipeline.write.language import Cues, plain

PAUSE_S = 0.55
"""A silence inside a sentence from which on two thoughts are assumed."""

SHORT_PAUSE_S = 0.12
"""Enough where a cue word follows as well."""


_DOUBLED = re.compile(r"\b(\w+)(?: \1\b)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """``text`` is cleaned of fillers; ``sentence`` numbers the sentence it comes from; ``sure`` is the mean, ``weakest`` the lowest probability of its words."""

    text: str
    start_s: float
    end_s: float
    sentence: int
    sure: float = 1.0
    weakest: float = 1.0

    @property
    def plain(self) -> str:
        return plain(self.text)


def clauses_of(sentences: Iterable[Sentence], cues: Cues) -> list[Clause]:
    """The clauses of the narration, in order; none is empty."""
    found: list[Clause] = []
    for number, sentence in enumerate(sentences):
        for words in _pieces(list(sentence.words) or _words_of(sentence), cues):
            text = without_fillers(" ".join(w.text for w in words), cues)
            if text:
                odds = [w.probability for w in words]
                clause = Clause(text=text, start_s=words[0].start_s, end_s=words[-1].end_s, sentence=number)
                found.append(replace(clause, sure=round(sum(odds) / len(odds), 3), weakest=min(odds)))
    return _conditions_kept_whole(found, cues)


def without_fillers(text: str, cues: Cues) -> str:
    """``text`` without "um", "you know" and doubled words."""
    for pattern in cues.fillers:
        text = pattern.sub(" ", text)
    text = _DOUBLED.sub(lambda m: m[1] if m[1].lower() in cues.no_verb else m[0], text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", re.sub(r"\s+", " ", text))
    return re.sub(r",(?:\s*,)+", ",", text).strip(" ,;:-–")


def _words_of(sentence: Sentence) -> list[Word]:
    parts = sentence.text.split()
    step = (sentence.end_s - sentence.start_s) / max(1, len(parts))
    return [Word(start_s=sentence.start_s + i * step, end_s=sentence.start_s + (i + 1) * step, text=part) for i, part in enumerate(parts)]


def _pieces(words: list[Word], cues: Cues) -> list[list[Word]]:
    pieces: list[list[Word]] = [[]]
    for i, word in enumerate(words):
        if pieces[-1] and _begins_anew(words, i, _weight(pieces[-1], cues), cues):
            pieces.append([])
        pieces[-1].append(word)
    return [p for p in pieces if p]


def _weight(piece: list[Word], cues: Cues) -> int:
    """How many words of the piece say something ("First of all," says nothing yet)."""
    return len(cues.openers.sub("", plain(" ".join(w.text for w in piece))).split())


def _begins_anew(words: list[Word], i: int, length: int, cues: Cues) -> bool:
    before, word = words[i - 1], words[i]
    pause_s = word.start_s - before.end_s
    rest = plain(" ".join(w.text for w in words[i : i + 4]))
    cue = cues.single["split_before"].match(rest)
    cued = cue is not None and (cue.end() == len(rest) or not rest[cue.end()].isalnum())
    comma = before.text.endswith((",", ";", ":"))
    if cued and length >= 3 and len(words) - i >= 3:
        return comma or pause_s >= SHORT_PAUSE_S
    return pause_s >= PAUSE_S and (comma or pause_s >= 2 * PAUSE_S or length >= 4)


def _conditions_kept_whole(found: list[Clause], cues: Cues) -> list[Clause]:
    """Joins a clause that only says when or why ("If the counts differ,") with what follows it in the same sentence."""
    merged: list[Clause] = []
    for clause in found:
        last = merged[-1] if merged else None
        if last is not None and last.sentence == clause.sentence and _hangs(last, cues):
            text = f"{last.text.rstrip(' ,')}, {_lower_first(clause.text)}"
            merged[-1] = replace(
                last, text=text, end_s=clause.end_s, sure=min(last.sure, clause.sure), weakest=min(last.weakest, clause.weakest)
            )
        else:
            merged.append(clause)
    return merged


def _hangs(clause: Clause, cues: Cues) -> bool:
    bare = cues.openers.sub("", clause.plain)
    return bool(cues.single["subordinate"].match(bare)) and "," not in clause.text.rstrip(" ,")


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() and text.split()[0] not in ("I", "I'm") else text

"""What a log of events does to the narration: forgotten words go, a mark ends the sentence before it, and its text is spoken there."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from plugin.pipeline.artefacts import Sentence, Transcript, Word
from plugin.pipeline.sentences import sentence_of
from plugin.pipeline.side.events import Events, Mark, forgotten_at

MARK_S = 0.4
"""How long the text of a mark is taken to have been spoken."""


def heard_with(transcript: Transcript, events: Events) -> Transcript:
    """The transcript as the log wants it; the same one where it has nothing to say."""
    if not events.forgotten and not events.marks:
        return transcript
    times = [mark.time_s for mark in events.marks]
    sentences: list[Sentence] = []
    for sentence in transcript.sentences:
        words = sentence.words or (Word(start_s=sentence.start_s, end_s=sentence.end_s, text=sentence.text),)
        kept = [w for w in words if not forgotten_at(events.forgotten, (w.start_s + w.end_s) / 2)]
        groups: dict[int, list[Word]] = {}
        for word in kept:
            groups.setdefault(bisect_right(times, (word.start_s + word.end_s) / 2), []).append(word)
        sentences += [sentence_of(group) for group in groups.values()]
    sentences = [*(_spoken(mark) for mark in events.marks if mark.text), *sentences]
    sentences.sort(key=lambda s: s.start_s)
    return replace(transcript, sentences=tuple(sentences))


def _spoken(mark: Mark) -> Sentence:
    text = (mark.text or "").rstrip(".") + "."
    word = Word(start_s=mark.time_s, end_s=mark.time_s + MARK_S, text=text)
    return Sentence(start_s=word.start_s, end_s=word.end_s, text=text, words=(word,))

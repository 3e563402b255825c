"""Words with times to sentences: at a full stop, or at a pause that reads as one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plugin.pipeline.artefacts import Sentence, Word

LONG_PAUSE_S = 1.2
"""A silence that ends a sentence whatever the punctuation says."""

_END = re.compile(r"[.?!…][\"')\]]*$")
_ABBREVIATION = re.compile(r"^(?:e\.g|i\.e|z\.b|d\.h|u\.a|etc|mr|mrs|dr|vs|bzw|ca|nr|no)\.$", re.IGNORECASE)


def sentences_of(words: Iterable[Word]) -> tuple[Sentence, ...]:
    """The sentences that ``words`` (in order of time) make up; none is empty."""
    groups: list[list[Word]] = [[]]
    for word in words:
        before = groups[-1][-1] if groups[-1] else None
        if before is not None and (_ends(before.text) or word.start_s - before.end_s >= LONG_PAUSE_S):
            groups.append([])
        groups[-1].append(word)
    return tuple(sentence_of(group) for group in groups if group)


def sentence_of(words: list[Word]) -> Sentence:
    """The sentence of these words (at least one)."""
    return Sentence(start_s=words[0].start_s, end_s=words[-1].end_s, text=" ".join(w.text for w in words), words=tuple(words))


def _ends(text: str) -> bool:
    return bool(_END.search(text)) and not _ABBREVIATION.match(text)

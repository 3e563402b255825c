"""Words heard are corrected to what stood on the screen near that time: "cube control" to ``kubectl``, "get lab" to ``GitLab``.

One to four heard words are joined and compared, without spaces, with the spoken forms of the visible words, by edit distance and by sound. Common
words stay as they are unless the recogniser itself was in doubt.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from plugin.pipeline.artefacts import Action, Reading, Sentence, Transcript, Word
from plugin.pipeline.sentences import sentence_of
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.spoken_forms import sounded, spoken_forms

BEFORE_S, AFTER_S = 10.0, 15.0
"""A word on the screen may be meant from so long before a sentence to so long after it."""

LONGEST = 5
ALIKE = 0.82
"""Mean of edit and sound similarity that a correction needs."""

NEARLY_SAME = 0.93
"""What it needs where every heard word is a common one."""

UNSURE_ALIKE = 0.78
"""What a single word needs that the recogniser itself was in doubt about."""

_SAID_SIGNS = ("slash", "dot", "point", "tilde")
LONGEST_PHRASE = 24
LONG = 6
"""Letters that a form needs to be recognised whenever it is said."""

UNSURE = 0.5
"""A heard word below this probability is not protected by being common."""

SURE = 0.9
"""What was heard and then found on the screen is sure."""

_TOKEN = re.compile(r"[/~.]?[A-Za-z0-9][\w./:+@-]*[A-Za-z0-9]")
_VERSION = re.compile(r"^\d+(?:\.\d+){2,}$")
_PART = re.compile(r"[A-Za-z]{5,}")


@dataclass(frozen=True, slots=True)
class Seen:
    time_s: float
    word: str


def correct(transcript: Transcript, reading: Reading, actions: Sequence[Action], cues: Cues) -> Transcript:
    """``transcript`` with the words of the screen in place of what was misheard."""
    seen = sorted(_seen(reading, actions), key=lambda s: s.time_s)
    times = [s.time_s for s in seen]
    anywhere = {form: word for form, word in _forms(dict.fromkeys(s.word for s in seen), cues).items() if len(form) >= LONG}
    anywhere |= _forms(dict.fromkeys(_key(k) for a in actions for k in a.keys if "+" in k), cues)
    sentences = []
    for sentence in transcript.sentences:
        low, high = bisect_left(times, sentence.start_s - BEFORE_S), bisect_right(times, sentence.end_s + AFTER_S)
        forms = _forms(dict.fromkeys(s.word for s in seen[low:high]), cues)
        sentences.append(_corrected(sentence, forms, anywhere, cues) if sentence.words else sentence)
    return replace(transcript, sentences=tuple(sentences))


def _seen(reading: Reading, actions: Sequence[Action]) -> Iterable[Seen]:
    for action in actions:
        for text in (action.command, action.target, action.value):
            yield from (Seen(action.act_s, w) for w in _words(text or ""))
        yield from (
            Seen(action.act_s, p)
            for p in (action.target, action.value)
            if p and " " in p and len(p) <= LONGEST_PHRASE and not p.replace(" ", "").isalpha()
        )
    for screen in reading.screens:
        for line in screen.lines:
            if line.confidence >= 0.85:
                yield from (Seen(screen.time_s, w) for w in _words(line.text))


def _words(text: str) -> Iterable[str]:
    for token in (t.rstrip("./:-+") for t in _TOKEN.findall(text)):
        if 3 <= len(token) <= 32:
            yield token
            if not token.isalpha():
                yield from dict.fromkeys(p for p in (*token.split("/"), *_PART.findall(token)) if p != token and len(p) >= 3)


def _key(keys: str) -> str:
    return "+".join(part.capitalize() for part in keys.split("+"))


def _forms(words: Iterable[str], cues: Cues) -> dict[str, str]:
    """Spoken form -> visible word. Common words are nothing that could be misheard into."""
    forms: dict[str, str] = {}
    for word in sorted(words, key=lambda w: w != w.lower()):
        if word.lower() in cues.common or word.isdigit():
            continue
        for form in spoken_forms(word):
            if (len(form) >= 4 or _VERSION.match(word)) and (word[0].isalnum() or form.startswith(_SAID_SIGNS)):
                forms.setdefault(form, word)
    return forms


def _corrected(sentence: Sentence, forms: dict[str, str], anywhere: dict[str, str], cues: Cues) -> Sentence:
    words: list[Word] = []
    i = 0
    while i < len(sentence.words):
        length, word = _best(sentence.words, i, forms, anywhere, cues)
        words.append(_merged(sentence.words[i : i + length], word) if word else sentence.words[i])
        i += length if word else 1
    return sentence_of(words)


def _best(words: Sequence[Word], at: int, forms: dict[str, str], anywhere: dict[str, str], cues: Cues) -> tuple[int, str | None]:
    """(how many words from ``at`` on, the visible word that they mean) of the best correction, or (1, None).

    ``forms`` are of words that stood there at that time; of those seen ``anywhere`` only an exact form counts.
    """
    best: tuple[float, int, str | None] = (0.0, 1, None)
    for length in range(1, min(LONGEST, len(words) - at) + 1):
        window = words[at : at + length]
        if any(w.text[-1] in ".!?,;:" for w in window[:-1]):
            break
        heard = _letters(window)
        if len(heard) < 4 and not (heard.isdigit() and heard != _plain(window)):
            continue
        exact = forms.get(heard) or anywhere.get(heard)
        if exact is None and not _may_be_misheard(window, forms, cues):
            continue
        score, word = (1.0, exact) if exact else _match(heard, forms)
        if length > 1 and not exact and max(_score(window[1:], forms), _score(window[:-1], forms)) >= score:
            continue  # a part of the window fits as well
        if word and score >= _needed(window, cues) and not _same_word(window, word) and score + 0.02 * length > best[0]:
            best = (score + 0.02 * length, length, word)
    return best[1], best[2]


def _score(window: Sequence[Word], forms: dict[str, str]) -> float:
    heard = _letters(window)
    return 1.0 if heard in forms else _match(heard, forms)[0]


def _may_be_misheard(window: Sequence[Word], forms: dict[str, str], cues: Cues) -> bool:
    """False where the window has a function word at its border, or a word that is on the screen as it was heard."""
    texts = [_letters([w]) for w in window]
    return texts[0] not in cues.no_verb and texts[-1] not in cues.no_verb and not any(t in forms for t in texts)


def _same_word(window: Sequence[Word], word: str) -> bool:
    """True for the same word in another case, number or form: "alert" and "Alerts"."""
    heard, visible = _plain(window), word.lower()
    if heard == visible:
        return True
    short, long = sorted((heard, visible), key=len)
    return len(window) == 1 and word.isalpha() and long.startswith(short[: max(4, len(short) - 1)]) and len(long) - len(short) <= 3


def _match(heard: str, forms: dict[str, str]) -> tuple[float, str | None]:
    found = process.extract(heard, forms.keys(), scorer=fuzz.ratio, score_cutoff=62, limit=5)
    scored = [(0.5 * ratio / 100 + 0.5 * fuzz.ratio(sounded(heard), sounded(form)) / 100, form) for form, ratio, _ in found]
    score, form = max(scored, default=(0.0, ""))
    return score, forms.get(form)


def _needed(window: Sequence[Word], cues: Cues) -> float:
    texts = [re.sub(r"[^\w'+.-]", "", w.text).lower().strip(".") for w in window]
    common = all(t in cues.common or len(t) == 1 for t in texts)
    if not common:
        return UNSURE_ALIKE if len(window) == 1 and window[0].probability < UNSURE else ALIKE
    if len(window) > 1:
        return NEARLY_SAME
    return UNSURE_ALIKE if window[0].probability < UNSURE else 2.0


def _letters(window: Sequence[Word]) -> str:
    return re.sub(r"[^a-z0-9]", "", "".join(w.text for w in window).lower())


def _plain(window: Sequence[Word]) -> str:
    return " ".join(w.text for w in window).lower().strip(".,;:!?")


def _merged(window: Sequence[Word], word: str) -> Word:
    """One word in place of the window, with the punctuation (and a possessive s) that stood after it."""
    tail = re.search(r"[.,;:!?]*$", window[-1].text)
    return Word(
        start_s=window[0].start_s,
        end_s=window[-1].end_s,
        text=word + (tail[0] if tail else ""),
        probability=max(SURE, *(w.probability for w in window)),
    )

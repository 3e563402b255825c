"""Does a reworded sentence claim anything that its evidence does not carry? Commands, labels, numbers, addresses and negations are claims."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plugin.pipeline.write.language import cues, languages

_BACKTICKED = re.compile(r"`([^`]+)`")
_QUOTED = re.compile(r"[\"“”„«»']([^\"“”„«»']{2,})[\"“”«»']")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_ADDRESS = re.compile(r"\b(?:[a-z]+://\S+|[\w.+-]+@[\w-]+\.\w+|(?:[\w-]+\.)+[a-z]{2,}\b(?:/\S*)?)", re.IGNORECASE)
_PIECE = re.compile(r"[^\s`\"“”„«»()]{2,}")
_SPECIAL = re.compile(r"[^A-Za-zÀ-ÿ'’-]|(?<=[a-z])[A-Z]|^-")
_CAPITAL = re.compile(r"(?<=[a-z,;:] )([A-Z][\w-]*)")
_WORD = re.compile(r"[a-zà-ÿ][a-zà-ÿ'-]{2,}")

NEW_WORDS = 0.34
MOST_NEW_WORDS = 3
"""A rewording in the same language may bring so many content words that stand in no evidence."""

_NEGATIONS = frozenset(["not", "never", "no", "without", "don't", "nicht", "nie", "niemals", "kein", "keine", "keinen", "ohne"])


def adds_nothing(text: str, before: str, evidence: Sequence[str], *, translated: bool) -> bool:
    """True where every claim of ``text`` stands in ``before`` or ``evidence``, and everything exact in ``before`` is still there."""
    known = " \n ".join([before, *evidence])
    if not _kept(before, text) or not _carried(text, known, capitals=not translated):
        return False
    if translated:
        labels = _CAPITAL.findall(before)
        return all(label in text for label in labels) and _number_of_sentences(text) <= _number_of_sentences(before)
    return _same_negation(text, before) and _few_new_words(text, known) and _number_of_sentences(text) <= _number_of_sentences(before)


def _kept(before: str, text: str) -> bool:
    """Commands in backticks, placeholders and numbers of the sentence survive to the letter."""
    exact = [*_BACKTICKED.findall(before), *re.findall(r"<[^<>]+>", before)]
    return all(e in text for e in exact) and set(_numbers(before)) == set(_numbers(text))


def _carried(text: str, known: str, *, capitals: bool) -> bool:
    folded = _fold(known)
    claims = [*_BACKTICKED.findall(text), *_QUOTED.findall(text), *_ADDRESS.findall(text), *_code(text), *_NUMBER.findall(text)]
    if capitals:
        claims += _CAPITAL.findall(text)
    if any(_fold(c) not in folded for c in claims if c.strip("-–—.,;:!? ")):
        return False
    programs = {w for w in re.findall(r"[a-z0-9_-]+", text.lower()) if w in _PROGRAMS}
    return all(re.search(rf"\b{re.escape(p)}\b", known.lower()) for p in programs)


def _code(text: str) -> list[str]:
    """Pieces outside of backticks that look like code: paths, options, names with digits or signs in them."""
    pieces = [p.strip(".,;:!?'’") for p in _PIECE.findall(_BACKTICKED.sub(" ", text))]
    return [p for p in pieces if len(p) > 1 and _SPECIAL.search(p)]


def _same_negation(text: str, before: str) -> bool:
    return _negated(text) == _negated(before)


def _negated(text: str) -> bool:
    return bool(_NEGATIONS & set(re.findall(r"[\w']+", text.lower()))) or "n't" in text


def _few_new_words(text: str, known: str) -> bool:
    """The first word may be another verb; any other new verb is a new thing to do, and many new words are a new claim."""
    words = _WORD.findall(_BACKTICKED.sub(" ", text).lower())
    stems = {w[:5] for w in _WORD.findall(known.lower())}
    new = [w for w in words[1:] if w[:5] not in stems]
    claims = [w for w in new if w not in _common()]
    return not any(w in _verbs() for w in new) and len(claims) <= min(MOST_NEW_WORDS, NEW_WORDS * len(words))


def _number_of_sentences(text: str) -> int:
    return len([s for s in re.split(r"(?<=[.!?])\s+", _BACKTICKED.sub("x", text)) if s.strip()])


def _numbers(text: str) -> list[str]:
    return _NUMBER.findall(text)


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower())


def _common() -> frozenset[str]:
    return frozenset().union(*(cues(code).common for code in languages()))


def _verbs() -> frozenset[str]:
    return frozenset().union(*(cues(code).known_verbs() for code in languages())) - _HELPERS


_HELPERS = frozenset(
    [
        "run",
        "use",
        "make",
        "give",
        "set",
        "see",
        "show",
        "have",
        "take",
        "get",
        "put",
        "need",
        "enter",
        "click",
        "press",
        "select",
        "display",
        "verwenden",
    ]
)
_PROGRAMS = frozenset(
    [
        "ansible", "apt", "aws", "bash", "chmod", "chown", "cp", "createdb", "curl", "dd", "docker", "dropdb", "gcloud", "git", "grep", "helm", "kill", "kubectl",
        "mkfs", "mv", "mysql", "nano", "npm", "pg_dump", "pg_restore", "pip", "powershell", "psql", "python", "reboot", "rm", "rsync", "scp", "sed", "shutdown",
        "ssh", "sudo", "systemctl", "tar", "terraform", "vault", "vim", "wget",
    ]
)  # fmt: skip

"""The grammar of languages with the finite verb in second place (German): "Dann legen wir einen Ordner an" tells to do "anlegen".

Three forms are understood: subject and verb in either order ("ich öffne", "öffnen wir"), a modal with the infinitive at the end ("jetzt muss ich die
Datei öffnen"), and the plain imperative ("öffne die Datei", "klicken Sie auf Sichern").
"""

from __future__ import annotations

import re

from plugin.pipeline.write.language import Cues

_TAIL = re.compile(r"(?:,| (?:damit|sodass|weil|um|wenn|bevor|und dann)\b).*$", re.IGNORECASE)


def verb_and_rest(text: str, cues: Cues) -> tuple[str, str] | None:
    """("Legen", "einen Ordner an"): the verb as the polite imperative has it and what follows, or None where nothing is told to do."""
    words = text.strip(" .!?,").split()
    subject = bool(words) and _bare(words[0]) in cues.subjects
    if subject:
        words = words[1:]
    if not words:
        return None
    first = _bare(words[0])
    if first in cues.modals:
        return _with_infinitive(words[1:], cues)
    if first in cues.no_verb:
        return None
    verb = infinitive_of(first, cues)
    inverted = len(words) > 1 and _bare(words[1]) in cues.subjects
    if verb is None or not (subject or inverted or _may_command(first, verb, cues)):
        return None
    return verb.capitalize(), " ".join(_without_lead(words[1:], cues))


def infinitive(verb: str, rest: str, cues: Cues) -> str:
    """("Legen", "einen Ordner an") as "einen Ordner anlegen"."""
    words = rest.strip(" .!?,").split()
    if words and _bare(words[-1]) in cues.prefixes:
        return " ".join([*words[:-1], _bare(words[-1]) + verb.lower()])
    return " ".join([*words, verb.lower()])


def final_verb(text: str, cues: Cues) -> str | None:
    """A subordinate clause ("die Datenbank aus einer Sicherung wiederherstellt") as an infinitive phrase."""
    words = _TAIL.sub("", text.strip(" .!?,")).split()
    if len(words) < 2:
        return None
    last = _bare(words[-1])
    verb = infinitive_of(last, cues) or (last if last.endswith("en") else None) or (f"{last[:-1]}en" if last.endswith("t") else None)
    return " ".join([*words[:-1], verb]) if verb else None


def infinitive_of(word: str, cues: Cues) -> str | None:
    """The infinitive of a known finite form: "öffne", "öffnet" -> "öffnen"."""
    known = cues.known_verbs()
    if word in known:
        return word
    if word in cues.irregular:
        return cues.irregular[word]
    candidates = (f"{word}n", f"{word}en", f"{word[:-1]}en", f"{word[:-2]}en", f"{word[:-1]}n")
    return next((c for c in candidates if c in known), None)


def _with_infinitive(words: list[str], cues: Cues) -> tuple[str, str] | None:
    """Modal and infinitive at the end; a separable prefix goes back to the end ("anlegen" -> "Legen ... an")."""
    text = " ".join(_without_lead(words, cues))
    main = _TAIL.sub("", text)
    tail = text[len(main) :].strip()
    parts = main.split()
    if not parts or not _bare(parts[-1]).endswith("n"):
        return None
    last = _bare(parts[-1])
    prefix = next(
        (p for p in sorted(cues.prefixes, key=len, reverse=True) if last.startswith(p) and last[len(p) :] in cues.known_verbs()), ""
    )
    if not prefix and infinitive_of(last, cues) is None and not last.endswith("en"):
        return None
    rest = [*parts[:-1], *([prefix] if prefix else []), *([tail] if tail else [])]
    return last[len(prefix) :].capitalize(), " ".join(rest).replace(" ,", ",")


def _without_lead(words: list[str], cues: Cues) -> list[str]:
    """``words`` without the subject and the small words that stand between verb and object."""
    while words and (_bare(words[0]) in cues.subjects or _bare(words[0]) in cues.adverbs):
        words = words[1:]
    return words


def _may_command(word: str, verb: str, cues: Cues) -> bool:
    """A verb at the very beginning is an imperative unless it reads as a statement in the third person."""
    return word in cues.irregular or not word.endswith("t") or word == verb


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'").lower()

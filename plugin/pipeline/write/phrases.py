"""Narrated clauses to imperative phrases: "First I'm just going to open the file here" becomes "Open the file".

The grammar is small and closed: openers and frames are taken off, the verb is put into its base form, first persons become the reader. What does
not yield a verb yields nothing; a wrong sentence is worse than a plain one.
"""

from __future__ import annotations

import re

from plugin.pipeline.write.language import Cues, plain

_COPULA = frozenset(
    ["is", "are", "was", "were", "has", "should", "will", "must", "can", "ist", "sind", "heißt", "soll", "muss", "wird", "kann"]
)
_TRAILING = re.compile(
    r"(?:[, ]+(?:here|now|again|right here|over here|down here|up here|as well|too|of course|then|please|okay|real quick|quickly|at this point|first|itself))+$",
    re.IGNORECASE,
)
_PERSONS = (
    (re.compile(r"\b(?:i'm|i am|we're|we are)\b", re.IGNORECASE), "you are"),
    (re.compile(r"\b(?:i've|we've)\b", re.IGNORECASE), "you have"),
    (re.compile(r"\b(?:i'll|we'll|i will|we will)\b", re.IGNORECASE), "you"),
    (re.compile(r"\b(?:i'd|we'd)\b", re.IGNORECASE), "you would"),
    (re.compile(r"\b(?:i|we)\b", re.IGNORECASE), "you"),
    (re.compile(r"\b(?:me|us)\b", re.IGNORECASE), "you"),
    (re.compile(r"\bour\b", re.IGNORECASE), "the"),
    (re.compile(r"\bmy\b", re.IGNORECASE), "your"),
    (re.compile(r"\b(?:ours|mine)\b", re.IGNORECASE), "yours"),
)
_FILLED = re.compile(r"\b(?:just|simply|gonna|going to|go ahead and|okay|ok so)\s", re.IGNORECASE)


def bare(text: str, cues: Cues) -> str:
    """``text`` without greetings and openers ("Okay, so first ..."); may be empty."""
    for _ in range(6):
        shorter = cues.openers.sub("", text.strip(), count=1)
        if shorter == text:
            break
        text = shorter
    return text.strip(" ,")


def leading_verb(text: str, cues: Cues) -> str | None:
    """The base form of the verb that the clause tells to do, or None where it tells nothing to do."""
    main, _ = _main_and_goal(bare(text, cues), cues)
    found = _verb_and_rest(main, cues)
    return found[0] if found else None


def imperative(text: str, cues: Cues) -> str | None:
    """The clause as an imperative phrase without a full stop, or None where it holds no action."""
    main, goal = _main_and_goal(bare(text, cues), cues)
    found = _verb_and_rest(main, cues)
    if found is None:
        return None
    verb, rest = found
    phrase = f"{verb} {reader(rest)}".strip()
    phrase = _TRAILING.sub("", _FILLED.sub("", phrase).rstrip(" .!?,;")).strip(" ,")
    if goal:
        phrase = f"{phrase} {reader(goal)}"
    return sentence_case(phrase)


def reader(text: str) -> str:
    """First persons turned to the reader: "so that we can go back" becomes "so that you can go back"."""
    for pattern, other in _PERSONS:
        text = pattern.sub(other, text)
    return text


def sentence(text: str, cues: Cues) -> str:
    """A whole sentence for a reader: openers gone, first letter large, a full stop at the end."""
    cleaned = bare(text, cues).strip(" ,;:")
    if not cleaned:
        return ""
    cleaned = sentence_case(cleaned)
    return cleaned if cleaned[-1] in ".!?…" else cleaned + "."


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_pronoun_only(phrase: str, cues: Cues) -> bool:
    """True where the phrase has no object of its own ("Commit it", "Check that")."""
    rest = plain(phrase).split()[1:]
    return all(w in cues.pronouns or w in ("the", "to", "for", "up", "in", "on", "and") for w in rest)


def base_form(word: str, cues: Cues) -> str | None:
    """The base form of a known verb, whatever form it stands in."""
    word = word.lower().strip("',")
    known = cues.known_verbs()
    if word in cues.irregular:
        return cues.irregular[word]
    if word in known:
        return word
    for ending, others in (
        ("ing", ("", "e")),
        ("ed", ("", "e")),
        ("ies", ("y",)),
        ("ied", ("y",)),
        ("es", ("", "e")),
        ("s", ("",)),
        ("d", ("",)),
    ):
        if word.endswith(ending):
            for other in others:
                stem = word[: -len(ending)] + other
                if stem in known:
                    return stem
                if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in known:
                    return stem[:-1]
    return None


def _verb_and_rest(text: str, cues: Cues) -> tuple[str, str] | None:
    text, framed = _unframed(bare(text, cues), cues)
    text = _LOOK.sub("look", text)
    first, _, rest = text.partition(" ")
    word = first.strip(",.;:").lower()
    if not word or word in cues.no_verb:
        return None
    base = base_form(word, cues)
    if not framed and rest.split(" ", 1)[0].lower() in _COPULA:
        return None
    if base is not None and (framed or word == base):
        return base, rest
    if framed and base is None and word.isalpha() and not word.endswith(("ing", "ed", "ly")):
        return word, rest
    return None


def _unframed(text: str, cues: Cues) -> tuple[str, bool]:
    framed = False
    for _ in range(4):
        match = cues.frames.match(text)
        if match:
            framed = True
            text = bare(text[match.end() :], cues)
        first, _, rest = text.partition(" ")
        if first.lower().strip(",") in cues.adverbs and rest:
            text = rest
        elif not match:
            break
    return text, framed


_LOOK = re.compile(r"^have (?:a|another) (?:\w+ )?look\b", re.IGNORECASE)
_PLACE_FIRST = re.compile(r"^(?:with|by|in|on|under|at|from|using|for|once|when|after|before) [^,]+, (?P<main>.+)$", re.IGNORECASE)
_GOAL_FIRST = re.compile(r"^(?P<goal>(?:in order )?(?:to|for) [^,]+), (?P<main>.+)$", re.IGNORECASE)
_MEANS_FIRST = re.compile(r"^(?:with|by|in|on|under|at|from|using) .+? (?P<main>(?:i|we|you)(?:'\w+)? .+)$", re.IGNORECASE)


def _main_and_goal(text: str, cues: Cues) -> tuple[str, str]:
    goal_first = _GOAL_FIRST.match(text)
    if goal_first and _verb_and_rest(goal_first["main"], cues):
        return goal_first["main"], goal_first["goal"][:1].lower() + goal_first["goal"][1:]
    for pattern in (_MEANS_FIRST, _PLACE_FIRST):
        first = pattern.match(text)
        if first and _verb_and_rest(first["main"], cues):
            return first["main"], ""
    return text, ""

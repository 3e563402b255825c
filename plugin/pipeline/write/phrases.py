"""Narrated clauses to imperative phrases: "First I'm just going to open the file here" becomes "Open the file".

The grammar is small and closed: openers and frames are taken off, the verb is put into its base form, first persons become the reader. What does
not yield a verb yields nothing; a wrong sentence is worse than a plain one.
"""

from __future__ import annotations

from plugin.pipeline.write import verb_second
from plugin.pipeline.write.language import Cues, plain

_COPULA = frozenset(
    ["is", "are", "was", "were", "has", "should", "will", "must", "can", "ist", "sind", "heißt", "soll", "muss", "wird", "kann"]
)


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
    phrase = cues.wording["imperative"].format(verb=verb, rest=_object(rest, cues)).strip()
    if goal:
        phrase = cues.wording["with_goal"].format(phrase=phrase, goal=reader(goal, cues))
    return sentence_case(phrase)


def task(text: str, cues: Cues) -> str | None:
    """The clause as a title names it: the imperative, or the infinitive in a language with the verb in second place."""
    if not cues.verb_second:
        return imperative(text, cues)
    main, _ = _main_and_goal(bare(text, cues), cues)
    found = verb_second.verb_and_rest(main, cues)
    phrase = verb_second.infinitive(*found, cues) if found else verb_second.final_verb(bare(text, cues), cues)
    return sentence_case(_object(phrase, cues)) if phrase else None


def _object(text: str, cues: Cues) -> str:
    turned = cues.single["only_filler"].sub("", reader(text, cues)).rstrip(" .!?,;")
    return cues.single["trailing"].sub("", turned).strip(" ,")


def reader(text: str, cues: Cues) -> str:
    """First persons turned to the reader: "so that we can go back" becomes "so that you can go back"."""
    for pattern, other in cues.persons:
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
    return all(w in cues.pronouns or w in ("the", "to", "for", "up", "in", "on", "and", "sie") for w in rest)


def _base_form(word: str, cues: Cues) -> str | None:
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
    if cues.verb_second:
        return verb_second.verb_and_rest(bare(text, cues), cues)
    text = bare(text, cues)
    if cues.single["state"].match(text):
        return None
    text, framed = _unframed(text, cues)
    text = cues.single["have_a_look"].sub("", text)
    first, _, rest = text.partition(" ")
    word = first.strip(",.;:").lower()
    if not word or word in cues.no_verb:
        return None
    base = _base_form(word, cues)
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


def _main_and_goal(text: str, cues: Cues) -> tuple[str, str]:
    goal_first = cues.single["goal_first"].match(text)
    if goal_first and _verb_and_rest(goal_first["main"], cues):
        return goal_first["main"], goal_first["goal"][:1].lower() + goal_first["goal"][1:]
    for name in ("means_first", "place_first"):
        first = cues.single[name].match(text)
        if first and _verb_and_rest(first["main"], cues):
            return first["main"], ""
    return text, ""

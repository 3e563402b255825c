"""The words that tell one step, where a sentence tells several or refers to the step before ("and the same for the second disk")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.matching import Pair, verb_fits, words_fit
from plugin.pipeline.write.phrases import leading_verb
from plugin.pipeline.write.roles import Told


def said_for(
    i: int, pairs: Mapping[int, Pair], steps: Mapping[int, Action], told: Sequence[Told], cues: Cues, previous: str | None
) -> str | None:
    """What was said for step ``i``: its part of the sentence, complete where the sentence leaves out what the step before said."""
    pair = pairs.get(i)
    if pair is None:
        return None
    text = told[pair.clause].clause.text
    sharing = sorted(k for k, p in pairs.items() if p.clause == pair.clause and k in steps)
    if len(sharing) > 1:
        text = _part(text, steps, sharing, i, cues)
    return _same_again(text, previous, cues) or text


def _part(text: str, steps: Mapping[int, Action], sharing: Sequence[int], i: int, cues: Cues) -> str:
    """The part of a sentence with several verbs that tells this step: parts in order, as many as there are steps."""
    parts = [p.strip() for p in re.split(cues.single["and_then"], text) if p and p.strip(" ,.")]
    parts = [p for p in parts if leading_verb(p, cues)] or parts
    if len(parts) == len(sharing):
        return parts[list(sharing).index(i)]
    action = steps[i]
    return max(parts, key=lambda p: words_fit(action, p.lower()) + 0.5 * verb_fits(action, p.lower(), cues))


def _same_again(text: str, previous: str | None, cues: Cues) -> str | None:
    """ "Do the same for the logs" after "Copy the reports to X: run ..." becomes "Copy the logs to X"."""
    if previous is None:
        return None
    found = cues.single["same_again"].search(text)
    fresh = text[found.end() :].strip(" ,.") if found else _noun_only(text, cues)
    before = cues.single["object_of"].match(previous.split(": ")[0])
    if not fresh or before is None:
        return None
    return f"{before['verb']} {fresh}{before['rest'] or ''}"


def _noun_only(text: str, cues: Cues) -> str:
    """The noun phrase of a sentence that is nothing else ("And, of course, the secret key that goes with it."), or nothing."""
    found = cues.single["noun_only"].match(text)
    return found["what"].strip(" ,.") if found and leading_verb(text, cues) is None else ""

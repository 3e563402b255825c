"""Title, purpose and summary from what the speaker says at the beginning, or from what was seen where nobody speaks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from plugin.domain.sop import Step
from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.headings import is_heading
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.phrases import bare, leading_verb, reader, sentence, sentence_case, task

LONGEST_TITLE = 90


def title(purpose: Sequence[str], actions: Sequence[Action], tools: Sequence[str], cues: Cues) -> str:
    """An imperative title without a full stop."""
    for text in purpose:
        phrase = goal(text, cues)
        if phrase:
            return _cut(phrase)
    return _seen(actions, tools, cues)


def goal(text: str, cues: Cues) -> str | None:
    """What the procedure is for, as an imperative phrase: "Move the wiki to the new server"."""
    body = bare(text, cues)
    how = cues.single["how_to"].search(body)
    if how:
        told = body[how.end() :].strip()
        phrase = task(told, cues) or task(f"{cues.wording['you']} {told}", cues)
        if phrase:
            return _first_part(phrase)
    noun = cues.single["this_is"].match(body)
    if noun and noun["what"]:
        return cues.wording["perform_title"].format(what=reader(noun["what"].strip(" ,."), cues))
    body = cues.single["in_this"].sub("", body).strip(" ,")
    phrase = task(body, cues) if leading_verb(body, cues) else None
    return _first_part(phrase) if phrase else None


def purpose(texts: Sequence[str], cues: Cues) -> str | None:
    """The purpose as the document states it, or None where nothing was said."""
    if not texts:
        return None
    sentences = []
    for i, text in enumerate(texts):
        noun = cues.single["this_is"].match(bare(text, cues)) is not None
        phrase = goal(text, cues) if i == 0 and not noun else None
        rest = _rest_of(bare(text, cues), cues) if phrase else text
        sentences += [f"{phrase}."] if phrase else []
        if rest:
            sentences.append(sentence(reader(bare(rest, cues), cues), cues))
    return " ".join(s for s in sentences if s) or None


def summary(texts: Sequence[str], steps: Sequence[Step], duration_s: float, has_video: bool, cues: Cues) -> str:
    """What kind of recording this is; says plainly when nothing was seen."""
    words = cues.wording
    if not steps and has_video:
        return words["nothing_seen"].format(start=clock(0.0), end=clock(duration_s))
    counted = words["counted_one" if len(steps) == 1 else "counted"].format(steps=len(steps), duration=clock(duration_s))
    phrase = goal(texts[0], cues) if texts else None
    if not phrase:
        return counted
    return f"{words['summary'].format(purpose=phrase[:1].lower() + phrase[1:])} {counted}"


def clock(seconds: float) -> str:
    """1:29, or 1:02:03 from an hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _first_part(phrase: str) -> str:
    """A title holds one thought: cut at the first comma that a new subject follows."""
    return re.split(
        r"[,.;:] (?=(?:the|this|that|it|there|so|because|we|you|i|which|and (?:the|this)|der|die|das|es|weil|damit)\b)|[.;]",
        phrase,
        maxsplit=1,
        flags=re.IGNORECASE,
    )[0].strip(" ,")


def _rest_of(text: str, cues: Cues) -> str:
    parts = re.split(
        r"[,.;:] (?=(?:the|this|that|it|there|so|because|we|which|der|die|das|es|weil|damit)\b)", text, maxsplit=1, flags=re.IGNORECASE
    )
    return parts[1] if len(parts) == 2 and goal(parts[0], cues) else ""


def _cut(phrase: str) -> str:
    if len(phrase) <= LONGEST_TITLE:
        return phrase
    return phrase[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:")


def _seen(actions: Sequence[Action], tools: Sequence[str], cues: Cues) -> str:
    """A title for a silent recording: the heading of the form that was filled in most, if it reads like a task; else the tools."""
    places = Counter(a.place for a in actions if a.place and a.kind in ("type", "select", "tick", "click"))
    for place, _ in places.most_common(3):
        if is_heading(place) and cues.single["heading_task"].match(place):
            return sentence_case(_cut(place))
    names = [t for t in tools if t][:2] or [p for p, _ in places.most_common() if is_heading(p)][:1]
    return cues.wording["title_tools"].format(tools=" + ".join(names)) if names else cues.wording["untitled"]

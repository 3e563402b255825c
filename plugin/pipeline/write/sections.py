"""What was said around the actions, sorted into the sections of an SOP and onto the steps that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from plugin.domain.sop import Branch, Escalation, Role, Scope, Trouble
from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.matching import words_fit
from plugin.pipeline.write.phrases import bare, imperative, reader, sentence, sentence_case
from plugin.pipeline.write.roles import Told

NEAR_S = 3.0
"""A remark goes on with what stands before it when it follows within this time."""


@dataclass(slots=True, kw_only=True)
class Notes:
    """What was said about one step."""

    expected: list[str] = field(default_factory=list)
    verification: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Sections:
    """The document's own sections; ``notes`` maps the index of a step's action to what was said about it."""

    purpose: list[str] = field(default_factory=list)
    covers: list[str] = field(default_factory=list)
    excludes: list[str] = field(default_factory=list)
    prerequisites: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    rollback: list[str] = field(default_factory=list)
    escalation: list[Escalation] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    stakeholders: list[str] = field(default_factory=list)
    owner: str | None = None
    notes: dict[int, Notes] = field(default_factory=dict)

    def scope(self) -> Scope:
        return Scope(covers=tuple(self.covers), excludes=tuple(self.excludes))


class Sorter:
    """Puts each clause that tells no action where it belongs. ``steps`` are the actions that stay, by their index."""

    def __init__(self, steps: Mapping[int, Action], cues: Cues, told_at: Mapping[int, float] | None = None) -> None:
        """``told_at`` is when each step was announced, in seconds."""
        self._steps = steps
        self._told_at = told_at or {}
        self._cues = cues
        self._last_step = max((a.act_s for a in steps.values()), default=float("inf"))
        self._rollback_until: float | None = None
        self.sections = Sections()

    def sort(self, told: Sequence[Told], used: set[int]) -> Sections:
        """``used`` are the indices of the clauses that tell an action."""
        before: Told | None = None
        for i, one in enumerate(told):
            if i in used:
                before = one
                continue
            settled = self._settled(one, before)
            handler = getattr(self, f"_{settled.role}", None)
            if handler is not None:
                handler(settled)
            if settled.role not in ("aside", "closing", "unclear"):
                before = settled
        self._performer()
        return self.sections

    def _settled(self, one: Told, before: Told | None) -> Told:
        """A clause that told no action after all: it goes on with what stands before it, or it is a remark."""
        if one.role not in ("action", "verification", "unclear", "expected"):
            return one
        near = before is not None and one.clause.start_s - before.clause.end_s < NEAR_S
        if before is not None and near and self._goes_on(one, before):
            return replace(one, role=before.role, continues=True)
        if one.role == "verification":
            return one
        if one.role == "action" and before is not None and before.role == "purpose" and near:
            return replace(one, role="purpose", continues=True)
        if (
            one.role == "unclear"
            and near
            and before is not None
            and before.role in ("action", "verification")
            and self._cues.has("continuation", one.clause.plain)
        ):
            return replace(one, role="reason")
        return one

    def _goes_on(self, one: Told, before: Told) -> bool:
        """ "Fix the file first." right after "If it does not, do not go on."; "It expires after 30 days." after a prerequisite."""
        if before.role not in _OPEN or one.role == "expected":
            return False
        if before.role == "prerequisite":
            return one.role == "unclear" and self._cues.has("continuation", one.clause.plain)
        if before.role == "decision" and one.role == "verification":
            return False
        return one.role in ("action", "verification") or self._cues.has("continuation", one.clause.plain)

    # one method per role -------------------------------------------------------------------------------------------
    def _purpose(self, one: Told) -> None:
        self.sections.purpose.append(one.clause.text)

    def _covers(self, one: Told) -> None:
        self._add(self.sections.covers, self._covered(one.clause.text))

    def _covered(self, text: str) -> str:
        """ "I'm only looking at X here" becomes "Only X."."""
        only = self._cues.single["only_here"].match(bare(text, self._cues))
        return f"{self._cues.wording['only'].format(what=only['what'])}." if only else reader_sentence(text, self._cues)

    def _excludes(self, one: Told) -> None:
        inside, outside = split_scope(one.clause.text, self._cues)
        if inside:
            self.sections.covers.append(self._covered(inside))
        self._add(self.sections.excludes, reader_sentence(outside, self._cues))

    def _prerequisite(self, one: Told) -> None:
        for text in needs(one.clause.text, self._cues):
            self._add(self.sections.prerequisites, text)

    def _warning(self, one: Told) -> None:
        text = self._sentence(one)
        self.sections.warnings.append(text)
        if self._rollback_until is not None and one.clause.start_s - self._rollback_until < 1.0:
            self.sections.rollback.append(text)  # said in one breath with the rollback, so it is about that
            return
        at = self._concerned(one)
        if at is not None:
            self._note(at, one).warnings.append(text)

    def _troubleshooting(self, one: Told) -> None:
        at = self._done_before(one.clause.start_s)
        if one.continues:
            self._go_on(one, at)
            return
        when, then = condition_of(one.clause.text, self._cues)
        problem = self._cues.wording["not_as_expected"] if _only_pronoun(when, self._cues) else sentence_case(when)
        trouble = Trouble(problem=problem, solution=sentence(then, self._cues))
        if at is not None and one.clause.start_s < self._last_step:
            note = self._note(at, one)
            note.troubles.append(trouble)
            if _only_pronoun(when, self._cues) and note.expected:
                note.expected.append(self._sentence(one))
        else:
            self.sections.troubles.append(trouble)

    def _go_on(self, one: Told, at: int | None) -> None:
        note = self._note(at, one) if at is not None else None
        in_step = note is not None and bool(note.troubles) and one.clause.start_s < self._last_step
        troubles = note.troubles if note is not None and in_step else self.sections.troubles
        if troubles:
            last = troubles.pop()
            troubles.append(Trouble(problem=last.problem, solution=f"{last.solution} {self._sentence(one)}"))
        if note is not None and in_step and note.expected and note.expected[-1].lower().startswith(("if ", "wenn ", "falls ")):
            note.expected.append(self._sentence(one))

    def _decision(self, one: Told) -> None:
        at = self._done_before(one.clause.start_s)
        when, then = ("", "") if one.continues else condition_of(one.clause.text, self._cues)
        if at is None:
            self.sections.prerequisites.append(self._sentence(one))
        elif not then:
            self._note(at, one).details.append(self._sentence(one))
        else:
            self._note(at, one).branches.append(Branch(when=when, then=then))

    def _rollback(self, one: Told) -> None:
        self._add(self.sections.rollback, self._sentence(one))
        self._rollback_until = one.clause.end_s

    def _escalation(self, one: Told) -> None:
        if one.continues and self.sections.escalation:
            last = self.sections.escalation.pop()
            self.sections.escalation.append(Escalation(when=last.when, to=f"{last.to.rstrip('.')}. {self._sentence(one)}"))
            return
        when, then = condition_of(one.clause.text, self._cues)
        if when and not then and (call := self._cues.single["whom"].search(when)):
            # Without a comma heard between them, the call itself ends the condition ("if that fails too, escalate to ...").
            when, then = _TOO.sub("", when[: call.start()]).strip(" ,"), when[call.start() :]
        self.sections.escalation.append(
            Escalation(when=when or self._cues.wording["unresolved"], to=whom(then or one.clause.text, self._cues))
        )

    def _owner(self, one: Told) -> None:
        found = self._cues.single["owner_name"].search(one.clause.text)
        if found is None:
            return
        name = _noun(found["who"] or found["who2"])
        if name:
            self.sections.owner = self.sections.owner or name
            self.sections.roles.append(
                Role(role=sentence_case(name), does=one.clause.text[found.end("who") :].strip(" ,.") if found["who"] else None)
            )

    def _role(self, one: Told) -> None:
        found = self._cues.find("role", one.clause.plain)
        name = _noun(found["role"]) if found else ""
        if name:
            self.sections.roles.append(Role(role=sentence_case(name), does=self._cues.wording["performs"]))

    def _stakeholder(self, one: Told) -> None:
        found = self._cues.find("stakeholder", one.clause.plain)
        name = _noun(found["who"]) if found else ""
        if name:
            self._add(self.sections.stakeholders, sentence_case(name))
        at = self._done_before(one.clause.start_s)
        if at is not None:
            self._note(at, one).details.append(self._sentence(one))

    def _expected(self, one: Told) -> None:
        at = self._done_before(one.clause.start_s)
        if at is not None:
            self._note(at, one).expected.append(self._sentence(one))

    def _verification(self, one: Told) -> None:
        at = self._done_before(one.clause.start_s)
        if at is None:
            self.sections.prerequisites.append(self._sentence(one))
            return
        self._note(at, one).verification.append(self._sentence(one))

    def _reason(self, one: Told) -> None:
        at = self._done_before(one.clause.start_s + 6.0, announced=one.clause.start_s)
        if at is not None:
            self._note(at, one).details.append(self._sentence(one))

    def _action(self, one: Told) -> None:
        """Something to do was said, and nothing was seen to be done for it: a note, never a step."""
        phrase = imperative(one.clause.text, self._cues)
        at = self._done_before(one.clause.start_s)
        if phrase is None or at is None or len(phrase.split()) < 4 or self._busy(one):
            return
        self._note(at, one).details.append(f"{phrase}. {self._cues.wording['said_only']}")

    # helpers -------------------------------------------------------------------------------------------------------
    def _sentence(self, one: Told) -> str:
        return reader_sentence(one.clause.text, self._cues)

    def _add(self, to: list[str], text: str) -> None:
        if text and text not in to:
            to.append(text)

    def _note(self, at: int, one: Told) -> Notes:
        note = self.sections.notes.setdefault(at, Notes())
        note.spans.append((one.clause.start_s, one.clause.end_s))
        return note

    def _done_before(self, time_s: float, announced: float | None = None) -> int | None:
        """The step that was done last at ``time_s``; with ``announced`` also one that begins then and was announced before."""
        done = [
            i
            for i, a in self._steps.items()
            if max(a.act_s, self._told_at.get(i, 0.0)) <= time_s and (announced is None or min(a.start_s, a.act_s) <= announced)
        ]
        return max(done, default=None)

    def _busy(self, one: Told) -> bool:
        return any(a.start_s - 4.0 <= one.clause.end_s and one.clause.start_s <= a.end_s + 1.0 for a in self._steps.values())

    def _concerned(self, one: Told) -> int | None:
        """The step that a warning is about: of the last done and the next one the one whose words it shares, else the nearer."""
        last, following = (
            self._done_before(one.clause.start_s),
            min((i for i, a in self._steps.items() if a.act_s > one.clause.start_s), default=None),
        )
        if last is None or following is None:
            return last if following is None else (following if self._soon(one, following) else None)
        fits_last, fits_next = (words_fit(self._steps[i], one.clause.plain) for i in (last, following))
        if abs(fits_last - fits_next) > 0.2:
            return last if fits_last > fits_next else following
        since_s = one.clause.start_s - self._steps[last].end_s
        until_s = self._steps[following].start_s - one.clause.end_s
        return following if until_s < since_s else last

    def _soon(self, one: Told, following: int) -> bool:
        return self._steps[following].start_s - one.clause.end_s < 2.0

    def _performer(self) -> None:
        """The role that the prerequisites name is the one who performs the procedure."""
        for text in self.sections.prerequisites:
            found = self._cues.single["role_needed"].search(text)
            name = _noun(found["role"]) if found and " of " not in found["role"] else ""
            if name and not any(r.role.lower() == name.lower() for r in self.sections.roles):
                self.sections.roles.insert(0, Role(role=sentence_case(name), does=self._cues.wording["performs"]))
                return


_OPEN = ("troubleshooting", "rollback", "escalation", "decision", "prerequisite")


def reader_sentence(text: str, cues: Cues) -> str:
    """A sentence for the SOP's reader: openers gone, first persons turned round."""
    return sentence(reader(bare(text, cues), cues), cues)


def needs(text: str, cues: Cues) -> list[str]:
    """The prerequisites of one sentence, each as its own sentence: "You need X, and Y has to be Z"."""
    parts = [p for p in re.split(cues.single["need_split"], _needed(text, cues)) if p and p.strip(" ,.")]
    return [sentence(reader(_needed(p, cues), cues), cues) for p in parts]


def _needed(text: str, cues: Cues) -> str:
    """``text`` without "before you start, make sure that you have"."""
    frame = cues.single["need_frame"]
    return frame.sub("", frame.sub("", bare(text, cues), count=1), count=1)


def split_scope(text: str, cues: Cues) -> tuple[str, str]:
    """("This covers the web tier only", "the network is out of scope") where one sentence tells both."""
    pieces = [p.strip() for p in re.split(r"(?<=[,.;]) ", text) if p.strip()]
    at = next((i for i, p in enumerate(pieces) if cues.has("covers", p.lower())), None)
    if at is None or len(pieces) < 2 or cues.has("excludes", pieces[at].lower()):
        return "", text
    return pieces[at].rstrip(",;"), " ".join(p for i, p in enumerate(pieces) if i != at)


_TOO = re.compile(r"\b(?:too?|then|dann|auch)\s*$", re.IGNORECASE)


def condition_of(text: str, cues: Cues) -> tuple[str, str]:
    """("the disk is full", "remove the old logs") of a sentence with "if", in either order; ("", text) without one."""
    body = reader(bare(text, cues), cues).rstrip(" .!?")
    opening = cues.single["if"].match(body)
    if opening is None:
        later = cues.single["if_later"].search(body)
        return (body[later.end() :].strip(), body[: later.start()].strip(" ,")) if later else ("", body)
    rest = body[opening.end() :].strip()
    for separator in (", then ", ", dann ", " then ", ", so ", ", "):
        when, found, then = rest.partition(separator)
        if found and len(when.split()) > 1:
            return when.strip(), then.strip()
    return _without_comma(rest, cues)


def _without_comma(rest: str, cues: Cues) -> tuple[str, str]:
    """Speech recognition loses commas: the consequence begins with the first verb that cannot belong to the condition."""
    parts = rest.split()
    for i in range(3, len(parts) - 1):
        before = parts[i - 1].lower()
        if (
            parts[i].lower() in cues.known_verbs()
            and before not in cues.no_verb
            and before not in cues.known_verbs()
            and before not in cues.pronouns
        ):
            return " ".join(parts[:i]).removesuffix(" to").removesuffix(" too"), " ".join(parts[i:])
    return rest, ""


def whom(text: str, cues: Cues) -> str:
    """Who is to be called: "call the duty officer of the storage team" becomes "duty officer of the storage team"."""
    found = cues.single["whom"].search(text)
    return (_noun(found["to"]) if found else "") or sentence_case(text)


def _noun(text: str) -> str:
    return re.sub(r"^(?:the|an?|our|your|my|der|die|das|den|dem|ein|eine|einen|unser\w*)\s+", "", text.strip(" ,.'"), flags=re.IGNORECASE)


def _only_pronoun(when: str, cues: Cues) -> bool:
    words = when.lower().split()
    return len(words) <= 3 and bool(words) and words[0] in cues.pronouns

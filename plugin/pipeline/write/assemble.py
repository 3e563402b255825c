"""Actions and narration to the SOP document. Everything in it carries where it was said or shown."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plugin.domain.sections import STANDARD
from plugin.domain.sop import Basis, Command, Evidence, Input, Picture, Provenance, Review, Sop, Step
from plugin.pipeline.artefacts import Action, Media, Redacted
from plugin.pipeline.stage import Shape
from plugin.pipeline.write import titles
from plugin.pipeline.write.clauses import Clause, clauses_of
from plugin.pipeline.write.headings import tidy_place
from plugin.pipeline.write.heard import told_only
from plugin.pipeline.write.labels import named_by_speech
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.matching import Pair, align
from plugin.pipeline.write.mistakes import mistaken, replacement
from plugin.pipeline.write.narration import said_for
from plugin.pipeline.write.plan import Plan
from plugin.pipeline.write.reloads import with_reloads
from plugin.pipeline.write.roles import classify
from plugin.pipeline.write.sections import Notes, Sorter
from plugin.pipeline.write.templates import guess_area, templates
from plugin.pipeline.write.tidy import tidied
from plugin.pipeline.write.vocabulary import correct
from plugin.pipeline.write.wording import Worded, word

Illustrate = Callable[[int, Action], Picture | None]
"""(number of the step, its action) -> its picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person chose beforehand, and the templates of the workspace by area ("" holds for all others)."""

    title: str | None = None
    area: str | None = None
    owner: str | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)


def assemble(redacted: Redacted, media: Media, cues: Cues, *, wishes: Wishes, generator: str, illustrate: Illustrate | None = None) -> Sop:
    """The document of one recording; the same input gives the same document, ids included."""
    plan = plan_of(redacted, media, cues)
    steps = _steps(plan, cues, illustrate or _without_picture, media.sha256)
    sections, actions = plan.sections, list(plan.steps.values())
    title = wishes.title or titles.title(sections.purpose, actions, redacted.actions.tools, cues)
    area = wishes.area or guess_area([(title, 3.0), (" ".join(sections.purpose), 1.0), (" ".join(s.action for s in steps), 1.0)])
    shape = shape_of(area, wishes.shapes)
    return Sop(
        id=identity("sop", media.sha256),
        revision=1,
        title=title,
        area=area,
        purpose=titles.purpose(sections.purpose, cues),
        summary=titles.summary(sections.purpose, steps, media.duration_s, media.has_video, cues),
        scope=sections.scope(),
        roles=tuple(sections.roles),
        stakeholders=tuple(sections.stakeholders),
        prerequisites=tuple(sections.prerequisites),
        tools=redacted.actions.tools,
        warnings=tuple(dict.fromkeys(sections.warnings)),
        steps=tuple(steps),
        troubleshooting=tuple(sections.troubles),
        rollback=tuple(sections.rollback),
        escalation=tuple(sections.escalation),
        findings=redacted.unsure,
        sections=shape.sections,
        review=Review(owner=wishes.owner or sections.owner, interval_days=shape.interval_days),
        provenance=Provenance(
            recording_sha256=media.sha256,
            duration=round(media.duration_s, 2),
            language=redacted.transcript.language,
            speech_model=redacted.transcript.model,
            generator=generator,
        ),
    )


def shape_of(area: str | None, shapes: Mapping[str, Shape]) -> Shape:
    """What holds for ``area``: the workspace's own template of it, its general one, the built-in one."""
    template = templates().get(area or "")
    own, general = shapes.get(area or "", Shape()), shapes.get("", Shape())
    built_in = template.review_interval_days if template else None
    return Shape(
        sections=tuple(s for s in own.sections or general.sections if s in STANDARD),
        interval_days=own.interval_days or general.interval_days or built_in,
    )


def _without_picture(_number: int, _action: Action) -> Picture | None:
    return None


def plan_of(redacted: Redacted, media: Media, cues: Cues) -> Plan:
    """Mistakes out, clauses matched, the rest of the narration sorted."""
    actions = tidied(replace(a, place=tidy_place(a.place)) for a in redacted.actions.actions)
    transcript = correct(redacted.transcript, redacted.reading, actions, cues)
    clauses = clauses_of(transcript.sentences, cues)
    if not media.has_video:
        return told_only(clauses, cues)
    first_s = min((a.start_s for a in actions), default=float("inf"))
    last_s = max((a.end_s for a in actions), default=float("inf"))
    told = classify(clauses, cues, first_s=first_s, last_s=last_s)
    actions = with_reloads(actions, told, redacted.reading, cues)
    pairs = align(actions, told, cues)
    actions = named_by_speech(actions, told, pairs, redacted.reading)
    mistakes = mistaken(actions, told, pairs)
    kept_pairs = _handed_on(actions, pairs, mistakes)
    steps = {i: a for i, a in enumerate(actions) if i not in mistakes}
    used = {p.clause for p in pairs.values()}
    told_at = {i: told[p.clause].clause.start_s for i, p in kept_pairs.items()}
    sections = Sorter(steps, cues, told_at).sort(told, used)
    return Plan(steps=steps, pairs=kept_pairs, told=told, sections=sections)


def identity(prefix: str, *parts: str) -> str:
    """A stable id that looks like a ULID."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return f"{prefix}_{base64.b32hexencode(digest)[:26].decode()}"


def _handed_on(actions: Sequence[Action], pairs: Mapping[int, Pair], mistakes: set[int]) -> dict[int, Pair]:
    """What was said for a mistake belongs to the action that put it right, where that one has no words of its own."""
    kept = {i: p for i, p in pairs.items() if i not in mistakes}
    for mistake in sorted(mistakes):
        better = replacement(actions, mistake, mistakes)
        if better is None or mistake not in pairs:
            continue
        own = kept.get(better)
        if own is None or any(k != better and p.clause == own.clause for k, p in kept.items()):
            kept[better] = replace(pairs[mistake], action=better)
    return kept


def _steps(plan: Plan, cues: Cues, illustrate: Illustrate, sha256: str) -> list[Step]:
    steps: list[Step] = []
    place: str | None = None
    signing_in = sign_in_fields(plan.steps, cues)
    for number, (i, action) in enumerate(plan.steps.items(), start=1):
        pair = plan.pairs.get(i)
        clause = plan.told[pair.clause].clause if pair else None
        said = said_for(i, plan.pairs, plan.steps, plan.told, cues, steps[-1].action if steps else None)
        new_place = action.place if action.place != place else None
        worded = (
            word(action, said, cues, place=new_place, own=i in signing_in)
            if plan.seen
            else Worded(action=f"{action.target}.", basis="said", seen=False)
        )
        place = action.place or place
        picture = illustrate(number, action)
        steps.append(
            _step(
                number,
                action,
                worded,
                clause,
                pair,
                plan.sections.notes.get(i, Notes()),
                picture,
                identity("stp", sha256, f"{action.act_s:.2f}", str(i)),
            )
        )
    return steps


def sign_in_fields(steps: Mapping[int, Action], cues: Cues) -> set[int]:
    """The fields that are filled just before a button like "Log in" is pressed, with a hidden value among them."""
    order = list(steps)
    found: set[int] = set()
    for at, i in enumerate(order):
        action = steps[i]
        if action.kind in ("type", "key") or not cues.single["sign_in"].search(action.target or ""):
            continue
        fields: list[int] = []
        for k in reversed(order[max(0, at - 3) : at]):
            if steps[k].kind != "type":
                break
            fields.append(k)
        if any(steps[k].secret or steps[k].value is None for k in fields):
            found |= set(fields)
    return found


def _step(
    number: int,
    action: Action,
    worded: Worded,
    clause: Clause | None,
    pair: Pair | None,
    notes: Notes,
    picture: Picture | None,
    step_id: str,
) -> Step:
    details = [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in (worded.reason, worded.addition) if text] + notes.details
    step = Step(
        id=step_id,
        number=number,
        action=worded.action,
        detail=" ".join(details) or None,
        location=action.place,
        inputs=_inputs(action),
        commands=_commands(action),
        expected=" ".join(notes.expected) or None,
        verification=" ".join(notes.verification) or None,
        warnings=tuple(notes.warnings),
        troubleshooting=tuple(notes.troubles),
        branches=tuple(notes.branches),
        image=picture,
        confidence=_confidence(action, pair),
    )
    spans = sorted({*([(clause.start_s, clause.end_s)] if clause else []), *notes.spans})
    evidence = Evidence(
        start=round(min(action.start_s, clause.start_s if clause and action.start_s - clause.start_s < 8 else action.start_s), 2),
        end=round(action.end_s, 2),
        said=tuple(spans),
        shown=(round(action.act_s, 2), round(action.end_s, 2)) if worded.seen else None,
        basis=_basis(step, worded),
    )
    return replace(step, evidence=evidence)


def _inputs(action: Action) -> tuple[Input, ...]:
    if action.kind not in ("type", "select", "navigate") or (action.value is None and not action.secret):
        return ()
    hidden = action.secret or (action.value or "").startswith("<")
    return (Input(name=action.target or "Text", value=None if hidden else action.value, secret=hidden),)


def _commands(action: Action) -> tuple[Command, ...]:
    if action.kind != "command" or not action.command:
        return ()
    return (Command(text=action.command, language=action.language or "bash", output=action.output or None),)


def _confidence(action: Action, pair: Pair | None) -> float:
    """What was seen counts most; words that fit it add to it."""
    told = min(1.0, pair.score / 4.0) if pair else 0.4
    return round(min(1.0, 0.75 * action.confidence + 0.25 * told), 2)


def _basis(step: Step, worded: Worded) -> dict[str, Basis]:
    said: tuple[str, ...] = ("detail", "expected", "verification", "warnings", "troubleshooting", "branches")
    shown: tuple[str, ...] = ("location", "inputs", "commands", "image")
    basis: dict[str, Basis] = {"action": worded.basis}
    basis |= {name: "said" for name in said if getattr(step, name)}
    basis |= {name: "shown" for name in shown if getattr(step, name)}
    return basis

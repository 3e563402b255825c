"""What differs between two documents, and how two people's changes come together. Pure.

Steps are aligned by their id where both documents know it (edits of one SOP), else by what they say (a re-recording), never by position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from plugin.domain.alignment import align, respaced, same
from plugin.domain.document import encode
from plugin.domain.sop import Evidence, Sop, Step

Kind = Literal["minor", "major"]

STEP_FIELDS = (
    "action",
    "detail",
    "location",
    "inputs",
    "commands",
    "expected",
    "verification",
    "warnings",
    "troubleshooting",
    "role",
    "optional",
    "branches",
    "image",
)
"""What a reader sees of a step; number, evidence and confidence follow from elsewhere."""

SOP_FIELDS = (
    "title",
    "area",
    "purpose",
    "summary",
    "scope",
    "roles",
    "stakeholders",
    "prerequisites",
    "tools",
    "warnings",
    "troubleshooting",
    "rollback",
    "escalation",
    "references",
    "findings",
)
MAJOR_STEP_FIELDS = frozenset({"commands", "inputs", "expected", "verification", "optional", "branches", "role", "warnings"})
MAJOR_SOP_FIELDS = frozenset({"scope", "roles", "prerequisites", "warnings", "rollback", "escalation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step in the difference. ``id`` names the change (for accepting it alone); ``fields`` are those that differ."""

    id: str
    kind: Literal["same", "added", "changed", "removed", "moved"]
    old: Step | None
    new: Step | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field of the whole document; ``id`` is ``field:<name>``. Values are in their JSON form."""

    id: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``steps`` in the order of the new document, removed ones where they stood. ``note`` is one sentence for a change log."""

    steps: tuple[Change, ...]
    fields: tuple[FieldChange, ...]
    kind: Kind
    note: str

    @property
    def empty(self) -> bool:
        return not self.fields and all(c.kind == "same" for c in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Both sides changed the field at ``path`` (``purpose``, ``steps/<id>/expected``); the three values in their JSON form."""

    path: str
    base: Any
    theirs: Any
    ours: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """``clashes`` empty: ``sop`` holds both sides' changes. Else ``sop`` holds ours where they clash. ``kept`` are fields taken from theirs."""

    sop: Sop
    clashes: tuple[Clash, ...]
    kept: tuple[str, ...] = ()


def difference(old: Sop, new: Sop) -> Difference:
    """What a reader of ``old`` has to know about ``new``."""
    steps = _step_changes(old.steps, new.steps)
    changed = tuple(
        FieldChange(id=f"field:{name}", field=name, old=encode(getattr(old, name)), new=encode(getattr(new, name)))
        for name in SOP_FIELDS
        if getattr(old, name) != getattr(new, name)
    )
    kind: Kind = "major" if _is_major(steps, changed) else "minor"
    return Difference(steps=steps, fields=changed, kind=kind, note=_note(steps, changed))


def with_ids_of(old: Sop, new: Sop, *, also: Sop | None = None) -> Sop:
    """``new`` with the step ids of the steps in ``old`` that they correspond to; steps without a counterpart keep their own.

    ``also`` is an earlier form of ``old`` with the same ids: a step that a person reworded is recognised by what it was before.
    """
    earlier = {step.id: step for step in also.steps} if also else {}
    pairs = {new_at: old_at for old_at, new_at in align(old.steps, new.steps, [earlier.get(step.id) for step in old.steps])}
    steps = tuple(replace(step, id=old.steps[pairs[at]].id) if at in pairs else step for at, step in enumerate(new.steps))
    return replace(new, id=old.id, steps=steps)


def settled(base: Sop, new: Sop) -> Sop:
    """``new``, a second reading of what ``base`` was read from: where a field says the same, it has the words of ``base``."""
    before = {step.id: step for step in base.steps}

    def step_of(step: Step) -> Step:
        old = before.get(step.id)
        if old is None:
            return step
        names = [n for n in STEP_FIELDS if n != "image" and same(n, getattr(old, n), getattr(step, n))]
        if step.location is None:
            names.append("location")  # not read this time: no sign that it is elsewhere
        return replace(_respaced(old, step), **{n: getattr(old, n) for n in names})

    tops = {n: getattr(base, n) for n in SOP_FIELDS if same(n, getattr(base, n), getattr(new, n))}
    if len(base.steps) != len(new.steps):
        tops.pop("summary", None)
    return replace(new, **tops, steps=tuple(step_of(step) for step in new.steps))


def _respaced(old: Step, new: Step) -> Step:
    """A command that is another one has at least the blanks of the former, in the action as well."""
    if len(old.commands) != len(new.commands):
        return new
    commands, action = [], new.action
    for before, command in zip(old.commands, new.commands, strict=True):
        text = respaced(before.text, command.text)
        action = action.replace(command.text, text)
        commands.append(replace(command, text=text))
    return replace(new, commands=tuple(commands), action=action)


def merge(base: Sop, ours: Sop, theirs: Sop) -> Merged:
    """Three-way merge field by field. Steps are told apart by id; an order that only one side changed is taken from that side.

    A step that one side removed and the other changed stays, as the changed side has it, and is a clash.
    """
    clashes: list[Clash] = []
    kept: list[str] = []
    values = {n: _merge_value(n, getattr(base, n), getattr(ours, n), getattr(theirs, n), clashes, kept) for n in (*SOP_FIELDS, "review")}
    steps = _merge_steps(base, ours, theirs, clashes, kept)
    return Merged(sop=replace(ours, **values, steps=renumbered(steps)), clashes=tuple(clashes), kept=tuple(kept))


def renumbered(steps: Sequence[Step]) -> tuple[Step, ...]:
    return tuple(replace(step, number=number) for number, step in enumerate(steps, 1))


def take(old: Sop, new: Sop, change_ids: Sequence[str] | frozenset[str]) -> Sop:
    """``old`` with only those changes of ``difference(old, new)`` whose ids are given."""
    found = difference(old, new)
    wanted = set(change_ids)
    values = {c.field: getattr(new, c.field) for c in found.fields if c.id in wanted}
    steps: list[Step] = []
    for change in found.steps:
        chosen = change.new if change.id in wanted else change.old
        if change.kind == "same":
            chosen = change.new
        if chosen is not None:
            steps.append(chosen)
    return replace(old, **values, steps=renumbered(steps))


def mark_edited(old: Sop, new: Sop) -> Sop:
    """``new`` where every step field that differs from ``old`` (by step id) has the basis ``edited``; steps that are new have it everywhere."""
    before = {step.id: step for step in old.steps}
    return replace(new, steps=tuple(_mark_step(before.get(step.id), step) for step in new.steps))


def _mark_step(old: Step | None, new: Step) -> Step:
    changed = [n for n in STEP_FIELDS if n != "image" and getattr(new, n) != (getattr(old, n) if old else _EMPTY[n])]
    if not changed:
        return new
    evidence = new.evidence or Evidence(start=0.0, end=0.0)
    basis = {**evidence.basis, **dict.fromkeys(changed, "edited")}
    return replace(new, evidence=replace(evidence, basis=basis))  # type: ignore[arg-type]  # "edited" is one of the literals


_EMPTY: dict[str, Any] = {f.name: f.default for f in fields(Step)}


def _merge_value(path: str, base: Any, ours: Any, theirs: Any, clashes: list[Clash], kept: list[str]) -> Any:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        kept.append(path)
        return theirs
    clashes.append(Clash(path=path, base=encode(base), theirs=encode(theirs), ours=encode(ours)))
    return ours


def _merge_steps(base: Sop, ours: Sop, theirs: Sop, clashes: list[Clash], kept: list[str]) -> list[Step]:
    b, o, t = ({step.id: step for step in sop.steps} for sop in (base, ours, theirs))
    merged: dict[str, Step] = {}
    for key in {**o, **t}:
        step = _merge_step(b.get(key), o.get(key), t.get(key), clashes, kept)
        if step is not None:
            merged[key] = step
    shared = [k for k in b if k in o and k in t]
    moved_by_them = [k for k in o if k in shared] == [k for k in b if k in shared] and [k for k in t if k in shared] != shared
    lead, other = (t, o) if moved_by_them else (o, t)
    return [merged[key] for key in _interleave(list(lead), list(other)) if key in merged]


def _interleave(lead: list[str], other: list[str]) -> list[str]:
    """The order of ``lead``, with what only ``other`` has put behind the neighbour it stands behind there."""
    order = list(lead)
    previous: str | None = None
    for key in other:
        if key not in order:
            order.insert(order.index(previous) + 1 if previous in order else 0, key)
        previous = key
    return order


def _merge_step(base: Step | None, ours: Step | None, theirs: Step | None, clashes: list[Clash], kept: list[str]) -> Step | None:
    if ours is None or theirs is None:
        return _merge_presence(base, ours, theirs, clashes, kept)
    if base is None:
        base = replace(ours, action="", **{n: _EMPTY[n] for n in STEP_FIELDS if n != "action"})
    path = f"steps/{ours.id}"
    values = {
        name: _merge_value(f"{path}/{name}", getattr(base, name), getattr(ours, name), getattr(theirs, name), clashes, kept)
        for name in STEP_FIELDS
    }
    return replace(ours, **values, evidence=_merge_evidence(ours, theirs, kept, path))


def _merge_evidence(ours: Step, theirs: Step, kept: list[str], path: str) -> Evidence | None:
    if ours.evidence is None or theirs.evidence is None:
        return ours.evidence or theirs.evidence
    basis = dict(ours.evidence.basis)
    for name in STEP_FIELDS:
        if f"{path}/{name}" in kept and name in theirs.evidence.basis:
            basis[name] = theirs.evidence.basis[name]
    return replace(ours.evidence, basis=basis)


def _merge_presence(base: Step | None, ours: Step | None, theirs: Step | None, clashes: list[Clash], kept: list[str]) -> Step | None:
    there = ours or theirs
    if there is None:
        return None
    if base is None:
        if ours is None:
            kept.append(f"steps/{there.id}")
        return there
    if all(getattr(there, name) == getattr(base, name) for name in STEP_FIELDS):
        if ours is not None:
            kept.append(f"steps/{there.id}")
        return None
    clashes.append(Clash(path=f"steps/{there.id}", base=encode(base), theirs=encode(theirs), ours=encode(ours)))
    return there


def _step_changes(old: Sequence[Step], new: Sequence[Step]) -> tuple[Change, ...]:
    pairs = align(old, new)
    partner = {b: a for a, b in pairs}
    in_place = _longest_rising([partner[b] for b in sorted(partner)])
    found: list[Change] = []
    for at, step in enumerate(new):
        if at not in partner:
            found.append(Change(id=f"step:{step.id}", kind="added", old=None, new=step))
            continue
        before = old[partner[at]]
        differing = tuple(n for n in STEP_FIELDS if _visible(before, n) != _visible(step, n))
        kind: Literal["same", "changed", "moved"] = "changed" if differing else "same"
        if partner[at] not in in_place:
            kind = "moved"
        found.append(Change(id=f"step:{before.id}", kind=kind, old=before, new=step, fields=differing))
    matched = {a for a, _ in pairs}
    for at, step in enumerate(old):
        if at not in matched:
            found.insert(_place_of_removed(found, old, at), Change(id=f"step:{step.id}", kind="removed", old=step, new=None))
    return tuple(found)


def _place_of_removed(found: list[Change], old: Sequence[Step], at: int) -> int:
    """Behind the change of the nearest earlier step of the old document."""
    for earlier in range(at - 1, -1, -1):
        for index, change in enumerate(found):
            if change.old is old[earlier]:
                return index + 1
    return 0


def _visible(step: Step, name: str) -> Any:
    """A picture of a new recording is another file; it alone does not make a step another one unless one side has none."""
    value = getattr(step, name)
    return value is None if name == "image" else value


def _longest_rising(values: Sequence[int]) -> set[int]:
    """The members of a longest rising subsequence: those stayed in place, the others were moved."""
    best: list[list[int]] = []
    for at, value in enumerate(values):
        chains: list[list[int]] = [best[i] for i in range(at) if values[i] < value]
        best.append([*_longest(chains), value])
    return set(_longest(best))


def _longest(chains: list[list[int]]) -> list[int]:
    return max(chains, default=[], key=_length)


def _length(chain: list[int]) -> int:
    return len(chain)


def _is_major(steps: Sequence[Change], changed: Sequence[FieldChange]) -> bool:
    return any(c.kind in ("added", "removed", "moved") or MAJOR_STEP_FIELDS.intersection(c.fields) for c in steps) or any(
        c.field in MAJOR_SOP_FIELDS for c in changed
    )


def _note(steps: Sequence[Change], changed: Sequence[FieldChange]) -> str:
    parts: list[str] = []
    _tell(parts, [c for c in steps if c.kind == "added"], "added", lambda c: c.new)
    _tell(parts, [c for c in steps if c.kind == "removed"], "removed", lambda c: c.old)
    _tell(parts, [c for c in steps if c.kind == "moved"], "moved", lambda c: c.new)
    edited = [c for c in steps if c.kind == "changed"]
    if len(edited) == 1 and edited[0].new is not None:
        parts.append(f"changed {_words(edited[0].fields)} of step {edited[0].new.number}")
    elif edited:
        parts.append(f"changed steps {_words([str(c.new.number) for c in edited if c.new])}")
    if changed:
        parts.append(f"changed the {_words([c.field for c in changed])}")
    if not parts:
        return "No change."
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _tell(parts: list[str], changes: list[Change], verb: str, side: Callable[[Change], Step | None]) -> None:
    steps = [step for c in changes if (step := side(c)) is not None]
    if len(steps) == 1:
        parts.append(f"{verb} step {steps[0].number} (“{_short(steps[0].action)}”)")
    elif steps:
        parts.append(f"{verb} steps {_words([str(s.number) for s in steps])}")


def _short(action: str) -> str:
    action = action.rstrip(".")
    return action if len(action) <= 60 else f"{action[:57].rstrip()}…"


def _words(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

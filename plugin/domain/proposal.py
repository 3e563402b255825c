"""What a new recording of an SOP proposes: its steps in the place of the present ones, with everything that people had written. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from plugin.domain.document import encode
from plugin.domain.revision import SOP_FIELDS, Clash, merge, settled, with_ids_of
from plugin.domain.sop import Sop


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """``machine`` is what the recording gave, with the ids of the present steps; ``document`` that together with people's edits.

    ``kept`` are paths (``purpose``, ``steps/<id>/detail``, ``steps/<id>``) where a person's words stand instead of the recording's.
    """

    machine: Sop
    document: Sop
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEdit:
    """A person's words that stay, beside what the recording says there. ``number`` and ``action`` name the step; both values are in their JSON form."""

    path: str
    field: str
    number: int | None
    action: str | None
    ours: Any
    recorded: Any


def propose(base: Sop, current: Sop, made: Sop) -> Proposed:
    """``base`` is what the last recording gave, ``current`` what people made of it, ``made`` what the new recording gives.

    Title, review and findings are people's business. A field that a person changed stays theirs also where the new recording says something else:
    nobody's words are overwritten unasked, and a picture keeps what somebody covered in it.
    """
    base = with_ids_of(current, base)
    machine = settled(base, with_ids_of(current, made, also=base))
    merged = merge(base, machine, current)
    document = _with_theirs(merged.sop, current, merged.clashes)
    document = replace(
        document, review=current.review, title=current.title, area=current.area or merged.sop.area, findings=current.findings
    )
    if document.area != made.area:  # the recording was shaped for another area
        document = replace(document, sections=current.sections)
    kept = {*merged.kept, *(clash.path for clash in merged.clashes)} - {"title", "review", "findings"}
    return Proposed(machine=machine, document=document, kept=tuple(sorted(kept)))


def kept_edits(document: Sop, machine: Sop, kept: Collection[str]) -> tuple[KeptEdit, ...]:
    """The kept paths with both values, in the order of the document."""
    ours, recorded = ({step.id: step for step in sop.steps} for sop in (document, machine))
    found = []
    for path in kept:
        head, _, rest = path.partition("/")
        step_id, _, name = rest.partition("/")
        if head != "steps":
            mine, other, step = getattr(document, head, None), getattr(machine, head, None), None
        elif name:
            step = ours.get(step_id)
            mine, other = (getattr(side.get(step_id), name, None) for side in (ours, recorded))
        else:
            step = ours.get(step_id) or recorded.get(step_id)
            mine, other = ours.get(step_id), recorded.get(step_id)
        number, action = (step.number, step.action) if step else (None, None)
        found.append(KeptEdit(path=path, field=name or head, number=number, action=action, ours=encode(mine), recorded=encode(other)))
    return tuple(sorted(found, key=lambda edit: (edit.number or 0, edit.path)))


def as_recorded(document: Sop, machine: Sop, paths: Collection[str]) -> Sop:
    """``document`` with the recording's values at ``paths`` instead of the kept ones. Paths that name nothing are left out."""
    recorded = {step.id: step for step in machine.steps}
    tops = {path: getattr(machine, path) for path in paths if path in SOP_FIELDS}
    steps = []
    for step in document.steps:
        other = recorded.get(step.id)
        names = [path.split("/")[2] for path in paths if path.startswith(f"steps/{step.id}/")]
        steps.append(replace(step, **{name: getattr(other, name) for name in names}) if other is not None and names else step)
    return replace(document, **tops, steps=tuple(steps))


def _with_theirs(document: Sop, current: Sop, clashes: Collection[Clash]) -> Sop:
    by_id = {step.id: step for step in current.steps}
    fields: dict[str, list[str]] = {}
    for clash in clashes:
        head, _, rest = clash.path.partition("/")
        step_id, _, name = rest.partition("/")
        if head == "steps" and name and step_id in by_id:
            fields.setdefault(step_id, []).append(name)
    steps = tuple(replace(s, **{n: getattr(by_id[s.id], n) for n in fields[s.id]}) if s.id in fields else s for s in document.steps)
    tops = {clash.path: getattr(current, clash.path) for clash in clashes if clash.path in SOP_FIELDS}
    return replace(document, **tops, steps=steps)

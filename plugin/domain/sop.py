"""The SOP document: what the pipeline writes, people edit, connectors publish and the API returns.

Times are seconds from the start of the recording. A :data:`Box` is ``(x, y, width, height)`` in fractions (0..1) of the
picture. Missing knowledge is ``None`` or an empty tuple, never an invented value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA = "sopwright/sop@1"

Box = tuple[float, float, float, float]
Span = tuple[float, float]
Basis = Literal["said", "shown", "inferred", "edited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    covers: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    role: str
    does: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One filled field. A secret's ``value`` is always ``None``."""

    name: str
    value: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``text`` is what has to be typed, to the letter, without the prompt; ``output`` what was answered."""

    text: str
    language: str = "bash"
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    problem: str
    solution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    when: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    when: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """``path`` is relative to the document; ``width`` and ``height`` are pixels; boxes are fractions of this picture."""

    path: str
    time: float
    width: int
    height: int
    highlight: Box | None = None
    redactions: tuple[Box, ...] = ()
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where in the recording a step comes from, and per filled field how it is known."""

    start: float
    end: float
    said: tuple[Span, ...] = ()
    shown: Span | None = None
    basis: dict[str, Basis] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One imperative sentence and all that a stranger needs to carry it out. ``confidence`` is 0..1."""

    id: str
    number: int
    action: str
    detail: str | None = None
    location: str | None = None
    inputs: tuple[Input, ...] = ()
    commands: tuple[Command, ...] = ()
    expected: str | None = None
    verification: str | None = None
    warnings: tuple[str, ...] = ()
    troubleshooting: tuple[Trouble, ...] = ()
    role: str | None = None
    optional: bool = False
    branches: tuple[Branch, ...] = ()
    image: Picture | None = None
    evidence: Evidence | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """``due`` is an ISO date (YYYY-MM-DD)."""

    owner: str | None = None
    interval_days: int | None = None
    due: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    recording_sha256: str | None = None
    duration: float | None = None
    language: str | None = None
    speech_model: str | None = None
    generator: str | None = None
    writer: str = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sop:
    """A whole document. ``revision`` counts from 1 and never goes back; ``area`` is one of the template names or None.

    ``sections`` are those that the area's template wanted, in its order; empty: the standard order (:mod:`plugin.domain.sections`).
    """

    id: str
    revision: int
    title: str
    area: str | None = None
    purpose: str | None = None
    summary: str | None = None
    scope: Scope = field(default_factory=Scope)
    roles: tuple[Role, ...] = ()
    stakeholders: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    troubleshooting: tuple[Trouble, ...] = ()
    rollback: tuple[str, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    references: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    review: Review = field(default_factory=Review)
    provenance: Provenance = field(default_factory=Provenance)
    schema: str = SCHEMA

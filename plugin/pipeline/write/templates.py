"""The nine areas of operations, each with the sections that its SOPs should have, and how often they are looked at again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from plugin.domain.sop import Sop

SECTIONS = (
    "scope", "roles", "stakeholders", "prerequisites", "warnings", "steps", "expected", "verification", "troubleshooting", "rollback", "escalation",
)  # fmt: skip

GUESS_AT_LEAST = 3.0
"""So much has to speak for an area before it is guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """``required`` and ``recommended`` are names of :data:`SECTIONS`."""

    name: str
    title: str
    review_interval_days: int
    keywords: frozenset[str]
    examples: tuple[str, ...]
    required: tuple[str, ...]
    recommended: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A section that the template wants and the document does not have. ``blocking`` where the template requires it."""

    section: str
    blocking: bool


@cache
def templates() -> dict[str, Template]:
    """All templates by name, in order of name."""
    folder = resources.files(__package__) / "templates"
    files = sorted((p for p in folder.iterdir() if p.name.endswith(".yaml")), key=lambda p: p.name)
    return {t.name: t for t in (_template(p.read_text("utf-8")) for p in files)}


def guess_area(weighted: Iterable[tuple[str, float]]) -> str | None:
    """The area whose keywords stand in the texts most often (each text with its weight), or None where nothing speaks clearly for one."""
    counts: Counter[str] = Counter()
    for text, weight in weighted:
        words = set(re.findall(r"[a-z0-9][a-z0-9-]+", text.lower()))
        for template in templates().values():
            counts[template.name] += weight * len(words & template.keywords)  # type: ignore[assignment]  # Counter holds the floats well
    ranked = counts.most_common(2)
    return ranked[0][0] if ranked and ranked[0][1] >= GUESS_AT_LEAST else None


def gaps(sop: Sop, template: Template) -> list[Gap]:
    """What is missing before the document is complete by its template."""
    missing = [Gap(section=s, blocking=True) for s in template.required if not _has(sop, s)]
    return missing + [Gap(section=s, blocking=False) for s in template.recommended if not _has(sop, s)]


def _has(sop: Sop, section: str) -> bool:
    if section == "scope":
        return bool(sop.scope.covers or sop.scope.excludes)
    if section == "expected":
        return any(s.expected or s.verification for s in sop.steps)
    if section == "verification":
        return any(s.verification or s.expected for s in sop.steps[-3:])
    if section in ("warnings", "troubleshooting"):
        return bool(getattr(sop, section)) or any(getattr(s, section) for s in sop.steps)
    return bool(getattr(sop, section))


def _template(text: str) -> Template:
    data = yaml.safe_load(text)
    lists = {k: tuple(data[k]) for k in ("examples", "required", "recommended")}
    return Template(
        name=data["name"],
        title=data["title"],
        review_interval_days=data["review_interval_days"],
        keywords=frozenset(data["keywords"]),
        **lists,
    )

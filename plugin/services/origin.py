"""Where a procedure comes from, as the last block of its page: the recording, what recognised it, and the moment of each step."""

from __future__ import annotations

from collections.abc import Callable

from connectors.blocks import Block, Expand, Paragraph, Span, Table, Text, text
from plugin.domain.sop import Sop, Step

Link = Callable[[Step], str | None]

TITLE = "How this was made"
_BASES = {"said": "said", "shown": "seen on the screen", "inferred": "inferred", "edited": "written by a person"}


def made(sop: Sop, link: Link | None = None) -> list[Block]:
    """Nothing for a procedure without a recording. ``link`` gives the address that shows a step's moment of the recording."""
    origin = sop.provenance
    steps = [step for step in sop.steps if step.evidence is not None]
    if origin.recording_sha256 is None or not steps:
        return []
    rows = tuple(_row(step, link) for step in steps)
    moments = Table(key="made/moments", header=("Step", "In the recording", "Its words were"), rows=rows)
    return [Expand(key="made", title=TITLE, children=(Paragraph(key="made/source", text=text(_source(sop))), moments))]


def clock(seconds: float) -> str:
    """``1:05`` or ``1:02:05``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _source(sop: Sop) -> str:
    origin = sop.provenance
    length = f" of {clock(origin.duration)}" if origin.duration else ""
    by = f" by {origin.generator}" if origin.generator else ""
    heard = f" Speech: {origin.speech_model}, {origin.language}." if origin.speech_model and origin.language else ""
    return f"Made from a recording{length}{by}.{heard} SOP {sop.id}; SHA-256 of the recording {origin.recording_sha256}."


def _row(step: Step, link: Link | None) -> tuple[Text, ...]:
    evidence = step.evidence
    if evidence is None:
        return (text(str(step.number)), (), ())
    moment = f"{clock(evidence.start)} to {clock(evidence.end)}"
    address = link(step) if link else None
    return text(str(step.number)), (Span(text=moment, link=address),), text(_BASES.get(evidence.basis.get("action", ""), ""))

"""Runs one stage in a guarded child process: what the runner does with stages that are marked as isolated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plugin.domain.document import encode
from plugin.pipeline.guard import Limits, call
from plugin.pipeline.stage import Context, Report, Stage

LIMITS = Limits(cpu_s=6 * 3600, memory_bytes=8 * 2**30, wall_s=8 * 3600.0)
"""For a recording of the greatest length. Address space: the engines map their models and arenas generously; what they touch is below 1 GB."""


def in_child(stage: Stage, context: Context) -> Any:
    """What ``stage.run(context)`` returns, computed in a child. Errors as of :func:`plugin.pipeline.guard.call`."""
    return call(_run, stage, replace(context, report=_nothing), limits=LIMITS, report=context.report)


def _run(stage: Stage, context: Context, *, report: Report) -> Any:
    artefact = stage.run(replace(context, report=report))
    encode(artefact)  # an artefact that has no JSON form is an error of the stage, told here with its name
    return artefact


def _nothing(_: float) -> None:
    """A reporter that can travel to the child, which puts its own in place."""

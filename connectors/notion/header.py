"""The callout at a page's top: the facts, one a line. The review lines change without a new revision, so they can be set on their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from connectors.notion.nodes import Node
from connectors.notion.text import Run, Runs, merged

KEY = "facts"
DUE, REVIEW = "Review due", "Review"
COLORS = {"due soon": "yellow_background", "due": "yellow_background", "overdue": "red_background", "in review": "blue_background"}
"""Colour of the callout by review state; any other state leaves it gray."""


def with_review(node: Node, state: str, due: date | None) -> Node:
    """The header with this review state; what else it says stays. A state that needs nobody's attention has no line."""
    lines = [line for line in _lines(node.runs) if not _is(line, REVIEW)]
    if due is not None:
        said = _line(DUE, due.isoformat())
        places = [n for n, line in enumerate(lines) if _is(line, DUE)]
        lines = [said if n in places else line for n, line in enumerate(lines)] if places else [*lines, said]
    if state in COLORS:
        lines.append(_line(REVIEW, state))
    return replace(node, runs=_joined(lines), extra={**node.extra, "color": COLORS.get(state, "gray_background")})


def _line(name: str, value: str) -> Runs:
    return (Run(text=f"{name}: ", style="b"), Run(text=value))


def _is(line: Runs, name: str) -> bool:
    return "".join(run.text for run in line).startswith(f"{name}: ")


def _lines(runs: Runs) -> list[Runs]:
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *more = run.text.split("\n")
        lines[-1].append(replace(run, text=first))
        lines += [[replace(run, text=part)] for part in more]
    return [tuple(run for run in line if run.text) for line in lines]


def _joined(lines: Iterable[Runs]) -> Runs:
    joined: list[Run] = []
    for line in lines:
        first, *rest = line or (Run(text=""),)
        joined += [replace(first, text=("\n" if joined else "") + first.text), *rest]
    return merged(joined)

"""One step for one thing that was done: a click into a field and what is typed there, a field filled in two goes, a double click.

Works on what acting handed over; only neighbours with the same visible label are joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rapidfuzz import fuzz

from plugin.pipeline.artefacts import Action

SOON_S = 6.0
"""A field is filled at most so long after the click into it."""

DOUBLE_S = 1.5
NO_HAND_S = 0.6
"""Nobody clicks two different things within this time: one of the two was read into the picture."""

SAME_LABEL = 88
"""Similarity (0..100) of two labels that the reading of the screen may have got slightly different."""


def tidied(actions: Iterable[Action]) -> tuple[Action, ...]:
    """``actions`` (in order) with those joined that are one step for a reader."""
    kept: list[Action] = []
    for action in actions:
        joined = _joined(kept[-1], action) if kept else None
        if joined is None:
            kept.append(action)
        else:
            kept[-1] = joined
    return tuple(kept)


def _joined(first: Action, then: Action) -> Action | None:
    """Both as one action, or None where they are two."""
    if (first.kind, then.kind) == ("click", "click") and then.act_s - first.act_s <= NO_HAND_S and first.taken_back == then.taken_back:
        return _surer(first, then)
    if not _same_target(first, then) or first.taken_back != then.taken_back or then.start_s - first.end_s > SOON_S:
        return None
    kinds = (first.kind, then.kind)
    if kinds in (("click", "type"), ("click", "select")) and _one_control(first, then):
        return _with_approach(first, then)
    if kinds == ("type", "click"):
        return replace(first, end_s=max(first.end_s, then.end_s))
    if kinds == ("type", "type"):
        return _filled(first, then)
    if kinds == ("click", "click") and then.act_s - first.act_s <= DOUBLE_S:
        return replace(first, end_s=max(first.end_s, then.end_s), after=then.after)
    return None


def _surer(first: Action, then: Action) -> Action:
    """The click that is better known: with a label rather than without, then by confidence."""
    best = max((first, then), key=lambda a: (a.target is not None, a.confidence))
    return replace(best, start_s=min(first.start_s, then.start_s), end_s=max(first.end_s, then.end_s))


def _same_target(first: Action, then: Action) -> bool:
    if not first.target or not then.target:
        return False
    return fuzz.ratio(first.target.lower(), then.target.lower()) >= SAME_LABEL and (first.place == then.place or then.kind != "click")


def _one_control(first: Action, then: Action) -> bool:
    """False for a link that adds a field of its own name: what was pressed lies apart from what was filled."""
    if first.box is None or then.box is None:
        return True
    across = first.box[0] < then.box[0] + then.box[2] and then.box[0] < first.box[0] + first.box[2]
    return across and first.box[1] < then.box[1] + then.box[3] and then.box[1] < first.box[1] + first.box[3]


def _with_approach(click: Action, then: Action) -> Action:
    """What was typed, beginning with the click; the picture is the one from before the click."""
    before = click.before if click.before is not None else then.before
    return replace(
        then,
        start_s=min(click.start_s, then.start_s),
        act_s=min(click.act_s, then.act_s),
        before=before,
        point=then.point or click.point,
        box=then.box or click.box,
        place=then.place or click.place,
    )


def _filled(first: Action, then: Action) -> Action:
    """A field filled in two goes holds what it held at the end; once hidden it stays hidden."""
    secret = first.secret or then.secret
    value = None if secret else then.value if then.value is not None else first.value
    return replace(
        first, end_s=max(first.end_s, then.end_s), value=value, secret=secret, keys=then.keys or first.keys, after=then.after, confidence=max(first.confidence, then.confidence)
    )  # fmt: skip

"""Reloading a page leaves nothing to point at: it is a step because it is said, and a press that was read into the page drawn anew is that step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plugin.pipeline.artefacts import Action, Reading
from plugin.pipeline.write.language import Cues
from plugin.pipeline.write.roles import Told

KEYS = ("F5",)
BEFORE_S, AFTER_S = 1.5, 5.0
"""Round the words, in which the page is reloaded."""
SHOWN_S = 1.5
CONFIDENCE = 0.5


def with_reloads(actions: Sequence[Action], told: Sequence[Told], reading: Reading, cues: Cues) -> tuple[Action, ...]:
    """``actions`` with a key for each page that is said to be reloaded, in order of time."""
    found = list(actions)
    for one in told:
        clause = one.clause
        if one.role not in ("action", "unclear") or not cues.single["reload"].search(clause.plain):
            continue
        near = [i for i, a in enumerate(found) if clause.start_s - BEFORE_S <= a.act_s <= clause.end_s + AFTER_S]
        if any(found[i].kind == "key" or _named(found[i], clause.plain) for i in near):
            continue
        pressed = next((i for i in near if found[i].kind == "click"), None)
        if pressed is not None:
            press = found[pressed]
            found[pressed] = replace(
                press, kind="key", keys=KEYS, start_s=min(press.start_s, clause.start_s), act_s=min(press.act_s, clause.end_s),
                target=None, value=None, role=None, row=None, box=None, point=None,
            )  # fmt: skip
            continue
        still = max((i for i, s in enumerate(reading.screens) if s.time_s <= clause.end_s), default=None)
        act_s = round(clause.end_s, 3)
        found.append(
            Action(
                kind="key", keys=KEYS, start_s=round(clause.start_s, 3), act_s=act_s, end_s=act_s + SHOWN_S, before=still, after=still,
                confidence=CONFIDENCE,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda a: (a.act_s, a.start_s)))


def _named(action: Action, said: str) -> bool:
    return action.kind == "click" and action.target is not None and action.target.lower() in said

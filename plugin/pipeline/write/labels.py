"""A click whose label could not be read gets the label that was said, if it stood on the screen beside the press at that time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from plugin.pipeline.artefacts import Action, Line, Point, Reading
from plugin.pipeline.write.matching import Pair
from plugin.pipeline.write.roles import Told

BESIDE_PX = 160
LONGEST = 40
CONFIDENCE = 0.5


def named_by_speech(actions: Sequence[Action], told: Sequence[Told], pairs: Mapping[int, Pair], reading: Reading) -> tuple[Action, ...]:
    """``actions`` with the labels that speech and screen agree on; everything else unchanged."""
    return tuple(
        _named(a, told[pairs[i].clause].clause.plain, reading) if _lacks_label(a) and i in pairs else a for i, a in enumerate(actions)
    )


def _lacks_label(action: Action) -> bool:
    return action.kind == "click" and action.target is None and action.point is not None


def _named(action: Action, said: str, reading: Reading) -> Action:
    assert action.point is not None  # noqa: S101 - asked before
    shown = min(reading.screens, key=lambda s: (abs(s.time_s - action.act_s), s.time_s), default=None)
    lines = [line for line in shown.lines if _is_said(line.text, said)] if shown else []
    near = [(distance, line) for line in lines if (distance := _distance(line, action.point)) <= BESIDE_PX]
    if not near:
        return action
    _, line = min(near, key=lambda pair: (pair[0], pair[1].box))
    return replace(action, target=line.text.strip(" :*"), box=action.box or line.box, confidence=max(action.confidence, CONFIDENCE))


def _is_said(label: str, said: str) -> bool:
    words = re.sub(r"[^\w ]", " ", label.lower()).strip()
    return 2 < len(words) <= LONGEST and re.search(rf"\b{re.escape(words)}\b", re.sub(r"[^\w ]", " ", said)) is not None


def _distance(line: Line, point: Point) -> float:
    """Pixels from the point to the line's box; 0 inside."""
    x, y, width, height = line.box
    dx = max(x - point[0], 0, point[0] - x - width)
    dy = max(y - point[1], 0, point[1] - y - height)
    return float((dx * dx + dy * dy) ** 0.5)

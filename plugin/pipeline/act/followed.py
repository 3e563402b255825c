"""Links that were followed although no press on them was seen: the page that came is headed by words that stood on the one before."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.pipeline.act.geometry import grown
from plugin.pipeline.act.naming import clean
from plugin.pipeline.act.places import Places
from plugin.pipeline.artefacts import Action, Line, Reading, Watched

_APPROACH_S = 1.5
_EFFECT_S = 2.5
"""A page comes within this time after the press that opened it."""
_AT_ONCE_S = 0.8
_LEAST_SHARE = 0.2
"""Of the screen, that changes when another page comes."""


def actions(watched: Watched, reading: Reading, places: Places, told: Sequence[Action]) -> list[Action]:
    """One click for each page that came by itself, as far as ``told`` does not say what brought it."""
    found: list[Action] = []
    for still in range(1, len(reading.screens)):
        heading = places.at(still)
        if heading is None or heading == places.at(still - 1) or not _came(watched, places, still):
            continue
        came_s = watched.stills[still - 1].until_s
        large = any(
            c.start_s - 0.3 <= came_s <= c.end_s + 0.3 and c.box[2] * c.box[3] >= _LEAST_SHARE * watched.width * watched.height
            for c in watched.changes
        )
        shown = [i for i in range(still - 1, -1, -1) if watched.stills[i].until_s >= came_s - _EFFECT_S] if large else []
        before, link = next(((i, link) for i in shown if (link := _link(reading, i, heading)) is not None), (still, None))
        if any(_brought(a, before, came_s) for a in (*told, *found)):
            continue
        if link is not None:
            found.append(
                Action(
                    kind="click", start_s=round(max(0.0, came_s - _APPROACH_S), 3), act_s=came_s, end_s=watched.stills[still].time_s, target=clean(link.text),
                    role="link", box=grown(link.box, 4, watched.width, watched.height), before=before, after=still, confidence=0.5,
                )
            )  # fmt: skip
    return found


def _came(watched: Watched, places: Places, still: int) -> bool:
    """Whether another page came with this still or shortly before: its heading may be drawn last."""
    recent = (i for i in range(still, 0, -1) if watched.stills[i].until_s >= watched.stills[still].time_s - _APPROACH_S)
    return any(places.came(i) for i in recent)


def _brought(action: Action, shown: int, came_s: float) -> bool:
    """Whether an action, done while the link was to be seen, brought the page."""
    if action.kind == "click" and abs(action.act_s - came_s) <= _AT_ONCE_S:
        return True
    done = action.kind != "type" and action.before is not None and action.before >= shown and action.after != action.before
    return done and -_EFFECT_S <= action.act_s - came_s <= 0.3


def _link(reading: Reading, still: int, heading: str) -> Line | None:
    """The words on a screen that are the heading of the next one; the lowest, since a menu opens below its button."""
    same = [o for o in reading.screens[still].lines if clean(o.text).lower() == heading.lower()]
    return max(same, key=lambda o: o.box[1], default=None)

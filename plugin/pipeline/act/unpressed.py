"""Fields that were filled although no press led to them: reached by the Tab key, or focused by the page itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plugin.pipeline.act.frames import frame_at, in_border
from plugin.pipeline.act.geometry import centre, grown, share
from plugin.pipeline.act.labels import is_cell, looks_like_field
from plugin.pipeline.act.naming import clean, field_label, is_password
from plugin.pipeline.act.values import Picture, agreed, inside, still_there
from plugin.pipeline.artefacts import Action, Point, Reading, Rect, Watched
from plugin.pipeline.engines import picture

_PLACES_A_STILL = 8
_LEAST_VALUE = 2
_AGAIN_S = 20.0
"""After so long a field in the same place is another one, or is filled for another reason."""
_EFFECT_S = 1.2
"""A page fills a field by itself within this time after a press elsewhere."""


def actions(
    watched: Watched, reading: Reading, pictures: Picture, told: Sequence[Action], aside: Callable[[int, Point], bool]
) -> list[Action]:
    """What was typed where, as far as ``told`` does not say it. ``aside`` says that a place belongs to something that is told otherwise."""
    found: list[Action] = []
    for still in range(1, len(watched.stills)):
        for at in _places(watched, reading, still):
            if aside(still, at) or any(a.kind == "click" and -0.2 <= watched.stills[still].time_s - a.act_s <= _EFFECT_S for a in told):
                continue
            frame = _field(watched, reading, pictures, still, at)
            if frame is None or any(_tells(a, frame, still, watched.stills[still].time_s) for a in (*told, *found)):
                continue
            action = _typed(watched, reading, pictures, still, at, frame)
            if action is not None:
                found.append(action)
    return found


def _places(watched: Watched, reading: Reading, still: int) -> list[Point]:
    """Where something may have been typed: words that are new in what changed, small changes without words (a masked field), and what grew like typing."""
    changed = watched.stills[still].changed
    old = {(o.text, o.box[1]) for o in reading.screens[still - 1].lines}
    fresh = [o.box for o in reading.screens[still].lines if (o.text, o.box[1]) not in old and any(share(o.box, r) > 0.8 for r in changed)]
    small = [r for r in changed if r[3] <= 60 and r[2] <= 0.6 * watched.width]
    since_s, until_s = watched.stills[still - 1].until_s, watched.stills[still].until_s
    typing = [c.box for c in watched.changes if c.kind == "typing" and since_s - 0.3 <= c.start_s and c.end_s <= until_s + 0.3]
    return [centre(box) for box in (*typing, *fresh, *small)[:_PLACES_A_STILL]]


def _field(watched: Watched, reading: Reading, pictures: Picture, still: int, at: Point) -> Rect | None:
    """The drawn field around a point, if it stood there in the still before as well."""
    lines = reading.screens[still].lines
    frame = frame_at(pictures(still), lines, at)
    if frame is None or not (80 <= frame[2] < 0.9 * watched.width and 16 <= frame[3] <= 60):
        return None
    if is_cell(frame, lambda point: frame_at(pictures(still), (), point)):
        return None
    same_ground = abs(picture.ground(pictures(still), frame) - picture.ground(pictures(still - 1), frame)) <= 12
    return frame if same_ground and still_there(pictures(still - 1), reading.screens[still - 1].lines, at, frame) else None


def _tells(action: Action, frame: Rect, still: int, time_s: float) -> bool:
    """Whether an action is about this field, at about this time."""
    if action.box is None or action.before is None or action.after is None or max(share(frame, action.box), share(action.box, frame)) < 0.5:
        return False
    lately = time_s - action.end_s <= _AGAIN_S
    return (lately and action.kind in ("type", "select", "tick")) or action.before - 1 <= still <= action.after + 1


def _typed(watched: Watched, reading: Reading, pictures: Picture, still: int, at: Point, frame: Rect) -> Action | None:
    before = inside(reading.screens[still - 1].lines, frame)
    last, value = still, inside(reading.screens[still].lines, frame)
    dotted = picture.dots(pictures(still), frame) and not picture.dots(pictures(still - 1), frame)
    for later in range(still + 1, min(still + 8, len(watched.stills))):
        now = inside(reading.screens[later].lines, frame)
        if not still_there(pictures(later), reading.screens[later].lines, at, frame) or not (now.startswith(value[:-1]) or dotted):
            break
        last, value = later, now
    floats = any(in_border(o.box, frame) and clean(o.text) == clean(before) for o in reading.screens[last].lines)
    specks = floats or len(before.replace(" ", "")) <= 2  # a label that has given way, or a pointer or a caret, read as letters
    if not specks or not (dotted or len(value) >= _LEAST_VALUE):
        return None
    words = [o for o in reading.screens[last].lines if share(o.box, frame) > 0.7]
    if words and not looks_like_field(words[0].box, frame):
        return None
    lines = reading.screens[still - 1].lines
    label = clean(before) if floats else field_label(frame, lines, lambda point: frame_at(pictures(still - 1), (), point))
    if label is None:
        return None
    secret = dotted or is_password(label)
    began, ended = watched.stills[still - 1].until_s, watched.stills[last].time_s
    return Action(
        kind="type", start_s=round(max(0.0, began - 0.5), 3), act_s=began, end_s=round(max(began, ended), 3), target=label, role="field",
        value=None if dotted else agreed(value, reading, pictures, at, frame, last), secret=secret,
        point=at, box=grown(frame, 3, watched.width, watched.height),
        before=still - 1, after=last, confidence=0.6,
    )  # fmt: skip

"""What stands in a field, as the stills say together: carets, pointers, arrows and neighbours are read as letters and have to be told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from plugin.pipeline.act.frames import frame_at, in_border
from plugin.pipeline.act.geometry import bottom, grown, right, share, words_within
from plugin.pipeline.act.naming import clean
from plugin.pipeline.artefacts import Click, Line, Point, Reading, Rect

Picture = Callable[[int], Any]
"""Grey picture of a still by its index."""

_LOOK_AHEAD = 10
_POINTER = re.compile(r"^[I|\[\]Q] |(?: [I|\[\]])+$")
"""A text pointer in a field, or the glass of a search, read as a letter that stands alone."""


def inside(lines: Sequence[Line], box: Rect) -> str:
    """The words in a field, from left to right. Of a line that was joined with its neighbours only what stands in the field."""
    reach = grown(box, 3, 10**5, 10**5)
    held = [
        o
        for o in lines
        if share(o.box, reach) > 0.25 and not in_border(o.box, box) and box[1] - 3 <= o.box[1] + o.box[3] // 2 <= bottom(box) + 3
    ]
    held.sort(key=lambda o: (o.box[1] // max(8, o.box[3]), o.box[0]))
    # Arrows at the end of a list or of a number, and a pointer, are read as single letters apart from the words.
    words: list[Line] = []
    for line in held:
        if not words or len(line.text.strip()) > 1 or line.box[0] - right(words[-1].box) <= 2 * line.box[3]:
            words.append(line)
    return _POINTER.sub("", " ".join(t for o in words if (t := _typed(words_within(o, reach))))).strip()


def _typed(text: str) -> str:
    bare = text.strip()
    return clean(bare.rstrip("Vv")) if bare.endswith(("▼", " v", " V")) else bare


def agreed(value: str, reading: Reading, pictures: Picture, point: Point, box: Rect, still: int) -> str:
    """``value`` as most of the later stills show the field: a caret or a pointer in it is read as a letter at first, and moves on."""
    seen: Counter[str] = Counter({value: 1})
    for later in range(still + 1, min(still + _LOOK_AHEAD, len(reading.screens))):
        now = inside(reading.screens[later].lines, box)
        if SequenceMatcher(None, now, value).ratio() >= 0.6 and still_there(pictures(later), reading.screens[later].lines, point, box):
            seen[now] += 1
    most = max(seen.values())
    return min((text for text, times in seen.items() if times == most), key=len)


def earlier(reading: Reading, pictures: Picture, click: Click, box: Rect) -> set[str]:
    """What the stills up to the press show in a control: a pointer may spoil its words in the last one."""
    found = {inside(reading.screens[click.before].lines, box)}
    for still in range(max(0, click.before - 3), click.before):
        if still_there(pictures(still), reading.screens[still].lines, (click.x, click.y), box):
            found.add(inside(reading.screens[still].lines, box))
    return found


def still_there(gray: Any, lines: Sequence[Line], point: Point, box: Rect) -> bool:
    """Whether the control's frame stands in the same place: the page was not replaced or scrolled, no menu closed. ``lines`` stand on that picture."""
    now = frame_at(gray, lines, point)
    if now is None or share(now, grown(box, 4, 10**5, 10**5)) < 0.9:
        return False
    # What was typed, or a caret, may part the field's ground in two.
    return share(box, grown(now, 4, 10**5, 10**5)) > 0.8 or (abs(now[1] - box[1]) <= 4 and abs(now[3] - box[3]) <= 8)

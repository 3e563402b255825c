"""Which moment of the recording illustrates a step: the control untouched just before the press, a command together with its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from plugin.domain.sop import Box, Picture
from plugin.pipeline.artefacts import Action, Cover, Rect, Still, Watched
from plugin.pipeline.write.language import Cues

EARLY_S, LATE_S = 0.5, 1.0
"""A picture is of the step when it was taken from EARLY_S before it begins to LATE_S after it ends."""

SMALL = 48
"""Pixels of the mark around a press whose control has no known outline."""

FOLDER = "images"


class Made(Protocol):
    """What the maker of pictures answers: where it wrote, how large it is, and the boxes as fractions of the picture."""

    @property
    def path(self) -> Path: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def highlight(self) -> Box | None: ...
    @property
    def redactions(self) -> tuple[Box, ...]: ...


class Maker(Protocol):
    def __call__(self, still: Path, out: Path, *, highlight: Rect | None, covers: Sequence[Rect]) -> Made: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A still and the time at which it is shown; ``index`` is its place in :attr:`Watched.stills`."""

    index: int
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustrator:
    """Makes the picture of each step. ``source`` holds the stills, ``target`` is the document's folder."""

    watched: Watched
    covers: Sequence[Cover]
    source: Path
    target: Path
    make: Maker
    cues: Cues
    report: Callable[[int], None] = field(default=lambda _: None)

    def __call__(self, number: int, action: Action) -> Picture | None:
        """The picture of step ``number``, or None where no still falls into it."""
        self.report(number)
        moment = moment_of(action, self.watched.stills)
        if moment is None:
            return None
        (self.target / FOLDER).mkdir(exist_ok=True)
        made = self.make(
            self.source / self.watched.stills[moment.index].path,
            self.target / FOLDER / f"step-{number:02d}",
            highlight=mark(action, self.watched),
            covers=[c.box for c in self.covers if c.still == moment.index],
        )
        return Picture(
            path=f"{FOLDER}/{made.path.name}",
            time=round(moment.time_s, 2),
            width=made.width,
            height=made.height,
            highlight=made.highlight,
            redactions=made.redactions,
            alt=alt(action, self.cues),
        )


def moment_of(action: Action, stills: Sequence[Still]) -> Moment | None:
    """The best still of a step, with a time at which it really was on the screen during the step."""
    wanted_s = action.end_s if _shows_result(action) else action.act_s - 0.05
    preferred = action.after if _shows_result(action) else action.before
    low_s, high_s = action.start_s - EARLY_S, action.end_s + LATE_S
    found = [
        Moment(index=i, time_s=_clamp(wanted_s, max(s.time_s, low_s), min(s.until_s, high_s)))
        for i, s in enumerate(stills)
        if s.time_s <= high_s and s.until_s >= low_s
    ]
    if not found:
        return None
    return min(found, key=lambda m: (m.index != preferred, _distance(m, action, wanted_s), -m.index))


def mark(action: Action, watched: Watched) -> Rect | None:
    """The rectangle to mark: the control's outline, or a small one around the press. Commands and keys have none."""
    if action.kind in ("command", "key", "scroll", "wait", "navigate"):
        return None
    box = action.box
    if box and box[2] * box[3] <= 0.25 * watched.width * watched.height:
        return box
    if action.point is None:
        return None
    x, y = action.point
    return (max(0, x - SMALL // 2), max(0, y - SMALL // 2), SMALL, SMALL)


def alt(action: Action, cues: Cues) -> str:
    """What a reader who does not see the picture has to know about it."""
    place = action.place or ""
    if action.kind == "command":
        return cues.wording["alt_terminal"].format(command=" ".join((action.command or "").split()))
    if action.target and place and place != action.target:
        return cues.wording["alt_marked"].format(target=action.target, what=place)
    return cues.wording["alt"].format(what=action.target or place or cues.wording["the_screen"])


def _shows_result(action: Action) -> bool:
    return action.kind in ("command", "key", "wait", "scroll")


def _distance(moment: Moment, action: Action, wanted_s: float) -> float:
    """Seconds off; a still from the wrong side of the press counts ten times."""
    wrong = moment.time_s > action.act_s + 0.05 if not _shows_result(action) else moment.time_s < action.act_s
    return abs(moment.time_s - wanted_s) * (10 if wrong else 1)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)

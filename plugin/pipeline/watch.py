"""Video -> Watched: one decoding pass on presentation times; what is kept of a frame is a few rectangles, so memory hardly grows with the recording.

Each frame is compared with the one before. A blinking caret and things that never stop (clocks, spinners, films) are no events. Whenever a rest ends,
its last frame is kept as a still. Which differences the pointer explains, and so which changes and clicks there are, is decided at the end.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from plugin.domain.recording import ASCIICAST
from plugin.pipeline.artefacts import Media, Rect, Watched
from plugin.pipeline.engines.video import Frame, frames
from plugin.pipeline.side import events, session
from plugin.pipeline.stage import Context, Stage
from plugin.pipeline.watching import changes, clicks
from plugin.pipeline.watching.changes import Difference, line_high
from plugin.pipeline.watching.differences import (
    CELL_PX,
    changed_cells,
    density,
    exact,
    overlap,
    rectangles,
    scrolled_from,
    union,
    vertical_shift,
)
from plugin.pipeline.watching.pointer import Patch, Tracker
from plugin.pipeline.watching.restless import Restless
from plugin.pipeline.watching.stills import BUSY_EVERY_S, LEAST_REST_S, Keeper, hidden_by_pointer

FPS = 15.0
FILM_SHARE = 0.2
"""Of the screen. Where more than this never rests, a film runs; a spinner disturbs nobody."""
SOLID = 0.85
"""A patch filled this much is a block caret or a box; arrow, hand and text bar fill about half of theirs."""
LEAST_POINTER_PX = 4
CARET_PX = 3
"""By which a caret's outline may differ from one blink to the next in a lossy picture."""
REDRAWN_SHARE, REDRAWN_PATCHES = 0.12, 10


def watch(context: Context) -> Watched:
    media = cast(Media, context.inputs["probe"])
    if not media.has_video:
        return Watched(width=0, height=0, duration_s=media.duration_s)
    if media.demuxer == ASCIICAST.demuxer:
        return session.watch(context.recording, media, context.folder)
    forgotten = events.of(context.options.side_files).forgotten
    watcher = _Watcher(width=media.width, height=media.height, keeper=Keeper(context.folder))
    for frame in frames(context.recording, media, fps=FPS):
        if events.forgotten_at(forgotten, frame.time_s):
            continue
        watcher.see(frame)
        context.report(min(0.99, frame.time_s / max(media.duration_s, 0.1)))
    return watcher.finish(media)


STAGE = Stage(name="watch", version=10, needs=("probe",), produces=Watched, run=watch, uses=("side_files",), isolated=True)


@dataclass(slots=True)
class _Watcher:
    width: int
    height: int
    keeper: Keeper
    _tracker: Tracker = field(init=False)
    _differences: list[Difference] = field(default_factory=list)
    _last: Frame | None = None
    _first: Frame | None = None
    _came: tuple[Rect, Rect] | None = None
    _rest_since_s: float = 0.0
    _typed_since_still: bool = False
    _kept_at_s: float = -BUSY_EVERY_S
    _restless: Restless = field(default_factory=Restless)
    _carets: deque[tuple[float, Rect]] = field(default_factory=lambda: deque(maxlen=6))

    def __post_init__(self) -> None:
        self._tracker = Tracker(self.width, self.height)

    def see(self, frame: Frame) -> None:
        last, self._last = self._last, frame
        if last is None or last.luma.shape != frame.luma.shape:
            self._rest_since_s, self._first = frame.time_s, frame
            return
        cells = changed_cells(last.luma, frame.luma)
        self._restless.see(frame.time_s, cells)
        found = [r for r in rectangles(cells) if not self._blinks(last, frame, r)] if cells.any() else []
        rects = [r for r in found if not self._restless.covers(r)]
        if sum(r[2] * r[3] for r in found) - sum(r[2] * r[3] for r in rects) > FILM_SHARE * self.width * self.height:
            self._rest_since_s, self._first = frame.time_s, frame
        if not rects:
            return
        patches = [self._patch(last, frame, r) for r in rects]
        area = sum(r[2] * r[3] for r in rects) / (self.width * self.height)
        # In a page that is drawn anew anything may look like a pointer; where it was is where it stays.
        self._came = self._tracker.came(self._rest_since_s)
        pointer = (
            self._tracker.see(frame.time_s, last.luma, frame.luma, patches)
            if area < REDRAWN_SHARE and len(rects) <= REDRAWN_PATCHES
            else ()
        )
        shift = vertical_shift(last.luma, frame.luma, union(rects)) if area > 0.05 else 0
        moved_from = scrolled_from(last.luma, frame.luma, union(rects), shift) if shift else 0
        self._differences.append(
            Difference(time_s=frame.time_s, rects=tuple(p.rect for p in patches), shift_px=shift, moved_from=moved_from)
        )
        rest = [p.rect for p in patches if not any(overlap(p.rect, q) for q in pointer)]
        if rest:
            self._disturbed(last, frame, union(rest))

    def finish(self, media: Media) -> Watched:
        if self._last is not None:
            self._came = self._tracker.came(self._rest_since_s)
            self._keep(self._last)
            self._restless.finish(self._last.time_s)
        duration_s = max(media.duration_s, self._last.time_s if self._last else 0.0)
        track = tuple(p for p in self._tracker.track() if not self._restless.covered(p.time_s, (p.x, p.y, 1, 1)))
        self.keeper.finish(track)
        stills = tuple(self.keeper.stills)
        differences = changes.without_restless(changes.without_pointer(self._differences, self._tracker.explained()), self._restless)
        return Watched(
            width=self.width,
            height=self.height,
            duration_s=round(duration_s, 3),
            stills=stills,
            changes=changes.group(differences, self.width, self.height),
            pointer=track,
            clicks=clicks.find(track, differences, stills, duration_s),
        )

    def _patch(self, last: Frame, frame: Frame, rect: Rect) -> Patch:
        part = exact(last.luma, frame.luma, rect) or rect
        most = self._tracker.widest_px
        small = min(part[2:]) >= LEAST_POINTER_PX and max(part[2:]) <= most
        solid = density(last.luma, frame.luma, part) > SOLID
        return Patch(rect=part, pointer_like=small and not solid, solid=solid)

    def _disturbed(self, last: Frame, frame: Frame, box: Rect) -> None:
        """The picture is no longer at rest: keeps what was to be seen until now, unless that is an intermediate state only."""
        small = line_high(box, self.height)
        rested = last.time_s - self._rest_since_s >= LEAST_REST_S
        # Typing that goes straight over into something larger must not be lost either.
        if rested or (self._typed_since_still and not small) or frame.time_s - self._kept_at_s > BUSY_EVERY_S:
            self._keep(last)
            self._typed_since_still = False
            self._kept_at_s = last.time_s
        self._typed_since_still = small or self._typed_since_still
        self._rest_since_s, self._first = frame.time_s, frame

    def _keep(self, last: Frame) -> None:
        since_s = min(self._rest_since_s, last.time_s)
        hidden = hidden_by_pointer(self._first, last, *self._came) if self._first is not None and self._came is not None else ()
        self.keeper.keep(last, since_s=since_s, hidden=hidden, bare=self._first)

    def _blinks(self, last: Frame, frame: Frame, rect: Rect) -> bool:
        """A caret: the very same tiny patch that came or went between 0.25 and 1.3 seconds ago. A pointer that leaves from beside it is larger."""
        if rect[2] > 3 * CELL_PX or rect[3] > max(5 * CELL_PX, self.height // 22):
            return False
        part = exact(last.luma, frame.luma, rect) or rect
        same = [t for t, r in self._carets if all(abs(a - b) <= CARET_PX for a, b in zip(part, r, strict=True))]
        self._carets.append((frame.time_s, part))
        return any(0.25 <= frame.time_s - t <= 1.3 for t in same)

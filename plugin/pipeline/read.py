"""Watched -> Reading: all text of every still, but each piece of text recognised once.

A line that the still before already showed in the same pixels is taken over; one that stood anywhere earlier in the recording (scrolled, come
back) is found by its picture; only what is left goes to the recogniser.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from plugin.pipeline.artefacts import Line, Pointer, Reading, Rect, Screen, Watched
from plugin.pipeline.engines import picture
from plugin.pipeline.engines.ocr import Read, Recogniser, crop
from plugin.pipeline.engines.spacing import respace
from plugin.pipeline.engines.textlines import find_lines, reading_order
from plugin.pipeline.stage import Context, Stage

_LEAST_CONFIDENCE = 0.5
_MOST_COLUMNS_A_STILL = 60_000
"""Pixel columns that one still may cost (about seven CPU seconds): a picture full of "text" is a photograph."""


@dataclass(slots=True)
class _Known:
    """What was read so far, by the size of its box."""

    lines: dict[tuple[int, int], list[tuple[Any, Line]]] = field(default_factory=dict)

    def find(self, box: Rect, piece: Any) -> Line | None:
        for pixels, line in reversed(self.lines.get((box[2], box[3]), [])):
            if picture.alike(pixels, piece):
                return Line(box=box, text=line.text, confidence=line.confidence)
        return None

    def add(self, line: Line, piece: Any) -> None:
        kept = self.lines.setdefault((line.box[2], line.box[3]), [])
        kept.append((piece.copy(), line))
        del kept[:-12]


def read_stills(watched: Watched, images: Iterable[Any], recogniser: Recogniser, report: Any = None) -> Reading:
    """``images`` are the grey pictures of ``watched.stills``, in their order; only two are held at a time."""
    known = _Known()
    screens: list[Screen] = []
    before: Any = None
    for index, gray in enumerate(images):
        still = watched.stills[index]
        hidden = _hidden(watched, still.time_s, still.until_s, gray)
        kept = _taken_over(screens[-1].lines, before, gray, hidden) if before is not None else ()
        lines = _new_lines(gray, before, kept, known, recogniser, slack_px=6 if hidden is None else 26)
        screens.append(Screen(still=index, time_s=still.time_s, lines=_in_order(_settled(kept, lines))))
        before = gray
        if report is not None:
            report((index + 1) / len(watched.stills))
    return Reading(screens=tuple(screens))


def _taken_over(lines: Sequence[Line], before: Any, gray: Any, hidden: Any) -> tuple[Line, ...]:
    if before.shape != gray.shape:
        return ()
    same = []
    for line in lines:
        old, new = picture.cut(before, line.box, 1), picture.cut(gray, line.box, 1)
        mask = picture.cut(hidden, line.box, 1) if hidden is not None else None
        covered = float((mask > 0).mean()) if mask is not None and mask.size else 0.0
        if covered < 0.7 and picture.alike(old, new, mask):
            same.append(line)
    return tuple(same)


def _new_lines(gray: Any, before: Any, kept: Sequence[Line], known: _Known, recogniser: Recogniser, slack_px: int) -> list[Line]:
    """``slack_px``: by how much a pointer that lies on a known line may lengthen it."""
    rows = _changed_rows(gray, before)
    if rows is None:
        return []
    top, bottom = rows
    boxes = [(x, y + top, w, h) for x, y, w, h in reading_order(find_lines(gray[top:bottom]))]
    fresh: list[Rect] = []
    lines: list[Line] = []
    columns = 0
    for box in boxes:
        if any(_overlap(box, line.box) > 0.6 and box[2] <= line.box[2] + slack_px for line in kept):
            continue
        piece = picture.cut(gray, box, 1)
        found = known.find(box, piece)
        if found is not None:
            lines.append(found)
        elif columns < _MOST_COLUMNS_A_STILL:
            fresh.append(box)
            columns += box[2] * 48 // max(box[3], 1)
    crops = [crop(gray, box) for box in fresh]
    for box, piece, read in zip(fresh, crops, recogniser.read(crops), strict=True):
        line = _line(box, piece, read)
        known.add(line, picture.cut(gray, box, 1))
        lines.append(line)
    return [line for line in lines if line.text and line.confidence >= _LEAST_CONFIDENCE]


def _settled(kept: Sequence[Line], lines: Sequence[Line]) -> list[Line]:
    """One reading per place: a line that has grown replaces its shorter self, a smear over several lines does not."""
    good = [line for line in lines if not any(_overlap(k.box, line.box) > 0.7 and k.confidence > line.confidence + 0.08 for k in kept)]
    grown = [k for k in kept if not any(_overlap(k.box, line.box) > 0.7 for line in good)]
    return [*grown, *good]


def _line(box: Rect, piece: Any, read: Read) -> Line:
    return Line(box=box, text=respace(read.text, read.centres, piece).strip(), confidence=round(read.confidence, 3))


def _changed_rows(gray: Any, before: Any) -> tuple[int, int] | None:
    """The rows that differ, with room for a whole line above and below; None where nothing does."""
    if before is None or before.shape != gray.shape:
        return 0, gray.shape[0]
    differing = np.flatnonzero((np.abs(gray.astype(np.int16) - before) > 24).any(axis=1))
    if not differing.size:
        return None
    return max(0, int(differing[0]) - 60), min(gray.shape[0], int(differing[-1]) + 60)


def _overlap(box: Rect, other: Rect) -> float:
    """Share of ``box`` that lies in ``other``."""
    wide = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    high = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return wide * high / (box[2] * box[3]) if wide > 0 and high > 0 else 0.0


def _hidden(watched: Watched, start_s: float, until_s: float, gray: Any) -> Any:
    """Where the mouse pointer stood at the beginning of this still and just before it."""
    spots = [p for p in _near(watched.pointer, start_s) if p.time_s <= until_s]
    if not spots:
        return None
    mask = np.zeros(gray.shape, np.uint8)
    for spot in spots:
        mask[max(0, spot.y - 14) : spot.y + 30, max(0, spot.x - 14) : spot.x + 24] = 1
    return mask


def _near(track: Sequence[Pointer], time_s: float) -> list[Pointer]:
    at = bisect_right(track, time_s, key=lambda p: p.time_s)
    return list(track[max(0, at - 1) : at + 1])


def _in_order(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (line.box[1] + line.box[3] // 2, line.box[0])))


def run(context: Context) -> Reading:
    watched = cast(Watched, context.inputs["watch"])
    folder = context.folders["watch"]
    recogniser = Recogniser(threads=context.options.threads, languages=context.options.ocr_languages)
    images = (picture.load_gray(folder / still.path) for still in watched.stills)
    return read_stills(watched, images, recogniser, context.report)


STAGE = Stage(name="read", version=1, needs=("watch",), produces=Reading, run=run, uses=("ocr_languages", "threads"), isolated=True)

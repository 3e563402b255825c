"""Watched -> Reading: all text of every still, but each piece of text recognised once.

A line that the still before already showed in the same pixels is taken over; one that stood anywhere earlier in the recording (scrolled, come
back) is found by its picture; only what is left goes to the recogniser.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, cast

import numpy as np

from plugin.pipeline.artefacts import Line, Pointer, Reading, Rect, Screen, Watched
from plugin.pipeline.engines import picture
from plugin.pipeline.engines.ocr import Read, Recogniser, crop
from plugin.pipeline.engines.spacing import respace
from plugin.pipeline.engines.textlines import find_lines, reading_order
from plugin.pipeline.side import session
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
    """``images`` are the grey pictures of ``watched.stills``, in their order; only three are held at a time."""
    known = _Known()
    screens: list[Screen] = []
    before: Any = None
    for index, (gray, following) in enumerate(_with_next(images)):
        still = watched.stills[index]
        coming = _pointer_spots(watched, index + 1, gray)
        spots = [s for s in _pointer_spots(watched, index, gray) if not _lifted(gray, s, before, following, coming)]
        kept = _taken_over(screens[-1].lines, before, gray, spots) if before is not None else ()
        earlier = screens[-1].lines if screens else ()
        lines = _new_lines(gray, before, kept, known, recogniser, spots, earlier)
        screens.append(Screen(still=index, time_s=still.time_s, lines=_in_order(_settled(kept, lines))))
        before = gray
        if report is not None:
            report((index + 1) / len(watched.stills))
    return Reading(screens=tuple(screens))


def _with_next(images: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    current: Any = None
    for image in images:
        if current is not None:
            yield current, image
        current = image.copy()
    if current is not None:
        yield current, None


def _pointer_spots(watched: Watched, index: int, gray: Any) -> list[Rect]:
    """Where the mouse pointer may cover the picture of this still: where it was when the rest began and when it ended."""
    if index >= len(watched.stills):
        return []
    spots: list[Rect] = []
    still = watched.stills[index]
    marks: list[Pointer] = []
    for time_s in (still.time_s, still.until_s):
        at = bisect_right(watched.pointer, time_s + 0.02, key=lambda p: p.time_s)
        marks += watched.pointer[at - 1 : at]
    for spot in marks:
        reach = (10, 14, 11, 15) if spot.glyph == "text" else (12, 12, 22, 28)
        left, top = max(0, spot.x - reach[0]), max(0, spot.y - reach[1])
        box = (left, top, min(gray.shape[1], spot.x + reach[2]) - left, min(gray.shape[0], spot.y + reach[3]) - top)
        if box[2] > 0 and box[3] > 0 and box not in spots:
            spots.append(box)
    return spots


def _lifted(gray: Any, spot: Rect, before: Any, following: Any, coming: Sequence[Rect]) -> bool:
    if before is not None and picture.lift(gray, spot, before):
        return True
    apart = not any(_meet(spot, other) for other in coming)
    return following is not None and apart and picture.lift(gray, spot, following)


def _meet(one: Rect, other: Rect) -> bool:
    return _overlap(one, other) > 0


def _taken_over(lines: Sequence[Line], before: Any, gray: Any, spots: Sequence[Rect]) -> tuple[Line, ...]:
    """Lines of the still before that stand there unchanged, as far as the pointer lets see."""
    if before.shape != gray.shape:
        return ()
    same = []
    for line in lines:
        old, new = picture.cut(before, line.box, 1), picture.cut(gray, line.box, 1)
        mask, covered = None, 0.0
        spot = next((s for s in spots if _meet(line.box, s)), None)
        if spot is not None:
            mask = picture.mask_of(spot, line.box, new.shape, 1)
            covered = float(mask.mean())
        if covered < 0.7 and picture.alike(old, new, mask):
            same.append(line)
    return tuple(same)


def _new_lines(
    gray: Any, before: Any, kept: Sequence[Line], known: _Known, recogniser: Recogniser, spots: Sequence[Rect], earlier: Sequence[Line]
) -> list[Line]:
    """What is to be read. ``spots`` are where a pointer covers the picture: it may lengthen a line, spoil a letter or look like one."""
    rows = _changed_rows(gray, before)
    if rows is None:
        return []
    top, bottom = rows
    boxes = [(x, y + top, w, h) for x, y, w, h in reading_order(find_lines(gray[top:bottom]))]
    fresh: list[Rect] = []
    lines: list[Line] = []
    columns = 0
    for box in boxes:
        under = any(_meet(box, s) for s in spots)
        if box[2] <= 24 and any(_overlap(box, s) > 0.85 for s in spots):
            continue  # the pointer itself
        if any(_overlap(box, line.box) > 0.6 and box[2] <= line.box[2] + (26 if under else 6) for line in kept):
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
        spot = next((s for s in spots if _meet(box, s)), None)
        if spot is not None:
            line = _under_pointer(box, piece, read, spot, earlier)
        else:
            line = _line(box, piece, read)
            known.add(line, picture.cut(gray, box, 1))
        lines.append(line)
    return [line for line in lines if line.text and line.confidence >= _LEAST_CONFIDENCE]


def _under_pointer(box: Rect, piece: Any, read: Read, spot: Rect, earlier: Sequence[Line]) -> Line:
    """A line that the pointer lies on: as it read before if that still fits, else without the stroke of a text pointer."""
    plain = _line(box, piece, read)
    for line in earlier:
        similar = SequenceMatcher(None, line.text, plain.text).ratio()
        if (
            _overlap(line.box, box) > 0.75
            and abs(line.box[2] - box[2]) <= 26
            and similar >= 0.5
            and abs(len(line.text) - len(plain.text)) <= 2
        ):
            return Line(box=line.box, text=line.text, confidence=line.confidence)
    middle = spot[0] + spot[2] // 2 - max(0, box[0] - max(3, round(0.2 * box[3])))
    strokes = [i for i, c in enumerate(read.text) if c in "I|[]" and abs(read.centres[i] - middle) <= 0.4 * box[3]]
    if not strokes:
        return plain
    out = min(strokes, key=lambda i: (read.text[i] not in "I|", abs(read.centres[i] - middle)))
    text, centres = read.text[:out] + read.text[out + 1 :], read.centres[:out] + read.centres[out + 1 :]
    bare = piece.copy()
    stroke = round(read.centres[out])
    bare[:, max(0, stroke - 4) : stroke + 5] = np.median(piece)
    return Line(box=box, text=respace(text, centres, bare).strip(), confidence=plain.confidence)


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


def _in_order(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (line.box[1] + line.box[3] // 2, line.box[0])))


def run(context: Context) -> Reading:
    watched = cast(Watched, context.inputs["watch"])
    if session.is_session(context.recording):
        return session.read(context.recording)
    folder = context.folders["watch"]
    recogniser = Recogniser(threads=context.options.threads, languages=context.options.ocr_languages)
    images = (picture.load_gray(folder / still.path) for still in watched.stills)
    return read_stills(watched, images, recogniser, context.report)


STAGE = Stage(name="read", version=2, needs=("watch",), produces=Reading, run=run, uses=("ocr_languages", "threads"), isolated=True)

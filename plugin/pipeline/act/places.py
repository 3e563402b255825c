"""Where a reader finds what was done: the heading of the page, which stays its heading while the page is scrolled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

from plugin.pipeline.act.geometry import bottom, centre, right, same_row
from plugin.pipeline.act.naming import clean
from plugin.pipeline.artefacts import Line, Reading, Rect, Screen
from plugin.pipeline.engines import picture

_ADDRESS = re.compile(r"^\S*(?:://|localhost|\w\.\w+/|:\d{2,5})\S*$")
_PARTS = re.compile(r"\s+[|·–—-]\s+")
_LARGER = 1.26
"""A heading's type against the usual one."""
_NEARLY = 0.75
_BANNER = 0.15
"""Of those that reach this share of the largest the first counts that does not stand where a site has its banner (share of the screen's height)."""
_TITLE_BAR = 0.06
"""Of the screen's height: where a window or a tab tells its title."""
_TITLED = 1.3
"""By how much words count as larger that the title repeats."""
_BAR = 0.13
"""Of the screen's height: where a browser shows the address."""
_CUT_OFF = 10
"""Characters: tabs cut titles off."""
_SAME_PAGE = 0.4
"""Share of a screen's texts that stood on the one before: less is another page."""


class Places:
    """The heading of each still. ``pictures`` gives a still's grey picture by its index; ``size`` is the screen's width and height."""

    def __init__(self, reading: Reading, pictures: Callable[[int], Any], size: tuple[int, int]) -> None:
        self._reading, self._pictures, self._size = reading, pictures, size
        self._known: list[str | None] = []

    def at(self, still: int) -> str | None:
        """None where nothing on the screen could be a heading or a title."""
        for number in range(len(self._known), still + 1):
            screen = self._reading.screens[number]
            heading = self._heading(screen)
            found = clean(heading.text) if heading is not None else None
            if number and not self.came(number) and (heading is None or _stood(heading, self._reading.screens[number - 1])):
                found = self._known[-1]  # it was scrolled away; what else is large stood there before and was no heading either
            self._known.append(found or _title(_worded(screen.lines)))
        return self._known[still]

    def _heading(self, screen: Screen) -> Line | None:
        gray, worded = self._pictures(screen.still), _worded(screen.lines)
        if not worded:
            return None
        bar = _TITLE_BAR * self._size[1]
        title = " ".join(o.text for o in worded if bottom(o.box) < bar).lower()
        sizes: dict[int, float] = {}
        for i, size in enumerate(type_sizes(gray, worded)):
            line = worded[i]
            if 4 <= len(line.text) <= 60 and bar < line.box[1] < 0.5 * self._size[1] and _begins_its_row(line, screen.lines):
                sizes[i] = size * (_TITLED if clean(line.text).lower()[:_CUT_OFF] in title else 1.0)
        found = {i: size for i, size in sizes.items() if size >= _LARGER and not self._framed(gray, worded[i].box)}
        if not found:
            return None
        largest = max(found.values())
        tops = [worded[i] for i, size in found.items() if size >= _NEARLY * largest]
        return min(tops, key=lambda o: (o.box[1] < _BANNER * self._size[1], o.box[1]))

    def came(self, still: int) -> bool:
        """Whether a still shows another page than the one before: by the browser's address where it is to be read, else by the texts of both."""
        before, now = self._reading.screens[still - 1], self._reading.screens[still]
        addresses = [
            next((o.text for o in s.lines if _ADDRESS.search(o.text) and o.box[1] < _BAR * self._size[1]), None) for s in (before, now)
        ]
        if all(addresses):
            return addresses[0] != addresses[1]
        old, new = ({o.text for o in screen.lines if len(o.text) >= 3} for screen in (before, now))
        return len(old & new) < _SAME_PAGE * max(1, min(len(old), len(new)))

    def _framed(self, gray: Any, box: Rect) -> bool:
        """Whether the words stand in a box of their own: a button, a field with its placeholder."""
        frame = picture.outline(gray, centre(box), widest=self._size[0] // 2, highest=3 * box[3])
        return frame is not None and frame[3] <= 3 * box[3] and 0.6 * box[2] <= frame[2] <= 0.6 * self._size[0]


def type_sizes(gray: Any, lines: Sequence[Line]) -> list[float]:
    """The type of each line against the usual one of all. Both its height and its width must be larger: OCR's boxes take in borders and arrows."""
    highs, wides = [_em(gray, o) for o in lines], [_letter_width(o) for o in lines]
    usual_high, usual_wide = median(highs), median(wides)
    return [min(high / usual_high, wide / usual_wide) for high, wide in zip(highs, wides, strict=True)]


def _letter_width(line: Line) -> float:
    """Pixels of a common small letter."""
    return line.box[2] / sum(0.55 if c in _SLIM else 1.5 if c in _WIDE else 1.25 if c.isupper() else 1.0 for c in line.text)


def _em(gray: Any, line: Line) -> float:
    """Pixels of an em, from the rows that have ink and the kind of letters that stand in them."""
    ink = np.abs(picture.cut(gray, line.box).astype(np.int16) - picture.ground(gray, line.box)) > _INK
    rows = np.flatnonzero(ink.any(axis=1))
    if not len(rows):
        return float(line.box[3])
    return float(rows[-1] - rows[0] + 1) / ((0.72 if _TALL & set(line.text) else 0.52) + (0.2 if _DEEP & set(line.text) else 0.0))


_SLIM, _WIDE = frozenset("fijlrtI.,:;|!'()[] "), frozenset("mwMW@%")
_INK = 48
_TALL, _DEEP = frozenset("bdfhijklt0123456789()[]{}|/!?ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ"), frozenset("gjpqy()[]{}|/,;")


def _worded(lines: tuple[Line, ...]) -> list[Line]:
    return [o for o in lines if sum(c.isalpha() for c in o.text) >= 3 and o.confidence >= 0.95 and not _ADDRESS.search(o.text)]


def _begins_its_row(line: Line, lines: tuple[Line, ...]) -> bool:
    """A value follows its label, a cell the one before; a heading follows nothing but, far away, a menu."""
    return not any(0 <= line.box[0] - right(o.box) < 3 * o.box[3] and same_row(o.box, line.box) for o in lines if o is not line)


def _stood(line: Line, screen: Screen) -> bool:
    return any(o.text == line.text and abs(o.box[0] - line.box[0]) <= 4 and abs(o.box[1] - line.box[1]) <= 4 for o in screen.lines)


def _title(worded: list[Line]) -> str | None:
    """The first part of the words in the highest place: of "Users | Site administration" in a tab or a window's title it is the page."""
    return clean(_PARTS.split(min(worded, key=lambda o: centre(o.box)[1]).text)[0]) if worded else None

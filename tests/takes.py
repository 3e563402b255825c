"""A second take of a recording of a terminal: other characters in some cells, pauses, other compression. Made from the frames of the first one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

Frame = np.ndarray
SAME_GLYPH = 14.0
"""Mean difference of grey values up to which a cell holds the glyph that is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where the characters of a terminal stand: left upper corner of the first cell, width and height of a cell in pixels."""

    left: int
    top: int
    width: int
    height: int

    def cell(self, row: int, column: int) -> tuple[slice, slice]:
        y, x = self.top + row * self.height, self.left + column * self.width
        return slice(y, y + self.height), slice(x, x + self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """In row ``row`` from column ``column`` on stands ``new`` instead of ``old`` (as many characters), as soon as each of them is typed."""

    row: int
    column: int
    old: str
    new: str


def second_take(
    source: Path,
    target: Path,
    grid: Grid,
    *,
    text: Sequence[str],
    rewrites: Sequence[Rewrite] = (),
    pauses: Sequence[tuple[float, float]] = (),
    quality: int = 30,
    every: int = 1,
) -> Path:
    """``text`` are the rows of the last frame, from which the glyphs are taken. ``pauses``: (at, how long) in seconds of the first take.

    ``every`` n-th frame is used.
    """
    (last,) = deque((image for _, image in _frames(source)), maxlen=1)
    glyphs = _glyphs(last, grid, text)
    height, width = last.shape[:2]
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=15, width=width, height=height, pix_fmt="yuv420p", options={"crf": str(quality)})
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, (at, image) in enumerate(_frames(source)):
            if number % every:
                continue
            picture = av.VideoFrame.from_ndarray(_rewritten(image, grid, glyphs, rewrites), format="bgr24").reformat(format="yuv420p")
            picture.pts = round(1000 * (at + sum(length for start, length in pauses if start <= at)))
            picture.time_base = Fraction(1, 1000)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return target


def captions(path: Path, lines: Sequence[tuple[float, float, str]]) -> Path:
    """A WebVTT file of (start, end, text)."""

    def stamp(seconds: float) -> str:
        return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"

    cues = [f"{stamp(start)} --> {stamp(end)}\n{words}\n" for start, end, words in lines]
    path.write_text("WEBVTT\n\n" + "\n".join(cues), "utf-8")
    return path


def _frames(path: Path) -> Iterator[tuple[float, Frame]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield float(frame.time or 0.0), frame.to_ndarray(format="bgr24")


def _glyphs(image: Frame, grid: Grid, text: Sequence[str]) -> dict[str, Frame]:
    found: dict[str, Frame] = {}
    for row, line in enumerate(text):
        for column, character in enumerate(line):
            found.setdefault(character, image[grid.cell(row, column)].copy())
    return found


def _rewritten(image: Frame, grid: Grid, glyphs: dict[str, Frame], rewrites: Sequence[Rewrite]) -> Frame:
    for change in rewrites:
        for at, (old, new) in enumerate(zip(change.old, change.new, strict=True)):
            where = grid.cell(change.row, change.column + at)
            if float(cv2.absdiff(image[where], glyphs[old]).mean()) < SAME_GLYPH:
                image[where] = glyphs[new]
    return image

"""Small real recordings of a terminal, drawn letter by letter: what an engineer would show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib import resources
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

PROMPT = "dev@web-01:~$ "
SIZE = (1000, 560)
FPS = 10
_FONT = resources.files("fontpkg_jetbrains_mono") / "files" / "JetBrainsMono[wght].ttf"


def terminal_film(path: Path, commands: Sequence[tuple[str, str]]) -> Path:
    """``commands`` are typed one after the other, each with the output that follows; about four seconds a command."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=FPS, width=SIZE[0], height=SIZE[1], pix_fmt="yuv420p", options={"crf": "20", "preset": "veryfast"}
        )
        stream.time_base = Fraction(1, FPS)
        for at, rows in enumerate(_states(commands)):
            frame = av.VideoFrame.from_ndarray(_drawn(rows), format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _states(commands: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """The rows of the screen in each frame."""
    rows: list[str] = []
    for command, output in commands:
        for _ in range(8):
            yield [*rows, PROMPT + "█"]
        for typed in range(1, len(command) + 1):
            yield [*rows, PROMPT + command[:typed] + "█"]
        for _ in range(6):
            yield [*rows, PROMPT + command + "█"]
        rows = [*rows, PROMPT + command, *output.splitlines()]
        for _ in range(14):
            yield [*rows, PROMPT + "█"]


def _drawn(rows: Sequence[str]) -> np.ndarray:
    image = Image.new("RGB", SIZE, (24, 26, 31))
    pen, face = ImageDraw.Draw(image), ImageFont.truetype(str(_FONT), 20)
    for at, row in enumerate(rows):
        pen.text((18, 16 + at * 28), row, fill=(222, 226, 230), font=face)
    return np.asarray(image)

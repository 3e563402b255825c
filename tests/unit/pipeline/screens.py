"""Screens drawn for the tests: a terminal in type of one width and a page with fields, as grey pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

MONO = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
SANS = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
SIZE = (1000, 600)


def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    if not path.exists():
        pytest.skip("the DejaVu fonts are not installed")
    return ImageFont.truetype(str(path), size)


def terminal(rows: Sequence[str], *, size: int = 18, light: bool = False) -> Any:
    """``rows`` from the top, one under the other."""
    ground, ink = (250, 20) if light else (24, 220)
    image = Image.new("L", SIZE, ground)
    draw = ImageDraw.Draw(image)
    face = font(MONO, size)
    for i, row in enumerate(rows):
        draw.text((16, 12 + i * (size + 6)), row, fill=ink, font=face)
    return np.asarray(image).copy()


class Page:
    """A web page, drawn piece by piece."""

    def __init__(self) -> None:
        self._image = Image.new("L", SIZE, 255)
        self._draw = ImageDraw.Draw(self._image)

    def words(self, x: int, y: int, text: str, size: int = 16) -> Page:
        self._draw.text((x, y), text, fill=20, font=font(SANS, size))
        return self

    def field(self, x: int, y: int, width: int, text: str = "", height: int = 32) -> Page:
        self._draw.rectangle((x, y, x + width, y + height), outline=130)
        if text:
            self.words(x + 8, y + 7, text)
        return self

    def dots(self, x: int, y: int, count: int) -> Page:
        for i in range(count):
            self._draw.ellipse((x + 9 * i, y, x + 9 * i + 6, y + 6), fill=20)
        return self

    def button(self, x: int, y: int, text: str, width: int = 120, height: int = 36) -> Page:
        self._draw.rectangle((x, y, x + width, y + height), fill=200)
        wide = self._draw.textlength(text, font=font(SANS, 16))
        return self.words(x + (width - int(wide)) // 2, y + 8, text)

    def box(self, x: int, y: int) -> Page:
        self._draw.rectangle((x, y, x + 14, y + 14), outline=90)
        return self

    def cover(self, x: int, y: int, width: int, height: int) -> Page:
        self._draw.rectangle((x, y, x + width, y + height), fill=255)
        return self

    def arrow(self, x: int, y: int) -> Page:
        """To the right, in a round button of 24 pixels."""
        self._draw.ellipse((x, y, x + 23, y + 23), fill=110)
        self._draw.line((x + 5, y + 12, x + 18, y + 12), fill=255, width=3)
        self._draw.line((x + 12, y + 6, x + 18, y + 12, x + 12, y + 18), fill=255, width=3, joint="curve")
        return self

    def picture(self) -> Any:
        return np.asarray(self._image).copy()

"""The picture of a terminal's screen, and where its lines of text stand in it. The same screen gives the same picture on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from plugin.pipeline.artefacts import Line, Rect

MARGIN_PX = 12
WIDEST_PX = 1280
LARGEST_TYPE, SMALLEST_TYPE = 20, 9
GROUND, INK = (24, 26, 31), (222, 226, 230)
_COLOURS = {
    "black": (59, 66, 82), "red": (224, 108, 117), "green": (152, 195, 121), "brown": (229, 192, 123), "yellow": (229, 192, 123),
    "blue": (97, 175, 239), "magenta": (198, 120, 221), "cyan": (86, 182, 194), "white": (220, 223, 228),
    "brightblack": (127, 132, 142), "brightred": (240, 140, 148), "brightgreen": (173, 216, 146), "brightbrown": (240, 210, 150),
    "brightyellow": (240, 210, 150), "brightblue": (130, 195, 245), "brightmagenta": (216, 150, 235), "bfightmagenta": (216, 150, 235),
    "brightcyan": (120, 205, 215), "brightwhite": (255, 255, 255),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """The cells of a terminal in pixels: ``columns`` x ``rows`` of ``width`` x ``height`` each, inside a margin."""

    columns: int
    rows: int
    size: int
    width: int
    height: int

    @property
    def picture(self) -> tuple[int, int]:
        """Width and height of the picture, even, as videos are."""
        wide, high = self.columns * self.width + 2 * MARGIN_PX, self.rows * self.height + 2 * MARGIN_PX
        return wide + wide % 2, high + high % 2

    def box(self, row: int, first: int, last: int) -> Rect:
        """The cells ``first`` to ``last`` of a row."""
        return (MARGIN_PX + first * self.width, MARGIN_PX + row * self.height, (last - first + 1) * self.width, self.height)


def type_for(columns: int, rows: int) -> Type:
    """The largest type in which the terminal is at most WIDEST_PX wide, as far as it stays readable."""
    size = LARGEST_TYPE
    while size > SMALLEST_TYPE and columns * _advance(size) + 2 * MARGIN_PX > WIDEST_PX:
        size -= 1
    return Type(columns, rows, size, _advance(size), round(size * 1.36))


def draw(screen: Any, cells: Type) -> Image.Image:
    """``screen`` as pyte keeps it; what does not fit into ``cells`` is cut."""
    image = Image.new("RGB", cells.picture, GROUND)
    pen = ImageDraw.Draw(image)
    for y in range(min(screen.lines, cells.rows)):
        row = screen.buffer[y]
        for x in range(min(screen.columns, cells.columns)):
            cell = row[x]
            ink, ground = _colour(cell.fg, INK), _colour(cell.bg, GROUND)
            if cell.reverse:
                ink, ground = ground, ink
            left, top = MARGIN_PX + x * cells.width, MARGIN_PX + y * cells.height
            if ground != GROUND:
                pen.rectangle((left, top, left + cells.width - 1, top + cells.height - 1), fill=ground)
            if cell.data.strip():
                pen.text((left, top + 1), cell.data, fill=ink, font=_font(cells.size, cell.bold))
                if cell.underscore:
                    pen.line((left, top + cells.height - 3, left + cells.width, top + cells.height - 3), fill=ink)
    if not screen.cursor.hidden and screen.cursor.y < cells.rows and screen.cursor.x < cells.columns:
        left, top = MARGIN_PX + screen.cursor.x * cells.width, MARGIN_PX + screen.cursor.y * cells.height
        pen.rectangle((left, top, left + 2, top + cells.height - 3), fill=INK)
    return image


def lines(screen: Any, cells: Type) -> tuple[Line, ...]:
    """The rows that hold text, to the letter."""
    found = []
    for y in range(min(screen.lines, cells.rows)):
        text = screen.line(y)[: cells.columns].rstrip()
        if not text.strip():
            continue
        first = len(text) - len(text.lstrip())
        found.append(Line(box=cells.box(y, first, len(text) - 1), text=text.strip(), confidence=1.0))
    return tuple(found)


def _colour(name: str, default: tuple[int, int, int]) -> tuple[int, int, int]:
    if name == "default":
        return default
    if name in _COLOURS:
        return _COLOURS[name]
    try:
        return (int(name[0:2], 16), int(name[2:4], 16), int(name[4:6], 16))
    except ValueError:
        return default


def _advance(size: int) -> int:
    return round(_font(size, bold=False).getlength("M"))


@lru_cache(maxsize=32)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    path = resources.files("fontpkg_jetbrains_mono") / "files" / "JetBrainsMono[wght].ttf"
    with resources.as_file(path) as file:
        font = ImageFont.truetype(str(file), size)
    font.set_variation_by_axes([700 if bold else 400])
    return font

"""What words name: a label without its ornaments, and which words are the name of a field."""

from __future__ import annotations

import re
from collections.abc import Callable

from plugin.pipeline.act.frames import in_border
from plugin.pipeline.act.geometry import bottom, right, same_row, share
from plugin.pipeline.artefacts import Line, Point, Rect

_ORNAMENT = re.compile(r"^(?:[^\w\s(\[\"'“‘/$@#.]+\s*|[□☐☑✓▶▼×+>›•·]\s*)+|\s*[▼▶×›»✓?*:]+$|\s+[→>+]$|\s*[•·…]+$")
_PARTED = re.compile(r"(?<=\s)([a-z]) ([a-z])(?=\s|$)")
_PASSWORD = re.compile(
    r"\b(?:pass(?:word|phrase|wd|code)?|passwort|kennwort|pin|secret|token|api[ _-]?key|private key|client secret|one-time code|otp)\b",
    re.IGNORECASE,
)
_CELL_GAP_PX = 90
TICKED = re.compile(r"^(?:[□☐☑✓]|[O0o] )\s*")
Outline = Callable[[Point], Rect | None]
"""The drawn rectangle around a point."""


def clean(text: str) -> str:
    """A label without the signs that decorate it (arrows, ticks, a colon or an asterisk at the end), and a short word whole that OCR parted ("Log i n")."""
    bare = _PARTED.sub(r"\1\2", text.strip())
    for _ in range(3):
        bare = _ORNAMENT.sub("", bare).strip()
    return bare or text.strip()


def is_password(label: str | None) -> bool:
    return bool(label and _PASSWORD.search(label))


def field_label(frame: Rect, lines: tuple[Line, ...], outlined: Outline, *, near: bool = False) -> str | None:
    """The words that name a field: close to its left on its row, above it at its left edge, else (unless ``near``) farther to its left.

    What stands inside another field is that field's content and names nothing.
    """

    def free(line: Line) -> bool:
        around = outlined((max(0, line.box[0] - 3), line.box[1] + line.box[3] // 2))
        # A cell of a form that holds the label is higher than a field beside it.
        fieldlike = around is not None and around[3] <= min(60, frame[3] + 8) and 60 <= around[2] < 0.6 * line.box[2] + 700
        return not fieldlike or around is None or share(line.box, around) <= 0.6

    words = [
        o
        for o in lines
        if sum(c.isalpha() for c in o.text) >= 2 and (share(o.box, frame) < 0.3 or in_border(o.box, frame)) and not TICKED.match(o.text)
    ]
    key = _key_beside(frame, words, outlined)
    if key is not None:
        return key
    above = [
        o
        for o in words
        if -0.9 * o.box[3] <= frame[1] - bottom(o.box) <= 30 and -14 <= frame[0] - o.box[0] <= 30 and o.box[3] <= 40 and len(o.text) <= 60
    ]
    left = [o for o in words if same_row(o.box, frame) and -6 <= frame[0] - right(o.box) <= 300]
    colon = [o for o in left if o.text.rstrip().endswith(":")]
    for limit, candidates in ((300, colon), (60, left), (0, above), (300, [] if near else _first_of_row(frame, words))):
        close = [o for o in candidates if not limit or candidates is not left or frame[0] - right(o.box) <= limit]
        ordered = sorted(close, key=lambda o: right(o.box) if limit else bottom(o.box), reverse=True)
        found = next((o for o in ordered[:3] if free(o) or (limit and candidates is not left and candidates is not colon)), None)
        if found is not None:
            return clean(found.text)
    return None


def button_beside(frame: Rect, lines: tuple[Line, ...]) -> str | None:
    """The words right after a field: a search field is often named by nothing but its button."""
    after = [o for o in lines if same_row(o.box, frame) and -6 <= o.box[0] - right(frame) <= 80 and len(clean(o.text)) >= 3]
    return clean(min(after, key=lambda o: o.box[0]).text) if after else None


def _first_of_row(frame: Rect, words: list[Line]) -> list[Line]:
    """In a table of fields the first words of the row name it; a menu at the side is farther away than one cell from the next."""
    row = sorted((o for o in words if same_row(o.box, frame) and right(o.box) <= frame[0] + 6), key=lambda o: right(o.box), reverse=True)
    first: Line | None = None
    edge = frame[0]
    for line in row:
        if edge - right(line.box) > (300 if first is None else _CELL_GAP_PX):
            break
        first, edge = line, line.box[0]
    return [first] if first is not None else []


def _key_beside(frame: Rect, words: list[Line], outlined: Outline) -> str | None:
    """In a row of two fields, a name and its value, the name that was filled in is what the second one is called by."""
    for line in words:
        if same_row(line.box, frame) and line.box[0] < frame[0]:
            middle = line.box[1] + line.box[3] // 2
            other = outlined((max(0, line.box[0] - 3), middle)) or outlined((right(line.box) + 6, middle))
            alike = other is not None and abs(other[3] - frame[3]) <= 4 and abs(other[1] - frame[1]) <= 4 and other[2] >= 60
            if alike and other is not None and 10 <= frame[0] - right(other) <= 30 and share(line.box, other) > 0.6:
                return clean(line.text)
    return None

"""A terminal in one still: rows of text in columns, and in them prompts, commands and output.

Everything is in type of one width, so a row's length tells its columns, a gap tells its spaces, and a command that reaches the window's edge
goes on in the next row without a space.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from plugin.pipeline.act import prompts
from plugin.pipeline.act.geometry import around, right, same_row
from plugin.pipeline.artefacts import Line, Rect, Screen

RightEdge = Callable[[Rect], int]
"""Where the ground that a row stands on ends, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``text`` begins at the terminal's left edge; runs of spaces stand for empty columns."""

    box: Rect
    text: str


@dataclass(slots=True, kw_only=True)
class Entry:
    """One prompt with what was typed after it. ``boxes`` are the rows of the command, ``open`` that nothing follows it yet; see prompts for ``strong``."""

    prompt: str
    command: str
    language: str
    boxes: list[Rect]
    strong: bool = False
    output: list[str] = field(default_factory=list)
    open: bool = False


def find(screen: Screen, edge: RightEdge, *, firm: bool = False) -> list[list[Entry]]:
    """Each terminal's entries, from top to bottom. A terminal is known by a prompt at its left edge.

    ``firm``: a strong prompt was seen before, and no other shell entered since; a bare sign is then no prompt, but output ("# managed by ...").
    """
    terminals = []
    taken: list[Rect] = []
    for left, pitch, region in _terminals(screen, edge):
        if any(_inside(region, other) for other in taken):
            continue
        taken.append(region)
        rows = _rows(screen, left, pitch, region)
        entries = _entries(rows, pitch, right(region), firm)
        if entries:
            terminals.append(entries)
    return terminals


def is_fixed(line: Line) -> float:
    """Width of a column in pixels, as this line tells it."""
    return line.box[2] / max(len(line.text) - 0.15, 1)


def _terminals(screen: Screen, edge: RightEdge) -> list[tuple[int, float, Rect]]:
    seeds = [(line, p) for line in screen.lines if (p := prompts.split(line.text)) is not None and not prompts.is_header(line.text)]
    seeds += [(line, p) for line in screen.lines if _under_header(line, screen) and (p := prompts.second_row(line.text)) is not None]
    found: list[tuple[int, float, Rect]] = []
    for line, prompt in seeds:
        if any(abs(line.box[0] - left) <= 4 and line.box[1] >= region[1] for left, _, region in found):
            continue
        column = [o for o, p in seeds if abs(o.box[0] - line.box[0]) <= 4 and (prompt.shape is None or p.shape == prompt.shape)]
        if not prompt.strong and (len(column) < 2 or not _one_width(screen, line)):
            continue
        # The longest line tells the width of a column best: a caret at the end of a short one would add to it.
        pitch = is_fixed(max(column, key=lambda o: len(o.text)))
        end = max(edge(o.box) for o in column)
        top = min(o.box[1] for o in screen.lines if o.box[0] >= line.box[0] - 6 and right(o.box) <= end + 4)
        found.append((line.box[0], pitch, (line.box[0] - 6, top, end - line.box[0] + 6, 10**5)))
    return found


def _under_header(line: Line, screen: Screen) -> bool:
    """Whether the first row of a prompt of two rows stands right above."""
    above = [
        o for o in screen.lines if abs(o.box[0] - line.box[0]) <= 12 and 0 < line.box[1] - o.box[1] <= 1.6 * max(o.box[3], line.box[3])
    ]
    return any(prompts.is_header(o.text) for o in above)


def _one_width(screen: Screen, line: Line) -> bool:
    """Whether the lines under this one agree on the width of a column."""
    widths = [is_fixed(o) for o in screen.lines if abs(o.box[0] - line.box[0]) <= 8 and len(o.text) >= 8]
    if len(widths) < 2:
        return False
    middle = median(widths)
    return sum(abs(w - middle) <= 0.04 * middle for w in widths) >= 0.75 * len(widths)


def _inside(region: Rect, other: Rect) -> bool:
    return abs(region[0] - other[0]) < 20 and abs(right(region) - right(other)) < 20


def _rows(screen: Screen, left: int, pitch: float, region: Rect) -> list[Row]:
    lines = [o for o in screen.lines if o.box[0] >= region[0] and right(o.box) <= right(region) + 4]
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda o: (o.box[1] + o.box[3] // 2, o.box[0])):
        if rows and same_row(around([o.box for o in rows[-1]]), line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    out = []
    for row in rows:
        text, end = "", 0
        ordered = sorted(row, key=lambda o: o.box[0])
        for line, following in zip(ordered, [*ordered[1:], None], strict=True):
            column = max(0, round((line.box[0] - left) / pitch))
            piece = _fit(_without_doubled(line, following, pitch), pitch)
            if not (text and line.box[0] - end < 0.5 * pitch):
                text = text.ljust(column if column > len(text) else len(text) + bool(text))
            text, end = text + piece, right(line.box)
        out.append(Row(box=around([o.box for o in row]), text=text))
    return out


def _without_doubled(line: Line, following: Line | None, pitch: float) -> Line:
    """A letter that was cut in two is read at the end of one part and at the beginning of the next: the first has no room for it."""
    doubled = following is not None and line.text[-1:] == following.text[:1] and line.text[-1:].isalnum()
    if doubled and len(line.text) > round((line.box[2] + 0.3 * pitch) / pitch):
        return replace(line, text=line.text[:-1])
    return line


def _fit(line: Line, pitch: float) -> str:
    """The line's text without spaces that its width has no room for."""
    room = round((line.box[2] + 0.3 * pitch) / pitch)
    text = line.text
    for sign in (" .", ". ", " ,", " '", "' ", " :", "- ", " -", " "):
        while len(text) > room and sign in text:
            text = text.replace(sign, sign.strip(), 1)
    return text


def _entries(rows: list[Row], pitch: float, end: int, settled: bool) -> list[Entry]:
    entries: list[Entry] = []
    wraps = False
    found, headers = _prompts(rows)
    shapes = Counter(p.shape for p in found if p is not None)
    firm = any(p is not None and p.shape is None for p in found)
    strong = settled or any(p is not None and p.strong for p in found)
    inner = False
    for i, (row, seen) in enumerate(zip(rows, found, strict=True)):
        if i in headers:
            wraps = False
            continue
        loose = seen is not None and seen.shape is not None
        prompt = None if loose and (firm or shapes[seen.shape if seen else None] < 2) else seen
        if prompt is not None and strong and not prompt.strong and not inner:
            prompt = None  # a comment or a sum in what a program wrote
        full = end - right(row.box) < 2.2 * pitch
        if prompt is not None:
            entries.append(
                Entry(prompt=prompt.text, command=prompt.rest, language=prompt.language, boxes=[row.box], strong=prompt.strong, open=True)
            )
            wraps = full
            inner = bool(_OTHER_SHELL.search(prompt.rest)) or (inner and not prompt.strong)
            continue
        if not entries:
            continue
        entry = entries[-1]
        if wraps and entry.open and not entry.output:
            entry.command += row.text
            entry.boxes.append(row.box)
            wraps = full
            continue
        more = prompts.CONTINUATIONS.match(row.text)
        if more and entry.open and _unfinished(entry.command):
            entry.command += "\n" + row.text[more.end() :].strip()
            entry.boxes.append(row.box)
            continue
        entry.open = False
        wraps = False
        entry.output.append(row.text.rstrip())
    for entry in entries[:-1]:
        entry.open = False
    return entries


def leaves(entries: Sequence[Entry]) -> bool:
    """Whether the last of them enters another shell, whose prompt may be anything."""
    return bool(_OTHER_SHELL.search(entries[-1].command))


_OTHER_SHELL = re.compile(
    r"\b(?:exec|run|attach|debug)\b.*\b(?:ba|z|da|k)?sh\b|^(?:sudo )?(?:ba|z|da|k)?sh\b|\b(?:su|ssh|chroot|nsenter|telnet|rsh)\b"
)
"""Commands after which another prompt is to be expected."""


def _prompts(rows: list[Row]) -> tuple[list[prompts.Prompt | None], set[int]]:
    """The prompt of each row, and which rows are only the first half of one."""
    starts = [i for i, row in enumerate(rows[:-1]) if prompts.is_header(row.text)]
    pairs = {i for i in starts if prompts.second_row(rows[i + 1].text) is not None}
    if not pairs:
        return _known_again([prompts.split(row.text) for row in rows], rows), set()
    found = [prompts.second_row(row.text, known=True) if i - 1 in starts else _strong(row.text) for i, row in enumerate(rows)]
    last = {len(rows) - 1} if rows and prompts.is_header(rows[-1].text) else set()
    return found, {*starts, *last}


def _known_again(found: list[prompts.Prompt | None], rows: list[Row]) -> list[prompts.Prompt | None]:
    """The prompts, with those that OCR read without the space behind them: other rows of the screen begin with the very same."""
    known = {p.text: p for p in found if p is not None and p.strong and len(p.text) >= 4}
    return [
        next((replace(k, rest=row.text[len(text) :].strip()) for text, k in known.items() if row.text.startswith(text)), None)
        if p is None
        else p
        for p, row in zip(found, rows, strict=True)
    ]


def _strong(text: str) -> prompts.Prompt | None:
    prompt = prompts.split(text)
    return prompt if prompt is not None and prompt.strong else None


def _unfinished(command: str) -> bool:
    """Whether a shell would ask for more: a backslash, an open quote or bracket, a pipe, a here-document, SQL without its semicolon."""
    last = command.rstrip()
    if last.endswith(("\\", "|", "&&", "||", "`", "do", "then", "else", "{", "(", ":")) or "<<" in last:
        return True
    if last.count('"') % 2 or last.count("'") % 2 or last.count("(") > last.count(")"):
        return True
    return last.split(" ")[0].upper() in _SQL and not last.endswith(";")


_SQL = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "GRANT", "WITH", "SHOW"))

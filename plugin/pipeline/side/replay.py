"""A terminal session played again: what was entered at which prompt, what it answered, and how the screen stood at each rest.

A prompt is where the shell waits: a text that looks like one with the cursor behind it, or whatever stands before the cursor when the shell has asked
for pasted text to be bracketed. What follows it on the line when the line ends was entered, however it was typed, completed or corrected.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pyte

from plugin.pipeline.act import prompts
from plugin.pipeline.side.asciicast import Event, Header, size_of

MOST_OUTPUT_ROWS = 60
_PAGE_ROWS = 400
REST_S = 1.0
"""A full-screen program that shows the same for so long is worth a picture."""

_STRIPPED = re.compile(
    r"\x1b[P_^X].*?(?:\x1b\\|\x07)"  # device control and the like
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links, marks of the operating system
    r"|\x1b\[[<=>][0-9;:]*[a-zA-Z~]|\x1b\[\?[0-9;:$]*[a-gi-km-zA-Z~]|\x1b\[[0-9;:]*[ !$][a-z]",  # keyboards, questions, cursors
    re.DOTALL,
)
_PARTS = re.compile(r"(\x1b\[\?(?:1049|1047|47|2004)[hl]|\n)")
_MODES = ("1049", "1047", "47", "2004")
_MODE = re.compile(r"\x1b\[\?(\d+)[hl]")
_SEQUENCES = re.compile(r"(?=\x1b)")
_CUT_OFF = re.compile(r"\x1b(?:[P_^X\]][^\x07\x1b]{0,4096}|\[[0-9;:?<=> ]{0,40})?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One entered command: first key, Enter, and the prompt's return. ``typed`` and ``done`` index the moments."""

    prompt: str
    text: str
    language: str
    start_s: float
    enter_s: float
    end_s: float
    output: str = ""
    typed: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The screen at a rest that began at ``time_s`` and ended at ``until_s``: its cells as pyte keeps them, and the cursor."""

    time_s: float
    until_s: float
    screen: Any


class _Screen(pyte.Screen):
    """Counts how many rows have left at the top, so that a row keeps its number."""

    scrolled = 0

    def index(self) -> None:
        bottom = self.margins.bottom if self.margins else self.lines - 1
        if self.cursor.y == bottom and not (self.margins and self.margins.top):
            self.scrolled += 1
        super().index()

    def text(self, row: int) -> str:
        """A row by its lasting number."""
        y = row - self.scrolled
        return self.line(y).rstrip() if 0 <= y < self.lines else ""

    def line(self, y: int) -> str:
        """A row by its place on the screen, with the blanks at its end."""
        cells = self.buffer[y]
        return "".join(cells[x].data for x in range(self.columns))

    @property
    def row(self) -> int:
        return self.scrolled + int(self.cursor.y)


@dataclass(slots=True)
class _Waiting:
    prompt: str
    language: str
    row: int
    column: int
    first_key_s: float | None = None
    continues: bool = False


@dataclass(slots=True)
class Replay:
    """``keep`` is called with each moment, in order; it may draw it at once."""

    header: Header
    keep: Callable[[Moment], None] = field(default=lambda _: None)
    ran: list[Ran] = field(default_factory=list)
    markers: list[tuple[float, str]] = field(default_factory=list)
    duration_s: float = 0.0
    moments: int = 0
    _main: _Screen = field(init=False)
    _other: _Screen | None = None
    _stream: pyte.Stream = field(init=False)
    _page: _Screen = field(init=False)
    _page_stream: pyte.Stream = field(init=False)
    _waiting: _Waiting | None = None
    _current: Ran | None = None
    _bracketed: bool = False
    _known: set[str] = field(default_factory=set)
    _scripted: bool = False
    _held: str = ""
    _pending: Moment | None = None

    def __post_init__(self) -> None:
        self._main = _Screen(self.header.columns, self.header.rows)
        self._stream = pyte.Stream(self._main)
        self._new_page()

    @property
    def screen(self) -> _Screen:
        """What is to be seen now."""
        return self._other or self._main

    def play(self, events: Iterable[Event], until_s: float = float("inf")) -> Replay:
        """Plays all events up to that time."""
        last_s = 0.0
        for event in events:
            if event.time_s > until_s:
                break
            if self._other is not None and event.time_s - last_s >= REST_S:
                self._rest(last_s)
            self._pending_ends(event.time_s)
            self._take(event)
            last_s = self.duration_s = event.time_s
        if self._current is not None:
            self._finish(last_s)
        self._rest(last_s)
        self._pending_ends(max(last_s, self.duration_s) + 1.0)
        return self

    def _take(self, event: Event) -> None:
        if event.kind == "marker":
            self.markers.append((event.time_s, event.text))
        elif event.kind == "resize":
            size = size_of(event)
            if size is not None:
                self._main.resize(lines=size[1], columns=size[0])
                if self._other is not None:
                    self._other.resize(lines=size[1], columns=size[0])
        else:
            text = self._held + event.text
            cut = _CUT_OFF.search(text)
            self._held = text[cut.start() :] if cut else ""
            self._feed(text[: cut.start()] if cut else text, event.time_s)
            self._look(event.time_s)

    def _feed(self, text: str, time_s: float) -> None:
        for part in _PARTS.split(_STRIPPED.sub("", text)):
            mode = _MODE.fullmatch(part)
            if mode and mode.group(1) in _MODES:
                self._mode(mode.group(1), on=part.endswith("h"), time_s=time_s)
                continue
            if part == "\n" and self._other is None:
                self._line_ends(time_s)
            self._write(part)

    def _write(self, text: str) -> None:
        self._stream = _fed(self._stream, self.screen, text)
        if self._current is not None and self._other is None:
            self._page_stream = _fed(self._page_stream, self._page, text)

    def _mode(self, mode: str, *, on: bool, time_s: float) -> None:
        if mode == "2004":
            self._bracketed = on
        elif on and self._other is None:
            self._other = _Screen(self._main.columns, self._main.lines)
            self._stream = pyte.Stream(self._other)
        elif not on and self._other is not None:
            self._rest(time_s)
            self._other = None
            self._stream = pyte.Stream(self._main)

    # --- prompts -------------------------------------------------------------------------------------------------------
    def _look(self, time_s: float) -> None:
        """At the end of an event: has a prompt appeared, or has something been typed behind it?"""
        if self._other is not None:
            return
        screen, waiting = self._main, self._waiting
        line = screen.text(screen.row)
        if waiting is not None and self._stands(waiting):
            if waiting.first_key_s is None and self._entered(waiting):
                waiting.first_key_s = time_s
            return
        found = prompts.split(line)
        if found is not None and self._current is not None and found.rest and found.rest == self._current.text.strip():
            # The shell only listed completions and shows the line again.
            self._waiting = _Waiting(found.text, found.language, screen.row, self._column(line, found), self._current.start_s)
            self._current = None
            return
        if self._current is not None and self._asks_for_more(line):
            start = self._current.start_s
            self._waiting = _Waiting(self._current.prompt, self._current.language, screen.row, len(line) + 1, start, continues=True)
            return
        if found is not None and (not found.rest or found.text in self._known) and screen.cursor.x >= len(found.text):
            self._wait(found.text, found.language, self._column(line, found), time_s, typed=bool(found.rest))
        elif self._bracketed and line and screen.cursor.x >= len(line):
            self._wait(line.strip(), "bash", screen.cursor.x, time_s)

    def _asks_for_more(self, line: str) -> bool:
        """Whether the shell's first answer is that the command is not complete."""
        match = prompts.CONTINUATIONS.match(line + " x")
        nothing_yet = not any(self._page.line(y).strip() for y in range(self._page.cursor.y))
        return match is not None and match.end() >= len(line) and self._main.cursor.x >= len(line) > 0 and nothing_yet

    def _wait(self, prompt: str, language: str, column: int, time_s: float, *, typed: bool = False) -> None:
        if self._current is not None:
            self._finish(time_s)
        self._known.add(prompt)
        self._scripted = False
        self._waiting = _Waiting(prompt, language, self._main.row, column, time_s if typed else None)

    def _stands(self, waiting: _Waiting) -> bool:
        return self._main.row >= waiting.row and (waiting.continues or self._main.text(waiting.row).lstrip().startswith(waiting.prompt))

    def _column(self, line: str, found: prompts.Prompt) -> int:
        return len(line) - len(line.lstrip()) + len(found.text)

    def _entered(self, waiting: _Waiting) -> str:
        rows = [self._main.text(row) for row in range(waiting.row, self._main.row + 1)]
        # Rows that a long line fills go on without a space; a row that is not full ended by itself.
        text = rows[0][waiting.column :]
        for before, row in itertools.pairwise(rows):
            full = len(before) >= self._main.columns - 1
            text += " " * (self._main.columns - len(before)) + row if full else "\n" + row
        return text.strip()

    def _line_ends(self, time_s: float) -> None:
        waiting = self._waiting
        if waiting is None and (self._current is None or self._scripted):
            waiting = self._written_at_once(time_s)
            if waiting is not None and self._current is not None:
                self._finish(time_s)
        if waiting is None:
            return
        self._waiting = None
        if not self._stands(waiting):
            return
        text = self._entered(waiting)
        start_s = waiting.first_key_s if waiting.first_key_s is not None else time_s
        if waiting.continues and self._current is not None:
            self._current = replace(self._current, text=f"{self._current.text}\n{text}", enter_s=time_s)
        elif text and not text.endswith("^C"):
            typed = self._rest(time_s)
            self._current = Ran(
                prompt=waiting.prompt, text=text, language=waiting.language, start_s=start_s, enter_s=time_s, end_s=time_s, typed=typed
            )
        self._new_page()

    def _written_at_once(self, time_s: float) -> _Waiting | None:
        """A prompt and its command in one piece, as scripted recordings write them."""
        line = self._main.text(self._main.row)
        found = prompts.split(line)
        if (
            found is None
            or not found.rest
            or not (found.strong or found.text in self._known or (not self._known and found.text[-1] in "$%❯➜»"))
        ):
            return None
        self._scripted = not self._known or self._scripted
        self._known.add(found.text)
        return _Waiting(found.text, found.language, self._main.row, self._column(line, found), time_s)

    def _finish(self, time_s: float) -> None:
        """The running command has ended, or the recording has."""
        page, ran = self._page, self._current
        if ran is None:
            return
        rows = [page.line(y).rstrip() for y in range(page.cursor.y + 1)]
        # The last row is the next prompt, or nothing.
        last = int(page.cursor.y)
        shown = prompts.split(rows[last]) is not None or rows[last].strip() in self._known or not rows[last]
        output = rows[: last if shown or self._bracketed else last + 1]
        while output and not output[0].strip():
            output.pop(0)
        self._current = None
        self.ran.append(replace(ran, end_s=time_s, output="\n".join(output[:MOST_OUTPUT_ROWS]).rstrip(), done=self._rest(time_s)))

    def _new_page(self) -> None:
        self._page = _Screen(self._main.columns, _PAGE_ROWS)
        self._page_stream = pyte.Stream(self._page)

    # --- moments -------------------------------------------------------------------------------------------------------
    def _rest(self, time_s: float) -> int:
        """Keeps what the screen shows now; the number of the moment."""
        screen = self.screen
        if self._pending is not None:
            if _shown(self._pending.screen) == _shown(screen):
                return self.moments - 1
            self._pending_ends(time_s)
        self._pending = Moment(time_s=time_s, until_s=time_s, screen=_copy(screen))
        self.moments += 1
        return self.moments - 1

    def _pending_ends(self, time_s: float) -> None:
        if self._pending is not None:
            self.keep(replace(self._pending, until_s=max(time_s, self._pending.time_s)))
            self._pending = None


def _fed(stream: pyte.Stream, screen: _Screen, text: str) -> pyte.Stream:
    """The stream to go on with. A sequence that the emulator stumbles over is passed over; it takes nothing else with it."""
    for piece in _SEQUENCES.split(text):
        try:
            stream.feed(piece)
        except (TypeError, ValueError, IndexError, KeyError):
            stream = pyte.Stream(screen)
    return stream


def _shown(screen: _Screen) -> tuple[str, ...]:
    return tuple(screen.line(y) for y in range(screen.lines))


def _copy(screen: _Screen) -> _Screen:
    twin = _Screen(screen.columns, screen.lines)
    for y in range(screen.lines):
        for x, cell in screen.buffer[y].items():
            twin.buffer[y][x] = cell
    twin.cursor.x, twin.cursor.y, twin.cursor.hidden = screen.cursor.x, screen.cursor.y, screen.cursor.hidden
    return twin

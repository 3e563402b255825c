"""Full-screen editors in a terminal: what was typed into the file, searched, saved and left, from what the rows and the status line say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from plugin.pipeline.act.geometry import around, bottom, right, same_row
from plugin.pipeline.artefacts import Action, Change, Line, Rect, Screen, Watched

_NANO = re.compile(r"\bGNU nano\b|^\s*UW PICO", re.IGNORECASE)
_VIM = re.compile(r"^-- ?(?:INSERT|REPLACE|VISUAL(?: LINE| BLOCK)?) ?--")
_WROTE = re.compile(r"\bWrote \d+ lines?\b|\b\d+L,? \d+[BC] written\b|\bwritten$", re.IGNORECASE)
_SEARCH = re.compile(r"^Search(?: \[[^\]]*\])*:? ?(.*)$", re.IGNORECASE)
_SLASH = re.compile(r"^[/?](\S.*)$")
_COLON, _WRITES = re.compile(r"^:\S"), re.compile(r"^:(?:w|wq|x|q)[a!]*\b")
_NUMBERED = re.compile(r"^\d{1,5}(?: +|$)")
"""The number of a line, shown in front of it."""
_PARTS = re.compile(r"[^\s/=:;,\"'()\[\]{}<>]+")

_RULER = re.compile(r"^(?:.* )?\d+,\d+(?:-\d+)? +(?:All|Top|Bot|\d{1,2}%)$")
_BAR = re.compile(r"^(?P<file>[^\s\"]\S*(?: \[\+\])?) +(?:.* )?\d+,\d+(?:-\d+)? +(?:All|Top|Bot|\d{1,2}%)$")
_OPENED = re.compile(r'^"[^"]+" (?:\[\w+\] ?)?(?:\d+L|\d+ lines)')

Name = Literal["nano", "vim"]
RightEdge = Callable[[Rect], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One still of an editor. ``rows`` are the rows of the file by their place on the screen, ``status`` the message or question beneath."""

    still: int
    editor: Name
    title: str
    region: Rect
    rows: dict[int, tuple[str, Rect]]
    status: str


def page(screen: Screen, edge: RightEdge) -> Page | None:
    """The editor that this still shows, if any."""
    heading = next((line for line in screen.lines if _NANO.search(line.text)), None)
    if heading is not None:
        return _nano(screen, heading, edge)
    mode = next((line for line in screen.lines if _VIM.match(line.text)), None)
    tildes = [line for line in screen.lines if line.text == "~"]
    last = mode or (max(screen.lines, key=lambda o: o.box[1]) if len(tildes) >= 3 else None)
    if last is None:
        last = _status_line(screen)
    if last is None:
        return None
    bar = _bar(screen)
    if bar is not None:
        last = _below(bar, screen) or mode or replace(bar, text="")
    left = min([last.box[0], *(t.box[0] for t in tildes)]) - 6
    end = max(edge(t.box) for t in tildes) if tildes else edge(last.box)
    inside = [o for o in screen.lines if o.box[0] >= left and right(o.box) <= end + 4 and o.text != "~" and o is not last]
    floor = bar.box[1] if bar is not None else last.box[1]
    rows = _rows([o for o in inside if o.box[1] + o.box[3] // 2 < floor])
    region = (left, min([o.box[1] for o in inside] or [last.box[1]]), end - left, last.box[1] + last.box[3])
    title = bar.text.removesuffix("[+]").strip() if bar is not None else "vim"
    return Page(still=screen.still, editor="vim", title=title or "vim", region=region, rows=rows, status=last.text)


def _bar(screen: Screen) -> Line | None:
    """Vim's status bar, where it has one: the file's name and the place in it, with the row for commands beneath."""
    for line in screen.lines:
        row = sorted((o for o in screen.lines if same_row(o.box, line.box) and o.box[0] >= line.box[0]), key=lambda o: o.box[0])
        for end in range(1, min(len(row), 4) + 1):
            found = _BAR.match(" ".join(o.text for o in row[:end]))
            bar = replace(line, box=around([o.box for o in row[:end]]), text=found["file"]) if found else None
            if bar is not None and (_below(bar, screen) or any(o.text == "~" and o.box[1] < line.box[1] for o in screen.lines)):
                return bar
    return None


def _below(bar: Line, screen: Screen) -> Line | None:
    """The row under the status bar, as one line."""
    row = [o for o in screen.lines if bottom(bar.box) - 4 <= o.box[1] <= bottom(bar.box) + bar.box[3] and abs(o.box[0] - bar.box[0]) <= 12]
    if not row:
        return None
    beside = sorted(
        (o for o in screen.lines if same_row(o.box, row[0].box) and right(o.box) <= right(bar.box) + 12), key=lambda o: o.box[0]
    )
    return Line(box=around([o.box for o in beside]), text=" ".join(o.text for o in beside), confidence=row[0].confidence)


def continued(previous: Page, screen: Screen) -> Page | None:
    """The same editor, where its last row only shows a command or a search that is being typed."""
    x, y, width, height = previous.region
    inside = [o for o in screen.lines if o.box[0] >= x - 8 and right(o.box) <= x + width + 8 and o.box[1] >= y - 4 and o.text != "~"]
    rows = _rows(inside)
    before = {text for text, _ in previous.rows.values()}
    now = {text for text, _ in rows.values()}
    if previous.editor != "vim" or not before or len(before & now) < 0.5 * len(before):
        return None
    floor = y + height
    last = next(((at, text) for at, (text, _) in sorted(rows.items(), reverse=True) if at >= floor - 60 and text[:1] in ":/?"), None)
    if last is not None:
        del rows[last[0]]
    status = re.sub(r" (?:All|Top|Bot|\d{1,2}%)$", "", last[1]) if last is not None else ""
    return Page(still=screen.still, editor="vim", title=previous.title, region=previous.region, rows=rows, status=status)


def _status_line(screen: Screen) -> Line | None:
    """Vim's last row, known by the place in the file at its end or by the file's name and size at its beginning.

    Returned as one line that reaches over the whole row; its text is the message without the place.
    """
    if not screen.lines:
        return None
    for sample in sorted(screen.lines, key=lambda o: -o.box[1])[:8]:
        row = sorted((o for o in screen.lines if same_row(o.box, sample.box)), key=lambda o: o.box[0])
        text = " ".join(o.text for o in row)
        if not (_RULER.match(text) or _OPENED.match(text)):
            continue
        box = around([o.box for o in row])
        above = [o.box[0] for o in screen.lines if o.box[1] < box[1] and right(o.box) <= right(box)]
        left = min([box[0], *above]) if _RULER.match(row[0].text) or (len(row) <= 2 and row[0].text[:1].isdigit()) else box[0]
        message = re.sub(r" *\d+,\d+(?:-\d+)? +(?:All|Top|Bot|\d{1,2}%)$", "", text)
        return Line(box=(left, box[1], right(box) - left, box[3]), text=message)
    return None


def _nano(screen: Screen, heading: Line, edge: RightEdge) -> Page:
    left, end = heading.box[0] - 60, edge(heading.box)
    inside = [o for o in screen.lines if o.box[0] >= left and right(o.box) <= end + 4 and o.box[1] > heading.box[1] + heading.box[3] // 2]
    keys = [o for o in inside if re.match(r"^\^.?(?: |$|[A-Z])", o.text) or re.match(r"^M-\w", o.text)]
    floor = min((o.box[1] for o in keys), default=10**6)
    content = [o for o in inside if o.box[1] + o.box[3] <= floor]
    high = heading.box[3]
    status = [o for o in content if floor - o.box[1] <= 2.2 * high]
    title = [o for o in screen.lines if o is not heading and same_row(o.box, heading.box) and right(o.box) <= end + 4]
    return Page(
        still=screen.still, editor="nano", title=title[0].text.strip(" *") if title else "", region=(left, heading.box[1], end - left, floor),
        rows=_rows([o for o in content if o not in status]), status=" ".join(o.text for o in status),
    )  # fmt: skip


def _rows(lines: Sequence[Line]) -> dict[int, tuple[str, Rect]]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda o: (o.box[1] + o.box[3] // 2, o.box[0])):
        if rows and same_row(around([o.box for o in rows[-1]]), line.box):
            rows[-1].append(line)
        else:
            rows.append([line])
    out = {}
    for row in rows:
        ordered = sorted(row, key=lambda o: o.box[0])
        box = around([o.box for o in ordered])
        out[box[1] + box[3] // 2] = (" ".join(o.text for o in ordered), box)
    numbered = sum(bool(_NUMBERED.match(text)) for text, _ in out.values())
    if numbered >= 5 and numbered >= 0.7 * len(out):
        return {y: (_NUMBERED.sub("", text), box) for y, (text, box) in out.items()}
    return out


def actions(pages: Sequence[Page], watched: Watched, gone: int | None) -> list[Action]:
    """One stay in an editor. ``gone`` is the still that no longer shows it."""
    found: list[Action] = []
    for old, new in itertools.pairwise(pages):
        begin, end = watched.stills[old.still].until_s, watched.stills[new.still].time_s
        searched = _search(old, new, watched)
        typed = _typed(old, new) if not (old.status.startswith(":") and new.status == "") else None
        entered = _command_line(old, new)
        wrote = bool(_WROTE.search(new.status)) and not _WROTE.search(old.status)
        parts = [p for p in (searched, entered, typed if entered is None else None, _saved(new) if wrote else None) if p is not None]
        for i, part in enumerate(parts):
            at = begin + (end - begin) * i / len(parts)
            found.append(_timed(part, at, begin + (end - begin) * (i + 1) / len(parts), old.still, new.still))
    if gone is not None and pages:
        last = pages[-1]
        keys = ("Ctrl+X",) if last.editor == "nano" else ("Esc", "Enter")
        command = None if last.editor == "nano" else last.status if last.status.startswith(":") else ":q"
        leave = Action(
            kind="key",
            start_s=0,
            act_s=0,
            end_s=0,
            keys=keys,
            value=command,
            target=last.editor,
            role="editor",
            place=last.title or last.editor,
        )
        found.append(_timed(leave, watched.stills[last.still].until_s, watched.stills[gone].time_s, last.still, gone))
    return found


def _command_line(old: Page, new: Page) -> Action | None:
    """A command of vim's that stood in its last row and was entered."""
    command = old.status.strip()
    if new.editor != "vim" or not _COLON.match(command) or new.status.startswith(":") or _WRITES.match(command):
        return None
    return Action(kind="key", start_s=0, act_s=0, end_s=0, keys=("Enter",), value=command, role="editor", place=new.title, confidence=0.7)


def _saved(page_: Page) -> Action:
    keys, command = (("Ctrl+O", "Enter"), None) if page_.editor == "nano" else (("Esc", "Enter"), ":w")
    return Action(
        kind="key", start_s=0, act_s=0, end_s=0, keys=keys, value=command, role="editor", place=page_.title or page_.editor, confidence=0.8
    )


def _search(old: Page, new: Page, watched: Watched) -> Action | None:
    """A search that its prompt shows, or, where the prompt came and went unseen at rest, the place that the caret jumped to."""
    match = _SEARCH.match(new.status) if new.editor == "nano" else _SLASH.match(new.status)
    earlier = _SEARCH.match(old.status) if old.editor == "nano" else _SLASH.match(old.status)
    keys = ("Ctrl+W", "Enter") if new.editor == "nano" else ("/", "Enter")
    if match and match.group(1) and not (earlier and earlier.group(1)):
        return Action(
            kind="key", start_s=0, act_s=0, end_s=0, keys=keys, value=match.group(1).strip(), role="editor", place=new.title, confidence=0.8
        )
    if match or new.editor != "nano" or _WROTE.search(new.status):
        return None
    begin, end = watched.stills[old.still].until_s, watched.stills[new.still].time_s
    floor = new.region[3]
    asked = [c for c in watched.changes if begin - 0.1 <= c.start_s <= end and _in_status(c, new.region, floor)]
    if (not asked and old.status == new.status) or [text for text, _ in old.rows.values()] == []:
        return None
    word = _caret_word(old, watched.stills[new.still].changed)
    if word is None or _typed(old, new) is not None:
        return None
    return Action(kind="key", start_s=0, act_s=0, end_s=0, keys=keys, value=word, role="editor", place=new.title, confidence=0.45)


def _in_status(change: Change, region: Rect, floor: int) -> bool:
    x, y, _, height = change.box
    return region[0] <= x <= right(region) and floor - 50 <= y and y + height <= floor + 8


def _caret_word(old: Page, changed: Sequence[Rect]) -> str | None:
    for y, (text, box) in old.rows.items():
        for spot in changed:
            inside = spot[1] - 4 <= y <= spot[1] + spot[3] + 4 and box[0] + 1.5 * box[3] < spot[0] < right(box)
            if inside and spot[2] <= 1.3 * box[3]:
                column = round((spot[0] - box[0]) / (box[2] / max(len(text), 1)))
                match = _PARTS.search(text, max(0, column - 1))
                word = match.group(0) if match and match.start() <= column + 1 else ""
                if len(word) >= 3:
                    return word
    return None


def _typed(old: Page, new: Page) -> Action | None:
    """The row that reads differently, as the word that is new in it and the word or key that names the row."""
    known = {text for text, _ in old.rows.values()}
    for y, (text, box) in new.rows.items():
        if text in known:
            continue  # moved up or down
        before = next((t for other, (t, _) in old.rows.items() if abs(other - y) <= 5), "")
        old_words, new_words = _PARTS.findall(before), _PARTS.findall(text)
        changed = [w for w in new_words if len(w) >= 2 and w not in old_words and not any(_same_but_caret(w, o) for o in old_words)]
        if not changed:
            continue
        if before and SequenceMatcher(None, before, text).ratio() < 0.4:
            continue
        label = next((w for w in new_words if w in old_words), None)
        value = " ".join(changed) if label else text.strip()
        return Action(
            kind="type",
            start_s=0,
            act_s=0,
            end_s=0,
            target=label,
            role="line",
            value=value,
            place=new.title or new.editor,
            box=box,
            confidence=0.7,
        )
    return None


def _same_but_caret(word: str, old: str) -> bool:
    """Whether the words differ only by a letter that a block caret hides."""
    return old.startswith(word) or old.endswith(word) or (len(word) == len(old) and word[1:] == old[1:])


def _timed(action: Action, start_s: float, end_s: float, before: int, after: int) -> Action:
    return replace(action, start_s=round(start_s, 3), act_s=round(start_s, 3), end_s=round(end_s, 3), before=before, after=after)

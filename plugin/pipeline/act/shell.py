"""What the stills of a terminal say together: one history of commands, each as it stood when Enter was pressed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from plugin.pipeline.act.confusables import settled
from plugin.pipeline.act.geometry import around, share
from plugin.pipeline.act.terminal import Entry
from plugin.pipeline.artefacts import Action, Change, Rect, Watched

_TROUBLE = re.compile(
    r"\b(?:fatal|denied|cannot|can't|no such|not found|unrecogni[sz]ed|unknown command|invalid|refused|traceback|unable to|already exists|failed to)\b"
    r"|^\s*(?:error|err!|e:)|\berror(?:\[\w+\])?:|command not found",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_OUTPUT_ROWS = 60


@dataclass(slots=True, kw_only=True)
class Ran:
    """One command in the history. ``readings`` are what the stills showed after it was entered; ``seen`` and ``stood`` index stills."""

    prompt: str
    language: str
    draft: str = ""
    readings: Counter[str] = field(default_factory=Counter)
    output: tuple[str, ...] = ()
    typed_from: int = 0
    seen: int = 0
    stood: int | None = None
    boxes: dict[int, Rect] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return settled(voted(self.readings) if self.readings else self.draft)


def voted(readings: Counter[str]) -> str:
    """The text that most stills show, letter by letter among readings of the commonest length."""
    lengths: Counter[int] = Counter()
    for text, count in readings.items():
        lengths[len(text)] += count
    length = max(lengths, key=lambda n: (lengths[n], n))
    texts = [(t, c) for t, c in readings.items() if len(t) == length]
    out = []
    for i in range(length):
        letters: Counter[str] = Counter()
        for text, count in texts:
            letters[text[i]] += count
        out.append(letters.most_common(1)[0][0])
    return "".join(out)


class History:
    """Grows still by still. A screen shows the end of it, or after clearing only what is new."""

    def __init__(self) -> None:
        self.ran: list[Ran] = []
        self._waiting_since = 0
        self._hidden: int | None = None

    def hide(self, still: int) -> None:
        """A full-screen program took the terminal's place at this still: what was typed before it has been entered."""
        self._hidden = still

    def show(self, still: int, entries: Sequence[Entry]) -> None:
        """Takes in what one still shows."""
        entries = [entry for entry in entries if entry.command]
        start = self._align(entries)
        hidden, self._hidden = self._hidden, None
        if start == len(self.ran) and self.ran and self.ran[-1].stood is None and entries:
            # What was typed last was never entered.
            self.ran.pop()
            start = self._align(entries)
        for offset, entry in enumerate(entries):
            place = start + offset
            if place < len(self.ran):
                self._merge(self.ran[place], entry, still)
            else:
                self.ran.append(
                    Ran(
                        prompt=entry.prompt,
                        language=entry.language,
                        typed_from=max(self._waiting_since, 0),
                        seen=still,
                        draft=entry.command,
                    )
                )
                self._merge(self.ran[-1], entry, still)
                if hidden is not None:
                    self.ran[-1].stood, self.ran[-1].seen = hidden, hidden
                    self._waiting_since, hidden = still, None
            if hidden is not None and place < len(self.ran) and self.ran[place].stood == still and self.ran[place].typed_from < hidden:
                self.ran[place].stood, hidden = hidden, None
        self._waiting_since = still

    def _align(self, entries: Sequence[Entry]) -> int:
        """Index into the history at which the first entry stands."""
        best, best_score = len(self.ran), 0.0
        for start in range(len(self.ran)):
            pairs = [(self.ran[start + i], e) for i, e in enumerate(entries) if start + i < len(self.ran)]
            values = [_likeness(ran, e) for ran, e in pairs]
            reaches_end = start + len(pairs) == len(self.ran)
            score = sum(values) - 2 * sum(v < 0.6 for v in values)
            if reaches_end and values and score > best_score + 1e-9:
                best, best_score = start, score
        return best

    def _merge(self, ran: Ran, entry: Entry, still: int) -> None:
        ran.boxes[still] = around(entry.boxes)
        if entry.open:
            if ran.stood is None:
                ran.draft = entry.command or ran.draft
            return
        ran.readings[re.sub(r" {2,}", " ", entry.command)] += 1
        if ran.stood is None:
            ran.stood = still
        if entry.output and len(entry.output) >= len(ran.output):
            ran.output = tuple(entry.output[:_MOST_OUTPUT_ROWS])


def _likeness(ran: Ran, entry: Entry) -> float:
    if entry.prompt != ran.prompt and SequenceMatcher(None, entry.prompt, ran.prompt).ratio() < 0.75:
        return 0.0
    if entry.open and ran.output:
        return 0.0  # what has been answered is not being typed again
    if ran.stood is None and not ran.readings:
        shorter = min(len(ran.draft), len(entry.command))
        return SequenceMatcher(None, ran.draft[:shorter], entry.command[:shorter]).ratio()
    return SequenceMatcher(None, ran.text, entry.command).ratio()


def is_trouble(output: str) -> bool:
    """Whether a command's output says that it failed."""
    return bool(_TROUBLE.search(output))


def actions(history: History, watched: Watched) -> list[Action]:
    """Every command that was entered. One that was typed and not entered is none."""
    done = [ran for ran in history.ran if ran.stood is not None and ran.text]
    times = _times(done, watched)
    found = []
    for i, ran in enumerate(done):
        begin, end = times[i]
        settled = watched.stills[ran.stood or 0].time_s
        following = times[i + 1][0] if i + 1 < len(done) else settled
        box = ran.boxes.get(ran.stood or 0) or next(iter(ran.boxes.values()), None)
        output = "\n".join(ran.output).strip() or None
        found.append(
            Action(
                kind="command", start_s=round(begin, 3), act_s=round(begin, 3), end_s=round(max(end, min(settled, following)), 3),
                command=ran.text, output=output, language=ran.language, place="Terminal", role="terminal", box=box,
                point=(box[0] + box[2] // 2, box[1] + box[3] // 2) if box else None,
                before=ran.typed_from, after=ran.stood, trouble=bool(output and is_trouble(output)), confidence=0.9,
            )
        )  # fmt: skip
    return found


def _times(done: Sequence[Ran], watched: Watched) -> list[tuple[float, float]]:
    """First key and Enter of each command: from typing seen in its rows, else from the rests between which it came."""
    spans: list[tuple[float, float]] = []
    i = 0
    while i < len(done):
        group = [i]
        while group[-1] + 1 < len(done) and (done[group[-1] + 1].typed_from, done[group[-1] + 1].stood) == (
            done[i].typed_from,
            done[i].stood,
        ):
            group.append(group[-1] + 1)
        begin = watched.stills[done[i].typed_from].until_s
        end = watched.stills[done[i].stood or 0].time_s
        if done[i].typed_from == done[i].stood:
            begin = watched.stills[done[i].typed_from].time_s
        lengths = [len(done[j].text) + 12 for j in group]
        total, passed = sum(lengths), 0
        for j, length in zip(group, lengths, strict=True):
            first = begin + (end - begin) * passed / total
            passed += length
            spans.append(_typed(done[j], watched, (first, begin + (end - begin) * passed / total)))
        i = group[-1] + 1
    return spans


def _typed(ran: Ran, watched: Watched, span: tuple[float, float]) -> tuple[float, float]:
    box = ran.boxes.get(ran.stood or 0)
    keys = [c for c in watched.changes if c.kind == "typing" and _meets(c, span) and box is not None and share(c.box, box) > 0.5]
    if not keys:
        return span
    return max(span[0], min(c.start_s for c in keys)), min(max(span[1], span[0]), max(c.end_s for c in keys) + 0.5)


def _meets(change: Change, span: tuple[float, float]) -> bool:
    return change.start_s <= span[1] and change.end_s >= span[0]

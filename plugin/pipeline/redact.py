"""Covers secrets, once and at the source, so that texts, pictures, exports and a language model all see the same masked value.

It fails closed: what is misread, half typed or wrapped is covered as well, rather a few characters too many than one too few. A value that was found
anywhere (on the screen, in a command, in a masked field) is followed through every still, command and sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from plugin.pipeline import secrets
from plugin.pipeline.artefacts import (
    Action,
    Actions,
    Cover,
    Line,
    Mask,
    Reading,
    Redacted,
    Screen,
    Secret,
    Sentence,
    Transcript,
    Watched,
)
from plugin.pipeline.side import events
from plugin.pipeline.stage import Context, Stage

MARGIN_PX = 3
Masks = list[tuple[int, int, str]]


def redact(context: Context) -> Redacted:
    """Needs listen, watch, read and act."""
    transcript: Transcript = context.inputs["listen"]
    reading: Reading = context.inputs["read"]
    actions: Actions = context.inputs["act"]
    known = collect(transcript, reading, actions, never=context.options.never, allowed=context.options.allowed)
    context.report(0.3)
    covers = tuple(cover for screen in reading.screens for cover in screen_covers(screen, known))
    context.report(0.8)
    return replace(
        redacted_texts(transcript, actions, reading, known),
        covers=covers,
        masks=(*masks(context.inputs["watch"], covers), *forgotten_masks(events.of(context.options.side_files).forgotten)),
    )


def redacted_texts(transcript: Transcript, actions: Actions, reading: Reading, known: Known) -> Redacted:
    """Everything that is text, with placeholders in place of what is known to be secret."""
    mask = known.mask
    return Redacted(
        transcript=replace(transcript, sentences=tuple(_sentence(s, mask) for s in transcript.sentences)),
        actions=replace(actions, actions=tuple(_action(a, mask) for a in actions.actions)),
        reading=Reading(screens=tuple(_screen(s, mask) for s in reading.screens)),
        placeholders=tuple(sorted({s.placeholder for s in known.secrets})),
        unsure=known.unsure,
    )


STAGE = Stage(
    name="redact",
    version=4,
    needs=("listen", "watch", "read", "act"),
    produces=Redacted,
    run=redact,
    uses=("never", "allowed", "side_files"),
)


def masks(watched: Watched, covers: Iterable[Cover]) -> Iterator[Mask]:
    """The covers of stills for every other frame: each counts from the end of the rest before to the beginning of the rest after.

    Between two rests both have their say, since what the moment in between shows is not known.
    """
    stills = watched.stills
    for cover in covers:
        x, y, width, height = cover.box
        left, top = max(0, x), max(0, y)
        right, bottom = min(watched.width, x + width), min(watched.height, y + height)
        if right <= left or bottom <= top:
            continue
        yield Mask(
            start_s=stills[cover.still - 1].until_s if cover.still else 0.0,
            end_s=stills[cover.still + 1].time_s if cover.still + 1 < len(stills) else watched.duration_s,
            box=(left / watched.width, top / watched.height, (right - left) / watched.width, (bottom - top) / watched.height),
        )


def forgotten_masks(spans: Iterable[events.Span]) -> Iterator[Mask]:
    """What somebody wants forgotten is covered as a whole in any frame that is cut out later."""
    for start_s, end_s in spans:
        yield Mask(start_s=start_s, end_s=end_s, box=(0.0, 0.0, 1.0, 1.0))


# --- which values are secret -------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Known:
    """The secrets of one recording. One value may be known in several readings, which share a placeholder."""

    allowed: frozenset[str] = frozenset()
    secrets: list[Secret] = field(default_factory=list)
    unsure: tuple[str, ...] = ()
    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, kind: str, rule: str, *, sure: bool = True) -> None:
        text = text.strip()
        folded = secrets.fold(text)
        if text in self.allowed or any(s.text == text for s in self.secrets):
            return
        alike = next((s for s in self.secrets if secrets.fold(s.text) == folded or _misread(s.text, text)), None)
        if alike is None:
            self._counts[kind] += 1
        placeholder = alike.placeholder if alike else f"<{kind}_{self._counts[kind]}>"
        self.secrets.append(Secret(text=text, placeholder=placeholder, rule=rule, sure=sure))

    def masks(self, text: str) -> Masks:
        """Every span of ``text`` that must not be read, with its placeholder."""
        spans = [(start, end, s.placeholder) for s in self.secrets for start, end in secrets.occurrences(s.text, text)]
        for finding in secrets.find(text):
            if finding.text not in self.allowed and not any(a < finding.end and finding.start < b for a, b, _ in spans):
                spans.append((finding.start, finding.end, f"<{finding.kind}>"))
        return spans

    def mask(self, text: str) -> str:
        return secrets.replace(text, self.masks(text))


def collect(transcript: Transcript, reading: Reading, actions: Actions, *, never: Iterable[str], allowed: Iterable[str]) -> Known:
    """All secret values of a recording: typed into secret fields, terms of the workspace, found by rules, put in the place of a known one."""
    known = Known(allowed=frozenset(allowed))
    unsure: list[str] = []
    for term in never:
        known.add(term, "HIDDEN", "workspace-term")
    for action in actions.actions:
        if action.secret and action.value:
            known.add(action.value, "PASSWORD", "secret-field")
    commands = [a.command for a in actions.actions if a.command]
    outputs = [line for a in actions.actions if a.output for line in a.output.splitlines()]
    timed = [(screen.time_s, line.text) for screen in reading.screens for line in screen.lines]
    # Commands first: they are voted over many frames, so their spelling is the best one; sentences last, they are only heard.
    sources = [*((None, text) for text in [*commands, *outputs]), *timed, *((s.start_s, s.text) for s in transcript.sentences)]
    seen: set[str] = set()
    for time_s, text in sources:
        if text in seen:
            continue
        seen.add(text)
        for finding in secrets.find(text):
            known.add(finding.text, finding.kind, finding.rule, sure=finding.sure)
            if not finding.sure and finding.text not in known.allowed:
                at = "in a command" if time_s is None else f"at {int(time_s) // 60}:{int(time_s) % 60:02d}"
                unsure.append(f"Something that may be a secret {at} was covered (rule {finding.rule}). Please decide.")
    for command in commands:
        for value in _substituted(command, known):
            known.add(value, "SECRET", "put-in-place-of-a-secret")
    known.unsure = tuple(dict.fromkeys(unsure))
    return known


def _misread(one: str, other: str) -> bool:
    """The same value in two readings: as long as each other and nearly equal when folded."""
    a, b = secrets.fold(one), secrets.fold(other)
    return len(a) >= 10 and abs(len(a) - len(b)) <= 1 and sum(x != y for x, y in zip(a, b, strict=False)) <= max(1, len(a) // 16)


def _substituted(command: str, known: Known) -> Iterator[str]:
    """What a substitution (``s/old/new/``) puts in the place of a secret, or behind the keyword of one, is a secret too."""
    for match in re.finditer(r"\bs(?P<d>[/#|,:@!~])(?P<old>(?:\\.|(?!(?P=d)).)+)(?P=d)(?P<new>(?:\\.|(?!(?P=d)).)*)(?P=d)", command):
        new = match.group("new")
        old_is_secret = any(secrets.occurrences(s.text, match.group("old")) for s in known.secrets)
        if old_is_secret and len(new) >= 4 and not known.masks(new):
            yield new


# --- covering ----------------------------------------------------------------------------------------------------------
def screen_covers(screen: Screen, known: Known) -> Iterator[Cover]:
    """The rectangles of one still that hold a secret, or a part of one at the edge of a line."""
    lines = sorted(screen.lines, key=lambda line: (line.box[1], line.box[0]))
    for line in lines:
        masks = known.masks(line.text)
        for start, end, _ in masks:
            yield _cover(screen, line, start, end)
        for secret in known.secrets:
            begun = secrets.cut_off(secret.text, line.text)
            if begun is None:
                continue
            if not any(a < begun[1] and begun[0] < b for a, b, _ in masks):
                yield _cover(screen, line, *begun)
            below = _line_below(line, lines)
            rest = secrets.carried_over(secret.text, below.text) if below else None
            if below and rest:
                yield _cover(screen, below, *rest)


def _line_below(line: Line, lines: list[Line]) -> Line | None:
    x, y, _, height = line.box
    under = [o for o in lines if 0.4 * height < o.box[1] - y < 2.2 * height and o.box[0] <= x + 2 * height]
    return min(under, key=lambda o: o.box[1], default=None)


def _cover(screen: Screen, line: Line, start: int, end: int) -> Cover:
    """The part of a line's box that shows its characters ``start`` to ``end``, a character wider on both sides: not every font is monospaced."""
    x, y, width, height = line.box
    per_character = width / max(1, len(line.text))
    slack = per_character + 0.04 * width * (0 if len(line.text) * 0.9 < width / max(1, height) * 2.2 else 1)
    left = x if start == 0 else max(x, int(x + start * per_character - slack))
    right = x + width if end >= len(line.text) else min(x + width, int(x + end * per_character + slack) + 1)
    box = (left - MARGIN_PX, y - MARGIN_PX, right - left + 2 * MARGIN_PX, height + 2 * MARGIN_PX)
    return Cover(still=screen.still, box=box, rule="secret")


# --- texts -------------------------------------------------------------------------------------------------------------
def _sentence(sentence: Sentence, mask: Callable[[str], str]) -> Sentence:
    text = mask(sentence.text)
    if text == sentence.text:
        return sentence
    heard = set(text.split())
    return replace(sentence, text=text, words=tuple(w for w in sentence.words if w.text.strip() in heard))


def _action(action: Action, mask: Callable[[str], str]) -> Action:
    texts: dict[str, Any] = {}
    for name in (f.name for f in fields(action)):
        value = getattr(action, name)
        if isinstance(value, str) and name not in ("kind", "role", "language"):
            texts[name] = "\n".join(map(mask, value.split("\n")))
    if action.secret:
        texts["value"] = None
    return replace(action, **texts)


def _screen(screen: Screen, mask: Callable[[str], str]) -> Screen:
    return replace(screen, lines=tuple(replace(line, text=mask(line.text)) for line in screen.lines))

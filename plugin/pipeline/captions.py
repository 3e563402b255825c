"""Captions that a person brought along (SubRip, WebVTT): they beat what a model hears."""

from __future__ import annotations

import html
import re
from pathlib import Path

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.artefacts import Transcript, Word
from plugin.pipeline.sentences import sentences_of

MAX_BYTES = 20 * 2**20

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_SPEAKER = re.compile(r"^\s*(?:-\s+|[A-Z][\w .'-]{0,30}:\s+(?=[A-Z]))")
_NOISE = re.compile(r"^[\s♪♫]*(?:[\[(][^\])]*[\])])?[\s♪♫]*$")


def read_captions(path: Path, *, language: str | None) -> Transcript:
    """The transcript in ``path`` (.srt or .vtt, UTF-8, or Latin-1 where it is no UTF-8).

    A cue's time is shared out over its words by their length. Raises UnusableRecording where the file holds no cue at all.
    """
    cues = _cues(_text(path))
    if not cues:
        raise UnusableRecording("captions-unreadable", "The captions file holds no captions. Give a SubRip (.srt) or WebVTT (.vtt) file.")
    words = [word for start_s, end_s, text in cues for word in _words(start_s, end_s, text)]
    return Transcript(language=language or "en", model="captions", sentences=sentences_of(words))


def _text(path: Path) -> str:
    raw = path.read_bytes()[:MAX_BYTES]
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _cues(text: str) -> list[tuple[float, float, str]]:
    """(start, end, text) of each cue in order of time; a line that rolls on from the cue before is taken once."""
    found: list[tuple[float, float, str]] = []
    shown_before: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.strip("\n").split("\n")
        at = next((i for i, line in enumerate(lines) if _CUE.match(line)), None)
        if at is None:
            continue
        match = _CUE.match(lines[at])
        assert match is not None  # noqa: S101 - found a line above
        start_s, end_s = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        shown = [line for line in (_plain(line) for line in lines[at + 1 :]) if line]
        fresh = [line for line in shown if line not in shown_before]
        shown_before = shown
        if fresh and end_s > start_s:
            found.append((start_s, end_s, " ".join(fresh)))
    return sorted(found)


def _plain(line: str) -> str:
    line = html.unescape(_MARKUP.sub("", line)).strip()
    return "" if _NOISE.match(line) else _SPEAKER.sub("", line).strip()


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + int((fraction or "0").ljust(3, "0")) / 1000


def _words(start_s: float, end_s: float, text: str) -> list[Word]:
    parts = text.split()
    total = sum(len(p) + 1 for p in parts)
    words, at = [], start_s
    for part in parts:
        until = at + (end_s - start_s) * (len(part) + 1) / total
        words.append(Word(start_s=round(at, 2), end_s=round(until, 2), text=part, probability=1.0))
        at = until
    return words

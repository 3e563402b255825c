"""A terminal session as a recording of its own: what the stages would have measured, watched and read, known to the letter."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from plugin.domain.errors import UnusableRecording
from plugin.domain.recording import ASCIICAST, HEAD_BYTES, container
from plugin.pipeline.artefacts import Media, Reading, Rect, Screen, Still, Watched
from plugin.pipeline.side import asciicast
from plugin.pipeline.side.drawing import Type, draw, lines, type_for
from plugin.pipeline.side.events import Events, Mark
from plugin.pipeline.side.replay import Moment, Ran, Replay
from plugin.pipeline.stage import Report

LONGEST_S = 4 * 3600.0


def is_session(path: Path) -> bool:
    """By its first bytes; a file that is not there is none."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return container(stream.read(HEAD_BYTES)) == ASCIICAST


def measure(path: Path, *, report: Report = lambda _: None) -> Media:
    """Raises UnusableRecording ``cast-unreadable``, ``no-frames``, ``too-long``."""
    header = asciicast.read_header(path)
    last_s, written = 0.0, False
    for event in asciicast.read_events(path, header):
        last_s, written = event.time_s, written or event.kind == "output"
    if not written:
        raise UnusableRecording("no-frames", "The terminal recording shows nothing. Record it again.")
    report(1.0)
    if last_s > LONGEST_S:
        raise UnusableRecording("too-long", "The recording is longer than four hours. Cut it into the procedures that it shows.")
    width, height = type_for(*_largest(path, header)).picture
    return Media(sha256="", demuxer=ASCIICAST.demuxer, duration_s=round(last_s, 3), width=width, height=height, fps=15.0, has_video=True)


def replay(path: Path) -> Replay:
    """The whole session, without pictures."""
    header = asciicast.read_header(path)
    return Replay(header).play(asciicast.read_events(path, header))


def watch(path: Path, media: Media, folder: Path) -> Watched:
    """Draws each moment into ``folder``."""
    header = asciicast.read_header(path)
    cells = type_for(*_largest(path, header))
    stills: list[Still] = []

    def keep(moment: Moment) -> None:
        name = f"{len(stills):05d}.png"
        draw(moment.screen, cells).save(folder / name, "PNG", compress_level=1)
        whole: Rect = (0, 0, media.width, media.height)
        stills.append(Still(time_s=round(moment.time_s, 3), until_s=round(moment.until_s, 3), path=name, changed=(whole,)))

    Replay(header, keep).play(asciicast.read_events(path, header))
    duration_s = max(media.duration_s, stills[-1].until_s if stills else 0.0)
    return Watched(width=media.width, height=media.height, duration_s=duration_s, stills=tuple(stills))


def read(path: Path) -> Reading:
    """The lines of each moment, in the order of the stills."""
    header = asciicast.read_header(path)
    cells = type_for(*_largest(path, header))
    screens: list[Screen] = []
    Replay(header, partial(_read, screens, cells)).play(asciicast.read_events(path, header))
    return Reading(screens=tuple(screens))


def frame(path: Path, time_s: float) -> bytes:
    """PNG of the screen at a time."""
    import io

    header = asciicast.read_header(path)
    played = Replay(header).play(asciicast.read_events(path, header), until_s=time_s)
    target = io.BytesIO()
    draw(played.screen, type_for(*_largest(path, header))).save(target, "PNG")
    return target.getvalue()


def marks(path: Path) -> Events:
    """The markers of a session begin steps."""
    header = asciicast.read_header(path)
    found = [e for e in asciicast.read_events(path, header) if e.kind == "marker"]
    return Events(marks=tuple(Mark(time_s=e.time_s, text=re.sub(r"\s+", " ", e.text).strip() or None) for e in found))


def commands(path: Path) -> tuple[Ran, ...]:
    """What was entered, in order."""
    return tuple(replay(path).ran)


def _read(screens: list[Screen], cells: Type, moment: Moment) -> None:
    screens.append(Screen(still=len(screens), time_s=round(moment.time_s, 3), lines=lines(moment.screen, cells)))


def _largest(path: Path, header: asciicast.Header) -> tuple[int, int]:
    """Columns and rows that hold the terminal whatever size it was given; a window made larger must not be cut."""
    sizes = [size for e in asciicast.read_events(path, header) if e.kind == "resize" and (size := asciicast.size_of(e))]
    return max([header.columns, *(s[0] for s in sizes)]), max([header.rows, *(s[1] for s in sizes)])

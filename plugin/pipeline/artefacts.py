"""What the stages hand to each other. One frozen value per stage, stored as JSON, so that any stage can be run alone.

Times are seconds from the first frame (presentation times, never frame numbers). A :data:`Rect` is
``(x, y, width, height)`` in pixels of the upright recording, from the top left corner.

    probe ─► Media    listen ─► Transcript    watch ─► Watched    read ─► Reading    act ─► Actions    redact ─► Redacted    write ─► Sop
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rect = tuple[int, int, int, int]
Point = tuple[int, int]


# --- probe -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """``duration_s`` is measured from packets, not believed from the header. ``width`` x ``height`` are after rotation."""

    sha256: str
    demuxer: str
    duration_s: float
    width: int = 0
    height: int = 0
    fps: float = 0.0
    rotation_deg: int = 0
    has_video: bool = False
    has_audio: bool = False
    notices: tuple[str, ...] = ()


# --- listen ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    start_s: float
    end_s: float
    text: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Ends at a full stop, or at a pause that reads as one."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """``language`` is an ISO 639-1 code, or None where nothing was said."""

    language: str | None = None
    model: str | None = None
    sentences: tuple[Sentence, ...] = ()


# --- watch -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A full-size frame at which the picture had come to rest. ``path`` is relative to the artefact's folder (lossless).

    The picture stayed as it is from ``time_s`` to ``until_s``. ``changed`` are the rectangles that differ from the still before.
    """

    time_s: float
    until_s: float
    path: str
    changed: tuple[Rect, ...] = ()


ChangeKind = Literal["region", "window", "typing", "scroll", "caret", "pointer", "noise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something on the screen became different between ``start_s`` and ``end_s``, inside ``box``.

    ``shift_px`` is the vertical distance that content moved in a scroll (negative: content moved up).
    """

    start_s: float
    end_s: float
    box: Rect
    kind: ChangeKind
    shift_px: int = 0


Glyph = Literal["arrow", "hand", "text", "wait", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The hot spot of the mouse pointer as seen in one frame."""

    time_s: float
    x: int
    y: int
    glyph: Glyph = "arrow"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A press of the mouse button as far as pixels can tell.

    ``hover`` is the outline of what recoloured under the pointer, ``before``/``after`` index :attr:`Watched.stills`: the last rest before the
    press, with the target untouched, and the first rest after it. ``confidence`` 0..1.
    """

    time_s: float
    x: int
    y: int
    hover: Rect | None = None
    before: int = 0
    after: int = 0
    confidence: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    width: int
    height: int
    duration_s: float
    stills: tuple[Still, ...] = ()
    changes: tuple[Change, ...] = ()
    pointer: tuple[Pointer, ...] = ()
    clicks: tuple[Click, ...] = ()


# --- read ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text on the screen. ``confidence`` is the recogniser's mean, 0..1."""

    box: Rect
    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """All text of one still; ``still`` indexes :attr:`Watched.stills`."""

    still: int
    time_s: float
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    screens: tuple[Screen, ...] = ()


# --- act -------------------------------------------------------------------------------------------------------------
ActionKind = Literal["click", "type", "select", "tick", "command", "key", "scroll", "drag", "navigate", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that was done, as the screen tells it.

    ``target`` is the visible label, ``role`` what kind of control it looks like (button, link, tab, field, check box, list, menu item, row ...),
    ``value`` what was typed or chosen (None where masked; of an icon what it shows), ``row`` the words that begin the row of a table it stands in, ``place`` where a reader finds it (page or window heading, tab, section).
    ``start_s`` is the beginning of the hand's approach, ``act_s`` the press or first key, ``end_s`` when the result stood.
    ``box`` outlines the control, ``before``/``after`` index the stills that show it untouched and the result.
    ``taken_back`` says that a later action undid it; ``trouble`` that it failed and the output says so.
    """

    kind: ActionKind
    start_s: float
    act_s: float
    end_s: float
    target: str | None = None
    role: str | None = None
    value: str | None = None
    secret: bool = False
    command: str | None = None
    output: str | None = None
    language: str | None = None
    keys: tuple[str, ...] = ()
    place: str | None = None
    row: str | None = None
    point: Point | None = None
    box: Rect | None = None
    before: int | None = None
    after: int | None = None
    taken_back: bool = False
    trouble: bool = False
    confidence: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """``tools`` are names of programs seen (window titles, first words of commands)."""

    actions: tuple[Action, ...] = ()
    tools: tuple[str, ...] = ()


# --- redact ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that must not be readable anywhere. ``text`` never leaves the working folder; ``placeholder`` replaces it."""

    text: str
    placeholder: str
    rule: str
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A rectangle of one still that must be filled; ``still`` indexes :attr:`Watched.stills`."""

    still: int
    box: Rect
    rule: str
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What has to be covered in any frame from ``start_s`` to ``end_s``. ``box`` is ``(x, y, width, height)`` in fractions of the picture."""

    start_s: float
    end_s: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """Transcript and actions with placeholders in place of every secret, and what to cover in pictures: in stills, and in any other frame.

    ``unsure`` describes findings that a person has to decide before anything is published automatically (no secret inside).
    """

    transcript: Transcript
    actions: Actions
    reading: Reading
    covers: tuple[Cover, ...] = ()
    masks: tuple[Mask, ...] = ()
    placeholders: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

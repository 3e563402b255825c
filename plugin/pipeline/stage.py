"""What a stage is: artefacts in, one artefact out, stored under a digest of all that it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

STAGES = ("probe", "listen", "watch", "read", "act", "redact", "write")

Report = Callable[[float], None]
"""Called with the finished fraction (0..1) of the running stage; may raise :class:`Cancelled`."""


class Cancelled(Exception):
    """Somebody does not want the result any more. Nothing half-done is left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a workspace wants of the documents of one area: its ``sections`` in their order, the days between reviews. Empty, None: as built in."""

    sections: tuple[str, ...] = ()
    interval_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may choose for one run. Part of every stage's digest as far as the stage declares it.

    ``never`` are terms of the workspace that are always covered, ``allowed`` such that never are.
    ``speech_model`` is a folder; it has been resolved before. ``side_files`` maps a kind (events, cast, captions) to a path.
    ``language_model`` (url, model, language) is empty where the rules alone write; its key is no part of any digest.
    ``shapes`` are the workspace's own templates by the name of their area; "" is the one that holds for all others.
    """

    title: str | None = None
    language: str | None = None
    area: str | None = None
    owner: str | None = None
    never: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    speech_model: str | None = None
    ocr_languages: tuple[str, ...] = ("en",)
    threads: int = 2
    side_files: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    language_model: Mapping[str, str] = field(default_factory=dict)
    language_model_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a stage works with. ``folder`` is its own and empty at the start; files that it leaves there belong to its artefact.

    ``inputs`` are the artefacts of the stages that it declared, by stage name; ``folders`` where those left their files.
    """

    recording: Path
    folder: Path
    options: Options
    inputs: Mapping[str, Any]
    folders: Mapping[str, Path]
    report: Report


class Run(Protocol):
    def __call__(self, context: Context) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``version`` goes up whenever the same input may give another artefact. ``uses`` names the options that matter to it.

    An ``isolated`` stage decodes media or loads a heavy engine and therefore runs in a child process; its ``run`` must be importable by name.
    """

    name: str
    version: int
    needs: tuple[str, ...]
    produces: type
    run: Run
    uses: tuple[str, ...] = ()
    isolated: bool = False

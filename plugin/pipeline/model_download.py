"""Fetching a speech model from the Hugging Face hub on first use: with progress, resumed where it broke off, checked before it is used."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from plugin.domain.errors import Exhausted, SopError
from plugin.pipeline.speech_models import WAYS_OUT, KnownModel, is_complete, sha256_of

HUB = "https://huggingface.co"
CHUNK_BYTES = 1 << 20
TIMEOUT_S = (10, 60)

Progress = Callable[[str, int, int | None], None]
"""(file, bytes so far, bytes in all or None)."""


@dataclass(frozen=True, slots=True)
class Downloader:
    """Puts a model's files into a folder. Several processes may ask at once: one downloads, the others wait for it."""

    progress: Progress = lambda _file, _done, _all: None
    hub: str = HUB

    def __call__(self, model: KnownModel, folder: Path) -> None:
        """Raises SopError without a network or on a wrong digest, Exhausted without space; a part that came stays for the next try."""
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if is_complete(folder):
                return
            try:
                for name in sorted(model.files, key=lambda n: n == "model.bin"):
                    if not (folder / name).is_file():
                        self._file(model, name, folder)
            except requests.RequestException as error:
                raise SopError(
                    f"The speech model {model.name} could not be downloaded from {self.hub}. {WAYS_OUT}",
                    detail_for_operator=type(error).__name__,
                ) from error
            except OSError as error:
                raise Exhausted(f"The speech model {model.name} could not be stored in {folder}: {error.strerror}.") from error

    def _file(self, model: KnownModel, name: str, folder: Path) -> None:
        url = f"{self.hub}/{model.repository}/resolve/main/{name}"
        expected = (model.sha256 if name == "model.bin" else None) or _digest_told_by_hub(url)
        part = folder / f".{name}.part"
        self._receive(url, name, part)
        if expected and sha256_of(part) != expected:
            part.unlink()
            raise SopError(f"The file {name} of the speech model {model.name} arrived damaged (its digest differs). Try again. {WAYS_OUT}")
        part.rename(folder / name)

    def _receive(self, url: str, name: str, part: Path) -> None:
        """Appends to ``part`` what is missing of the file; begins anew where the server does not resume."""
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # all of it is here already
            answer.raise_for_status()
            resumed = answer.status_code == requests.codes.partial_content
            done = have if resumed else 0
            length = answer.headers.get("Content-Length")
            total = done + int(length) if length else None
            with part.open("ab" if resumed else "wb") as file:
                for block in answer.iter_content(CHUNK_BYTES):
                    file.write(block)
                    done += len(block)
                    self.progress(name, done, total)
            if total is not None and done < total:
                raise requests.ConnectionError("the connection ended early")


def _digest_told_by_hub(url: str) -> str | None:
    """The SHA-256 that the hub states for a large file; small files have none."""
    answer = requests.head(url, timeout=TIMEOUT_S, allow_redirects=False)
    answer.raise_for_status()
    told = answer.headers.get("X-Linked-Etag", "").strip('"')
    return told if len(told) == 64 else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

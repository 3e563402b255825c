"""Runs the stages in the order of their needs, reusing what is finished.

Stages that need only the recording (listening, watching) run at the same time. A stage marked ``isolated`` decodes hostile media or loads a heavy
engine: it runs in a child process, so that its memory is given back and a crash of a decoder is an error message, not the end of the worker.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from plugin.domain.sop import Sop
from plugin.pipeline import artefact_store
from plugin.pipeline.artefact_store import Stored
from plugin.pipeline.artefacts import Redacted
from plugin.pipeline.isolation import in_child
from plugin.pipeline.stage import Context, Options, Stage

# How much of the whole time a stage takes on a usual recording; only the progress bar depends on it.
WEIGHTS = {"probe": 1, "listen": 25, "watch": 25, "read": 36, "act": 3, "redact": 3, "write": 7}

# After these there is something new to tell of the first steps.
TELLING = ("listen", "redact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``fraction`` is of the whole run; ``stages`` maps each stage to its own fraction; ``seconds_left`` is None until it can be told.

    ``steps`` are the first steps as far as they are understood, provisional until the run has ended.
    """

    stage: str
    fraction: float
    stages: dict[str, float]
    seconds_left: float | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``images`` is the folder that the picture paths of ``sop`` are relative to; ``seconds`` per stage that was not reused."""

    sop: Sop
    images: Path
    redacted: Redacted
    artefacts: dict[str, Stored]
    seconds: dict[str, float]


def run(
    recording: Path,
    *,
    workdir: Path,
    options: Options,
    stages: Iterable[Stage],
    on_progress: Callable[[Progress], None] = lambda _: None,
    isolate: bool = True,
) -> Result:
    """Makes the SOP of ``recording``; everything it stores lies under ``workdir``.

    Raises UnusableRecording where nothing can be made of the file, and whatever ``on_progress`` raises (that is how a run is cancelled);
    finished stages stay stored in both cases.
    """
    finished: dict[str, Stored] = {}
    seconds: dict[str, float] = {}
    waiting = list(stages)
    tracker = _Tracker([s.name for s in waiting], on_progress)
    source = file_digest(recording)
    # A side file counts by what it says, not by where it lies.
    counted = replace(options, side_files={kind: file_digest(Path(path)) for kind, path in options.side_files.items()})
    running: dict[Future[tuple[Stored, float]], Stage] = {}
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="stage") as pool:
        try:
            while waiting or running:
                for stage in [s for s in waiting if all(n in finished for n in s.needs)]:
                    waiting.remove(stage)
                    task = _Task(stage, recording, source, workdir, options, counted, {n: finished[n] for n in stage.needs}, isolate)
                    running[pool.submit(task, tracker.reporter(stage.name))] = stage
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    stage = running.pop(future)
                    finished[stage.name], seconds[stage.name] = future.result()
                    if stage.name in TELLING:
                        tracker.steps = _first_steps(recording, options, finished) or tracker.steps
                    tracker.reporter(stage.name)(1.0)
        except BaseException:
            tracker.stop()
            raise
    write = finished["write"]
    return Result(sop=write.value, images=write.folder, redacted=finished["redact"].value, artefacts=finished, seconds=seconds)


def _first_steps(recording: Path, options: Options, finished: dict[str, Stored]) -> tuple[str, ...]:
    from plugin.pipeline import preview  # the writer stands behind it

    return preview.steps(recording, options, {name: stored.value for name, stored in finished.items()})


def file_digest(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Task:
    stage: Stage
    recording: Path
    source: str
    workdir: Path
    options: Options
    counted: Options
    inputs: dict[str, Stored]
    isolate: bool

    def __call__(self, report: Callable[[float], None]) -> tuple[Stored, float]:
        began = time.perf_counter()
        origins = {"recording": self.source, **{name: stored.digest for name, stored in self.inputs.items()}}
        digest = artefact_store.artefact_digest(self.stage, self.counted, origins)
        stored = artefact_store.load(self.workdir, self.stage, digest)
        if stored is None:
            stored = artefact_store.make(self.workdir, self.stage, digest, lambda folder: self._produce(folder, report))
        return stored, time.perf_counter() - began

    def _produce(self, folder: Path, report: Callable[[float], None]) -> Any:
        context = Context(
            recording=self.recording,
            folder=folder,
            options=self.options,
            inputs={name: stored.value for name, stored in self.inputs.items()},
            folders={name: stored.folder for name, stored in self.inputs.items()},
            report=report,
        )
        if self.isolate and self.stage.isolated:
            return in_child(self.stage, context)
        return self.stage.run(context)


class _Tracker:
    """Fractions of all stages, and what is left of the time at the pace so far."""

    def __init__(self, names: list[str], tell: Callable[[Progress], None]) -> None:
        self._fractions = dict.fromkeys(names, 0.0)
        self._tell = tell
        self._began = time.monotonic()
        self.steps: tuple[str, ...] = ()
        self._lock = Lock()
        self._error: BaseException | None = None

    def reporter(self, name: str) -> Callable[[float], None]:
        return lambda fraction: self._report(name, fraction)

    def stop(self) -> None:
        """Makes every stage that still reports raise, so that the pool can end."""
        with self._lock:
            self._error = self._error or InterruptedError("the run was stopped")

    def _report(self, name: str, fraction: float) -> None:
        with self._lock:
            if self._error is not None:
                raise self._error
            self._fractions[name] = max(self._fractions[name], min(1.0, fraction))
            total = sum(WEIGHTS[n] for n in self._fractions)
            overall = sum(WEIGHTS[n] * f for n, f in self._fractions.items()) / total
            elapsed = time.monotonic() - self._began
            left = elapsed * (1 - overall) / overall if overall > 0.03 and elapsed > 1 else None
            try:
                self._tell(Progress(stage=name, fraction=overall, stages=dict(self._fractions), seconds_left=left, steps=self.steps))
            except BaseException as error:
                self._error = error
                raise

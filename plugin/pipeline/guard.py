"""Runs a function that touches hostile media in a child process with limits on CPU, memory and wall time.

A decoder that loops, grows or crashes ends its child only; the caller gets an UnusableRecording that says so in plain words.
The limits count from the moment the child's code is loaded, so they are about the media and not about the size of our libraries.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

from plugin.domain.errors import SopError, UnusableRecording
from plugin.pipeline import room
from plugin.pipeline.stage import Report

T = TypeVar("T")

ENDS_WITHIN_S = 5.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``memory_bytes`` is address space on top of what the loaded code takes; ``cpu_s`` sums all threads."""

    cpu_s: int
    memory_bytes: int
    wall_s: float


def call(function: Callable[..., T], *arguments: Any, limits: Limits, report: Report | None = None) -> T:
    """What ``function(*arguments, report=...)`` returns, computed in a child; SopErrors of the child are raised here.

    ``function`` must be importable by name and take the keyword ``report``. Other ends of the child are UnusableRecording with the reason
    ``too-slow``, ``too-large`` or ``damaged``; an error of our own code is a plain SopError. Whatever ``report`` raises ends the child and goes on to the caller.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_child, args=(theirs, function, arguments, limits), name="sopwright-media")
    child.start()
    theirs.close()
    try:
        return cast(T, _answer(ours, child, limits, report or _nothing))
    finally:
        ours.close()
        if sys.exc_info()[0] is None:
            child.join(ENDS_WITHIN_S)  # it has answered: let it give back what it holds
        if child.is_alive():
            child.kill()
        child.join()
        child.close()


def _answer(pipe: Connection, child: Any, limits: Limits, report: Report) -> Any:
    until = time.monotonic() + limits.wall_s
    while True:
        if not pipe.poll(max(0.0, until - time.monotonic())):
            raise _too_slow(f"wall time over {limits.wall_s} s")
        try:
            kind, value = pipe.recv()
        except EOFError:
            child.join()
            if child.exitcode == -signal.SIGXCPU:
                raise _too_slow(f"CPU time over {limits.cpu_s} s") from None
            raise _damaged(f"media child ended with exit code {child.exitcode}") from None
        if kind == "fraction":
            report(value)
        elif kind == "result":
            return value
        else:
            raise value


def _child(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _die_with_parent()
    _limit(limits)
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        pipe.send(_outcome(pipe, function, arguments))


def _outcome(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        with room.needed():
            return "result", function(*arguments, report=lambda fraction: pipe.send(("fraction", fraction)))
    except BrokenPipeError:
        raise
    except SopError as error:
        return "error", error
    except MemoryError as error:
        return "error", _too_large(str(error))
    except Exception as error:  # noqa: BLE001 - told apart by kind: what a decoder says is the file's, everything else is our fault
        return "error", _damaged(f"{type(error).__name__}: {error}") if _a_decoders(error) else _ours()


def _die_with_parent() -> None:
    """A worker that is killed takes its child along; else the child would go on computing for hours for nobody (Linux)."""
    call = getattr(ctypes.CDLL(None), "prctl", None)
    if call is not None:
        call(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit(limits: Limits) -> None:
    import av  # noqa: F401  # loaded before the limits are set, so that they count the media only
    import cv2  # noqa: F401

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0]) if Path("/proc/self/statm").exists() else 2**18
    memory_bytes = pages * resource.getpagesize() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    spent_s = int(sum(os.times()[:2])) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent_s + limits.cpu_s, spent_s + limits.cpu_s + 2))


def _too_slow(detail: str) -> UnusableRecording:
    words = "Reading the recording took far too long, so it was stopped. The file is damaged or built wrongly; export it again as MP4."
    return UnusableRecording("too-slow", words, detail_for_operator=detail)


def _too_large(detail: str) -> UnusableRecording:
    words = "The recording needs more memory than is allowed. Record at a lower resolution, 1920x1080 or less."
    return UnusableRecording("too-large", words, detail_for_operator=detail)


def _damaged(detail: str) -> UnusableRecording:
    words = "The recording is damaged: the decoder gave up on it. Export it again as MP4 or WebM and use that file."
    return UnusableRecording("damaged", words, detail_for_operator=detail)


def _a_decoders(error: Exception) -> bool:
    import av

    return isinstance(error, av.error.FFmpegError)


def _ours() -> SopError:
    words = "Something went wrong on our side while the recording was read. Nothing is lost; try again, and report it if it happens again."
    return SopError(words, detail_for_operator=traceback.format_exc())


def _nothing(_: float) -> None:
    """Nobody wants to know how far it is."""

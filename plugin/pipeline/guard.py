"""Runs a function that touches hostile media or loads a heavy engine in a child process with limits on CPU, memory and wall time.

A decoder that loops, grows or crashes ends its child only; the caller gets an UnusableRecording that says so in plain words. The memory of the child is
given back at its end, and it ends by itself when nobody waits for it any more, so a killed worker leaves no orphan that burns CPU.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

from plugin.domain.errors import SopError, UnusableRecording
from plugin.pipeline.stage import Report

T = TypeVar("T")

TOO_SLOW = "Reading the recording took far too long, so it was stopped. The file is damaged or built wrongly; export it again as MP4."
TOO_LARGE = "The recording needs more memory than is allowed. Record at a lower resolution, 1920 x 1080 or less."
DAMAGED = "The recording could not be processed: the program that reads it broke off. Try again; if it happens again, the file is damaged."
ORPHAN_CHECK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``memory_bytes`` is address space on top of what the loaded code takes; ``cpu_s`` sums all threads."""

    cpu_s: int
    memory_bytes: int
    wall_s: float


def call(function: Callable[..., T], *arguments: Any, limits: Limits, report: Report | None = None) -> T:
    """What ``function(*arguments, report=...)`` returns, computed in a child; SopErrors of the child are raised here.

    ``function`` must be importable by name and takes the keyword ``report``. Other ends of the child are UnusableRecording: ``too-slow``,
    ``too-large`` or ``damaged``. Whatever ``report`` raises ends the child and goes on to the caller.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_child, args=(theirs, function, arguments, limits), name="sopwright-media", daemon=False)
    child.start()
    theirs.close()
    try:
        return cast(T, _answer(ours, child, limits, report))
    finally:
        ours.close()
        if child.is_alive():
            child.kill()
        child.join()
        child.close()


def _answer(pipe: Connection, child: Any, limits: Limits, report: Report | None) -> Any:
    deadline = time.monotonic() + limits.wall_s
    while True:
        if not pipe.poll(max(0.0, deadline - time.monotonic())):
            raise UnusableRecording("too-slow", TOO_SLOW, detail_for_operator=f"no answer within {limits.wall_s:.0f} s")
        try:
            kind, value = pipe.recv()
        except EOFError:
            child.join()
            raise _how_it_ended(child.exitcode) from None
        if kind == "answer":
            return value
        if kind == "error":
            raise value
        if report is not None:
            report(value)


def _how_it_ended(exit_code: int) -> UnusableRecording:
    if exit_code in (-signal.SIGXCPU, -signal.SIGALRM):
        return UnusableRecording("too-slow", TOO_SLOW, detail_for_operator=f"exit code {exit_code}")
    return UnusableRecording("damaged", DAMAGED, detail_for_operator=f"exit code {exit_code}")


def _child(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], limits: Limits) -> None:
    _limit(limits)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        pipe.send(("answer", function(*arguments, report=lambda fraction: pipe.send(("fraction", fraction)))))
    except BrokenPipeError:
        return  # nobody waits for the answer any more
    except SopError as error:
        pipe.send(("error", error))
    except MemoryError:
        pipe.send(("error", UnusableRecording("too-large", TOO_LARGE)))


def _limit(limits: Limits) -> None:
    used_s = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (used_s + limits.cpu_s, used_s + limits.cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    taken_bytes = _address_space_bytes()
    if taken_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + limits.memory_bytes,) * 2)


def _address_space_bytes() -> int:
    """Address space of this process; 0 where the system does not tell (then there is no limit on memory, the others hold)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_S)
    os._exit(1)

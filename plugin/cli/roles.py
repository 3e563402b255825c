"""The processes of an installation on one machine: web here, workers and the scheduler as children that are started again when they end."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from plugin.observe import logging
from plugin.settings import Settings

RESTART_AFTER_S = 2.0
STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """``run`` is importable by name and takes the settings; it returns when the process is told to end (SIGTERM)."""

    name: str
    run: Callable[[Settings], None]


def run_worker(settings: Settings) -> None:
    from plugin import worker
    from plugin.bootstrap import build
    from plugin.services.work import worker_name

    logging.set_up(form=settings.log_format, level=settings.log_level)
    worker.run(build(settings), stop_on_signals(), worker=worker_name())


def run_scheduler(settings: Settings) -> None:
    from plugin import scheduler
    from plugin.bootstrap import build
    from plugin.services.work import worker_name

    logging.set_up(form=settings.log_format, level=settings.log_level)
    scheduler.run(build(settings), stop_on_signals(), holder=worker_name())


def stop_on_signals() -> Event:
    """An event that SIGTERM and SIGINT set, and the end of the process that started this one: the running work is given back, then the process ends."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            stop.set()

        Thread(target=follow, name="parent", daemon=True).start()
    return stop


@contextmanager
def children(roles: list[Role], settings: Settings) -> Iterator[None]:
    """Runs ``roles`` as child processes as long as the block lasts; one that ends is started again."""
    spawn = multiprocessing.get_context("spawn")
    ended = Event()

    def start(role: Role) -> BaseProcess:
        process = spawn.Process(target=role.run, args=(settings,), name=f"sopwright-{role.name}", daemon=False)
        process.start()
        return process

    running = [(role, start(role)) for role in roles]

    def watch() -> None:
        while not ended.wait(RESTART_AFTER_S):
            for place, (role, process) in enumerate(running):
                if not process.is_alive() and not ended.is_set():
                    process.close()
                    running[place] = (role, start(role))

    keeper = Thread(target=watch, name="keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        _end([process for _, process in running])


def _end(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()

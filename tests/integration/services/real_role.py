"""A worker with the real pipeline and the real Git folder, which dies where a test asks for it: ``python -m tests.integration.services.real_role``.

``SOPWRIGHT_TEST_KILL_IN`` names a stage, in the middle of which (at its first report, after a moment, or at its end where it is quicker) the worker
gets SIGKILL; or ``before publishing``, ``after publishing``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Timer
from typing import Any

from connectors.contract import Connector
from plugin import settings, worker
from plugin.bootstrap import build
from plugin.pipeline.stage import Context, Stage
from plugin.services.deps import Deps
from plugin.services.work import worker_name

POISON_LIMIT, STEADY_S = 50, 0.5


def deps_for(data_dir: Path) -> Deps:
    built = build(settings.load({}, data_dir=data_dir, lease_s=60, min_free_bytes=0, poison_limit=POISON_LIMIT))
    return replace(built, stages=lambda: tuple(watched(s) for s in built.stages()), connect=partial(_connect, built))


def watched(stage: Stage) -> Stage:
    return replace(stage, run=partial(_run, stage.name))


def _run(name: str, context: Context) -> Any:
    from plugin.pipeline.stages import STAGES

    stage = next(s for s in STAGES if s.name == name)
    _mark(name)
    if os.environ.get("SOPWRIGHT_TEST_KILL_IN") != name:
        return stage.run(context)

    def report(fraction: float) -> None:
        if 0 < fraction < 1:
            _kill()
        context.report(fraction)

    timer = Timer(STEADY_S, _kill)  # some stages are too quick to report, or say nothing for long
    timer.start()
    stage.run(replace(context, report=report))
    _kill()
    time.sleep(60)  # the worker is dead, and its child dies with it
    raise AssertionError("still alive")


def _connect(built: Deps, kind: str, given: Any, state: Path) -> Connector:
    connector = built.connect(kind, given, state)
    publish = connector.publish

    def dies(*arguments: Any, **named: Any) -> Any:
        _mark("publish")
        moment = os.environ.get("SOPWRIGHT_TEST_KILL_IN")
        if moment == "before publishing":
            _kill()
        receipt = publish(*arguments, **named)
        if moment == "after publishing":
            _kill()
        return receipt

    connector.publish = dies  # type: ignore[method-assign]  # dies where the test asks for it
    return connector


def _kill() -> None:
    os.kill(int(os.environ["SOPWRIGHT_TEST_WORKER"]), signal.SIGKILL)


def _mark(name: str) -> None:
    with Path(os.environ["SOPWRIGHT_TEST_MARKS"]).open("a") as stream:
        stream.write(f"{name}\n")


if __name__ == "__main__":
    os.environ["SOPWRIGHT_TEST_WORKER"] = str(os.getpid())
    worker.run(deps_for(Path(sys.argv[1])), Event(), worker=worker_name())

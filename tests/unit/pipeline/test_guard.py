"""A media child ends with its worker, also when that gets no chance to say goodbye."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from plugin.pipeline.guard import Limits, call
from plugin.pipeline.stage import Report

ROOT = Path(__file__).parents[3]


def sleeps(*, report: Report) -> None:
    """For hours; the first report tells who sleeps."""
    report(float(os.getpid()))
    time.sleep(3600)


def worker() -> None:
    call(sleeps, limits=Limits(cpu_s=60, memory_bytes=2**30, wall_s=3600.0), report=lambda pid: print(int(pid), flush=True))


def lives(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_child_of_a_killed_worker_does_not_go_on_for_nobody() -> None:
    command = [sys.executable, "-c", "from tests.unit.pipeline.test_guard import worker; worker()"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = Path(f"/proc/{int(process.stdout.readline())}/stat")
        assert child.exists()
        process.kill()
        until = time.monotonic() + 30
        while lives(child):
            assert time.monotonic() < until, "the child outlives its worker"
            time.sleep(0.05)

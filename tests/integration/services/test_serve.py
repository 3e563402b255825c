"""`sopwright serve` as one runs it: all roles come up, and none stays behind, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[3]


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def children(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_all_roles_end_with_the_service(tmp_path: Path, ending: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "plugin", "serve", "--port", str(port)]
    environ = {**os.environ, "SOPWRIGHT_DATA": str(tmp_path / "data"), "SOPWRIGHT_MIN_FREE_BYTES": "0"}
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log) as process:

        def ready() -> bool:
            try:
                checks = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).json()["checks"]
            except requests.RequestException:
                return False
            return bool(checks["scheduler"] == "good")

        until(ready, "the service does not come up")
        until(lambda: "worker_started" in (tmp_path / "log").read_text(), "the worker does not come up")
        roles = children(process.pid)
        process.send_signal(ending)
        until(lambda: not any(lives(pid) for pid in (process.pid, *roles)), "a role stays behind")
    said = (tmp_path / "log").read_text()
    assert f"running at http://127.0.0.1:{port}" in said
    assert "Traceback" not in said

"""The web role as a process of its own, under the server that operators use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import requests

ROOT = Path(__file__).parents[1]
_WAITRESS = "import os; from plugin import settings, bootstrap; from plugin.web import serving; serving.serve(bootstrap.build(settings.load()), os.environ)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(data_dir: Path, server: Literal["gunicorn", "waitress"], port: int, **environment: str) -> Iterator[Served]:
    """Serves ``data_dir`` (whose database must be migrated) until the block ends."""
    address = {"SOPWRIGHT_PORT": str(port), "SOPWRIGHT_BIND": f"127.0.0.1:{port}", "SOPWRIGHT_BASE_URL": f"http://127.0.0.1:{port}"}
    environ = {**os.environ, "SOPWRIGHT_DATA": str(data_dir), "SOPWRIGHT_MIN_FREE_BYTES": "0", **address, **environment}
    command = [sys.executable, "-c", _WAITRESS]
    if server == "gunicorn":
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            str(ROOT / "deploy/gunicorn.conf.py"),
            "--workers",
            "1",
            "--log-level",
            "warning",
            "plugin.web.wsgi:app",
        ]
    with subprocess.Popen(command, cwd=ROOT, env=environ) as process:
        try:
            _wait(port, process)
            yield Served(port=port, process=process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server did not come up")

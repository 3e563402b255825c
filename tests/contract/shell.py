"""``sopwright publish`` as a CI job calls it: a process of its own, told by the environment alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugin.domain.document import to_document
from plugin.domain.sop import Sop
from tests.contract.confluence.pages import asset

FOREIGN = ("SOPWRIGHT_", "GITLAB_", "GITHUB_")
"""What the machine that runs the tests may have set itself."""


class Shell:
    """One folder with an SOP, one data folder. ``settings`` are the target's variables, ``token`` is the secret among them."""

    def __init__(self, target: str, folder: Path, *, settings: Mapping[str, str], token: str) -> None:
        self._target, self._settings, self._token = target, dict(settings), token
        self.data, self.sop, self.said = folder / "data", folder / "sop", ""

    def write(self, sop: Sop) -> None:
        (self.sop / "images").mkdir(parents=True, exist_ok=True)
        (self.sop / "sop.json").write_text(json.dumps(to_document(sop)))
        for number in (1, 2):
            (self.sop / asset(number).name).write_bytes(asset(number).read())

    def run(self, *more: str, code: int = 0, **environment: str) -> dict[str, Any]:
        """The JSON line; empty where there is none. What was said beside it is in ``said``."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        command = [sys.executable, "-m", "plugin", "publish", str(self.sop), "--target", self._target, "--json", *more]
        given = kept | self._settings | {"SOPWRIGHT_DATA": str(self.data)} | environment
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == code, done.stderr
        assert self._token not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        self.said = done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}

"""Where the test material lies that is not part of the repository: recordings with ground truth, vendors' specifications."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def folder() -> Path | None:
    """The folder of test material beside the checkout (or ``SOPWRIGHT_SHARED``), None where there is none."""
    path = Path(os.environ.get("SOPWRIGHT_SHARED") or ROOT.parent / "shared")
    return path if path.is_dir() else None


def require(relative: str) -> Path:
    """A file or folder of the material; skips the test plainly where it is missing, and fails it in CI."""
    path = (folder() or Path("/nonexistent")) / relative
    if path.exists():
        return path
    message = f"the test material {relative!r} is not here (set SOPWRIGHT_SHARED)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)

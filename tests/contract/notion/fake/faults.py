"""Things that go wrong on the way, asked for by a test."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.contract.notion.fake.spec import shared_folder

Kind = Literal[
    "answer", "saved, then 503", "saved, then 503 without guidance", "line lost before", "line lost after", "half", "html", "empty", "call"
]

_ERRORS: dict[str, tuple[int, dict[str, str], dict[str, Any]]] = {
    "500": (500, {}, {"code": "internal_server_error", "message": "Unexpected error"}),
    "502": (502, {}, {}),
    "503": (503, {}, {"code": "service_unavailable", "message": "Notion is unavailable, please try again later."}),
    "401": (401, {}, {"code": "unauthorized", "message": "API token is invalid."}),
    "413": (413, {}, {"code": "invalid_request", "message": "Request body is too large."}),
    "400 type": (400, {}, {"code": "validation_error", "message": "body failed validation: body.children[3].type should be defined."}),
    "403 capability": (403, {}, {"code": "restricted_resource", "message": "Insufficient permissions for this endpoint."}),
}


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    path: str
    body: Any
    status: int

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Awaited:
    """Calls ``act`` once, at the ``nth`` request from now whose line matches ``on``, before or (``done``) after it is carried out.

    Where it returns False there is no answer.
    """

    nth: int
    act: Callable[[], bool]
    done: bool
    on: str = ".*"
    struck: bool = False

    def strikes(self, line: str) -> bool:
        if not re.search(self.on, line):
            return False
        self.nth -= 1
        if self.nth == 0:
            self.struck = True
        return self.nth == 0


@dataclass(slots=True)
class Fault:
    """Strikes at requests whose ``METHOD path`` matches ``on``, after ``skip`` of them, ``times`` times. ``error`` names a body of the saved examples."""

    kind: Kind
    on: str = ".*"
    skip: int = 0
    times: int = 1
    error: str = ""
    retry_after: str | None = None
    without_wait: bool = False
    call: Callable[[], None] | None = None
    struck: int = field(default=0, init=False)

    def strikes(self, line: str) -> bool:
        if self.struck >= self.times or not re.search(self.on, line):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.struck += 1
        return True

    def answer(self) -> tuple[int, Mapping[str, str], bytes]:
        status, headers, body = error_example(self.error)
        headers = {**headers}
        if self.retry_after is not None:
            headers["Retry-After"] = self.retry_after
        if self.without_wait:
            headers.pop("Retry-After", None)
            body.get("additional_data", {}).pop("retry_after", None)
        return status, headers, json.dumps({"object": "error", "status": status, **body}).encode() if body else b"<html>bad gateway</html>"


def error_example(name: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """``(status, headers, body)`` of the saved example whose name starts with ``name``."""
    if name in _ERRORS:
        return _ERRORS[name]
    folder = shared_folder()
    if folder is None:
        raise LookupError(name)
    examples = json.loads((folder / "specs" / "notion" / "error-examples.json").read_text(encoding="utf-8"))["errors"]
    found = next(e for e in examples if e["name"].startswith(name))
    return found["status"], dict(found["headers"]), copy.deepcopy(found["json"])

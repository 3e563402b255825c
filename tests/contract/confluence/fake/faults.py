"""Things that go wrong on the way, asked for by a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "answer",  # nothing is done; the answer is `status`, `headers`, `body`
    "saved, then",  # it is done, and the answer is the same all the same
    "line lost before",
    "line lost after",
    "half",  # done, and half of the answer arrives
    "html",  # done, and a sign-in page arrives with 200
    "empty",  # done, and nothing arrives with 200
    "half file",  # half of an uploaded file is stored, and the line is lost
    "call",  # something happens just before the request is carried out
    "ask",  # `ask` is called before (or with `done` after) the request is carried out, outside of the fake's lock; False cuts the line
]


@dataclass(slots=True)
class Fault:
    """Strikes at requests whose ``METHOD path`` matches ``on``, after ``skip`` of them, ``times`` times."""

    kind: Kind
    on: str = ".*"
    skip: int = 0
    times: int = 1
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    call: Callable[[], Any] | None = None
    ask: Callable[[], bool] | None = None
    done: bool = False
    struck: int = field(default=0, init=False)

    def strikes(self, line: str) -> bool:
        if self.struck >= self.times or not re.search(self.on, line):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.struck += 1
        return True

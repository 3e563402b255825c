"""Names for things: a type prefix and a ULID, so that an id tells what it names and sorts by the time it was made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

Prefix = Literal[
    "wsp",
    "per",
    "tok",
    "rec",
    "job",
    "sop",
    "rev",
    "prp",
    "pic",
    "con",
    "pub",
    "pvr",
    "apr",
    "dec",
    "pol",
    "rvw",
    "evt",
    "ntc",
    "msg",
    "lnk",
]

NewId = Callable[[Prefix], str]
"""Makes a new id with that prefix, e.g. ``sop_01J...``; passed in, so that tests decide."""

Clock = Callable[[], datetime]
"""The present moment as an aware datetime in UTC; passed in, so that tests decide."""

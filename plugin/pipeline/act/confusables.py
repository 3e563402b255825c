"""Characters that a recogniser takes for each other, put right where the grammar of a shell leaves no doubt."""

from __future__ import annotations

import re

_CAPITALS = re.compile(r"(?<![A-Za-z0-9])(?=[A-Z0_]*[A-Z])[A-Z][A-Z0_]{2,}[A-Z](?![A-Za-z0-9])")
"""A name in capitals (a variable, a method of HTTP, a keyword) that has no other digits than zeros."""
_ZEROS_INSIDE = re.compile(r"(?<=[A-Z])0{1,2}(?=[A-Z])")


_PARTED_DASHES = re.compile(r"(?<= )- -(?=[A-Za-z])")


def settled(command: str) -> str:
    """``command`` with zeros between the capitals of a name as the letter O (``-X P0ST``, ``$T0KEN``) and the dashes of ``--option`` together."""
    command = _PARTED_DASHES.sub("--", command)
    return _CAPITALS.sub(lambda name: _ZEROS_INSIDE.sub(lambda zeros: "O" * len(zeros[0]), name[0]), command)

"""Spaces that the recogniser lost or turned into a stroke, put right from the ink of the line."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

_SLIM = frozenset(".,:;'!|`\"")


def respace(text: str, centres: tuple[float, ...], gray: Any) -> str:
    """``text`` with a space wherever the line (``uint8``, grey) shows a gap as wide as one, and none where a "character" has no ink.

    In type of one width a cell without ink is a space; elsewhere a gap counts that is clearly wider than those between letters.
    """
    if len(text) < 5 or len(text) != len(centres) or gray.size == 0:
        return text
    inked = _inked(gray)
    steps = [b - a for a, b in pairwise(centres)]
    pitch = float(median(steps))
    fixed = pitch > 3 and sum(abs(s / pitch - round(s / pitch)) < 0.25 for s in steps) >= 0.85 * len(steps) and len(steps) >= 8
    out = [text[0]]
    for (before, here), (left, right) in zip(pairwise(text), pairwise(centres), strict=True):
        blank = _longest_blank(inked[max(0, int(left)) : int(right) + 1])
        wide = (
            blank >= 0.85 * pitch and right - left > 1.6 * pitch
            if fixed
            else blank >= max(4, (0.95 if before in _SLIM or here in _SLIM else 0.65) * pitch)
        )
        if wide and " " not in (before, here):
            out.append(" ")
        elif here == " " and not fixed and out[-1] != " " and _gap(inked, right) >= max(8, 1.75 * pitch):
            out.append(" ")  # wide enough to part two controls
        out.append(here)
    if fixed:
        reach = max(1, int(0.3 * pitch))
        for i, centre in enumerate(_places(text, out, centres)):
            if centre is not None and not inked[max(0, int(centre) - reach) : int(centre) + reach + 1].any():
                out[i] = " "
    return "".join(out)


def _places(text: str, out: list[str], centres: tuple[float, ...]) -> list[float | None]:
    places: list[float | None] = []
    i = 0
    for character in out:
        if i < len(text) and character == text[i]:
            places.append(centres[i] if character in "~-_.^" else None)
            i += 1
        else:
            places.append(None)
    return places


def _inked(gray: Any) -> Any:
    level = int(np.bincount(gray.ravel(), minlength=256).argmax())
    return (np.abs(gray.astype(np.int16) - level) > 45).any(axis=0)


def _gap(inked: Any, at: float) -> int:
    """Width of the inkless run around a column."""
    left = right = min(max(0, int(at)), len(inked) - 1)
    while left > 0 and not inked[left - 1]:
        left -= 1
    while right < len(inked) - 1 and not inked[right + 1]:
        right += 1
    return right - left + 1 if not inked[int(min(max(0, at), len(inked) - 1))] else 0


def _longest_blank(inked: Any) -> int:
    best = run = 0
    for column in inked.tolist():
        run = 0 if column else run + 1
        best = max(best, run)
    return best

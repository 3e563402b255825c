"""Which step of one document is which step of another, and whether two readings of one thing say the same. Pure.

Two recordings of one procedure never give the same text: a letter is misread, a filler word falls, a clock shows another time. What differs only so is
no difference; a command, a value, a number or a negation that differs always is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any

from plugin.domain.sop import Command, Input, Step

ALIGN_AT = 0.55
"""Two steps are the same one if their likeness (0..1) reaches this."""
CLEARLY = 0.25
"""A pair is out of the question where one of the two has a partner that is so much more alike."""
EXACT = 0.97
"""So alike are two readings of one step in the same words."""
MISREAD_AT = 0.75
"""Two words are readings of one word if their letters are so much alike (0..1)."""

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_DIGITS = re.compile(r"\d+")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})
_ALIKE = str.maketrans({"1": "l", "i": "l", "|": "l", "0": "o"})
_NEGATIONS = frozenset(
    ["no", "not", "non", "never", "none", "without", "nicht", "nie", "kein", "keine", "keinen", "ohne", "ne", "pas", "sans", "sin", "nunca"]
)
_LIGHT_LETTERS = 3
"""A word of so few letters is an article, a preposition or a filler; it alone changes nothing."""


def align(old: Sequence[Step], new: Sequence[Step], also: Sequence[Step | None] = ()) -> list[tuple[int, int]]:
    """Pairs of positions of the same step, in the order of ``old``.

    Ids decide first. Then the order that gives the greatest likeness in all, in which no step goes to a partner while a clearly better one is
    elsewhere; what is left over is paired wherever it was moved to. ``also``: another wording of each step of ``old`` (None: there is none).
    """
    positions = {step.id: at for at, step in enumerate(new)}
    pairs = [(at, positions[step.id]) for at, step in enumerate(old) if step.id in positions]
    free_old = [at for at in range(len(old)) if at not in {a for a, _ in pairs}]
    free_new = [at for at in range(len(new)) if at not in {b for _, b in pairs}]
    score = {(a, b): _best(old[a], also[a] if also else None, new[b]) for a in free_old for b in free_new}
    in_order = _in_order(free_old, free_new, _fitting(score))
    pairs += in_order
    taken_old, taken_new = {a for a, _ in in_order}, {b for _, b in in_order}
    moved = sorted(
        ((s, a, b) for (a, b), s in score.items() if s >= ALIGN_AT), key=lambda entry: (-entry[0], abs(entry[1] - entry[2]), entry)
    )
    for _, a, b in moved:
        if a not in taken_old and b not in taken_new:
            pairs.append((a, b))
            taken_old.add(a)
            taken_new.add(b)
    return sorted(pairs)


def likeness(a: Step, b: Step) -> float:
    """0..1: the wording of the action, and where there are any, the commands, the names of the inputs and the place."""
    scores = [(_ratio(_plain(a.action), _plain(b.action)), 2.0)]
    if a.commands or b.commands:
        scores.append((_ratio("\n".join(c.text for c in a.commands), "\n".join(c.text for c in b.commands)), 2.0))
    if a.inputs or b.inputs:
        scores.append((_ratio("\n".join(i.name for i in a.inputs), "\n".join(i.name for i in b.inputs)), 1.0))
    if a.location and b.location:
        scores.append((_ratio(_plain(a.location), _plain(b.location)), 0.5))
    return sum(score * weight for score, weight in scores) / sum(weight for _, weight in scores)


def same(name: str, a: Any, b: Any) -> bool:
    """Whether two values of the field ``name`` say the same, read twice."""
    if a == b:
        return True
    if name == "summary":
        return _shape(a) == _shape(b)  # it counts steps and minutes
    if name == "commands":
        return len(a) == len(b) and all(_same_command(x, y) for x, y in zip(a, b, strict=True))
    if name == "inputs":
        return len(a) == len(b) and all(_same_input(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, str) and isinstance(b, str):
        return same_words(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same("", x, y) for x, y in zip(a, b, strict=True))
    if is_dataclass(a) and type(a) is type(b):
        return all(same("", getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return False


def same_words(a: str, b: str) -> bool:
    """True where the two differ in case, punctuation, light words and misread letters only."""
    left, right = _words(a), _words(b)
    for tag, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal" and not _slight(left[i:j], right[k:m]):
            return False
    return True


def respaced(old: str, new: str) -> str:
    """``new`` with the blanks of ``old`` wherever the letters around them are the same: a blank is what is misread most often."""
    a, b = [(c, at) for at, c in enumerate(old) if not c.isspace()], [(c, at) for at, c in enumerate(new) if not c.isspace()]
    partner: dict[int, int] = {}
    for block in SequenceMatcher(None, [c for c, _ in a], [c for c, _ in b], autojunk=False).get_matching_blocks():
        partner |= {block.b + k: block.a + k for k in range(block.size)}
    parts: list[str] = []
    for k, (character, at) in enumerate(b):
        if k:
            before, here = partner.get(k - 1), partner.get(k)
            known = before is not None and here is not None and here == before + 1
            parts.append(
                old[a[before][1] + 1 : a[here][1]] if known and before is not None and here is not None else new[b[k - 1][1] + 1 : at]
            )
        parts.append(character)
    return "".join(parts)


def _slight(gone: list[str], come: list[str]) -> bool:
    if "".join(gone).translate(_ALIKE) == "".join(come).translate(_ALIKE):
        return True
    if len(gone) == len(come) and all(_misread(x, y) for x, y in zip(gone, come, strict=True)):
        return True
    return all(len(word) <= _LIGHT_LETTERS and word.isalpha() and word not in _NEGATIONS for word in (*gone, *come))


def _misread(a: str, b: str) -> bool:
    if a in _NEGATIONS or b in _NEGATIONS or _DIGITS.sub("", a) != a or _DIGITS.sub("", b) != b:
        return a == b or a.translate(_ALIKE) == b.translate(_ALIKE)
    return min(len(a), len(b)) > _LIGHT_LETTERS and _ratio(a, b) >= MISREAD_AT and a[0] == b[0]


def _same_command(a: Command, b: Command) -> bool:
    """To the letter but for blanks; the answer may show other numbers (a date, a size, a process)."""
    if " ".join(a.text.translate(_QUOTES).split()) != " ".join(b.text.translate(_QUOTES).split()) or a.language != b.language:
        return False
    return _shape(a.output) == _shape(b.output)


def _shape(output: str | None) -> str:
    return "".join(_words(_DIGITS.sub("0", output or ""))).translate(_ALIKE)


def _same_input(a: Input, b: Input) -> bool:
    return a.secret == b.secret and a.value == b.value and same_words(a.name, b.name)


def _words(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()


def _best(old: Step, also: Step | None, new: Step) -> float:
    return max(likeness(old, new), likeness(also, new) if also is not None else 0.0)


def _fitting(score: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """The pairs that are alike, without those of which one has a clearly better partner or an exact one that is nobody else's."""
    olds: dict[int, list[float]] = {}
    news: dict[int, list[float]] = {}
    for (a, b), value in score.items():
        olds.setdefault(a, []).append(value)
        news.setdefault(b, []).append(value)
    certain = [
        pair
        for pair, v in score.items()
        if v >= EXACT and all(sum(x >= EXACT for x in part) == 1 for part in (olds[pair[0]], news[pair[1]]))
    ]
    settled_old, settled_new = dict(certain), {b: a for a, b in certain}

    def fits(a: int, b: int, value: float) -> bool:
        if settled_old.get(a, b) != b or settled_new.get(b, a) != a:
            return False
        return value >= ALIGN_AT and value >= max(*olds[a], *news[b]) - CLEARLY

    return {(a, b): v for (a, b), v in score.items() if fits(a, b, v)}


def _in_order(olds: Sequence[int], news: Sequence[int], score: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The pairs that cross nowhere and are most alike in all (Needleman and Wunsch, 1970, without a price for gaps)."""
    width = len(news) + 1
    total = [[0.0] * width for _ in range(len(olds) + 1)]
    for i in range(len(olds) - 1, -1, -1):
        for j in range(len(news) - 1, -1, -1):
            paired = total[i + 1][j + 1] + score.get((olds[i], news[j]), float("-inf"))
            total[i][j] = max(total[i + 1][j], total[i][j + 1], paired)
    found, i, j = [], 0, 0
    while i < len(olds) and j < len(news):
        value = score.get((olds[i], news[j]))
        if value is not None and total[i][j] == total[i + 1][j + 1] + value:
            found.append((olds[i], news[j]))
            i, j = i + 1, j + 1
        elif total[i][j] == total[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _ratio(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b, autojunk=False).ratio() if a or b else 1.0

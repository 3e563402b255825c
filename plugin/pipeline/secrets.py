"""Finds secret values in text by rules (``rules.yaml``), and finds a known secret again in text that a recogniser may have misread."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml
from rapidfuzz import fuzz

# Characters that recognisers take for each other, folded to one of them.
_FOLD = str.maketrans("oqdli|!s$bzg", "000111155829")
_ALIKE = frozenset("|!$")
_PASSWORD_LIKE = re.compile(
    r"(?<![\w./-])(?=[\w!#$%&*+?@^-]*\d)(?=[\w!#$%&*+?@^-]*[a-z])(?=[\w!#$%&*+?@^-]*[A-Z])[\w!#$%&*+?@^-]{10,64}(?![\w/.])"
)
MIN_FOLDED = 6
"""Shorter values are looked for as whole words to the letter only: folded they would match everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    name: str
    kind: str
    pattern: re.Pattern[str]
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``start``/``end`` are offsets of the secret itself in the text that was scanned."""

    start: int
    end: int
    text: str
    kind: str
    rule: str
    sure: bool = True


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of the data file, and the two that are made from its keyword list."""
    data = yaml.safe_load((files("plugin.pipeline") / "rules.yaml").read_text("utf-8"))
    listed = tuple(Rule(name=r["name"], kind=r["kind"], pattern=re.compile(r["pattern"]), sure=r.get("sure", True)) for r in data["rules"])
    word, not_value = data["keywords"], data["not_values"]
    # A command's substitution and a pattern of a search are no values.
    guard = rf"(?!\$\(|\.[*+]|\[\^|\\[swdSWD]|\$\{{?\w+\}}?/)(?!(?:{not_value})(?:[\s\"',;.)]|$))"
    assignment = rf"(?i)(?:{word})[\w.-]*[\"']?\s*(?:=>|:=|=|:)\s*[\"'‘’`]?{guard}(?P<s>[^\s\"'‘’`,;<>(){{}}][^\s\"'‘’`,;<>]{{2,}}?)(?=#?(?:[\s\"'‘’`,;<>]|$))"
    flag = rf"(?i)(?:--[\w-]*|(?<!\w)-)(?:{word})[\w-]*(?:\s+|=)[\"'‘’`]?{guard}(?P<s>[^\s\"'‘’`-][^\s\"'‘’`]{{2,}})"
    return (
        *listed,
        Rule(name="keyword-assignment", kind="SECRET", pattern=re.compile(assignment)),
        Rule(name="keyword-flag", kind="SECRET", pattern=re.compile(flag)),
    )


@cache
def _keyword() -> re.Pattern[str]:
    data = yaml.safe_load((files("plugin.pipeline") / "rules.yaml").read_text("utf-8"))
    return re.compile(rf"(?i)(?:{data['keywords']})")


def find(text: str) -> list[Finding]:
    """All findings, in order, overlapping ones reduced to the longest; values that merely look like one count only beside a keyword."""
    found = [
        Finding(start=m.start("s"), end=m.end("s"), text=m.group("s"), kind=_kind(rule, m), rule=rule.name, sure=rule.sure)
        for rule in rules()
        for m in rule.pattern.finditer(text)
    ]
    keyword = _keyword().search(text)
    fallback = _like_a_secret(text, keyword.end()) if keyword else ()
    found += [f for f in fallback if not any(f.start < other.end and other.start < f.end for other in found)]
    return list(_longest(found))


def _like_a_secret(text: str, after: int) -> Iterator[Finding]:
    """Values in a line with a keyword that no rule names: random ones are sure, ones that only look like a password are not."""
    for m in re.finditer(r"[A-Za-z0-9+/_-]{20,}={0,2}", text):
        if looks_random(m.group()):
            yield Finding(start=m.start(), end=m.end(), text=m.group(), kind="SECRET", rule="random-beside-keyword")
    for m in _PASSWORD_LIKE.finditer(text, after):
        yield Finding(start=m.start(), end=m.end(), text=m.group(), kind="SECRET", rule="password-like-beside-keyword", sure=False)


def _kind(rule: Rule, match: re.Match[str]) -> str:
    """The placeholder's name; a keyword rule's says which keyword it was."""
    if not rule.name.startswith("keyword"):
        return rule.kind
    before = match.group()[: match.start("s") - match.start()].lower()
    names = (
        ("pass", "PASSWORD"),
        ("pwd", "PASSWORD"),
        ("token", "TOKEN"),
        ("bearer", "TOKEN"),
        ("key", "KEY"),
        ("otp", "CODE"),
        ("pin", "CODE"),
    )
    return next((name for word, name in names if word in before), rule.kind)


def looks_random(value: str) -> bool:
    """High Shannon entropy with letters and digits mixed: keys and tokens, not words, paths or dates. Bound after gitleaks' generic rule (3.5 bit)."""
    if value.count("/") > 2 or not (re.search(r"\d", value) and re.search(r"[A-Za-z]", value)):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= 3.5


def fold(text: str) -> str:
    """What is left of a text when everything is taken out that recognisers confuse: case, look-alikes, punctuation, white space."""
    return _folded(text)[0]


def occurrences(secret: str, text: str, *, fuzzy: float = 84.0) -> list[tuple[int, int]]:
    """Where ``secret`` stands in ``text``, misread or not, as (start, end) offsets.

    Folded equality first; for secrets of eight characters and more also a best alignment of at least ``fuzzy`` percent (RapidFuzz).
    """
    wanted = fold(secret)
    if len(wanted) < MIN_FOLDED:
        return [m.span() for m in re.finditer(rf"(?<!\w){re.escape(secret)}(?!\w)", text)] if len(secret) > 2 else []
    folded, positions = _folded(text)
    spans: list[tuple[int, int]] = []
    at = folded.find(wanted)
    while at >= 0:
        spans.append((positions[at], positions[at + len(wanted) - 1] + 1))
        at = folded.find(wanted, at + len(wanted))
    if not spans and len(wanted) >= 8 and len(folded) >= len(wanted) - 2:
        match = fuzz.partial_ratio_alignment(wanted, folded, score_cutoff=fuzzy)
        if match is not None and match.dest_end - match.dest_start >= len(wanted) - 2:
            spans.append((positions[match.dest_start], positions[match.dest_end - 1] + 1))
    return [_whole_token(secret, text, start, end) for start, end in spans]


def cut_off(secret: str, text: str, *, least: int = 5) -> tuple[int, int] | None:
    """A beginning of ``secret`` at the end of ``text`` (half typed, or wrapped at the edge of a window): its offsets, or None."""
    folded, positions = _folded(text)
    length = _shared(fold(secret), folded, least, lambda whole, n: whole[:n], lambda seen, n: seen[-n:])
    return (positions[len(folded) - length], len(text)) if length else None


def carried_over(secret: str, text: str, *, least: int = 2) -> tuple[int, int] | None:
    """An end of ``secret`` at the start of ``text`` (the second half of a wrapped line): its offsets, or None."""
    folded, positions = _folded(text)
    length = _shared(fold(secret), folded, least, lambda whole, n: whole[-n:], lambda seen, n: seen[:n])
    return (0, positions[length - 1] + 1) if length else None


def _shared(secret: str, seen: str, least: int, of_secret: Callable[[str, int], str], of_seen: Callable[[str, int], str]) -> int:
    """How many characters of the secret's one end stand at the text's other; to the letter first, then misread. 0: none."""
    lengths = range(min(len(secret) - 1, len(seen)), least - 1, -1)
    exact = next((n for n in lengths if of_secret(secret, n) == of_seen(seen, n)), 0)
    return exact or next((n for n in lengths if n >= 8 and fuzz.ratio(of_secret(secret, n), of_seen(seen, n)) >= 88), 0)


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the offset in ``text``."""
    lower = text.lower() if len(text.lower()) == len(text) else text
    kept = [i for i, c in enumerate(lower) if c.isalnum() or c in _ALIKE]
    return "".join(lower[i] for i in kept).translate(_FOLD), kept


def replace(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """``text`` with every (start, end) exchanged for its placeholder; overlapping spans become the first one's."""
    out, last = [], 0
    for start, end, placeholder in sorted(spans, key=lambda s: (s[0], -s[1])):
        if start < last:
            last = max(last, end)
            continue
        out += [text[last:start], placeholder]
        last = end
    return "".join([*out, text[last:]])


def _whole_token(secret: str, text: str, start: int, end: int) -> tuple[int, int]:
    # A misread character at the edge would stay readable: take the rest of an unbroken run of letters and digits along,
    # and the punctuation that the secret itself begins or ends with.
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    tail = re.search(r"[^\w\s]*$", secret)
    if tail and text.startswith(tail.group(), end):
        end += len(tail.group())
    return start, end


def _longest(found: list[Finding]) -> Iterator[Finding]:
    last_end = -1
    for finding in sorted(found, key=lambda f: (f.start, -f.end)):
        if finding.start >= last_end:
            yield finding
            last_end = finding.end

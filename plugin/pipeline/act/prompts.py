"""What a prompt looks like: where the machine stops and the person begins.

A line that a shell, a database client or an interpreter wrote before handing over. ``strong`` ones stand alone; the others count only where the
screen around them is set in type of one width and they come more than once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROMPTS: tuple[tuple[str, str, bool], ...] = (
    # language, pattern up to and with the sign, strong
    ("powershell", r"(?:\([\w.-]+\) ?)?PS [A-Za-z]:[\\/][^>]*>", True),
    ("batch", r"[A-Za-z]:\\[^>]*>", True),
    ("bash", r"(?:\([\w.-]+\) ?)?\[?[\w.-]+@[\w.-]+(?:[: ]+[~/\w.()@ -]*?)?\]? ?[$#%❯➜»]", True),
    ("bash", r"(?:\([\w.-]+\) ?)?[\w.-]+@[\w.-]+[: ]?[~/\w.-]*>(?= |$)", True),
    ("bash", r"(?:bash|sh|zsh)-\d[\d.]*[$#%]", True),
    ("sql", r"(?:mysql|mariadb|MariaDB \[[^\]]*\]|sqlite|SQL|cqlsh(?::\w+)?|ksql)>", True),
    ("sql", r"[\w.-]+[=\-'\"(*]{1,2}[#>](?= |$)", True),
    ("python", r">>>", True),
    ("python", r"In ?\[\d+\]:", True),
    ("text", r"(?:127\.0\.0\.1|localhost|[\w.-]+):\d{2,5}(?:\[\d+\])?>", True),
    ("javascript", r"(?:test|admin|[\w-]+ \[[\w: -]+\] [\w-]+)>", True),
    ("bash", r"(?:\([\w.-]+\) ?)?(?:[~/][\w./~-]*|[\w.~-]+(?:/[\w.~-]+)*) ?[$#%❯➜](?= |$)", False),
    ("bash", r"[$#%❯➜»](?= |$)", False),
)
_LOOSE = re.compile(r"\s*((?:[^\s$#%❯➜»>|<=\"']+ ){1,4}[$#%❯➜»>])(?: |$)")
"""Any few words before a sign: a prompt only where the same first word and sign begin several rows."""
_CLOCK = r"(?:\[[^\]@]{1,24}\] ?|\d\d:\d\d(?::\d\d)? )?"
"""The time, or a number, that some write before their prompt."""
_COMPILED = tuple((language, re.compile(rf"\s*({_CLOCK if strong else ''}{pattern}) ?"), strong) for language, pattern, strong in _PROMPTS)
CONTINUATIONS = re.compile(r"(?:>|\.\.\.|[\w.-]+[-'\"(*]{1,2}[#>]|->|\.\.\.:) ?(?=\S|$)")
"""What a shell shows while a command is not complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """``text`` is what the machine wrote, ``rest`` what follows it."""

    text: str
    rest: str
    language: str
    strong: bool
    shape: str | None = None
    """Of a loose prompt: what has to come again for it to count."""


_PORT, _HINT = re.compile(r":\d{2,5}(?:\[\d+\])?>$"), re.compile(r"\s*\[[^\]]*(?:\].*)?$")
_HEADER = re.compile(
    r"(?:[┌╭]\S* ?)?(?:\([\w.-]+\) ?)?(?:[\w.-]+@[\w.-]+[: _]+[~/]|[~/][\w./~-]*(?: on |  |$)|[\w.-]+@[\w.-]+ (?:in|at|on) )"
    r"|[┌╭─\[(-]*[\w.-]+(?:@|㉿)[\w.-]+[\])][─ -]*[\[(][~/][^\])]*[\])]"
)
_SIGN = re.compile(r"\s*((?:[└╰L][─-]*)?[)>❯➜»›$#%λ])(?: |$)")


def is_header(row: str) -> bool:
    """The first row of a prompt of two rows: who, where, perhaps a branch, and no sign."""
    return bool(_HEADER.match(row.strip())) and not any(p.match(row) for _, p, strong in _COMPILED if strong)


def second_row(row: str, *, known: bool = False) -> Prompt | None:
    """The second row of such a prompt: a sign and what was typed. ``known``: others of the screen have it, so it may be without its sign here."""
    sign = _SIGN.match(row)
    if sign is None and not known:
        return None
    rest = row[sign.end() :] if sign is not None else row
    return Prompt(text="two rows", rest=rest.strip(), language="bash", strong=True)


def split(row: str) -> Prompt | None:
    """The prompt at the beginning of a terminal's row, if there is one."""
    for language, pattern, strong in _COMPILED:
        match = pattern.match(row)
        if match:
            rest = row[match.end() :].strip()
            # Some clients show what may follow in grey behind what was typed.
            rest = _HINT.sub("", rest) if _PORT.search(match.group(1)) else rest
            return Prompt(text=match.group(1).strip(), rest=rest, language=language, strong=strong)
    loose = _LOOSE.match(row)
    if loose is None:
        return None
    words = loose.group(1).split()
    shape = f"{words[0]} {words[-1]}"
    return Prompt(text=loose.group(1).strip(), rest=row[loose.end() :].strip(), language="bash", strong=False, shape=shape)

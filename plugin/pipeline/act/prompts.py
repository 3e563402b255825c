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
_COMPILED = tuple((language, re.compile(rf"\s*({pattern}) ?"), strong) for language, pattern, strong in _PROMPTS)
CONTINUATIONS = re.compile(r"(?:>|\.\.\.|[\w.-]+[-'\"(*]{1,2}[#>]|->|\.\.\.:) ?(?=\S|$)")
"""What a shell shows while a command is not complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """``text`` is what the machine wrote, ``rest`` what follows it."""

    text: str
    rest: str
    language: str
    strong: bool


def split(row: str) -> Prompt | None:
    """The prompt at the beginning of a terminal's row, if there is one."""
    for language, pattern, strong in _COMPILED:
        match = pattern.match(row)
        if match:
            return Prompt(text=match.group(1).strip(), rest=row[match.end() :].strip(), language=language, strong=strong)
    return None

"""How the words of a screen sound when they are read aloud: "my_file" is "my underscore file", "kubectl" is "kube control"."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice, product

_SIGNS = {
    "_": ("", "underscore"), "-": ("", "dash", "hyphen", "minus"), ".": ("", "dot", "point"), "/": ("", "slash"), ":": ("", "colon"), "=": ("", "equals"),
    "+": ("", "plus"), "@": ("at",), "#": ("hash",), "&": ("and",), "*": ("star",), "~": ("tilde",), "$": ("dollar",), "%": ("percent",),
}  # fmt: skip
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Parts of names as they are usually pronounced; each on the left as it is written.
_PARTS = (
    ("ctl", "control"), ("ctrl", "control"), ("cmd", "command"), ("sql", "sequel"), ("nginx", "enginex"), ("nginx", "engineex"), ("kube", "cube"), ("k8s", "kates"),
    ("sudo", "suedo"), ("psql", "psequel"), ("yaml", "yammel"), ("yml", "yammel"), ("json", "jason"), ("etc", "etsy"), ("usr", "user"), ("lib", "libe"),
    ("url", "earl"), ("gui", "gooey"), ("cli", "clee"), ("ssh", "essessage"), ("oauth", "ohauth"), ("redis", "reddis"), ("postgres", "postgress"),
    ("grafana", "graphana"), ("mq", "emcue"), ("ansible", "answerable"), ("tmp", "temp"), ("conf", "conf"), ("config", "config"),
    ("repo", "repo"), ("dev", "dev"), ("prod", "prod"), ("ci", "seeeye"), ("vpc", "veepeesee"),
)  # fmt: skip
MOST_FORMS = 24


@lru_cache(maxsize=8192)
def spoken_forms(word: str) -> tuple[str, ...]:
    """Letter and digit strings (lower case, no spaces) that a listener may write down for ``word``; at most MOST_FORMS.

    Signs are all silent or all said, digits all written or all said; parts of names vary one by one.
    """
    pieces = [p for p in re.split(r"([^A-Za-z0-9]|(?<=[a-z])(?=[A-Z]))", word) if p and not p.isspace()]
    forms: dict[str, None] = {}
    for naming, digits_said in product(range(3), (False, True)):
        choices = [_piece(p.lower(), digits_said) if p.isalnum() else (_sign(p, naming),) for p in pieces]
        for combination in islice(product(*choices), MOST_FORMS):
            forms.setdefault("".join(combination), None)
    return tuple(f for f in forms if f)[:MOST_FORMS]


def _sign(sign: str, naming: int) -> str:
    names = _SIGNS.get(sign, ("",))
    return names[min(naming, len(names) - 1)]


def _piece(piece: str, digits_said: bool) -> tuple[str, ...]:
    if digits_said:
        piece = "".join(_DIGITS[int(c)] if c.isdigit() and c.isascii() else c for c in piece)
    forms = {piece: None}
    for written, said in _PARTS:
        if written in piece:
            forms[piece.replace(written, said)] = None
    return tuple(forms)


def sounded(text: str) -> str:
    """A rough phonetic fold: words that sound alike in English or German come out alike."""
    folded = re.sub(r"[^a-z0-9]", "", text.lower().replace("ä", "a").replace("ö", "o").replace("ü", "u").replace("ß", "s"))
    for pattern, other in _SOUNDS:
        folded = pattern.sub(other, folded)
    return re.sub(r"(.)\1+", r"\1", folded[:1] + re.sub(r"[aeiouyh]", "", folded[1:]))


_SOUNDS = tuple(
    (re.compile(pattern), other)
    for pattern, other in (
        (r"^(?:kn|gn)", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"ph", "f"), (r"ght", "t"), (r"sch|tch|sh|ch", "x"), (r"ck", "k"), (r"qu", "kw"), (r"c(?=[eiy])", "s"),
        (r"c", "k"), (r"q", "k"), (r"z", "s"), (r"dg", "g"), (r"g(?=[eiy])", "j"), (r"x", "ks"), (r"w", "v"), (r"[aeiou]+", "a"),
    )
)  # fmt: skip

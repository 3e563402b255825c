"""What well-known commands and keys are for, in a few words: used where nobody said it."""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib import resources

import yaml

_PREFIXES = frozenset(["sudo", "time", "nohup", "env", "doas", "command"])
_ASSIGNMENT = re.compile(r"^\w+=\S*$")


def of_command(command: str, language: str) -> str | None:
    """ "Commit the changes" for ``git commit -am ...``; None for a command that is not known."""
    words = _speaking_words(command)
    table = _table(language)["commands"]
    for length in (3, 2, 1):
        if len(words) >= length and (gloss := table.get(" ".join(words[:length]))):
            return str(gloss)
    return None


def of_keys(keys: tuple[str, ...], language: str) -> str | None:
    """ "Save the file" for ("ctrl+s",); None where the keys say nothing by themselves."""
    gloss = _table(language)["keys"].get(" ".join(k.lower() for k in keys))
    return str(gloss) if gloss else None


def _speaking_words(command: str) -> list[str]:
    """The program and its sub-commands: no options, variables, paths or wrappers."""
    try:
        parts = shlex.split(command.split("|")[0].split("&&")[0].split(";")[0])
    except ValueError:
        parts = command.split()
    parts = [p for p in parts if not _ASSIGNMENT.match(p)]
    while parts and parts[0] in _PREFIXES:
        parts = parts[1:]
    if not parts:
        return []
    program = parts[0].rsplit("/", 1)[-1]
    return [program, *(p for p in parts[1:] if re.fullmatch(r"[a-z][a-z-]*|-[a-zA-Z]|--[a-z-]+", p))]


@cache
def _table(language: str) -> dict[str, dict[str, str]]:
    folder = resources.files(__package__) / "glosses_data"
    name = f"{language}.yaml" if (folder / f"{language}.yaml").is_file() else "en.yaml"
    data: dict[str, dict[str, str]] = yaml.safe_load((folder / name).read_text("utf-8"))
    return data

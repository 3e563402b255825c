"""The cue files: what narration sounds like in one language, and how steps are worded in it. Code is the same for all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

DEFAULT = "en"

ROLES = (
    "retraction", "closing", "aside", "escalation", "rollback", "owner", "role", "stakeholder", "excludes", "covers", "purpose",
    "prerequisite", "prerequisite_early", "warning", "expected", "continuation",
)  # fmt: skip
SINGLE = (
    "condition", "if", "failure", "fine", "harm", "otherwise", "verification", "same_again", "subordinate", "split_before", "reasons", "owner_name",
    "role_needed", "need_frame", "need_split", "if_later", "whom", "how_to", "this_is", "in_this", "and_then", "object_of", "noun_only", "sign_in",
    "only_here", "heading_task", "state", "time_clause", "goal_later", "points_at", "addition", "trailing", "only_filler", "have_a_look", "goal_first", "means_first", "place_first", "reload", "halt",
)  # fmt: skip

_COMMON = re.compile(r"[\w'/.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """Compiled patterns by role, word lists, and the sentences that steps are worded with."""

    language: str
    verb_second: bool
    fillers: tuple[re.Pattern[str], ...]
    openers: re.Pattern[str]
    frames: re.Pattern[str]
    adverbs: frozenset[str]
    no_verb: frozenset[str]
    pronouns: frozenset[str]
    common: frozenset[str]
    modals: frozenset[str]
    subjects: frozenset[str]
    prefixes: frozenset[str]
    persons: tuple[tuple[re.Pattern[str], str], ...]
    verbs: Mapping[str, frozenset[str]]
    irregular: Mapping[str, str]
    roles: Mapping[str, tuple[re.Pattern[str], ...]]
    single: Mapping[str, re.Pattern[str]]
    wording: Mapping[str, str]

    def has(self, role: str, text: str) -> bool:
        """True where one of the role's patterns stands in ``text`` (lower case)."""
        return any(p.search(text) for p in self.roles[role])

    def find(self, role: str, text: str) -> re.Match[str] | None:
        return next((m for p in self.roles[role] if (m := p.search(text))), None)

    def known_verbs(self) -> frozenset[str]:
        return frozenset().union(*self.verbs.values())


def languages() -> tuple[str, ...]:
    """The codes of the languages that have a cue file."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in _folder().iterdir() if p.name.endswith(".yaml")))


@cache
def cues(language: str | None) -> Cues:
    """The cues of ``language``; the English ones where there is no file for it."""
    name = language if language in languages() else DEFAULT
    return _compiled(yaml.safe_load((_folder() / f"{name}.yaml").read_text("utf-8")))


def plain(text: str) -> str:
    """Lower case, straight apostrophes, no sentence end, runs of spaces folded: what the patterns are written for."""
    folded = text.lower().replace("’", "'").replace("‘", "'")
    return re.sub(r"\s+", " ", folded).strip().strip(".!?…").strip()


def tokens(text: str) -> list[str]:
    """Words with the marks that belong to them (a dot or slash inside a name), lower case."""
    return [t.strip("'.-/") or t for t in _COMMON.findall(text.lower().replace("’", "'"))]


def _folder() -> Any:
    return resources.files(__package__) / "cues"


def _compiled(data: dict[str, Any]) -> Cues:
    alternatives = "|".join(f"(?:{p})" for p in data["greetings"] + data["openers"])
    frames = "|".join(f"(?:{p})" for p in data["frames"])
    return Cues(
        language=data["language"],
        verb_second=data["grammar"] == "verb_second",
        modals=frozenset(data["modals"]),
        subjects=frozenset(data["subjects"]),
        prefixes=frozenset(data["prefixes"]),
        persons=tuple((re.compile(pattern, re.IGNORECASE), other) for pattern, other in data["persons"]),
        fillers=tuple(re.compile(p, re.IGNORECASE) for p in data["fillers"]),
        openers=re.compile(rf"^(?:{alternatives})(?=[\s,.!:;]|$)[\s,.!:;]*", re.IGNORECASE),
        frames=re.compile(rf"^(?:{frames})(?=\s)\s*", re.IGNORECASE),
        adverbs=frozenset(data["adverbs"]),
        no_verb=frozenset(data["no_verb"]),
        pronouns=frozenset(data["pronouns"]),
        common=frozenset(data["common"]) | frozenset(data["no_verb"]),
        verbs={k: frozenset(v) for k, v in data["verbs"].items()},
        irregular=data["irregular"],
        roles={r: tuple(re.compile(p) for p in _list(data.get(r, []))) for r in ROLES},
        single={s: re.compile(data[s], re.IGNORECASE) for s in SINGLE},
        wording=data["wording"],
    )


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

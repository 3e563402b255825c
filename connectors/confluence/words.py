"""Small texts that stand in Confluence's history and lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from connectors.confluence.storage import clean
from connectors.reading import short_digest

MESSAGE_LENGTH = 255
TITLE_LENGTH = 255
NAME_LENGTH = 60
NAMED_STEPS = 12  # steps that a message names one by one
_REVISION = re.compile(r"SOP revision (\d+)")
_PUBLISHER = re.compile(r" \(published by (.+)\)$")
_OWN_NUMBER = re.compile(r"^(?:SOP )?revision \d+\s*:?\s*", re.IGNORECASE)
_NOT_IN_LABELS = re.compile(r"[^a-z0-9_-]+")


def version_message(message: str, revision: int, changed: Iterable[int] = (), *, by: str = "") -> str:
    """The words for the history, on one line, with our revision in front so that the history can be read back.

    Where the caller says nothing but the revision, the numbers of the ``changed`` steps are told. ``by`` is who published it: Confluence
    itself only names the account of the connection.
    """
    said = _OWN_NUMBER.sub("", " ".join(clean(message).split()))
    steps = sorted(set(changed))
    if not said and steps:
        rest = f" and {len(steps) - NAMED_STEPS} more" if len(steps) > NAMED_STEPS else ""
        said = f"step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps[:NAMED_STEPS]))}{rest} changed"
    one_line = f"SOP revision {revision}: {said}" if said else f"SOP revision {revision}"
    name = " ".join(clean(by).split())[:NAME_LENGTH]
    who = f" (published by {name})" if name else ""
    room = MESSAGE_LENGTH - len(who)
    return (one_line if len(one_line) <= room else one_line[: room - 1] + "…") + who


def publisher_of(message: str) -> str | None:
    """Who published it, where our message says so."""
    found = _PUBLISHER.search(message) if revision_of(message) is not None else None
    return found.group(1) if found else None


def revision_of(message: str) -> int | None:
    found = _REVISION.search(message)
    return int(found.group(1)) if found else None


def label_of(word: str) -> str:
    """Confluence takes lower case only, and none of the characters that mean something in its searches."""
    return _NOT_IN_LABELS.sub("-", word.lower()).strip("-")[:100]


def key_label(key: str) -> str:
    """The label by which the search finds the page of an SOP, wherever people moved it and whatever they called it."""
    return f"sop-{short_digest(key)[:12]}"


def state_label(state: str) -> str:
    """By which readers list what is overdue, where no app adds a search by date; none for what needs nobody."""
    return "" if state == "current" else label_of(f"sop-{state.replace(' ', '-')}")


STATE_LABELS = frozenset(map(state_label, ("due soon", "due", "overdue", "in review", "retired")))


def title_of(title: str) -> str:
    """On one line and as long as Confluence takes it."""
    one_line = " ".join(clean(title).split()) or "Untitled SOP"
    return one_line if len(one_line) <= TITLE_LENGTH else one_line[: TITLE_LENGTH - 1] + "…"

"""Mentions of people in a text: Confluence writes accounts, readers read names. Names are asked for once, and only where somebody reads the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from connectors.confluence.canonical import mentioned
from connectors.confluence.remote import Remote
from connectors.contract import Clash, Edit

_MENTION = re.compile(mentioned("(.+?)"))
UNKNOWN = "somebody"


class Names:
    """For one run."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._known: dict[str, str] = {}

    def edits(self, edits: Iterable[Edit]) -> tuple[Edit, ...]:
        return tuple(replace(e, before=self._read(e.before), after=self._read(e.after)) for e in edits)

    def clashes(self, clashes: Iterable[Clash]) -> tuple[Clash, ...]:
        return tuple(replace(c, base=self._read(c.base), theirs=self._read(c.theirs), ours=self._read(c.ours)) for c in clashes)

    def read(self, text: str) -> str:
        """The text with names in it."""
        return _MENTION.sub(lambda found: self._name(found.group(1)), text)

    def _read(self, text: str | None) -> str | None:
        return None if text is None else self.read(text)

    def _name(self, account: str) -> str:
        if account not in self._known:
            self._known[account] = self._remote.mentioned(account) or UNKNOWN
        return self._known[account]

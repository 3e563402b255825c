"""Finds the page of an SOP by the key that stands on it: under its title, by its label, at last among all pages of the space.

A page counts as ours where its property names the key *and the page itself*, so that a copy of the page is not taken for it. A page
whose property was never written (a publication that died early) has the key in its text only; it counts where nothing better is found
and our own account made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.confluence import sheet as sheets
from connectors.confluence.edition import BODY_READS
from connectors.confluence.failures import Missing, Unfinished, seen
from connectors.confluence.journal import Journal
from connectors.confluence.memory import SYNC
from connectors.confluence.remote import Property, Remote, RemoteBody
from connectors.confluence.storage import Malformed
from connectors.confluence.words import key_label
from connectors.errors import AuthFailed, Reject, Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    body: RemoteBody
    sync: Property | None


class Lookup:
    """For one connection."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def page(self, key: str, space: str, title: str) -> tuple[Found | None, RemoteBody | None]:
        """The page of ``key``, and the page of another SOP or person that has ``title``."""
        known = self._journal.page_of(key, space)
        if known is not None:
            body = seen(lambda: self._remote.read(known), known, "publish")
            return Found(body=body, sync=self._remote.property(known, SYNC) if body.state == "current" else None), None
        titled = self._remote.find(space, title)
        made_early: Found | None = None
        for body in self._candidates(key, space, titled):
            found = self._judged(body, key, space)
            if found is None:
                continue
            if found.sync is not None:
                self._journal.remember(key, space, body.id)
                return found, None
            made_early = made_early or found
        if made_early is not None and made_early.body.made_by in (None, self._remote.me().account_id):
            self._journal.remember(key, space, made_early.body.id)
            return made_early, None
        return None, titled

    def _candidates(self, key: str, space: str, titled: RemoteBody | None) -> Iterator[RemoteBody]:
        """Pages that may be the one, the likeliest first. What the connection may not search is left out."""
        if titled is not None:
            yield titled
        walked = self._journal.keys_in(space)
        complete = walked is not None and key not in walked
        if not complete:
            keys: set[str] = set()
            try:
                for body, marker in self._marked(space):
                    keys |= {marker}
                    if marker == key:
                        yield body
                complete = True
            except (Reject, AuthFailed, Missing, Unfinished):
                pass
            if complete:
                self._journal.remember_keys(space, frozenset(keys))
        try:
            hits = self._remote.labelled(key_label(key))  # in all spaces, for people move pages
        except (Reject, AuthFailed, Missing):
            hits = []
        except Retry:
            if not complete:
                raise
            hits = []  # all pages of the space were seen: only a page that was moved elsewhere could be missed
        for page_id in hits[:10]:
            try:
                yield self._remote.read(page_id)
            except Missing:
                continue  # the search still names pages that are gone

    def _marked(self, space: str) -> Iterator[tuple[RemoteBody, str]]:
        """The pages of a space that carry a key. A list without bodies costs a look at each page, for the first ones."""
        reads = BODY_READS
        for body in self._remote.walk(space):
            if body.body is None and reads:
                reads -= 1
                sync = self._remote.property(body.id, SYNC)
                if sync is not None and isinstance(sync.value, dict):
                    yield self._remote.read(body.id), str(sync.value.get("key") or "")
                continue
            marker = _marker(body)
            if marker:
                yield body, marker

    def _judged(self, body: RemoteBody, key: str, space: str) -> Found | None:
        try:
            sync = self._remote.property(body.id, SYNC)
        except Missing:
            sync = None  # a page in the trash does not show its properties
        if sync is not None and isinstance(sync.value, dict):
            value = sync.value
            # An SOP may be published into several spaces: the property says for which one this page was made.
            ours = value.get("key") == key and str(value.get("page")) == body.id and value.get("place") in (None, "", space)
            return Found(body=body, sync=sync) if ours else None
        return Found(body=body, sync=None) if _marker(body) == key else None


def _marker(body: RemoteBody) -> str | None:
    try:
        return sheets.marker(sheets.read(body.body or ""))
    except Malformed:
        return None

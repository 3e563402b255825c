"""The Notion connector: the contract's methods, each a few calls to the rooms beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from connectors.breaker import Breaker
from connectors.contract import (
    Capabilities,
    Choice,
    Edit,
    Identity,
    Known,
    Origin,
    Page,
    Person,
    Receipt,
    Ref,
    RemotePage,
    Rendered,
    ReviewFlag,
    Target,
    Version,
)
from connectors.errors import AuthFailed, ConnectorError, Gone, Reject, Retry
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.failures import NAME, Collision, Doubtful, Edited
from connectors.notion.inbox import Inbox
from connectors.notion.journal import Journal, Shelf, journal_path, only_one
from connectors.notion.kept import Kept
from connectors.notion.looks import Looks
from connectors.notion.merge import Merger, Read
from connectors.notion.nodes import from_json
from connectors.notion.people import People
from connectors.notion.publish import Publisher, Trashed, Wish
from connectors.notion.render import Body, render
from connectors.notion.restore import keep_edits, numbered, old_version
from connectors.notion.reviews import Reviews
from connectors.notion.settings import Settings, notion_id
from connectors.notion.setup import Places, Setup
from connectors.notion.signs import fresh, moment, version_of
from connectors.notion.text import Run, from_rich_text, pieces, plain, to_rich_text
from connectors.notion.uploads import Uploads
from connectors.notion.versions import Versions, as_version
from connectors.notion.writing import reader
from connectors.transport import Door

ROUNDS = 6
"""How often a publish begins anew after a doubtful answer before the caller is told to come back."""
TOLD = "told "
T = TypeVar("T")


class NotionConnector:
    """See :class:`connectors.contract.Connector`. One per workspace connection; ``state`` is a folder of its own."""

    name = NAME

    def __init__(
        self,
        settings: Settings,
        *,
        state: Path,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = lambda: random.uniform(0.7, 1.3),  # noqa: S311 - spreads retries, guards nothing
        breaker: Breaker | None = None,
    ) -> None:
        self.capabilities = Capabilities(
            history=True,
            restore=True,
            merge=True,
            flags=True,
            mentions=True,
            archive=True,
            labels=True,
            owners=True,
            requests_per_s=settings.requests_per_minute / 60,
        )
        self._settings, self._state, self._sleep, self._jitter, self._now = settings, state, sleep, jitter, now
        self.api = Api(settings, sleep=sleep, monotonic=monotonic, now=now, jitter=jitter, breaker=breaker)
        self.setup = Setup(self.api, state)
        self._people = People(self.api)
        self._uploads = Uploads(self.api, state, now=now)
        self._kept, self._looks = Kept(state), Looks(state, now=now)
        self._publisher = Publisher(
            self.api, self._uploads, self._people, self._kept, now=now, allow_private=settings.allow_private_addresses
        )
        self._reviews = Reviews(self.api, self._publisher, self._people, self._places, state, now=now)
        self._mentions = Shelf(state / "mentions.json")
        self.inbox = Inbox(self.api, lambda: self._places().recordings, self._in_recordings)

    @property
    def door(self) -> Door:
        """Counts what is sent."""
        return self.api.door

    def close(self) -> None:
        self.api.close()

    def renew_with(self, renew: Callable[[str], str | None]) -> None:
        """See :class:`connectors.contract.Renewable`."""
        self.api.renew = renew

    def check(self) -> Identity:
        me = self.api.get("users/me")
        missing: list[str] = []
        try:
            missing += self.setup.missing(self._settings.parent)
        except Gone:
            missing.append("The parent page cannot be seen. Open it in Notion, choose ••• > Connections and add this connection.")
        self._people.id_of(Person(name="", email="nobody@example.com"))
        if not self._people.may_read:
            missing.append("The capability 'Read user information including email addresses': without it owners are not set.")
        try:
            self.api.get("comments", block_id=self._settings.parent, page_size=1)
        except AuthFailed:
            missing.append("The capabilities 'Read comments' and 'Insert comments': without them owners are not mentioned.")
        except Gone:
            pass  # told above
        workspace = (me.get("bot") or {}).get("workspace_name")
        return Identity(name=str(workspace or me.get("name") or "Notion"), account_id=str(me["id"]), missing=tuple(missing))

    def render(self, page: Page) -> Rendered:
        return render(page)

    def publish(
        self, rendered: Rendered, target: Target, *, known: Known | None, message: str, choices: Mapping[str, Choice] | None = None
    ) -> Receipt:
        page, body = rendered.page, rendered.body
        if not isinstance(body, Body):
            raise TypeError("rendered by another connector")
        wish = Wish(
            key=page.key,
            title=page.title,
            nodes=body.nodes,
            assets={asset.digest: asset for asset in page.assets},
            version=page.facts.version,
            facts=lambda: p.values(page.facts, self._people.id_of(page.facts.owner)),
            facts_sign=p.facts_sign(page.facts),
            message=message,
            origin=page.origin,
        )
        return self._publish(wish, self._parent(target), known, choices)

    def _publish(
        self, wish: Wish, parent: str, known: Known | None, choices: Mapping[str, Choice] | None, children: Read | None = None
    ) -> Receipt:
        """``children`` read the page already, for somebody who overwrites what people wrote: an edit since then raises _EditedAgain."""
        path, first = journal_path(self._state, wish.key), [children]
        before = (self.api.requests, self.api.writes)
        with only_one(path):

            def once() -> Receipt:
                read = first.pop() if first else None
                try:
                    return self._healing(
                        lambda: self._publisher.publish(wish, lambda: self.setup.places(parent), known, Journal(path), choices, read),
                        parent,
                    )
                except Edited as edited:
                    if children is None:
                        raise
                    raise _EditedAgain from edited

            receipt = self._settled(once)
            writes = self.api.writes - before[1]
            return replace(receipt, written=writes > 0, requests=self.api.requests - before[0], writes=writes)

    def _settled(self, work: Callable[[], T]) -> T:
        """Does ``work`` until an answer is beyond doubt; it looks what is there already whenever it begins anew."""
        failure: ConnectorError = Retry("Notion's answers stay doubtful.", after_s=60.0, connector=NAME)
        for attempt in range(ROUNDS):
            try:
                return work()
            except (Doubtful, Collision) as doubtful:
                failure = doubtful.failure
                self._sleep(min(2.0**attempt, 8.0) * self._jitter())
        raise failure

    def _healing(self, work: Callable[[], T], parent: str) -> T:
        """Once more where people changed the databases since they were looked at: what is refused then is the content's fault no longer."""
        try:
            return work()
        except Trashed:
            raise
        except (Reject, Gone):
            if not self.setup.heal(parent):
                raise
            return work()

    def _parent(self, target: Target) -> str:
        try:
            return notion_id(target.place)
        except ValueError:
            return self._settings.parent

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        try:
            page = self.api.get(f"pages/{ref.id}")
        except Gone:
            return RemotePage(ref=ref, key=None, title="", version="", edited_by=None, edited_at=None, state="unreachable")
        markdown = None if page.get("in_trash") else self._publisher.markdown(ref.id)
        editor = (page.get("last_edited_by") or {}).get("id")
        edits: tuple[Edit, ...] = ()
        if (
            known is not None
            and not page.get("in_trash")
            and (markdown is None or markdown != known.base.get("markdown") or known.base.get("held"))
        ):
            found = self._looks.edits(page, markdown, known, partial(self._edits, known))
            edits = fresh(found, known.base)
        return RemotePage(
            ref=Ref(id=str(page["id"]), url=str(page.get("url") or ref.url)),
            key=p.read(page, p.KEY) or None,
            title=p.title(page),
            version=version_of(markdown, page),
            edited_by=self._people.name_of(editor) or editor,
            edited_at=moment(page.get("last_edited_time")),
            state="trashed" if page.get("in_trash") else "archived" if p.read(page, p.STATUS) == "Retired" else "current",
            edits=edits,
        )

    def _edits(self, known: Known) -> tuple[Edit, ...]:
        """What people did to the page since ``known``; what an unfinished publish of ours has written is not theirs."""
        base = tuple(from_json(n) for n in known.base.get("nodes", ()))
        written = Journal(journal_path(self._state, str(known.base.get("key") or known.ref.id))).written
        return tuple(Merger(reader(self.api), full=True, written=written).run(known.ref.id, base, base).edits)

    def history(self, ref: Ref) -> Sequence[Version]:
        return Versions(self.api, self._places().versions).history(ref.id)

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        """Takes the old version's page for our new content. What people wrote on our blocks since is first kept as a version of its own."""
        for attempt in range(ROUNDS):
            try:
                return self._restored(ref, version, message)
            except _EditedAgain:
                self._sleep(min(2.0**attempt, 8.0) * self._jitter())
        raise Retry("The page is being edited right now.", after_s=60.0, connector=NAME, operation="restore")

    def _restored(self, ref: Ref, version: str, message: str) -> Known:
        page = self.api.get(f"pages/{ref.id}")
        key = str(p.read(page, p.KEY) or ref.id)
        versions = Versions(self.api, self._places().versions, self._kept)
        journal, private, children = Journal(journal_path(self._state, key)), self._settings.allow_private_addresses, reader(self.api)
        memory, aside = journal.memory, journal_path(self._state, f"kept {key}")
        stand = self._publisher.stand(ref.id, memory)
        if memory is None or not stand.same or memory.base.get("held"):
            with only_one(aside):
                self._settled(
                    lambda: keep_edits(
                        self.api,
                        versions,
                        page,
                        journal,
                        self._uploads,
                        Journal(aside),
                        Shelf(self._state / "kept.json"),
                        self._now(),
                        children=children,
                        private=private,
                    )
                )
        rows = versions.rows(ref.id)
        told = [as_version(row) for row in rows]
        nodes, assets = old_version(self.api, version, self._kept, self._uploads, memory, allow_private=private)
        facts = {name: p.read(page, name) for name in (p.STATUS, p.OWNER, p.DUE, p.REVIEW, p.AREA) if name in page["properties"]}

        def wish_of(number: int) -> Wish:
            return Wish(
                key=key,
                title=p.title(page),
                nodes=numbered(nodes, number),
                assets=assets,
                version=number,
                facts=lambda: {**facts, p.VERSION: number},
                facts_sign=f"restored {version}",
                message=message,
                origin=Origin(recording=next((v.recording for v in told if v.id == version), None)),
            )

        newest = max((v.revision or 0 for v in told), default=0)
        begun = wish_of(newest)
        cut_off = journal.unfinished and any(p.read(row, p.DIGEST) == begun.sign for row in rows[:1])
        wish = begun if cut_off else wish_of(newest + 1)
        return self._publish(wish, self._settings.parent, memory, _Always("ours"), children).known

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        return self._settled(lambda: self._reviews.flag(known, flag))

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        """Raises Retry where it stays unknown whether it was said; the next call with the same ``key`` looks first."""
        others = self._mentions.all()
        told = others.get(key)
        if str(told).startswith(TOLD):
            return
        user = self._people.id_of(person)
        said: list[dict[str, Any]] = to_rich_text([Run(text=piece) for piece in pieces(" " + text)])[:99]
        who = {"type": "mention", "mention": {"type": "user", "user": {"id": user}}} if user else to_rich_text([Run(text=person.name)])[0]
        since = str(told or self._now().strftime("%Y-%m-%dT%H:%M:00.000Z"))
        first = told is None
        if first:
            self._mentions.put(key, since)

        def once() -> str:
            nonlocal first
            look, first = not first, False
            there = self._commented(ref, text, since, {str(v).removeprefix(TOLD) for v in others.values()}) if look else None
            return there or str(self.api.create("comments", {"parent": {"page_id": ref.id}, "rich_text": [who, *said]}).get("id"))

        self._mentions.put(key, TOLD + self._settled(once))

    def _commented(self, ref: Ref, text: str, since: str, others: set[str]) -> str | None:
        """A comment of these words, made in or after the minute ``since`` (Notion's times are rounded down to it), that is no other notice."""
        for comment in self.api.listed("comments", block_id=ref.id):
            says = plain(from_rich_text(comment.get("rich_text"))).endswith(text)
            if says and str(comment.get("created_time", "9")) >= since and comment.get("id") not in others:
                return str(comment["id"])
        return None

    def archive(self, ref: Ref) -> None:
        page = self.api.get(f"pages/{ref.id}")
        schema = p.schema_of(page.get("properties") or {})
        properties = p.written({p.STATUS: "Retired", p.REVIEW: "Retired"}, schema)
        body = {"properties": properties, "is_locked": True} if properties else {"is_locked": True}
        self._settled(lambda: self.api.change(f"pages/{ref.id}", body))

    def set_up_again(self) -> Places:
        """For an admin: a database that was deleted is made again, which never happens by itself."""
        return self._settled(lambda: self.setup.again(self._settings.parent))

    def _in_recordings(self, work: Callable[[], T]) -> T:
        return self._settled(lambda: self._healing(work, self._settings.parent))

    def _places(self) -> Places:
        return self._settled(lambda: self.setup.places(self._settings.parent))


class _EditedAgain(Exception):
    """People wrote on a page that is being brought back to an older version: that has to be kept first."""


class _Always(dict[str, Choice]):
    """The same choice for every key."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self._choice = choice

    def get(self, *_: Any) -> Any:
        return self._choice

"""The Notion connector: the contract's methods, each a few calls to the rooms beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.contract import (
    Capabilities,
    Choice,
    Edit,
    Identity,
    Known,
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
from connectors.errors import AuthFailed, ConnectorError, Gone, Retry
from connectors.notion import properties as p
from connectors.notion.client import Api
from connectors.notion.failures import NAME, Collision, Doubtful
from connectors.notion.journal import Journal, Shelf, journal_path, only_one
from connectors.notion.merge import Merger
from connectors.notion.nodes import from_json
from connectors.notion.people import People
from connectors.notion.publish import Publisher, Wish, moment, version_of
from connectors.notion.render import Body, render
from connectors.notion.restore import old_version
from connectors.notion.settings import Settings, notion_id
from connectors.notion.setup import Places, Setup
from connectors.notion.text import Run, from_rich_text, pieces, plain, to_rich_text
from connectors.notion.uploads import Uploads
from connectors.notion.versions import Versions
from connectors.notion.writing import reader

ROUNDS = 6
"""How often a publish begins anew after a doubtful answer before the caller is told to come back."""


class NotionConnector:
    """See :class:`connectors.contract.Connector`. One per workspace connection; ``state`` is a folder of its own."""

    name = NAME
    capabilities = Capabilities(
        history=True, restore=True, merge=True, flags=True, mentions=True, archive=True, labels=True, owners=True, requests_per_s=3.0
    )

    def __init__(
        self,
        settings: Settings,
        *,
        state: Path,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = lambda: random.uniform(0.7, 1.3),  # noqa: S311 - spreads retries, guards nothing
    ) -> None:
        self._settings, self._state, self._sleep, self._jitter = settings, state, sleep, jitter
        self.api = Api(settings, sleep=sleep, monotonic=monotonic, now=now, jitter=jitter)
        self.setup = Setup(self.api, state)
        self._people = People(self.api)
        self._uploads = Uploads(self.api, state, now=now)
        self._publisher = Publisher(self.api, self._uploads, self._people, now=now)
        self._mentions = Shelf(state / "mentions.json")

    def close(self) -> None:
        self.api.close()

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
        )
        return self._publish(wish, self._parent(target), known, choices)

    def _publish(self, wish: Wish, parent: str, known: Known | None, choices: Mapping[str, Choice] | None) -> Receipt:
        path = journal_path(self._state, wish.key)
        before = (self.api.requests, self.api.writes)
        with only_one(path):
            journal = Journal(path)
            failure: ConnectorError = Retry("Notion's answers stay doubtful.", after_s=60.0, connector=NAME, operation="publish")
            for attempt in range(ROUNDS):
                try:
                    receipt = self._publisher.publish(wish, lambda: self.setup.places(parent), known, journal, choices)
                except (Doubtful, Collision) as doubtful:
                    failure = doubtful.failure
                    self._sleep(min(2.0**attempt, 8.0) * self._jitter())
                    journal.load()
                    continue
                writes = self.api.writes - before[1]
                return replace(receipt, written=writes > 0, requests=self.api.requests - before[0], writes=writes)
            raise failure

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
            base = tuple(from_json(n) for n in known.base.get("nodes", ()))
            edits = tuple(Merger(reader(self.api), full=True).run(ref.id, base, base).edits)
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

    def history(self, ref: Ref) -> Sequence[Version]:
        return Versions(self.api, self._places().versions).history(ref.id)

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        """Takes the old version's page for our new content. What people wrote on our blocks since is first kept as a version of its own."""
        page = self.api.get(f"pages/{ref.id}")
        key = str(p.read(page, p.KEY) or ref.id)
        places = self._places()
        newest = max((v.revision or 0 for v in Versions(self.api, places.versions).history(ref.id)), default=0) + 1
        journal = Journal(journal_path(self._state, key))
        nodes, assets = old_version(
            self.api, version, self._uploads, newest, journal.memory, allow_private=self._settings.allow_private_addresses
        )
        facts = {name: p.read(page, name) for name in (p.STATUS, p.OWNER, p.DUE, p.REVIEW, p.AREA) if name in page["properties"]}
        wish = Wish(
            key=key,
            title=p.title(page),
            nodes=nodes,
            assets=assets,
            version=newest,
            facts=lambda: {**facts, p.VERSION: newest},
            facts_sign=f"restored {version}",
            message=message,
        )
        return self._publish(wish, self._settings.parent, journal.memory, _Always("ours")).known

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        page = self.api.get(f"pages/{known.ref.id}")
        schema = p.schema_of(page.get("properties") or {})
        places = self._places()
        schema |= {n: dict(c) for n, c in places.sops.schema.items() if n in schema and c["type"] == schema[n]["type"]}
        values: dict[str, Any] = {p.REVIEW: flag.state.capitalize(), p.DUE: flag.due.isoformat() if flag.due else None}
        if flag.owner:
            owner = self._people.id_of(flag.owner)
            values[p.OWNER] = [owner] if owner else []
        properties = p.written(values, schema) | _verified(schema, flag.state, flag.due)
        if properties:
            self.api.change(f"pages/{known.ref.id}", {"properties": properties})
        return replace(known, base={**known.base, "props": {**known.base.get("props", {}), **values}})

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        told = self._mentions.all().get(key)
        if told == "told":
            return
        user = self._people.id_of(person)
        said: list[dict[str, Any]] = to_rich_text([Run(text=piece) for piece in pieces(" " + text)])[:99]
        who = {"type": "mention", "mention": {"type": "user", "user": {"id": user}}} if user else to_rich_text([Run(text=person.name)])[0]
        if told is None:
            self._mentions.put(key, "telling")
        for _ in range(ROUNDS):
            if told and self._commented(ref, text):
                break
            told = "telling"
            try:
                self.api.create("comments", {"parent": {"page_id": ref.id}, "rich_text": [who, *said]})
                break
            except Doubtful:
                self._sleep(self._jitter())
        self._mentions.put(key, "told")

    def _commented(self, ref: Ref, text: str) -> bool:
        return any(plain(from_rich_text(c.get("rich_text"))).endswith(text) for c in self.api.listed("comments", block_id=ref.id))

    def archive(self, ref: Ref) -> None:
        page = self.api.get(f"pages/{ref.id}")
        schema = p.schema_of(page.get("properties") or {})
        properties = p.written({p.STATUS: "Retired", p.REVIEW: "Retired"}, schema)
        self.api.change(f"pages/{ref.id}", {"properties": properties, "is_locked": True} if properties else {"is_locked": True})

    def _places(self) -> Places:
        try:
            return self.setup.places(self._settings.parent)
        except Doubtful as doubtful:
            raise doubtful.failure from None


class _Always(dict[str, Choice]):
    """The same choice for every key."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self._choice = choice

    def get(self, *_: Any) -> Any:
        return self._choice


def _verified(schema: Mapping[str, Mapping[str, Any]], state: str, due: date | None) -> dict[str, Any]:
    """Pages of a wiki have a verification that expires by itself; it says the same as our review state."""
    name = next((n for n, c in schema.items() if c["type"] == "verification"), None)
    if name is None:
        return {}
    if state not in ("current", "due soon"):
        return {name: {"verification": {"state": "unverified"}}}
    verified: dict[str, Any] = {"state": "verified"}
    if due:
        verified["date"] = {"start": datetime.now(UTC).isoformat(timespec="seconds"), "end": f"{due.isoformat()}T23:59:59+00:00"}
    return {name: {"verification": verified}}

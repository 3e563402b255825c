"""One publish from beginning to end: find or make the page, merge, write, version, remember.

Order of the writes: pictures, page body, version row, and last the properties with the content digest. Whatever is cut off in between is seen at
the next call, because the digest or the journal does not tell of an end, and then the page is read wholly before anything is added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.contract import Asset, Choice, Edit, Known, Origin, Receipt, Ref
from connectors.errors import Conflict, Gone, Reject
from connectors.notion import properties as p
from connectors.notion.adopting import Finder
from connectors.notion.batch import batches
from connectors.notion.client import Api
from connectors.notion.failures import NAME, Doubtful, Edited
from connectors.notion.journal import Journal
from connectors.notion.kept import Kept
from connectors.notion.merge import Merger, Plan, Read
from connectors.notion.nodes import Node, from_json, request, to_json
from connectors.notion.people import People
from connectors.notion.render import history_node
from connectors.notion.setup import ROW_BY, Place, Places
from connectors.notion.signs import by_us, fresh, moment, newer, seen, unsigned, untouched, version_of
from connectors.notion.snapshot import Copier
from connectors.notion.text import safe_link
from connectors.notion.uploads import Uploads
from connectors.notion.versions import Entry, Versions
from connectors.notion.writing import Writer, reader

History = tuple[tuple[int, str, str], ...]


class Trashed(Gone):
    """The page is known to be in the trash, not merely out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a page shall be. ``facts`` are property values without the owner's id, ``facts_sign`` tells whether they are the same as before."""

    key: str
    title: str
    nodes: tuple[Node, ...]
    assets: Mapping[str, Asset]
    version: int
    facts: Callable[[], Mapping[str, Any]]
    facts_sign: str
    message: str
    origin: Origin = field(default_factory=Origin)

    @property
    def sign(self) -> str:
        said = json.dumps([self.title, [to_json(n) for n in self.nodes]], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A page as it was found: ``base`` of the last publish, its answer and whether the content is still what we left."""

    page: Mapping[str, Any]
    base: Mapping[str, Any]
    markdown: str | None
    same: bool


class Publisher:
    def __init__(
        self, api: Api, uploads: Uploads, people: People, kept: Kept, *, now: Callable[[], datetime], allow_private: bool = False
    ) -> None:
        self._api, self._uploads, self._people, self._kept = api, uploads, people, kept
        self._now, self._private = now, allow_private
        self._finder = Finder(api, kept)

    def publish(
        self,
        wish: Wish,
        places: Callable[[], Places],
        known: Known | None,
        journal: Journal,
        choices: Mapping[str, Choice] | None,
        children: Read | None = None,
    ) -> Receipt:
        """Raises Conflict before anything is written, Doubtful or Collision where the caller has to begin anew.

        ``children`` has read the page's blocks a moment ago; a person's edit since is noticed and raises Edited.
        """
        children = children or reader(self._api)
        memory = newer(known, journal.memory)
        looked_up = memory is None and journal.page is None
        identity = memory.ref.id if memory else journal.page or self._finder.find(wish.key, places())
        if identity is None:
            return self._create(wish, places(), journal)
        try:
            stand = self.stand(identity, memory)
        except Trashed:
            if known is not None:
                raise
            journal.forget()  # asked for anew after the old page was given up
            return self.publish(wish, places, None, journal, choices, children)
        if looked_up:
            # Another machine's journal, or none: what the page says about itself decides whether our last run came to its end.
            return self._adopt(wish, places(), stand, journal, choices, children)
        base = stand.base
        finished = bool(base) and not journal.unfinished
        if finished and stand.same and base["sign"] == wish.sign and base["facts"] == wish.facts_sign:
            return Receipt(known=memory, written=False) if memory else self._adopt(wish, places(), stand, journal, choices, children)
        return self._update(
            wish, places(), stand, journal, choices, children, full=not finished or not stand.same or bool(base.get("held"))
        )

    def stand(self, identity: str, memory: Known | None) -> Stand:
        """Two reads. Raises Gone for a page in the trash, or one that does not exist for us."""
        page = self._api.get(f"pages/{identity}")
        if page.get("in_trash"):
            raise Trashed(
                "The Notion page is in the trash. Restore it there to go on with it.",
                connector=NAME,
                operation="publish",
                remote_id=identity,
            )
        base = memory.base if memory else {}
        markdown = self.markdown(identity)
        same = markdown is not None and markdown == base.get("markdown") and untouched(page, base)
        return Stand(page=page, base=base, markdown=markdown, same=same)

    def markdown(self, identity: str) -> str | None:
        """A sign of the page's whole content, None where Notion does not give all of it."""
        try:
            answer = self._api.get(f"pages/{identity}/markdown")
        except (Reject, Gone):
            return None
        if answer.get("truncated") or not isinstance(answer.get("markdown"), str):
            return None
        return hashlib.sha256(unsigned(answer["markdown"]).encode("utf-8", "replace")).hexdigest()[:32]

    def _create(self, wish: Wish, places: Places, journal: Journal) -> Receipt:
        day = self._begin(wish, journal)
        history: History = ((wish.version, day, wish.message),)
        nodes = (*wish.nodes, history_node(history, places.versions.database))
        writer = Writer(self._api, journal, self._uploads, wish.assets)
        uploads = writer.upload_ids(nodes)
        first = next(iter(batches(nodes, uploads, whole=True)), [])
        rest = nodes[len(first) :]
        values = {p.title_name(places.sops.schema): wish.title, p.KEY: wish.key, **wish.facts(), p.DIGEST: wish.sign}
        if rest:
            values |= {p.STATUS: p.PUBLISHING, p.DIGEST: ""}
        body: dict[str, Any] = {
            "parent": {"type": "data_source_id", "data_source_id": places.sops.source},
            "properties": p.written(values, places.sops.schema),
            "children": [request(piece.node, uploads) for piece in first],
        }
        journal.adding([piece.node for piece in first])
        try:
            page: Mapping[str, Any] = self._api.create("pages", body)
        except Doubtful as doubtful:
            if not doubtful.committed:
                raise
            page = self._api.get(f"pages/{doubtful.committed}")
        journal.made(page["id"])
        writer.attached([piece.node for piece in first])
        if rest:
            writer.append(page["id"], rest)
        end = _End(
            base=writer.named(nodes),
            final=wish.nodes,
            history=history,
            looked=False,
            row=None,
            written={} if rest else values,
            long=bool(rest),
        )
        return self._finish(wish, places, page, journal, writer, end, created=True)

    def _adopt(
        self, wish: Wish, places: Places, stand: Stand, journal: Journal, choices: Mapping[str, Choice] | None, children: Read
    ) -> Receipt:
        """A page of ours without any memory of it."""
        base, us = self._finder.base_of(stand.page, wish.sign, wish.nodes, places)
        return self._update(wish, places, replace(stand, base=base), journal, choices, children, full=True, us=us)

    def _update(
        self,
        wish: Wish,
        places: Places,
        stand: Stand,
        journal: Journal,
        choices: Mapping[str, Choice] | None,
        children: Read,
        *,
        full: bool,
        us: frozenset[str] = frozenset(),
    ) -> Receipt:
        base, page = stand.base, stand.page
        looked = full and (journal.unfinished or not base.get("sign"))
        known_history: History = tuple((int(v), str(d), str(m)) for v, d, m in base.get("history", ()))
        changed = base.get("sign") != wish.sign
        day = journal.day if journal.unfinished and journal.day else self._now().date().isoformat()
        history = known_history
        if changed and not any(v == wish.version for v, _, _ in known_history):
            history = ((wish.version, day, wish.message), *known_history)
        old = tuple(from_json(n) for n in base.get("nodes", ()))
        nodes = (*wish.nodes, history_node(history, places.versions.database))
        plan = Merger(children, full=full, choices=choices, written=journal.written, us=us).run(page["id"], old, nodes)
        if plan.clashes:
            raise self._conflict(page, plan)
        edits = fresh(plan.edits, base)
        if plan.empty and not changed and base.get("facts") == wish.facts_sign:
            kept = self._known(wish, page, stand.markdown, base, plan, base.get("row"), history)
            journal.finish(kept)
            return Receipt(known=kept, written=False, edits=edits)
        self._begin(wish, journal)
        writer = Writer(self._api, journal, self._uploads, wish.assets)
        writer.bring(plan)
        if full and not plan.empty and stand.markdown is not None and self.markdown(str(page["id"])) != stand.markdown:
            raise Edited  # reading a long page block by block, and sending pictures, took its time
        writer.carry_out(plan)
        copier = Copier(self._uploads, allow_private=self._private)
        final = copier.copied(node for node in plan.final if node.runs != history_node((), "").runs)
        plan.base = writer.named(plan.base)
        row = base.get("row")
        versioned = changed or looked
        end = _End(
            base=plan.base,
            final=final,
            assets=copier.assets,
            history=history,
            looked=looked,
            row=row,
            written=dict(base.get("props", {})),
            versioned=versioned,
            long=not plan.empty,
        )
        return self._finish(wish, places, page, journal, writer, end, base=base, plan=plan, edits=edits)

    def _finish(
        self,
        wish: Wish,
        places: Places,
        page: Mapping[str, Any],
        journal: Journal,
        writer: Writer,
        end: _End,
        *,
        created: bool = False,
        base: Mapping[str, Any] | None = None,
        plan: Plan | None = None,
        edits: tuple[Edit, ...] = (),
    ) -> Receipt:
        row = end.row
        if end.versioned:
            entry = Entry(
                key=wish.key,
                title=wish.title,
                version=wish.version,
                digest=wish.sign,
                at=self._now(),
                message=wish.message,
                page=str(page["id"]),
                by=self._by(wish.origin, places.versions),
                recording=wish.origin.recording if safe_link(wish.origin.recording or "") else None,
            )
            row = Versions(self._api, places.versions, self._kept).add(
                entry, end.final, writer.for_row(end.assets), journal, look=end.looked, before=end.row
            )
        meanwhile = end.long and self._edited_meanwhile(str(page["id"]))
        page, values = self._facts(wish, places, page, end.written, base or {})
        plan = plan or Plan(base=tuple(end.base))
        known = self._known(wish, page, self.markdown(str(page["id"])), {**(base or {}), "props": values}, plan, row, end.history)
        if meanwhile:
            known = replace(known, base={**known.base, "held": True})
        journal.finish(known)
        return Receipt(known=known, written=True, created=created, edits=edits)

    def _edited_meanwhile(self, identity: str) -> bool:
        """Whether a person was the last to edit, while we wrote the body: then the next look has to read all of the page to find out what."""
        return not by_us(self._api.get(f"pages/{identity}"))

    def _facts(
        self, wish: Wish, places: Places, page: Mapping[str, Any], before: Mapping[str, Any], base: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Writes the properties that differ from what we wrote last; a title that a person changed stays."""
        schema = {**p.schema_of(page.get("properties") or {})}
        schema |= {n: dict(c) for n, c in places.sops.schema.items() if n in schema and c["type"] == schema[n]["type"]}
        values = {**wish.facts(), p.KEY: wish.key, p.DIGEST: wish.sign}
        name = p.title_name(schema)
        if p.title(page) == base.get("title", wish.title):
            values[name] = wish.title
        fresh = {n: v for n, v in values.items() if before.get(n, _NOTHING) != v and not (n == name and p.title(page) == v)}
        properties = p.written(fresh, schema)
        if properties:
            page = self._api.change(f"pages/{page['id']}", {"properties": properties})
        return page, {**before, **values}

    def _known(
        self,
        wish: Wish,
        page: Mapping[str, Any],
        markdown: str | None,
        base: Mapping[str, Any],
        plan: Plan,
        row: str | None,
        history: History,
    ) -> Known:
        kept = {
            "n": int(base.get("n", 0)) + 1,
            "key": wish.key,
            "seen": seen(page),
            "nodes": [to_json(n) for n in plan.base],
            "history": [list(entry) for entry in history],
            "row": row,
            "sign": wish.sign,
            "facts": wish.facts_sign,
            "props": dict(base.get("props", {})),
            "title": wish.title,
            "markdown": markdown,
            "held": bool(plan.edits),
            "own": [e.after for e in plan.edits if e.before is None],
        }
        return Known(ref=Ref(id=str(page["id"]), url=str(page.get("url") or "")), version=version_of(markdown, page), base=kept)

    def _by(self, origin: Origin, versions: Place) -> str | list[str]:
        """Who published it in the form of the column: a name, or the user where an admin made it a column of people."""
        if versions.schema.get(ROW_BY, {}).get("type") != "people":
            return origin.by.name if origin.by else ""
        user = self._people.id_of(origin.by)
        return [user] if user else []

    def _begin(self, wish: Wish, journal: Journal) -> str:
        journal.begin(wish.sign, self._now().date().isoformat())
        return journal.day or self._now().date().isoformat()

    def _conflict(self, page: Mapping[str, Any], plan: Plan) -> Conflict:
        editor = (page.get("last_edited_by") or {}).get("id")
        return Conflict(
            "People changed the same blocks on the Notion page. Choose per block what shall stand.",
            remote_version=str(page.get("last_edited_time") or ""),
            edited_by=self._people.name_of(editor) or editor,
            edited_at=moment(page.get("last_edited_time")),
            clashes=plan.clashes,
            connector=NAME,
            operation="publish",
            remote_id=str(page["id"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What the last part of a publish needs: new base, snapshot, history, the row until now, properties as they were last written.

    ``long``: the body took more than one request, so that people may have edited in between.
    """

    base: Sequence[Node]
    final: Sequence[Node]
    history: History
    looked: bool
    row: str | None
    written: Mapping[str, Any]
    versioned: bool = True
    long: bool = True
    assets: Mapping[str, Asset] = field(default_factory=dict)


_NOTHING = object()

"""One publication: find or make the page, merge, bring the pictures, write the text, remember. Knows neither edition.

The order is: pictures, then text, then properties. A page that is new and has pictures first shows a short notice, so that readers
never meet a text with holes. Every write is conditional on the version that was read, and after a lost answer we look before we write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.confluence import memory as memories
from connectors.confluence import sheet as sheets
from connectors.confluence.failures import Missing, Stale, TitleTaken, conflict
from connectors.confluence.journal import Journal
from connectors.confluence.memory import REVIEW, SYNC, Memory
from connectors.confluence.pictures import bring, named
from connectors.confluence.remote import Property, Remote, RemoteBody
from connectors.confluence.render import placeholder
from connectors.confluence.sheet import Sheet
from connectors.confluence.storage import Element, Malformed, write
from connectors.confluence.words import label_of, version_message
from connectors.contract import Choice, Edit, Facts, Known, Page, Receipt, Rendered, Target
from connectors.errors import Gone, Reject, Retry
from connectors.merge import Base, Merged, Piece, merge, rebase

ATTEMPTS = 3

Pieces = tuple[Piece[Element], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is wanted; does not change during a publication."""

    page: Page
    ours: Pieces
    target: Target
    message: str
    choices: Mapping[str, Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where we begin: the page as it stands, and what we know of it. ``fresh``: made just now, so it has no pictures yet."""

    body: RemoteBody
    memory: Memory
    created: bool = False
    fresh: bool = False


class Publishing:
    """For one connection."""

    def __init__(self, remote: Remote, journal: Journal) -> None:
        self._remote = remote
        self._journal = journal

    def publish(
        self, rendered: Rendered, target: Target, *, known: Known | None, message: str, choices: Mapping[str, Choice] | None
    ) -> Receipt:
        page = rendered.page
        job = Job(page=page, ours=rendered.body, target=target, message=version_message(message, page.facts.version), choices=choices or {})
        with self._remote.door.tally() as tally:
            start = self._known_page(job, known) if known is not None else self._adopted(job) or self._created(job)
            body, memory, edits, written = self._brought_up_to_date(job, start)
            memory = self._remembered(job, body, memory, written=written or start.created)
        return Receipt(
            known=memory.known(body),
            written=written or start.created,
            created=start.created,
            edits=edits,
            requests=tally.requests,
            writes=tally.writes,
        )

    # --- finding the page -------------------------------------------------------------------------------------------------------

    def _known_page(self, job: Job, known: Known) -> Start:
        body = self._readable(known.ref.id)
        memory = Memory.of(known)
        if not memory.blocks:
            memory = self._recovered(job, body, memory)
        return Start(body=body, memory=memory)

    def _readable(self, page_id: str) -> RemoteBody:
        try:
            body = self._remote.read(page_id)
        except Missing as error:
            raise _gone("The page cannot be seen any more: it was deleted, or its restrictions exclude the connection.", page_id) from error
        return _usable(body)

    def _adopted(self, job: Job) -> Start | None:
        """The page that an earlier run made whose end we do not know; None where there is none."""
        page_id = self._journal.page_of(job.page.key, job.target.place)
        body = None
        if page_id is not None:
            try:
                body = self._remote.read(page_id)
            except Missing:
                body = None
            if body is None or body.state == "trashed":
                self._journal.forget(job.page.key, job.target.place)
                body = None
        if body is None:
            body = self._remote.find(job.target.place, job.page.title)
        if body is None:
            return None
        sync = self._remote.property(body.id, SYNC)
        if not _is_ours(body, sync, job.page.key):
            raise _title_taken(job, body)
        self._journal.remember(job.page.key, job.target.place, body.id)
        return Start(body=_usable(body), memory=self._recovered(job, body, Memory(sync=sync)))

    def _recovered(self, job: Job, body: RemoteBody, memory: Memory) -> Memory:
        """The base of the merge from what stands on the page itself and in its history."""
        sync = memory.sync or self._remote.property(body.id, SYNC)
        value = sync.value if sync is not None and isinstance(sync.value, dict) else {}
        keys, version = memories.expanded(value.get("keys")), value.get("version")
        memory = replace(memory, sync=sync, title=str(value.get("title") or body.title))
        if not keys or not isinstance(version, int):
            # The page was made, but nothing more: what we would write now is what we wrote then.
            return replace(memory, blocks=tuple(rebase(job.ours, job.ours, frozenset())))
        old = body if body.version == version else self._remote.read(body.id, version=version)
        pieces = _sheet(old).pieces
        if len(pieces) != len(keys):
            return replace(memory, blocks=())
        then = [replace(p, key=key) for p, key in zip(pieces, keys, strict=True)]
        return replace(memory, blocks=tuple(rebase(then, then, frozenset())))

    def _created(self, job: Job) -> Start:
        if not job.target.place:
            raise Reject("Choose the space where the page goes.", path="place", reason="empty", connector="confluence", operation="create")
        first = placeholder(job.page.key) if job.page.assets else [piece.native for piece in job.ours]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                body = self._remote.create(job.target.place, job.target.parent, job.page.title, write(first))
                break
            except (TitleTaken, Retry, Stale) as error:
                adopted = self._adopted(job)
                if adopted is not None:
                    return replace(adopted, created=True)
                if isinstance(error, TitleTaken):
                    raise _title_taken(job, None) from error
                if attempt == ATTEMPTS:
                    raise _busy(job) if isinstance(error, Stale) else error from error
        self._journal.remember(job.page.key, job.target.place, body.id)
        if body.body is None:
            body = self._remote.read(body.id)
        blocks = () if job.page.assets else tuple(rebase(job.ours, job.ours, frozenset()))
        return Start(body=body, memory=Memory(title=job.page.title, blocks=blocks), created=True, fresh=True)

    # --- writing ----------------------------------------------------------------------------------------------------------------

    def _brought_up_to_date(self, job: Job, start: Start) -> tuple[RemoteBody, Memory, tuple[Edit, ...], bool]:
        body, memory = start.body, start.memory
        for _attempt in range(ATTEMPTS):
            sheet = _sheet(body)
            merged, edits = self._merged(job, sheet, memory, body)
            wanted, title = sheets.body(sheet, merged.pieces), _title(job, memory, body)
            owner = _owner(job.page.facts, memory, body) if self._remote.owners else None
            pictures = {name: asset for name, asset in named(job.page.assets).items() if name in wanted}
            if wanted == sheets.body(sheet, sheet.pieces) and title == body.title and owner is None:
                return body, self._seen(job, memory, merged, merged.pieces), edits, False
            files = bring(self._remote, body.id, pictures, there=memory.files, fresh=start.fresh)
            memory = replace(memory, files=files)
            try:
                after = self._written(body, title=title, body=wanted, message=job.message, owner_id=owner)
            except Stale:
                body = self._readable(body.id)
                continue
            shown = _keys_again(after, merged.pieces)
            return after, self._seen(job, memory, merged, shown), edits, True
        raise _busy(job)

    def _written(self, page: RemoteBody, *, title: str, body: str, message: str, owner_id: str | None) -> RemoteBody:
        """Writes once. After a lost answer the page tells whether it was carried out; if it was not, one more try is harmless."""
        for last in (False, True):
            try:
                after = self._remote.update(page, title=title, body=body, message=message, owner_id=owner_id)
            except (Retry, Stale) as error:
                now = self._readable(page.id)
                if now.version == page.version + 1 and now.message == message and now.title == title:
                    return now
                if now.version != page.version:
                    raise Stale("The page changed in the meantime.", connector="confluence", operation="update") from error
                if last or isinstance(error, Stale):
                    raise
            else:
                return after if after.body is not None else self._readable(page.id)
        raise AssertionError("unreachable")

    def _merged(self, job: Job, sheet: Sheet, memory: Memory, body: RemoteBody) -> tuple[Merged[Element], tuple[Edit, ...]]:
        if sheets.is_placeholder(sheet):
            return Merged(pieces=job.ours, edits=(), clashes=(), pending=frozenset()), ()
        theirs, ours, rows = sheets.facts_merged(memory.blocks, sheets.keyed(sheet, memory.blocks), job.ours)
        merged = merge(memory.blocks, theirs, ours, job.choices)
        if merged.clashes:
            raise conflict(
                "Somebody changed the same passage on the page. Choose which version stays.",
                body.version,
                edited_by=self._remote.name_of(body.edited_by) if body.edited_by else None,
                edited_at=body.edited_at,
                clashes=merged.clashes,
                remote_id=body.id,
            )
        wanted = {p.key: p.native for p in job.ours}
        for piece in merged.pieces:
            if piece.key in wanted:
                sheets.renumber(piece.native, wanted[piece.key])
        return merged, (*merged.edits, *rows)

    def _seen(self, job: Job, memory: Memory, merged: Merged[Element], shown: Pieces) -> Memory:
        blocks: tuple[Base, ...] = tuple(rebase(shown, job.ours, merged.pending))
        return replace(memory, blocks=blocks, title=job.page.title)

    # --- what stands beside the text --------------------------------------------------------------------------------------------

    def _remembered(self, job: Job, body: RemoteBody, memory: Memory, *, written: bool) -> Memory:
        """Properties and labels; skipped where they stand there already."""
        if written or memory.sync is None:
            keys = memories.compact([b.key for b in memory.blocks if b.here])
            value: dict[str, Any] = {
                "key": job.page.key,
                "page": body.id,
                "revision": job.page.facts.version,
                "version": body.version,
                "digest": job.page.digest,
                "title": job.page.title,
            }
            memory = self._property(body.id, memory, SYNC, value | ({"keys": keys} if keys is not None else {}), memory.sync)
        memory = self._property(body.id, memory, REVIEW, review_value(job.page.facts), memory.review)
        labels = tuple(sorted({label_of(word) for word in job.page.facts.labels} - {""}))
        if added := [name for name in labels if name not in memory.labels]:
            self._remote.label(body.id, added)
        for name in memory.labels:
            if name not in labels:
                self._remote.unlabel(body.id, name)
        return replace(memory, labels=labels, owner=_account(job.page.facts))

    def _property(self, page_id: str, memory: Memory, key: str, value: Any, known: Property | None) -> Memory:
        if known is not None and known.value == value:
            return memory
        return memory.with_property(self._remote.set_property(page_id, key, value, known))


def review_value(facts: Facts) -> dict[str, Any]:
    """What the Forge app indexes and shows under the title: with it, Confluence finds what is due in one query."""
    value: dict[str, Any] = {"state": facts.review_state, "version": facts.version}
    if facts.review_due is not None:
        value["dueDate"] = facts.review_due.isoformat()
    if facts.owner is not None and facts.owner.account_id:
        value["owner"] = facts.owner.account_id
    return value


def _sheet(body: RemoteBody) -> Sheet:
    try:
        return sheets.read(body.body or "")
    except Malformed as error:
        raise Reject(
            "The page cannot be read: its content is not well-formed.",
            path="body",
            reason="not well-formed",
            connector="confluence",
            operation="read",
            remote_id=body.id,
        ) from error


def _keys_again(after: RemoteBody, sent: Pieces) -> Pieces:
    """The page as it was given back, with the keys of what was sent: block by block where the number is the same."""
    pieces = _sheet(after).pieces
    if len(pieces) == len(sent):
        return tuple(replace(p, key=s.key) for p, s in zip(pieces, sent, strict=True))
    base = [Base(key=p.key, marks=frozenset({p.mark}), here=p.mark, plain=p.plain, there=p.plain, kind=p.kind) for p in sent]
    return sheets.keyed(_sheet(after), base)


def _is_ours(body: RemoteBody, sync: Property | None, key: str) -> bool:
    """By the property, which names its own page, so that a copy of the page is not taken for it; else by the marker in the text."""
    if sync is not None and isinstance(sync.value, dict):
        return sync.value.get("key") == key and sync.value.get("page") == body.id
    try:
        return sheets.marker(sheets.read(body.body or "")) == key
    except Malformed:
        return False


def _usable(body: RemoteBody) -> RemoteBody:
    if body.state == "archived":
        raise _gone("The page is archived. Restore it in Confluence, or publish to another place.", body.id)
    if body.state == "trashed":
        raise _gone("The page is in the trash. Restore it in Confluence, or publish to another place.", body.id)
    if body.live:
        raise Reject(
            "The page is a live doc, which has no published versions. Turn it into a page in Confluence.",
            path="place",
            reason="live doc",
            connector="confluence",
            operation="publish",
            remote_id=body.id,
        )
    return body


def _title(job: Job, memory: Memory, body: RemoteBody) -> str:
    """A person's title stays; ours follows the SOP as long as nobody renamed the page."""
    return job.page.title if memory.title is None or body.title == memory.title else body.title


def _account(facts: Facts) -> str | None:
    return facts.owner.account_id if facts.owner else None


def _owner(facts: Facts, memory: Memory, body: RemoteBody) -> str | None:
    """The account to hand the page to: only when the SOP's owner changed, so that a hand-over in Confluence stays."""
    wanted = _account(facts)
    return wanted if wanted and wanted not in (memory.owner, body.owner_id) else None


def _gone(words: str, page_id: str) -> Gone:
    return Gone(words, connector="confluence", operation="publish", remote_id=page_id)


def _busy(job: Job) -> Retry:
    return Retry(
        "The page is being changed by others all the time.",
        after_s=60.0,
        connector="confluence",
        operation="publish",
        remote_id=job.page.key,
    )


def _title_taken(job: Job, body: RemoteBody | None) -> Reject:
    where = " (it is archived, which keeps its title)" if body is not None and body.state == "archived" else ""
    words = f"Another page in this space has the title {job.page.title!r} already{where}. Give the SOP another title."
    return Reject(
        words, path="title", reason="title exists", connector="confluence", operation="create", remote_id=body.id if body else None
    )

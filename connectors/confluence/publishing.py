"""One publication: find or make the page, merge, bring the pictures, write the text, remember. Knows neither edition.

The order is: pictures, then text, then properties and labels. A new page first shows a short notice, so that readers never meet a text
with holes. Every write is conditional on the version that was read, and after a lost answer we look before we write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.confluence import sheet as sheets
from connectors.confluence.anchors import carried, markers_in
from connectors.confluence.edition import TRIES
from connectors.confluence.failures import Stale, TitleTaken, conflict, gone, seen, title_taken
from connectors.confluence.journal import Journal
from connectors.confluence.lookup import Lookup
from connectors.confluence.memory import REVIEW, SYNC, Memory
from connectors.confluence.pictures import bring, named
from connectors.confluence.recovery import recovered, refreshed, sync_value
from connectors.confluence.remote import Property, Remote, RemoteBody
from connectors.confluence.render import placeholder
from connectors.confluence.sheet import Sheet
from connectors.confluence.storage import Element, Malformed, write
from connectors.confluence.words import key_label, label_of, title_of, version_message
from connectors.contract import Choice, Clash, Edit, Facts, Known, Page, Receipt, Rendered, Target
from connectors.errors import Reject, Retry
from connectors.merge import OWN, Base, Merged, Piece, merge, rebase

Pieces = tuple[Piece[Element], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is wanted; does not change during a publication."""

    page: Page
    title: str
    ours: Pieces
    target: Target
    message: str
    choices: Mapping[str, Choice]

    @property
    def left_alone(self) -> frozenset[str]:
        """Blocks that we no longer have and that a person chose to keep."""
        return frozenset(k for k, choice in self.choices.items() if choice == "theirs") - {p.key for p in self.ours if p.key}


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
        self._lookup = Lookup(remote, journal)

    def publish(
        self, rendered: Rendered, target: Target, *, known: Known | None, message: str, choices: Mapping[str, Choice] | None
    ) -> Receipt:
        page = rendered.page
        job = Job(page=page, title=title_of(page.title), ours=rendered.body, target=target, message=message, choices=choices or {})
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
        body = self.usable(known.ref.id, "publish")
        return Start(body=body, memory=refreshed(self._remote, job.ours, body, Memory.of(known), known.version))

    def usable(self, page_id: str, operation: str) -> RemoteBody:
        """The page, where it can be written; raises Gone otherwise."""
        return _usable(seen(lambda: self._remote.read(page_id), page_id, operation))

    def _adopted(self, job: Job) -> Start | None:
        """The page that an earlier run made, whose end we do not know; None where there is none."""
        if not job.target.place:
            raise Reject("Choose the space where the page goes.", path="place", reason="empty", connector="confluence", operation="create")
        found, other = self._lookup.page(job.page.key, job.target.place, job.title)
        if found is not None:
            body = _usable(found.body)
            return Start(body=body, memory=recovered(self._remote, job.ours, body, Memory(sync=found.sync)))
        if other is not None:
            raise title_taken(job.title, other.id, archived=other.state == "archived")
        return None

    def _created(self, job: Job) -> Start:
        first = write(placeholder(job.page.key))
        for attempt in range(1, TRIES + 1):
            try:
                body = self._remote.create(job.target.place, job.target.parent, job.title, first)
                break
            except (TitleTaken, Retry, Stale) as error:
                self._remote.patient(error)
                adopted = self._adopted(job)
                if adopted is not None:
                    return replace(adopted, created=True)
                if isinstance(error, TitleTaken):
                    raise title_taken(job.title, None, archived=False) from error
                if attempt == TRIES:
                    raise _busy(job) if isinstance(error, Stale) else error from error
        self._journal.remember(job.page.key, job.target.place, body.id)
        if body.body is None:
            body = self._remote.read(body.id)
        return Start(body=body, memory=Memory(title=job.title), created=True, fresh=True)

    # --- writing ----------------------------------------------------------------------------------------------------------------

    def _brought_up_to_date(self, job: Job, start: Start) -> tuple[RemoteBody, Memory, tuple[Edit, ...], bool]:
        body, memory = start.body, start.memory
        for _attempt in range(TRIES):
            sheet = _sheet(body)
            merged, edits = self._merged(job, sheet, memory, body)
            wanted, title = sheets.body(sheet, merged.pieces), _title(job, memory, body)
            owner = self._owner(job, memory, body)
            if wanted == sheets.body(sheet, sheet.pieces) and title == body.title and owner is None:
                return body, _seen(job, memory, merged, merged.pieces), edits, False
            pictures = {name: asset for name, asset in named(job.page.assets).items() if name in wanted}
            files = bring(self._remote, body.id, pictures, there=memory.files, fresh=start.fresh)
            memory = replace(memory, files=files)
            message = version_message(job.message, job.page.facts.version, () if start.created else _changed(merged, sheet, job.ours))
            try:
                after = self._written(body, title=title, body=wanted, message=message, owner_id=owner)
            except Stale:
                body = self.usable(body.id, "publish")
                continue
            return after, _seen(job, memory, merged, _keys_again(after, merged.pieces)), edits, True
        raise _busy(job)

    def _written(self, page: RemoteBody, *, title: str, body: str, message: str, owner_id: str | None) -> RemoteBody:
        """Writes once. After a lost answer the page tells whether it was carried out; if it was not, another try is harmless."""
        for attempt in range(1, TRIES + 1):
            try:
                after = self._remote.update(page, title=title, body=body, message=message, owner_id=owner_id)
            except (Retry, Stale) as error:
                self._remote.patient(error)
                now = self.usable(page.id, "update")
                if now.version == page.version + 1 and now.message == message and now.title == title:
                    return now
                if now.version != page.version:
                    raise Stale("The page changed in the meantime.", connector="confluence", operation="update") from error
                if attempt == TRIES:
                    raise
            else:
                return after if after.body is not None else self.usable(page.id, "update")
        raise AssertionError("unreachable")

    def _merged(self, job: Job, sheet: Sheet, memory: Memory, body: RemoteBody) -> tuple[Merged[Element], tuple[Edit, ...]]:
        pieces = _left_alone(job, _theirs(job, sheet, memory))
        theirs, ours, rows = sheets.facts_merged(memory.blocks, pieces, _agreed(memory, pieces, job.ours))
        merged = merge([b for b in memory.blocks if b.key not in job.left_alone], theirs, ours, job.choices)
        kept, lost, pending = _with_what_people_hung_on(merged.pieces, theirs, job.choices)
        clashes = merged.clashes or self._discussed(job, lost, theirs, ours, body)
        if clashes:
            raise conflict(
                "Somebody changed the same passage on the page, or is discussing it. Choose which version stays.",
                body.version,
                edited_by=self._remote.name_of(body.edited_by) if body.edited_by else None,
                edited_at=body.edited_at,
                clashes=clashes,
                remote_id=body.id,
            )
        merged = replace(merged, pieces=kept, pending=merged.pending | pending)
        wanted = {p.key: p.native for p in job.ours}
        for piece in merged.pieces:
            if piece.key in wanted:
                sheets.renumber(piece.native, wanted[piece.key])
        edits = tuple(e for e in (*merged.edits, *rows) if e.before or e.after)
        return merged, edits

    def _discussed(
        self,
        job: Job,
        lost: Mapping[str, frozenset[str]],
        theirs: Iterable[Piece[Element]],
        ours: Iterable[Piece[Element]],
        body: RemoteBody,
    ) -> tuple[Clash, ...]:
        """Blocks whose new words leave no place for an open discussion; a person has to say that it may go."""
        lost = {key: refs for key, refs in lost.items() if job.choices.get(key) != "ours"}
        if not lost:
            return ()
        still_open = self._remote.open_markers(body.id)
        there, want = {p.key: p.plain for p in theirs}, {p.key: p.plain for p in ours}
        return tuple(
            Clash(key=key, base=there.get(key), theirs=there.get(key), ours=want.get(key))
            for key, refs in lost.items()
            if refs & still_open
        )

    # --- what stands beside the text --------------------------------------------------------------------------------------------

    def _owner(self, job: Job, memory: Memory, body: RemoteBody) -> str | None:
        """The account to hand the page to: only when the SOP's owner changed, so that a hand-over in Confluence stays."""
        owner = job.page.facts.owner
        if not self._remote.owners or owner is None or _name_of(job.page.facts) == memory.owner:
            return None
        account = self._remote.account(owner)
        return account if account != body.owner_id else None

    def _remembered(self, job: Job, body: RemoteBody, memory: Memory, *, written: bool) -> Memory:
        """Labels and properties; skipped where they stand there already. The property that names the version comes last."""
        page = job.page
        labels = tuple(sorted({key_label(page.key), *(label_of(word) for word in page.facts.labels)} - {""}))
        if added := [name for name in labels if name not in memory.labels]:
            self._remote.label(body.id, added)
        for name in memory.labels:
            if name not in labels:
                self._remote.unlabel(body.id, name)
        changed = labels != memory.labels or _name_of(page.facts) != memory.owner
        memory = replace(memory, labels=labels, owner=_name_of(page.facts))
        memory = self._property(body.id, memory, REVIEW, review_value(page.facts), memory.review)
        if written or changed or memory.sync is None:
            place = self._place(job, memory)
            value = sync_value(memory, body, key=page.key, place=place, revision=page.facts.version, digest=page.digest)
            memory = self._property(body.id, memory, SYNC, value, memory.sync)
        return memory

    def _place(self, job: Job, memory: Memory) -> str:
        """The space for which the page was made, wherever people moved it since."""
        value = memory.sync.value if memory.sync is not None else None
        return str(value.get("place") or job.target.place) if isinstance(value, dict) else job.target.place

    def _property(self, page_id: str, memory: Memory, key: str, value: Any, known: Property | None) -> Memory:
        if known is not None and known.value == value:
            return memory
        if known is None and key == REVIEW and memory.sync is not None:
            known = self._remote.property(page_id, key)  # the page was found again: it may stand there already
            if known is not None and known.value == value:
                return memory.with_property(known)
        return memory.with_property(self._remote.set_property(page_id, key, value, known))


_BYLINE = {"current": "up to date", "due soon": "review due soon", "due": "review due", "overdue": "review overdue"}


def review_value(facts: Facts) -> dict[str, Any]:
    """What the Forge app indexes and shows under the title: with it, Confluence finds what is due in one query.

    ``title`` and ``tooltip`` are the words of the byline, by Confluence's own names for them.
    """
    value: dict[str, Any] = {"state": facts.review_state, "title": f"SOP: {_BYLINE.get(facts.review_state, facts.review_state)}"}
    if facts.review_due is not None:
        value["dueDate"] = facts.review_due.isoformat()
        value["tooltip"] = f"Review due {facts.review_due.isoformat()}"
    if facts.owner is not None and facts.owner.account_id:
        value["owner"] = facts.owner.account_id
    return value


def _theirs(job: Job, sheet: Sheet, memory: Memory) -> Pieces:
    """The page's blocks with our keys. One that says exactly what a new block of ours says is that block, written by a run that died."""
    pieces = sheets.keyed(sheet, memory.blocks)
    there = {p.key for p in pieces}
    new = {p.mark: p.key for p in reversed(job.ours) if p.key not in there and p.plain}
    return tuple(replace(p, key=new.pop(p.mark)) if p.key is None and p.mark in new else p for p in pieces)


def _agreed(memory: Memory, theirs: Pieces, ours: Pieces) -> Pieces:
    """Ours, where a block that a person changed says the same words as ours by now: taken over with its form, it is no difference."""
    known = {b.key: b.marks for b in memory.blocks}
    there = {p.key: p for p in theirs if p.key in known and p.mark not in known[p.key]}
    result = []
    for piece in ours:
        other = there.get(piece.key)
        same = other is not None and other.plain == piece.plain != "" and other.kind == piece.kind and piece.kind not in sheets.EXACT
        result.append(replace(piece, mark=other.mark) if other is not None and same else piece)
    return tuple(result)


def _left_alone(job: Job, theirs: Pieces) -> Pieces:
    """Theirs, where a block that we no longer have and that a person wants to keep is that person's own from now on."""
    return tuple(replace(p, key=None) if p.key in job.left_alone else p for p in theirs)


def _with_what_people_hung_on(
    pieces: Pieces, theirs: Iterable[Piece[Element]], choices: Mapping[str, Choice]
) -> tuple[Pieces, dict[str, frozenset[str]], frozenset[str]]:
    """The pieces with comment markers and ticks of the blocks that they replace; what stands there unchanged stays the very element.

    And by key the markers that find no place any more, and the keys where a person chose to keep the old words for their sake.
    """
    there = {p.key: p for p in theirs if p.key is not None}
    result: list[Piece[Element]] = []
    lost: dict[str, frozenset[str]] = {}
    chosen: set[str] = set()
    for piece in pieces:
        before = there.pop(piece.key, None) if piece.key is not None else None
        if before is None or piece.key is None or piece.native is before.native:
            result.append(piece)
            continue
        if piece.key.startswith(OWN) and piece.mark == before.mark:
            result.append(before)
            continue
        native, refs = carried(before.native, piece.native)
        if refs and choices.get(piece.key) == "theirs":
            result.append(before)
            chosen.add(piece.key)
            continue
        result.append(replace(piece, native=native))
        if refs:
            lost[piece.key] = refs
    for key, before in there.items():
        if key is not None and (refs := frozenset(markers_in(before.native))):
            lost[key] = refs
    return tuple(result), lost, frozenset(chosen)


def _seen(job: Job, memory: Memory, merged: Merged[Element], shown: Pieces) -> Memory:
    blocks: tuple[Base, ...] = tuple(rebase(shown, job.ours, merged.pending))
    return replace(memory, blocks=blocks, title=job.title)


def _changed(merged: Merged[Element], sheet: Sheet, ours: Pieces) -> list[int]:
    """The numbers of the steps that look different from before."""
    before = {p.mark for p in sheet.pieces}
    touched = {p.key.split("/")[1] for p in merged.pieces if p.key and p.key.startswith("steps/") and p.mark not in before}
    return [number for step, number in sheets.step_numbers(ours).items() if step in touched]


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
    return sheets.keyed_pieces(pieces, base)


def _usable(body: RemoteBody) -> RemoteBody:
    words = {
        "archived": "The page is archived. Restore it in Confluence, or publish to another place.",
        "trashed": "The page is in the trash. Restore it in Confluence, or publish to another place.",
    }
    if body.state in words:
        raise gone(words[body.state], body.id, "publish")
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
    return job.title if memory.title is None or body.title == memory.title else body.title


def _name_of(facts: Facts) -> str | None:
    owner = facts.owner
    return (owner.account_id or owner.email or owner.name) if owner else None


def _busy(job: Job) -> Retry:
    return Retry(
        "The page is being changed by others all the time.",
        after_s=60.0,
        connector="confluence",
        operation="publish",
        remote_id=job.page.key,
    )

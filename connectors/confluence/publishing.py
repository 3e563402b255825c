"""One publication: find or make the page, merge, bring the pictures, write the text, remember. Knows neither edition.

The order is: pictures, then text, then properties and labels. A new page first shows a short notice, so that readers never meet a text
with holes. Every write is conditional on the version that was read, and after a lost answer we look before we write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.confluence import merging
from connectors.confluence import sheet as sheets
from connectors.confluence.edition import TRIES
from connectors.confluence.failures import Stale, TitleTaken, conflict, gone, seen, title_taken
from connectors.confluence.journal import Journal
from connectors.confluence.lookup import Lookup
from connectors.confluence.memory import REVIEW, SYNC, Memory
from connectors.confluence.mentions import Names
from connectors.confluence.merging import Job, Pieces
from connectors.confluence.pictures import bring, named
from connectors.confluence.recovery import recovered, refreshed, sync_value
from connectors.confluence.remote import Property, Remote, RemoteBody
from connectors.confluence.render import placeholder
from connectors.confluence.sheet import Sheet
from connectors.confluence.storage import Element, write
from connectors.confluence.words import STATE_LABELS, key_label, label_of, title_of, version_message
from connectors.contract import Choice, Edit, Facts, Known, Person, Receipt, Rendered, Target
from connectors.errors import Reject, Retry
from connectors.merge import Base, Merged, rebase


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
        self._accounts: dict[Person, str | None] = {}

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
            sheet = merging.sheet_of(body)
            merged, edits = self._merged(job, sheet, memory, body)
            wanted, title = sheets.body(sheet, merged.pieces), _title(job, memory, body)
            owner = self._owner(job, memory, body)
            if wanted == sheets.body(sheet, sheet.pieces) and title == body.title and owner is None:
                return body, _seen(job, memory, merged, merged.pieces), edits, False
            pictures = {name: asset for name, asset in named(job.page.assets).items() if name in wanted}
            files = bring(self._remote, body.id, pictures, there=memory.files, fresh=start.fresh)
            memory = replace(memory, files=files)
            steps, by = () if start.created else merging.changed(merged, sheet, job.ours), job.page.origin.by
            message = version_message(job.message, job.page.facts.version, steps, by=by.name if by else "")
            try:
                after = self._written(body, title=title, body=wanted, message=message, owner_id=owner)
            except Stale:
                body = self.usable(body.id, "publish")
                continue
            return after, _seen(job, memory, merged, merging.keys_again(after, merged.pieces)), edits, True
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
        names = Names(self._remote)
        outcome = merging.merged(job, sheet, memory, names.read)
        clashes = outcome.merged.clashes
        if not clashes and outcome.lost:
            clashes = outcome.discussed(job, self._remote.open_markers(body.id))
        if clashes:
            raise conflict(
                "Somebody changed the same passage on the page, or is discussing it. Choose which version stays.",
                body.version,
                edited_by=self._remote.name_of(body.edited_by) if body.edited_by else None,
                edited_at=body.edited_at,
                clashes=names.clashes(clashes),
                remote_id=body.id,
            )
        return outcome.merged, names.edits(outcome.edits)

    # --- what stands beside the text --------------------------------------------------------------------------------------------

    def _owner(self, job: Job, memory: Memory, body: RemoteBody) -> str | None:
        """The account to hand the page to: only when the SOP's owner changed, so that a hand-over in Confluence stays."""
        owner = job.page.facts.owner
        if not self._remote.owners or owner is None or _name_of(job.page.facts) == memory.owner:
            return None
        account = self._account(owner)
        return account if account != body.owner_id else None

    def _account(self, person: Person) -> str | None:
        """Asked for once in a publication."""
        if person not in self._accounts:
            self._accounts[person] = self._remote.account(person)
        return self._accounts[person]

    def _owner_account(self, facts: Facts, memory: Memory) -> str | None:
        """The account by which Confluence's search finds what somebody owns; looked up when the owner changes."""
        if not self._remote.owners or facts.owner is None:
            return None
        if memory.review is not None and _name_of(facts) == memory.owner:
            return account_in(memory)
        return self._account(facts.owner)

    def _remembered(self, job: Job, body: RemoteBody, memory: Memory, *, written: bool) -> Memory:
        """Labels and properties; skipped where they stand there already. The property that names the version comes last."""
        page = job.page
        stays = STATE_LABELS.intersection(memory.labels)  # until the flag is shown anew
        labels = tuple(sorted({key_label(page.key), *stays, *(label_of(word) for word in page.facts.labels)} - {""}))
        if added := [name for name in labels if name not in memory.labels]:
            self._remote.label(body.id, added)
        for name in memory.labels:
            if name not in labels:
                self._remote.unlabel(body.id, name)
        account = self._owner_account(page.facts, memory)
        changed = labels != memory.labels or _name_of(page.facts) != memory.owner
        memory = replace(memory, labels=labels, owner=_name_of(page.facts))
        memory = self._property(body.id, memory, REVIEW, review_value(page.facts, account), memory.review)
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


def account_in(memory: Memory) -> str | None:
    """The owner's account, as the property of the review names it."""
    value = memory.review.value if memory.review is not None else None
    account = value.get("owner") if isinstance(value, dict) else None
    return account if isinstance(account, str) else None


def review_value(facts: Facts, account: str | None) -> dict[str, Any]:
    """What the Forge app indexes and shows under the title: with it, Confluence finds what is due, and for whom, in one query.

    ``title`` and ``tooltip`` are the words of the byline, by Confluence's own names for them.
    """
    value: dict[str, Any] = {"state": facts.review_state, "title": f"SOP: {_BYLINE.get(facts.review_state, facts.review_state)}"}
    if facts.review_due is not None:
        value["dueDate"] = facts.review_due.isoformat()
        value["tooltip"] = f"Review due {facts.review_due.isoformat()}"
    if account is not None:
        value["owner"] = account
    return value


def _seen(job: Job, memory: Memory, merged: Merged[Element], shown: Pieces) -> Memory:
    blocks: tuple[Base, ...] = tuple(rebase(shown, job.ours, merged.pending))
    return replace(memory, blocks=blocks, title=job.title)


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

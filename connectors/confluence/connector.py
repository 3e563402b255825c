"""The connector: the contract's methods for both editions of Confluence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.confluence import sheet as sheets
from connectors.confluence.failures import NOT_SEEN, Missing, Stale, gone, seen
from connectors.confluence.journal import Journal
from connectors.confluence.memory import REVIEW, SYNC, Memory
from connectors.confluence.mentions import Names
from connectors.confluence.publishing import Publishing, account_in, review_value
from connectors.confluence.recovery import recovered, sync_value
from connectors.confluence.remote import Remote, RemoteBody, Renew
from connectors.confluence.render import FLAG, body_of, notice_of
from connectors.confluence.settings import Settings
from connectors.confluence.storage import Malformed, anchor, make, write
from connectors.confluence.words import MESSAGE_LENGTH, STATE_LABELS, state_label
from connectors.contract import (
    Capabilities,
    Choice,
    Edit,
    Facts,
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
from connectors.errors import Reject, Retry, Unsupported
from connectors.merge import OWN, Base, Piece, merge, rebase
from connectors.reading import short_digest

LARGEST_BODY_BYTES = 5 * 1024 * 1024
NAMED_AUTHORS = 20  # of a history, the latest ones; each costs a request on Cloud
LARGEST_ASSET_BYTES = 100 * 1024 * 1024


class ConfluenceConnector:
    """See :class:`connectors.contract.Connector`."""

    name = "confluence"

    def __init__(self, settings: Settings, remote: Remote, journal: Journal) -> None:
        self._settings = settings
        self._remote = remote
        self.door = remote.door
        self._publishing = Publishing(remote, journal)
        self.capabilities = Capabilities(
            history=True,
            restore=True,
            merge=True,
            flags=True,
            mentions=True,
            archive=remote.archives,
            labels=True,
            owners=remote.owners,
            max_asset_bytes=LARGEST_ASSET_BYTES,
            requests_per_s=settings.requests_per_s,
        )

    def renew_with(self, renew: Renew) -> None:
        """See :class:`connectors.contract.Renewable`."""
        self._remote.renew_with(renew)

    def check(self) -> Identity:
        account = self._remote.me()
        missing = tuple(self._remote.missing_rights(self._settings.space)) if self._settings.space else ()
        return Identity(name=account.name, account_id=account.account_id, url=self._settings.base, missing=missing)

    def render(self, page: Page) -> Rendered:
        degraded = (
            ("owner: pages have no owner here; the table of facts names the person",)
            if page.facts.owner and not self._remote.owners
            else ()
        )
        return Rendered(page=page, body=body_of(page), degraded=degraded)

    def publish(
        self,
        rendered: Rendered,
        target: Target,
        *,
        known: Known | None,
        message: str,
        choices: Mapping[str, Choice] | None = None,
    ) -> Receipt:
        self._check_sizes(rendered)
        where = Target(place=target.place or self._settings.space or "", parent=target.parent or self._settings.parent)
        try:
            return self._publishing.publish(rendered, where, known=known, message=message, choices=choices)
        except Missing as error:
            # It was there when it was read: the credential is no longer accepted, or under load Confluence forgets a page for a moment.
            self._remote.me()
            raise Retry(
                "Confluence did not find what it showed a moment ago.", after_s=10.0, connector=self.name, remote_id=error.remote_id
            ) from error
        except Stale as error:
            raise Retry("The page is being changed by others all the time.", after_s=30.0, connector=self.name) from error

    def _check_sizes(self, rendered: Rendered) -> None:
        """Before anything is sent."""
        size = len(write([piece.native for piece in rendered.body]).encode())
        if size > LARGEST_BODY_BYTES:
            raise self._reject("The text is longer than Confluence accepts (5 MB). Split the SOP.", "body", f"{size} bytes")
        for asset in rendered.page.assets:
            if asset.size_bytes > LARGEST_ASSET_BYTES:
                raise self._reject("A picture is larger than Confluence accepts (100 MB).", asset.name, f"{asset.size_bytes} bytes")

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        try:
            body = self._remote.read(ref.id)
        except Missing:
            return RemotePage(ref=ref, key=None, title="", version="", edited_by=None, edited_at=None, state="unreachable")
        try:
            sheet = sheets.read(body.body or "")
        except Malformed:
            sheet = sheets.read("")
        return RemotePage(
            ref=Ref(id=body.id, url=body.url),
            key=sheets.marker(sheet),
            title=body.title,
            version=str(body.version),
            edited_by=self._remote.name_of(body.edited_by) if body.edited_by else None,
            edited_at=body.edited_at,
            state="current" if body.state == "draft" else body.state,
            edits=Names(self._remote).edits(_edits(sheet, Memory.of(known).blocks)) if known and body.state == "current" else (),
        )

    def history(self, ref: Ref) -> Sequence[Version]:
        versions = seen(lambda: self._remote.versions(ref.id), ref.id, "history")
        accounts = list(dict.fromkeys(v.by for v in versions if v.by))[:NAMED_AUTHORS]
        names = {account: self._remote.name_of(account) for account in accounts}
        return [replace(v, by=names.get(v.by or "") or v.by) for v in versions]

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        """Writes the old text as a new version, which every edition can and which keeps our message; the page's title stays.

        What is restored is ours from then on: its blocks are named by what we know of the page as we last wrote it.
        """
        now = self._publishing.usable(ref.id, "restore")
        if not version.isdigit() or int(version) >= now.version:
            raise self._reject("There is no such earlier version.", "version", version[:40])
        try:
            old = self._remote.read(ref.id, version=int(version))
        except Missing as error:
            raise self._reject("There is no such version.", "version", version) from error
        before = recovered(self._remote, (), now, Memory())
        keyed = sheets.keyed(sheets.read(old.body or ""), before.blocks)
        after = self._put(now, body=old.body or "", message=message)
        # Without any keys (a page too long for them) the next publication names the blocks by likeness to its own.
        named = any(b.key and not b.key.startswith(OWN) for b in before.blocks)
        memory = replace(before, blocks=tuple(rebase(keyed, keyed, frozenset())) if named else ())
        if before.sync is not None and isinstance(before.sync.value, dict):
            facts = before.sync.value
            value = sync_value(
                memory, after, key=str(facts.get("key")), place=str(facts.get("place") or ""),
                revision=_revision(before), digest=str(facts.get("digest")),
            )  # fmt: skip
            memory = memory.with_property(self._remote.set_property(ref.id, SYNC, value, before.sync))
        return memory.known(after)

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        body = self._publishing.usable(known.ref.id, "flag")
        memory = Memory.of(known)
        sheet = sheets.read(body.body or "")
        notice, there = notice_of(flag), next((p for p in sheet.pieces if p.key == FLAG), None)
        if (notice and notice.mark) != (there and there.mark):
            others = [p for p in sheet.pieces if p.key != FLAG]
            pieces = [notice, *others] if notice is not None else others
            body = self._put(body, body=sheets.body(sheet, pieces), message=f"Review: {flag.state}")
        facts = Facts(version=_revision(memory), review_state=flag.state, review_due=flag.due, owner=flag.owner)
        value = review_value(facts, account_in(memory))
        if memory.review is None or memory.review.value != value:
            memory = memory.with_property(self._remote.set_property(known.ref.id, REVIEW, value, memory.review))
        return self._labelled(known.ref.id, memory, state_label(flag.state)).known(body)

    def _labelled(self, page_id: str, memory: Memory, wanted: str) -> Memory:
        """The page with ``wanted`` as its only label of a review state, or with none."""
        for name in memory.labels:
            if name in STATE_LABELS and name != wanted:
                self._remote.unlabel(page_id, name)
        if wanted and wanted not in memory.labels:
            self._remote.label(page_id, [wanted])
        return replace(memory, labels=tuple(sorted({*memory.labels, wanted} - (STATE_LABELS - {wanted}) - {""})))

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        label = f"sopwright-said-{short_digest(key)}"
        try:
            if any(label in comment for comment in self._remote.comments(ref.id)):
                return
            account = self._remote.account(person)
            who = make("ac:link", make("ri:user", **self._remote.mention(account))) if account else make("strong", person.name)
            paragraph = make("p", who, f" {text}", anchor(label))
            self._remote.comment(ref.id, write([paragraph]))
        except Missing as error:
            raise gone(NOT_SEEN, ref.id, "mention") from error

    def may_read(self, ref: Ref, person: Person) -> bool | None:
        """See :class:`connectors.contract.Readable`."""
        account = self._remote.account(person)
        return self._remote.may_read(ref.id, account) if account else None

    def archive(self, ref: Ref) -> None:
        if not self._remote.archives:
            raise Unsupported("This Confluence cannot archive single pages.", block="archive", connector=self.name, operation="archive")
        try:
            if self._remote.read(ref.id).state == "current":
                self._remote.archive(ref.id)
        except Missing as error:
            raise gone(NOT_SEEN, ref.id, "archive") from error

    def _put(self, page: RemoteBody, *, body: str, message: str) -> RemoteBody:
        try:
            after = self._remote.update(page, title=page.title, body=body, message=" ".join(message.split())[:MESSAGE_LENGTH])
        except Stale as error:
            raise Retry("The page is being changed at this moment.", after_s=10.0, connector=self.name, remote_id=page.id) from error
        return after if after.body is not None else self._remote.read(page.id)

    def _reject(self, words: str, path: str, reason: str) -> Reject:
        return Reject(words, path=path, reason=reason, connector=self.name, operation="publish")


def _edits(sheet: sheets.Sheet, base: Sequence[Base]) -> tuple[Edit, ...]:
    """People's changes against what we published."""
    ours = [
        Piece(key=b.key, mark=min(b.marks, default=b.here), plain=b.plain, kind=b.kind, native=sheet.root)
        for b in base
        if b.key is not None
    ]
    edits = merge(base, sheets.keyed(sheet, base), ours).edits
    facts = {b.key for b in base if b.kind == sheets.FACTS}
    return tuple(part for e in edits if e.before or e.after for part in (sheets.by_row(e) if e.key in facts and e.after else (e,)))


def _revision(memory: Memory) -> int:
    value = memory.sync.value if memory.sync is not None else None
    revision = value.get("revision") if isinstance(value, dict) else None
    return revision if isinstance(revision, int) else 1

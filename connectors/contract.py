"""What a target can do for us. Implementations: filesystem (reference), confluence, notion; others by entry point.

``render`` is pure. Every write is idempotent by ``Page.key`` (stored on the remote page and given back by ``fetch``) and conditional on
:class:`Known`, which the caller keeps for us between calls and never looks into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from connectors.blocks import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Answered by the connector and exercised by the conformance kit; a declared one without a passing test turns the run red."""

    history: bool = False
    restore: bool = False
    merge: bool = False
    flags: bool = False
    mentions: bool = False
    archive: bool = False
    labels: bool = False
    owners: bool = False
    max_asset_bytes: int | None = None
    requests_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are at the target. ``missing`` names what we are not allowed to do but will need, in words for an admin."""

    name: str
    account_id: str | None = None
    url: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A picture. ``digest`` is the SHA-256 of its bytes (hex) and its identity; ``read`` gives them anew at each call, ``pieces`` one after the other."""

    digest: str
    name: str
    media_type: Literal["image/png", "image/webp", "image/jpeg"]
    size_bytes: int
    read: Callable[[], bytes]
    pieces: Callable[[], Iterable[bytes]] | None = None

    def stream(self) -> Iterable[bytes]:
        """The bytes anew; not all of them at once where the source can do without."""
        return self.pieces() if self.pieces is not None else (self.read(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at our side; a connector maps the mail address to an account of its target."""

    name: str
    email: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What stands about a page, besides its text. ``version`` is our revision number."""

    version: int
    status: Literal["draft", "in review", "approved", "published", "retired"] = "published"
    area: str | None = None
    owner: Person | None = None
    review_due: date | None = None
    review_state: Literal["current", "due soon", "due", "overdue", "in review", "retired"] = "current"
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the target's history shall say about a version, where it can: who published it, and the web address of the recording behind it.

    Not content: another origin alone is no reason to write.
    """

    by: Person | None = None
    recording: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole SOP, ready for any target. ``key`` is its identity for good (the SOP's id); ``digest`` that of its content."""

    key: str
    title: str
    digest: str
    facts: Facts
    blocks: tuple[Block, ...]
    assets: tuple[Asset, ...] = ()
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The page in the native form of one target. ``body`` is the connector's own; ``degraded`` lists what it had to show otherwise."""

    page: Page
    body: Any
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a new page goes. ``place`` is a space, database or folder; ``parent`` a page in it."""

    place: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A page at the target. ``id`` never changes, ``url`` may."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of the remote page since our last write. ``base`` is JSON of the connector's own making; keep it, do not read it."""

    ref: Ref
    version: str
    base: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A person changed a block at the target. ``before``/``after`` are plain text; None: the block was added or removed.

    ``key`` is the block's key, or for a block that they added ``after:<key of the block before it>``.
    """

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Both sides changed the same block; plain text of the three states, for a person to choose."""

    key: str
    base: str | None
    theirs: str | None
    ours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a publish did. ``written`` is False where nothing had to be changed. ``edits`` were made by people and kept."""

    known: Known
    written: bool
    created: bool = False
    edits: tuple[Edit, ...] = ()
    requests: int = 0
    writes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePage:
    """The page as it stands at the target now. ``edits`` are people's changes against ``known`` (empty where none was given)."""

    ref: Ref
    key: str | None
    title: str
    version: str
    edited_by: str | None
    edited_at: datetime | None
    state: Literal["current", "archived", "trashed", "unreachable"] = "current"
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One entry of the target's history, newest first. ``revision`` is ours and ``recording`` an address, where the entry tells them."""

    id: str
    at: datetime
    by: str | None
    message: str
    revision: int | None = None
    recording: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFlag:
    state: Literal["current", "due soon", "due", "overdue", "in review", "retired"]
    due: date | None
    owner: Person | None = None


Choice = Literal["ours", "theirs"]


@runtime_checkable
class Connector(Protocol):
    """All methods raise the errors of :mod:`connectors.errors`; none leaves a half-written page that a reader could see."""

    name: str
    capabilities: Capabilities

    def check(self) -> Identity:
        """Reads only. Says what is missing before anything is published."""

    def render(self, page: Page) -> Rendered:
        """Pure and deterministic: the same page gives the same body."""

    def publish(
        self,
        rendered: Rendered,
        target: Target,
        *,
        known: Known | None,
        message: str,
        choices: Mapping[str, Choice] | None = None,
    ) -> Receipt:
        """Create or update the page of ``rendered.page.key``.

        With ``known`` None the page is looked up by its key first and adopted where it is there (a lost answer is normal). People's edits since
        ``known`` are merged block by block; where both sides changed one block and ``choices`` (by block key) does not decide, Conflict is
        raised and nothing written. ``message`` says what changed and stands in the target's history.
        """

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        """Gone is raised only for a page that is known to be deleted; one that cannot be seen is ``unreachable``."""

    def history(self, ref: Ref) -> Sequence[Version]: ...

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        """Makes an old version the newest one; nothing is removed from the history."""

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        """Shows the review state where people read the page. Does not count as an edit of ours or of theirs."""

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        """Tells a person at the page; the same ``key`` twice says it once."""

    def archive(self, ref: Ref) -> None:
        """Takes the page out of readers' way without deleting it."""


@runtime_checkable
class Readable(Protocol):
    """What a connector may offer besides: restrictions of pages are known at the target only."""

    def may_read(self, ref: Ref, person: Person) -> bool | None:
        """Whether that person can open the page; None where the target does not tell, or does not know the person."""


@runtime_checkable
class Renewable(Protocol):
    """What a connector offers whose credential ends after a while and is renewed outside of it."""

    def renew_with(self, renew: Callable[[str], str | None]) -> None:
        """``renew`` is given a token that the target refused, and answers another one, or None where there is none.

        It may raise AuthFailed (connect again) and Retry; both reach the caller of the method that needed the token.
        """

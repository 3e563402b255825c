"""The state of one Confluence: spaces, pages with their versions, properties, pictures, labels, comments, people. Knows no HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.confluence.fake import storage

BOT, PERSON, OTHER = (f"712020:00000000-0000-4000-8000-{n:012d}" for n in (1, 2, 3))
LARGEST_BODY = 5 * 1024 * 1024


class Refused(Exception):
    """What Confluence answers instead: a status, its code and its words."""

    def __init__(self, status: int, title: str, code: str = "") -> None:
        super().__init__(title)
        self.status, self.title = status, title
        self.code = code or {400: "BAD_REQUEST", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT", 413: "PAYLOAD_TOO_LARGE"}.get(
            status, "ERROR"
        )


@dataclass(slots=True)
class User:
    id: str
    name: str
    email: str
    username: str


@dataclass(slots=True)
class Space:
    id: str
    key: str
    name: str
    homepage: str = ""
    operations: tuple[tuple[str, str], ...] = (
        ("read", "space"), ("create", "page"), ("create", "attachment"), ("create", "comment"), ("archive", "page"),
    )  # fmt: skip


@dataclass(slots=True)
class Version:
    number: int
    title: str
    body: str
    by: str
    at: datetime
    message: str = ""
    minor: bool = False


@dataclass(slots=True)
class Property:
    id: str
    key: str
    value: Any
    number: int
    at: datetime
    by: str = BOT


@dataclass(slots=True)
class Attachment:
    id: str
    name: str
    media_type: str
    data: bytes
    comment: str
    number: int
    at: datetime


@dataclass(slots=True)
class Comment:
    id: str
    page: str
    body: str
    by: str
    at: datetime
    marker: str | None = None
    selection: str = ""
    state: str = "open"


@dataclass(slots=True)
class Page:
    id: str
    space: str
    parent: str | None
    owner: str
    created: datetime
    versions: list[Version]
    status: str = "current"
    subtype: str | None = None
    properties: dict[str, Property] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    hidden: bool = False  # its restrictions exclude the account of the token
    shut_to: frozenset[str] = frozenset()  # accounts that its restrictions exclude
    read_only: bool = False

    @property
    def now(self) -> Version:
        return self.versions[-1]

    @property
    def title(self) -> str:
        return self.now.title


class Site:
    """``now`` is a clock of the site's own, which only changes and tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
        self._last = 65536
        self.users = {
            BOT: User(BOT, "SOP Publisher", "bot@example.com", "bot"),
            PERSON: User(PERSON, "Example Person", "person@example.com", "person"),
            OTHER: User(OTHER, "Other Person", "other@example.com", "other"),
        }
        self.spaces: dict[str, Space] = {}
        self.pages: dict[str, Page] = {}
        self.comments: list[Comment] = []
        self.indexed: dict[str, tuple[str, str, tuple[str, ...]]] = {}  # id: status, title, labels, as the search knows them
        self.purged: set[str] = set()
        self.broken: list[str] = []  # versions that showed a picture which was not there
        self.add_space("OPS", "Operations")

    # --- for tests: what people do --------------------------------------------------------------------------------------

    def add_space(self, key: str, name: str) -> Space:
        space = Space(self.new_id(), key, name)
        self.spaces[space.id] = space
        space.homepage = self.create(space.id, None, f"{name} home", "<p>Welcome</p>", PERSON).id
        return space

    def space(self, key: str) -> Space:
        return next(s for s in self.spaces.values() if s.key == key)

    def edit(self, page_id: str, change: Callable[[str], str], *, editor: bool = True, title: str | None = None) -> Page:
        """A person changes the text in the editor; the change has to change something."""
        page = self.pages[page_id]
        body = change(page.now.body)
        assert body != page.now.body or title, "the change of the test found nothing to change"
        body = storage.normalised(body)
        self._append(page, title or page.title, storage.edited(body) if editor else body, PERSON, "")
        return page

    def comment_on(self, page_id: str, words: str) -> str:
        """A person comments on words of the page; no new version. The words stand once, inside one element."""
        page, ref = self.pages[page_id], f"ref-{self.new_id()}"
        assert page.now.body.count(words) == 1, f"{words!r} stands {page.now.body.count(words)} times on the page"
        marked = f'<ac:inline-comment-marker ac:ref="{ref}">{words}</ac:inline-comment-marker>'
        page.now.body = page.now.body.replace(words, marked)
        self.comments.append(Comment(self.new_id(), page_id, "<p>Why?</p>", PERSON, self.tick(), ref, words))
        return ref

    def copy(self, page_id: str, title: str) -> Page:
        """As people copy a page: text, pictures, labels and properties go along."""
        page = self.pages[page_id]
        made = self.create(page.space, page.parent, title, "<p>copying</p>", PERSON)
        made.now.body = page.now.body
        made.properties = {k: replace(p, id=self.new_id()) for k, p in page.properties.items()}
        made.attachments = {n: replace(a, id=f"att{self.new_id()}") for n, a in page.attachments.items()}
        made.labels = list(page.labels)
        return made

    def reindex(self) -> None:
        """The search catches up."""
        self.indexed = {p.id: (p.status, p.title, tuple(p.labels)) for p in self.pages.values()}

    # --- the same for both editions -----------------------------------------------------------------------------------

    def new_id(self) -> str:
        self._last += 17
        return str(self._last)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def page(self, page_id: str, *statuses: str) -> Page:
        """404 for what is not there or not to be seen."""
        page = self.pages.get(page_id)
        if page is None or page.hidden or page.status not in (statuses or ("current", "archived", "draft")):
            raise Refused(404, f"Cannot find a page with id [{page_id}]")
        return page

    def create(self, space_id: str, parent: str | None, title: str, body: str, by: str, *, status: str = "current") -> Page:
        if space_id not in self.spaces:
            raise Refused(404, f"Cannot find a space with id [{space_id}]")
        parent = parent or self.spaces[space_id].homepage or None
        if parent is not None and (parent not in self.pages or self.pages[parent].hidden):
            raise Refused(404, f"Cannot find a page with id [{parent}]")
        self._check(space_id, title, body, None)
        at = self.tick()
        page = Page(self.new_id(), space_id, parent, by, at, [Version(1, title, self._stored(body), by, at)], status=status)
        self.pages[page.id] = page
        self._look_at_pictures(page)
        return page

    def update(
        self, page: Page, *, number: int, title: str, body: str, message: str, minor: bool, by: str, owner: str | None, parent: str | None
    ) -> Page:
        if page.status == "archived":
            raise Refused(400, "Cannot update an archived page")
        if page.read_only:
            raise Refused(403, "You do not have permission to edit this page")
        if number != page.now.number + 1:
            words = f"Version must be incremented when updating a page. Current Version: [{page.now.number}]. Provided version: [{number}]"
            raise Refused(409, words)
        self._check(page.space, title, body, page)
        stored = self._stored(body)
        page.owner = owner or page.owner
        page.parent = parent or page.parent
        if title == page.title and _same(body, page.now.body):
            return page  # recorded: no new version, and the old number in the answer
        self._append(page, title, stored, by, message, minor)
        return page

    def restore(self, page: Page, number: int, message: str, by: str) -> Version:
        found = next((v for v in page.versions if v.number == number), None)
        if found is None or number == page.now.number:
            raise Refused(400, f"There is no earlier version {number}")
        self._append(page, found.title, found.body, by, message)
        return page.now

    def set_property(self, page: Page, key: str, value: Any, number: int | None) -> Property:
        known = page.properties.get(key)
        if number is None and known is not None:
            raise Refused(409, f"A content property with key [{key}] exists already")
        if known is not None and number != known.number + 1:
            raise Refused(409, f"Version must be incremented. Current Version: [{known.number}]. Provided version: [{number}]")
        made = Property(known.id if known else self.new_id(), key, value, known.number + 1 if known else 1, self.tick())
        page.properties[key] = made
        return made

    def attach(self, page: Page, name: str, media_type: str, data: bytes, comment: str, *, replaces: str | None = None) -> Attachment:
        if page.read_only:
            raise Refused(403, "You do not have permission to add attachments")
        if replaces is not None:
            found = next((a for a in page.attachments.values() if a.id == replaces), None)
            if found is None:
                raise Refused(404, f"No attachment found with id {replaces}")
            found.data, found.media_type, found.number, found.at = data, media_type, found.number + 1, self.tick()
            return found
        if name in page.attachments:
            raise Refused(
                400,
                "com.atlassian.confluence.api.service.exceptions.api.BadRequestException: "
                f"Cannot add a new attachment with same file name as an existing attachment: {name}",
            )
        made = Attachment(f"att{self.new_id()}", name, media_type, data, comment, 1, self.tick())
        page.attachments[name] = made
        return made

    def label(self, page: Page, names: list[str]) -> None:
        for name in names:
            if any(c in name for c in " .:&#(!,") or name != name.lower() or not name:
                raise Refused(400, f"Label name contains invalid characters: {name}")
            if name not in page.labels:
                page.labels.append(name)

    def found(self, *, label: str | None, title: str | None, space: str | None) -> list[Page]:
        """What the search knows, which lags behind; archived and trashed pages are not in it."""
        hits = []
        for page_id, (status, known_title, labels) in self.indexed.items():
            page = self.pages.get(page_id)
            if page is None or page.hidden or status != "current":
                continue
            fits = (label is None or label in labels) and (title is None or title == known_title)
            if fits and (space is None or self.spaces[page.space].key == space):
                hits.append(page)
        return hits

    def _append(self, page: Page, title: str, body: str, by: str, message: str, minor: bool = False) -> None:
        page.versions.append(Version(page.now.number + 1, title, body, by, self.tick(), message, minor))
        self._look_at_pictures(page)

    def _check(self, space_id: str, title: str, body: str, page: Page | None) -> None:
        if not title or len(title) > 255:
            raise Refused(400, "The title is missing or longer than 255 characters")
        if len(body.encode()) > LARGEST_BODY:
            raise Refused(413, "The request is too large")
        if any(
            p is not page and p.space == space_id and p.title == title and p.status in ("current", "archived") for p in self.pages.values()
        ):
            raise Refused(400, "A page with this title already exists: A page already exists with the same TITLE in this space")

    def _stored(self, body: str) -> str:
        try:
            return storage.normalised(body)
        except storage.BadBody as error:
            raise Refused(400, str(error)) from None

    def _look_at_pictures(self, page: Page) -> None:
        if missing := storage.attachments_in(page.now.body) - page.attachments.keys():
            self.broken.append(f"{page.id} version {page.now.number}: {sorted(missing)}")


def _same(sent: str, stored: str) -> bool:
    """Whether a body brings anything new: compared without the ids that Confluence itself adds."""
    return _bare(sent) == _bare(stored)


def _bare(body: str) -> str:
    root = storage.parse(body)
    for element in root.iter():
        for name in list(element.attrib):
            if str(name).endswith(("macro-id", "local-id", "schema-version", "version-at-save")):
                del element.attrib[name]
        if element.tag in ("b", "i"):
            element.tag = "strong" if element.tag == "b" else "em"
    return hashlib.sha256(storage.write(root).encode()).hexdigest()

"""What both editions of Confluence can do for us, in our own small types. The adapters are :mod:`.cloud` and :mod:`.datacenter`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlsplit

import requests

from connectors.confluence.budget import Budget
from connectors.confluence.failures import checked, reason_of
from connectors.contract import Asset, Person, Version
from connectors.errors import AuthFailed, Retry
from connectors.multipart import Form
from connectors.transport import Door, parsed

READS = 2  # on top of what the door repeats

Renew = Callable[[str], str | None]
State = Literal["current", "archived", "trashed", "draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteBody:
    """A page as Confluence returned it. ``body`` is storage format, None where the answer had none."""

    id: str
    title: str
    version: int
    state: State
    body: str | None
    url: str
    made_by: str | None = None
    edited_by: str | None = None
    edited_at: datetime | None = None
    message: str = ""
    owner_id: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    id: str
    key: str
    value: Any
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    id: str
    name: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str
    account_id: str | None


class Remote(Protocol):
    """Raises :mod:`connectors.errors` and the inner kinds of :mod:`.failures` (Stale, Missing, TitleTaken, NameTaken)."""

    door: Door
    archives: bool
    owners: bool

    def patient(self, error: Exception) -> None:
        """Raises an error that asks for a wait; after others one looks and tries again."""

    def renew_with(self, renew: Renew) -> None:
        """From now on ``renew`` is asked for another token where Confluence refuses ours."""

    def me(self) -> Account: ...

    def missing_rights(self, space: str) -> Sequence[str]:
        """What we may not do in the space but will need, in words."""

    def find(self, space: str, title: str) -> RemoteBody | None:
        """The current or archived page of exactly this title, body included."""

    def labelled(self, label: str) -> list[str]:
        """The ids of pages with a label in any space, as the search knows them: it lags behind, and may still name a page that is gone."""

    def walk(self, space: str) -> Iterator[RemoteBody]:
        """The pages of a space with their bodies, the last changed first where the edition can; not all of them in a very large space."""

    def read(self, page_id: str, *, version: int | None = None) -> RemoteBody:
        """Raises Missing. A trashed page is given where the edition shows it."""

    def create(self, space: str, parent: str | None, title: str, body: str) -> RemoteBody: ...

    def update(self, page: RemoteBody, *, title: str, body: str, message: str, owner_id: str | None = None) -> RemoteBody:
        """Writes version ``page.version + 1``; raises Stale where the page has another version. The answer tells the real one."""

    def property(self, page_id: str, key: str) -> Property | None: ...

    def set_property(self, page_id: str, key: str, value: Any, known: Property | None) -> Property: ...

    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]: ...

    def attach(self, page_id: str, name: str, asset: Asset, comment: str) -> Attachment: ...

    def replace(self, page_id: str, attachment: Attachment, asset: Asset, comment: str) -> None: ...

    def label(self, page_id: str, names: Sequence[str]) -> None: ...

    def unlabel(self, page_id: str, name: str) -> None: ...

    def versions(self, page_id: str) -> list[Version]: ...

    def comments(self, page_id: str) -> list[str]:
        """Bodies of the comments."""

    def open_markers(self, page_id: str) -> frozenset[str]:
        """The markers in the text at which people are discussing."""

    def comment(self, page_id: str, body: str) -> None: ...

    def account(self, person: Person) -> str | None:
        """The account of a person at our side, where exactly one fits."""

    def name_of(self, account_id: str) -> str | None: ...

    def mentioned(self, account: str) -> str | None:
        """The name of who is mentioned by that account, as the edition writes accounts into pages."""

    def mention(self, account_id: str) -> dict[str, str]:
        """The attributes of ``ri:user``."""

    def may_read(self, page_id: str, account_id: str) -> bool | None:
        """None where this edition, or the rights of the connection, do not tell."""

    def archive(self, page_id: str) -> None: ...


class Calls:
    """The library's client as transport: its paths, sessions and forms, our door's limits; its own retries and guesses are off.

    ``renew`` is given a bearer token that Confluence refused and answers another one, or None where there is none.
    """

    def __init__(self, client: Any, door: Door, budget: Budget) -> None:
        self._client = client
        self.budget = budget
        self.door = door
        self.renew: Renew | None = None
        # The library writes bodies and parameters at DEBUG; page text does not belong into a log.
        logging.getLogger("atlassian").setLevel(logging.INFO)

    def get(self, path: str, operation: str, remote_id: str | None = None, **params: Any) -> Any:
        """A read whose answer is no data (empty, cut, a sign-in page) is made again."""
        for _attempt in range(READS - 1):
            try:
                return self._read(path, operation, remote_id, params)
            except Retry as error:
                self.budget.patient(error)
        return self._read(path, operation, remote_id, params)

    def _read(self, path: str, operation: str, remote_id: str | None, params: Any) -> Any:
        return self._data(lambda: self._client.get(path, params=params, advanced_mode=True), operation, remote_id)

    def post(self, path: str, data: Any, operation: str, remote_id: str | None = None) -> Any:
        return self._data(lambda: self._client.post(path, data=data, advanced_mode=True), operation, remote_id)

    def put(self, path: str, data: Any, operation: str, remote_id: str | None = None) -> Any:
        return self._data(lambda: self._client.put(path, data=data, advanced_mode=True), operation, remote_id)

    def delete(self, path: str, operation: str, remote_id: str | None = None, **params: Any) -> None:
        self._sent(lambda: self._client.delete(path, params=params, advanced_mode=True), operation, remote_id)

    def upload(self, path: str, name: str, asset: Asset, comment: str, operation: str, remote_id: str) -> Any:
        """Past the client, which would hold the whole file in memory, twice."""
        form = Form(
            {"minorEdit": "true", "comment": comment},
            field="file", filename=name, media_type=asset.media_type, size_bytes=asset.size_bytes, stream=asset.stream,
        )  # fmt: skip
        headers = {"X-Atlassian-Token": "no-check", "Accept": "application/json", "Content-Type": form.content_type}
        return self._data(lambda: self.door.request("POST", path, data=form, headers=headers, operation=operation), operation, remote_id)

    def _data(self, send: Callable[[], requests.Response], operation: str, remote_id: str | None) -> Any:
        return parsed(self._sent(send, operation, remote_id), connector="confluence", operation=operation)

    def _sent(self, send: Callable[[], requests.Response], operation: str, remote_id: str | None) -> requests.Response:
        """A call whose token was refused did nothing, so it is made once more with another one, where there is one."""
        self.budget.before()
        answer = send()
        if answer.status_code == 401 and self._renewed(answer):
            self.budget.before()
            answer = send()
        return checked(answer, operation=operation, remote_id=remote_id)

    def _renewed(self, answer: requests.Response) -> bool:
        scheme, _, refused = str(self.door.headers.get("Authorization", "")).partition(" ")
        if self.renew is None or scheme != "Bearer" or "scope" in reason_of(answer):
            return False
        fresh = self.renew(refused)
        if fresh is None or fresh == refused:
            return False
        self.door.headers["Authorization"] = f"Bearer {fresh}"
        return True


def quiet(make: Any, **arguments: Any) -> Any:
    """The library warns at each construction that its older methods are deprecated; we use none of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return make(**arguments, retry_with_header=False, backoff_and_retry=False)


def person(user: Any) -> Any:
    """Who the credential belongs to; where Confluence takes us for an anonymous visitor it is not accepted."""
    if user.get("type") == "anonymous":
        raise AuthFailed("Confluence does not accept the token. Connect again with a new one.", connector="confluence", operation="check")
    return user


def timestamp(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def page_url(links: Mapping[str, Any], base: str, page_id: str) -> str:
    """The address for people: the site's base and the page's path, with a form that always works where the answer tells none.

    An answer may name another site only behind the OAuth gateway, whose own address shows no pages.
    """
    webui = str(links.get("webui") or "")
    if not webui.startswith("/") or webui.startswith("//"):
        webui = f"/pages/viewpage.action?pageId={quote(page_id)}"
    told, own = urlsplit(str(links.get("base") or "")), urlsplit(base)
    same = (told.scheme, told.netloc) == (own.scheme, own.netloc)
    gateway = own.path.startswith("/ex/confluence/") and told.scheme in ("https", own.scheme) and told.hostname is not None
    return (str(links["base"]).rstrip("/") if same or gateway else base) + webui

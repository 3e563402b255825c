"""What Cloud and Data Center do alike: uploads, labels, properties written on top of what stands there, the search for a parent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connectors.confluence.failures import Missing, Stale, Unfinished
from connectors.confluence.remote import Attachment, Calls, Property, RemoteBody, Renew
from connectors.confluence.settings import Settings
from connectors.contract import Asset
from connectors.errors import Gone, Reject, Retry
from connectors.transport import Door

TRIES = 3
PAGES = 200  # pages of a list that we follow at most
WALKED = 20  # pages of the list of a space's pages that we look through for a key
BODY_READS = 50  # pages that are looked at one by one where the list has no bodies


class Edition(ABC):
    """The common half of :class:`connectors.confluence.remote.Remote`."""

    def __init__(self, settings: Settings, door: Door, calls: Calls) -> None:
        self.door = door
        self._base = settings.base
        self._calls = calls

    def patient(self, error: Exception) -> None:
        self._calls.budget.patient(error)

    def renew_with(self, renew: Renew) -> None:
        self._calls.renew = renew

    @abstractmethod
    def find(self, space: str, title: str) -> RemoteBody | None: ...

    @abstractmethod
    def property(self, page_id: str, key: str) -> Property | None: ...

    @abstractmethod
    def _new_property(self, page_id: str, key: str, value: Any) -> Any: ...

    @abstractmethod
    def _next_property(self, page_id: str, known: Property, value: Any) -> Any: ...

    @abstractmethod
    def _all(self, path: str, operation: str, remote_id: str, **params: Any) -> Iterator[Any]:
        """Every entry of a list, over all of its pages; raises Unfinished behind the last one that we follow."""

    @abstractmethod
    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]: ...

    def set_property(self, page_id: str, key: str, value: Any, known: Property | None) -> Property:
        for _attempt in range(TRIES):
            try:
                data = self._new_property(page_id, key, value) if known is None else self._next_property(page_id, known, value)
                return replace(property_of(data, key), value=value)
            except (Stale, Missing, Reject, Retry) as error:
                self.patient(error)
                # Made or changed by an earlier run of ours (or by this call) whose answer was lost: look, and write on top of that.
                found = self.property(page_id, key)
                if found is not None and found.value == value:
                    return found
                if found == known and isinstance(error, (Missing, Reject)):
                    raise
                known = found
        raise Retry("The page's properties are being changed by somebody else.", after_s=5.0, connector="confluence", operation="property")

    def attach(self, page_id: str, name: str, asset: Asset, comment: str) -> Attachment:
        data = self._calls.upload(f"{_content(page_id)}/child/attachment", name, asset, comment, "attach", page_id)
        made = (data.get("results") or [{}])[0]
        return Attachment(id=str(made.get("id", "")), name=name, size_bytes=(made.get("extensions") or {}).get("fileSize"))

    def replace(self, page_id: str, attachment: Attachment, asset: Asset, comment: str) -> None:
        path = f"{_content(page_id)}/child/attachment/{quote(attachment.id)}/data"
        self._calls.upload(path, attachment.name, asset, comment, "attach", page_id)

    def label(self, page_id: str, names: Sequence[str]) -> None:
        data = [{"prefix": "global", "name": name} for name in names]
        self._repeated(lambda: self._calls.post(f"{_content(page_id)}/label", data, "label", page_id))

    def unlabel(self, page_id: str, name: str) -> None:
        try:
            self._repeated(lambda: self._calls.delete(f"{_content(page_id)}/label", "label", page_id, name=name))
        except Missing:
            return

    def _repeated(self, call: Callable[[], object]) -> None:
        """A call that may be carried out twice without harm is sent again when its answer is lost."""
        for _attempt in range(TRIES - 1):
            try:
                call()
            except Retry as error:
                self.patient(error)
            else:
                return
        call()

    def _parent_id(self, space: str, parent: str) -> str:
        """``parent`` is an id or a title."""
        if parent.isdigit():
            return parent
        found = self.find(space, parent)
        if found is None:
            raise Gone(f"There is no page {parent!r} in the space {space}.", connector="confluence", operation="create")
        return found.id


def _content(page_id: str) -> str:
    return f"rest/api/content/{quote(page_id)}"


def property_of(data: Any, key: str = "") -> Property:
    """``key`` stands in for an answer that does not repeat what it was told."""
    key = str(data.get("key") or key)
    return Property(
        id=str(data.get("id") or key), key=key, value=data.get("value"), version=int((data.get("version") or {}).get("number") or 1)
    )


def unfinished(operation: str) -> Unfinished:
    return Unfinished("The list is longer than it can be looked through.", connector="confluence", operation=operation)


def cql(words: str) -> str:
    """A quoted string of Confluence's query language."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'

"""Confluence Data Center: REST v1 with the storage format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import quote

from atlassian import ConfluenceServer

from connectors.confluence.budget import Budget
from connectors.confluence.edition import PAGES, WALKED, Edition, cql, property_of, unfinished
from connectors.confluence.failures import Missing
from connectors.confluence.remote import Account, Attachment, Calls, Property, RemoteBody, page_url, person, quiet, timestamp
from connectors.confluence.settings import Settings
from connectors.confluence.words import publisher_of, revision_of
from connectors.contract import Person, Version
from connectors.errors import ConnectorError, Reject
from connectors.transport import Door

EXPAND = "body.storage,version,space,history"
BODIES = 50


class DataCenter(Edition):
    """See :class:`connectors.confluence.remote.Remote`."""

    archives = False
    owners = False

    def __init__(self, settings: Settings, door: Door, budget: Budget) -> None:
        client = quiet(ConfluenceServer, url=settings.base, session=door, **settings.credential)
        super().__init__(settings, door, Calls(client, door, budget))

    def me(self) -> Account:
        user = person(self._calls.get("rest/api/user/current", "check"))
        return Account(name=str(user.get("displayName") or user.get("username") or "?"), account_id=user.get("userKey"))

    def missing_rights(self, space: str) -> Sequence[str]:
        try:
            self._calls.get(f"rest/api/space/{quote(space)}", "check")
        except Missing:
            return [f"see the space {space}"]
        return []

    def find(self, space: str, title: str) -> RemoteBody | None:
        data = self._calls.get("rest/api/content", "find", type="page", spaceKey=space, title=title, status="any", expand=EXPAND)
        found = [p for p in data.get("results") or [] if str(p.get("title")) == title and p.get("status") in ("current", "archived", None)]
        return self._page(found[0]) if found else None

    def labelled(self, label: str) -> list[str]:
        words = f"type = page and label = {cql(label)}"
        data = self._calls.get("rest/api/content/search", "find", cql=words, limit=25)
        return [str(hit["id"]) for hit in data.get("results") or [] if hit.get("id")]

    def walk(self, space: str) -> Iterator[RemoteBody]:
        params = {"type": "page", "spaceKey": space, "status": "any", "expand": EXPAND, "limit": BODIES}
        for page in self._all("rest/api/content", "find", "", pages=WALKED, **params):
            yield self._page(page)

    def read(self, page_id: str, *, version: int | None = None) -> RemoteBody:
        path, params = f"rest/api/content/{quote(page_id)}", {"expand": EXPAND}
        if version is not None:
            return self._page(self._calls.get(path, "read", page_id, status="historical", version=version, **params))
        try:
            return self._page(self._calls.get(path, "read", page_id, **params))
        except Missing:
            self.me()
            return self._page(self._calls.get(path, "read", page_id, status="any", **params))

    def create(self, space: str, parent: str | None, title: str, body: str) -> RemoteBody:
        data: dict[str, Any] = {"type": "page", "title": title, "space": {"key": space}, "body": _storage(body)}
        if parent:
            data["ancestors"] = [{"id": self._parent_id(space, parent)}]
        return self._page(self._calls.post(f"rest/api/content?expand={EXPAND}", data, "create"))

    def update(self, page: RemoteBody, *, title: str, body: str, message: str, owner_id: str | None = None) -> RemoteBody:  # noqa: ARG002  pages have no owner here
        data = {
            "id": page.id,
            "type": "page",
            "title": title,
            "body": _storage(body),
            "version": {"number": page.version + 1, "message": message},
        }
        return self._page(self._calls.put(f"rest/api/content/{quote(page.id)}?expand={EXPAND}", data, "update", page.id))

    def property(self, page_id: str, key: str) -> Property | None:
        path = f"rest/api/content/{quote(page_id)}/property/{quote(key)}"
        try:
            return property_of(self._calls.get(path, "property", page_id, expand="version"))
        except Missing:
            return None

    def _new_property(self, page_id: str, key: str, value: Any) -> Any:
        return self._calls.post(f"rest/api/content/{quote(page_id)}/property", {"key": key, "value": value}, "property", page_id)

    def _next_property(self, page_id: str, known: Property, value: Any) -> Any:
        data = {"key": known.key, "value": value, "version": {"number": known.version + 1}}
        return self._calls.put(f"rest/api/content/{quote(page_id)}/property/{quote(known.key)}", data, "property", page_id)

    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]:
        params: dict[str, Any] = {} if name is None else {"filename": name}
        return [
            Attachment(id=str(a["id"]), name=str(a.get("title")), size_bytes=(a.get("extensions") or {}).get("fileSize"))
            for a in self._all(f"rest/api/content/{quote(page_id)}/child/attachment", "attachments", page_id, **params)
        ]

    def versions(self, page_id: str) -> list[Version]:
        """Newest first. Older releases have the list of versions at an address of its own."""
        try:
            entries = list(self._all(f"rest/api/content/{quote(page_id)}/version", "history", page_id, limit=50))
        except (Missing, Reject):
            entries = list(self._all(f"rest/experimental/content/{quote(page_id)}/version", "history", page_id, limit=50))
        found = []
        for entry in entries:
            at, message = timestamp(entry.get("when")), str(entry.get("message") or "")
            if at is not None:
                by = publisher_of(message) or (entry.get("by") or {}).get("displayName")
                found.append(Version(id=str(entry["number"]), at=at, by=by, message=message, revision=revision_of(message)))
        return sorted(found, key=lambda v: int(v.id), reverse=True)

    def comments(self, page_id: str) -> list[str]:
        path = f"rest/api/content/{quote(page_id)}/child/comment"
        entries = self._all(path, "mention", page_id, expand="body.storage", limit=100)
        return [str(((entry.get("body") or {}).get("storage") or {}).get("value") or "") for entry in entries]

    def open_markers(self, page_id: str) -> frozenset[str]:
        path, expand = f"rest/api/content/{quote(page_id)}/child/comment", "extensions.inlineProperties,extensions.resolution"
        found = set()
        for entry in self._all(path, "comments", page_id, location="inline", expand=expand, limit=100):
            extensions = entry.get("extensions") or {}
            if (extensions.get("resolution") or {}).get("status") != "resolved":
                found.add(str((extensions.get("inlineProperties") or {}).get("markerRef") or ""))
        return frozenset(found - {""})

    def comment(self, page_id: str, body: str) -> None:
        data = {"type": "comment", "container": {"id": page_id, "type": "page"}, "body": _storage(body)}
        self._calls.post("rest/api/content", data, "mention", page_id)

    def account(self, person: Person) -> str | None:
        """A user key. People are found by the part of their address before the @, the usual user name of a company's directory."""
        if person.account_id:
            return person.account_id
        if not person.email:
            return None
        try:
            user = self._calls.get("rest/api/user", "account", username=person.email.split("@")[0])
        except ConnectorError:
            return None
        return user.get("userKey") if str(user.get("displayName") or "").lower() == person.name.lower() else None

    def name_of(self, account_id: str) -> str | None:
        return account_id  # pages tell names here already

    def mentioned(self, account: str) -> str | None:
        try:
            user = self._calls.get("rest/api/user", "account", key=account)
        except ConnectorError:
            return None
        return cast("str | None", user.get("displayName"))

    def mention(self, account_id: str) -> dict[str, str]:
        return {"ri_userkey": account_id}

    def may_read(self, page_id: str, account_id: str) -> bool | None:  # noqa: ARG002 - of the protocol
        return None  # it has no resource for this question

    def archive(self, page_id: str) -> None:
        raise Reject("This edition cannot archive pages.", path="archive", reason=page_id, connector="confluence", operation="archive")

    def _all(self, path: str, operation: str, remote_id: str, *, pages: int = PAGES, **params: Any) -> Iterator[Any]:
        params.setdefault("limit", 200)
        start = 0
        for _page in range(pages):
            data = self._calls.get(path, operation, remote_id or None, **params, start=start)
            results = data.get("results") or []
            yield from results
            if not (data.get("_links") or {}).get("next") or not results:
                return
            start += len(results)
        raise unfinished(operation)

    def _page(self, data: Any) -> RemoteBody:
        version = data.get("version") or {}
        state = str(data.get("status") or "current")
        return RemoteBody(
            id=str(data["id"]),
            title=str(data.get("title") or ""),
            version=int(version.get("number") or 1),
            state="trashed" if state in ("trashed", "deleted") else "archived" if state == "archived" else "current",
            body=((data.get("body") or {}).get("storage") or {}).get("value"),
            url=page_url(data.get("_links") or {}, self._base, str(data["id"])),
            made_by=((data.get("history") or {}).get("createdBy") or {}).get("userKey"),
            edited_by=(version.get("by") or {}).get("displayName"),
            edited_at=timestamp(version.get("when")),
            message=str(version.get("message") or ""),
        )


def _storage(body: str) -> dict[str, Any]:
    return {"storage": {"value": body, "representation": "storage"}}

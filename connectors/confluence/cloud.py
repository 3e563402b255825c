"""Confluence Cloud: REST v2, and v1 where v2 has no counterpart (attachments, labels, archiving, search, people)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

from atlassian import ConfluenceV2

from connectors.confluence.budget import Budget
from connectors.confluence.edition import PAGES, WALKED, Edition, cql, property_of, unfinished
from connectors.confluence.failures import Missing, ScopeMissing
from connectors.confluence.remote import Account, Attachment, Calls, Property, RemoteBody, State, page_url, person, quiet, timestamp
from connectors.confluence.settings import Settings
from connectors.confluence.words import publisher_of, revision_of
from connectors.contract import Person, Version
from connectors.errors import ConnectorError, Gone
from connectors.transport import Door

BODIES = 50  # pages with their text in one answer


class Cloud(Edition):
    """See :class:`connectors.confluence.remote.Remote`."""

    archives = True
    owners = True

    def __init__(self, settings: Settings, door: Door, budget: Budget) -> None:
        super().__init__(settings, door, Calls(quiet(ConfluenceV2, url=settings.base, session=door, **settings.credential), door, budget))
        self._spaces: dict[str, str] = {}

    def me(self) -> Account:
        user = person(self._calls.get("rest/api/user/current", "check"))
        return Account(name=str(user.get("displayName") or user.get("publicName") or "?"), account_id=user.get("accountId"))

    def missing_rights(self, space: str) -> Sequence[str]:
        data = self._calls.get(f"api/v2/spaces/{quote(self._space_id(space))}/operations", "check")
        may = {(str(o.get("operation")), str(o.get("targetType"))) for o in data.get("operations") or []}
        wanted = {
            ("create", "page"): "create pages",
            ("create", "attachment"): "add attachments",
            ("create", "comment"): "add comments (used to tell owners)",
        }
        return [words for right, words in wanted.items() if right not in may]

    def find(self, space: str, title: str) -> RemoteBody | None:
        params: dict[str, Any] = {"space-id": self._space_id(space), "title": title, "body-format": "storage", "limit": 25}
        data = self._calls.get("api/v2/pages", "find", **params)
        found = [page for page in data.get("results") or [] if str(page.get("title")) == title]
        return self._page(found[0]) if found else None

    def labelled(self, label: str) -> list[str]:
        data = self._calls.get("rest/api/search", "find", cql=f"type = page and label = {cql(label)}", limit=25)
        return [str(hit["content"]["id"]) for hit in data.get("results") or [] if (hit.get("content") or {}).get("id")]

    def walk(self, space: str) -> Iterator[RemoteBody]:
        params: dict[str, Any] = {"sort": "-modified-date", "body-format": "storage", "limit": BODIES}
        params |= {"space-id": self._space_id(space), "status": ["current", "archived", "trashed"]}
        for page in self._all("api/v2/pages", "find", "", pages=WALKED, **params):
            yield self._page(page)

    def read(self, page_id: str, *, version: int | None = None) -> RemoteBody:
        path, params = f"api/v2/pages/{quote(page_id)}", {"body-format": "storage"}
        if version is not None:
            return self._page(self._calls.get(path, "read", page_id, version=version, **params))
        try:
            return self._page(self._calls.get(path, "read", page_id, **params))
        except Missing:
            self._known()
            states = ["current", "archived", "trashed"]
            return self._page(self._calls.get(path, "read", page_id, status=states, **params))

    def create(self, space: str, parent: str | None, title: str, body: str) -> RemoteBody:
        data: dict[str, Any] = {
            "spaceId": self._space_id(space),
            "status": "current",
            "title": title,
            "body": {"representation": "storage", "value": body},
        }
        if parent:
            data["parentId"] = self._parent_id(space, parent)
        return self._page(self._calls.post("api/v2/pages", data, "create"))

    def update(self, page: RemoteBody, *, title: str, body: str, message: str, owner_id: str | None = None) -> RemoteBody:
        data: dict[str, Any] = {
            "id": page.id,
            "status": "current",
            "title": title,
            "body": {"representation": "storage", "value": body},
            "version": {"number": page.version + 1, "message": message},
        }
        if owner_id:
            data["ownerId"] = owner_id
        return self._page(self._calls.put(f"api/v2/pages/{quote(page.id)}", data, "update", page.id))

    def property(self, page_id: str, key: str) -> Property | None:
        data = self._calls.get(f"api/v2/pages/{quote(page_id)}/properties", "property", page_id, key=key)
        return next((property_of(p) for p in data.get("results") or [] if p.get("key") == key), None)

    def _new_property(self, page_id: str, key: str, value: Any) -> Any:
        return self._calls.post(f"api/v2/pages/{quote(page_id)}/properties", {"key": key, "value": value}, "property", page_id)

    def _next_property(self, page_id: str, known: Property, value: Any) -> Any:
        data = {"key": known.key, "value": value, "version": {"number": known.version + 1, "message": ""}}
        return self._calls.put(f"api/v2/pages/{quote(page_id)}/properties/{quote(known.id)}", data, "property", page_id)

    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]:
        params: dict[str, Any] = {"limit": 250} if name is None else {"filename": name, "limit": 25}
        return [
            Attachment(id=str(a["id"]), name=str(a.get("title")), size_bytes=a.get("fileSize"))
            for a in self._all(f"api/v2/pages/{quote(page_id)}/attachments", "attachments", page_id, **params)
        ]

    def versions(self, page_id: str) -> list[Version]:
        found = []
        for entry in self._all(f"api/v2/pages/{quote(page_id)}/versions", "history", page_id, limit=50):
            at, message = timestamp(entry.get("createdAt")), str(entry.get("message") or "")
            if at is not None:
                number, by = str(entry["number"]), publisher_of(message) or entry.get("authorId")
                found.append(Version(id=number, at=at, by=by, message=message, revision=revision_of(message)))
        return sorted(found, key=lambda v: int(v.id), reverse=True)

    def comments(self, page_id: str) -> list[str]:
        params: dict[str, Any] = {"body-format": "storage", "limit": 100}
        entries = self._all(f"api/v2/pages/{quote(page_id)}/footer-comments", "mention", page_id, **params)
        return [str(((entry.get("body") or {}).get("storage") or {}).get("value") or "") for entry in entries]

    def open_markers(self, page_id: str) -> frozenset[str]:
        params: dict[str, Any] = {"resolution-status": ["open", "reopened"], "limit": 250}
        found = set()
        for entry in self._all(f"api/v2/pages/{quote(page_id)}/inline-comments", "comments", page_id, **params):
            properties = entry.get("properties") or {}
            found.add(str(properties.get("inlineMarkerRef") or properties.get("inline-marker-ref") or ""))
        return frozenset(found - {""})

    def comment(self, page_id: str, body: str) -> None:
        data = {"pageId": page_id, "body": {"representation": "storage", "value": body}}
        self._calls.post("api/v2/footer-comments", data, "mention", page_id)

    def account(self, person: Person) -> str | None:
        if person.account_id:
            return person.account_id
        try:
            data = self._calls.get("rest/api/search/user", "account", cql=f"user.fullname ~ {cql(person.name)}", limit=25)
        except ConnectorError:
            return None  # a right that not every connection has; the person is then named without a link
        users = [entry.get("user") or {} for entry in data.get("results") or []]
        by_mail = [u for u in users if person.email and str(u.get("email") or "").lower() == person.email.lower()]
        by_name = [u for u in users if str(u.get("displayName") or "").lower() == person.name.lower()]
        for fitting in (by_mail, by_name):
            if len(fitting) == 1:
                return cast("str | None", fitting[0].get("accountId"))
        return None

    def name_of(self, account_id: str) -> str | None:
        try:
            user = self._calls.get("rest/api/user", "account", accountId=account_id)
        except ConnectorError:
            return None
        return cast("str | None", user.get("displayName") or user.get("publicName"))

    def mentioned(self, account: str) -> str | None:
        return self.name_of(account)

    def mention(self, account_id: str) -> dict[str, str]:
        return {"ri_account_id": account_id}

    def may_read(self, page_id: str, account_id: str) -> bool | None:
        question = {"subject": {"type": "user", "identifier": account_id}, "operation": "read"}
        try:
            answer = self._calls.post(f"rest/api/content/{page_id}/permission/check", question, "may_read", page_id)
        except ConnectorError:
            return None  # a right that not every connection has
        told = answer.get("hasPermission") if isinstance(answer, dict) else None
        return told if isinstance(told, bool) else None

    def archive(self, page_id: str) -> None:
        self._calls.post("rest/api/content/archive", {"pages": [{"id": int(page_id)}]}, "archive", page_id)

    def _known(self) -> None:
        """Raises AuthFailed for a rejected credential, to which every page looks missing."""
        with suppress(ScopeMissing):  # good, only not for this question
            self.me()

    def _space_id(self, key: str) -> str:
        if key not in self._spaces:
            data = self._calls.get("api/v2/spaces", "space", keys=key, limit=25)
            found = [space for space in data.get("results") or [] if str(space.get("key")).lower() == key.lower()]
            if not found:
                self._known()
                raise Gone(
                    f"There is no space with the key {key!r} that the connection may see.", connector="confluence", operation="space"
                )
            self._spaces[key] = str(found[0]["id"])
        return self._spaces[key]

    def _all(self, path: str, operation: str, remote_id: str, *, pages: int = PAGES, **params: Any) -> Iterator[Any]:
        """A short page does not mean the end of a list; its link leads on, and only the cursor is taken from it."""
        for _page in range(pages):
            data = self._calls.get(path, operation, remote_id or None, **params)
            yield from data.get("results") or []
            following = parse_qs(urlsplit(str((data.get("_links") or {}).get("next") or "")).query).get("cursor")
            if not following or following[0] == params.get("cursor"):
                return
            params["cursor"] = following[0]
        raise unfinished(operation)

    def _page(self, data: Any) -> RemoteBody:
        version = data.get("version") or {}
        storage = (data.get("body") or {}).get("storage") or {}
        state = str(data.get("status") or "current")
        return RemoteBody(
            id=str(data["id"]),
            title=str(data.get("title") or ""),
            version=int(version.get("number") or 1),
            state=cast(State, state if state in ("archived", "trashed", "draft") else "trashed" if state == "deleted" else "current"),
            body=storage.get("value"),
            url=page_url(data.get("_links") or {}, self._base, str(data["id"])),
            made_by=data.get("authorId"),
            edited_by=version.get("authorId"),
            edited_at=timestamp(version.get("createdAt")),
            message=str(version.get("message") or ""),
            owner_id=data.get("ownerId"),
            live=data.get("subtype") == "live",
        )

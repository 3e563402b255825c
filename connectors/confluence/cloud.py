"""Confluence Cloud: REST v2, and v1 where v2 has no counterpart (attachments, labels, archiving, people)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

from atlassian import ConfluenceV2

from connectors.confluence.failures import Missing, Stale
from connectors.confluence.remote import Account, Attachment, Calls, Property, RemoteBody, State, page_url, quiet, timestamp
from connectors.confluence.settings import Settings
from connectors.confluence.words import revision_of
from connectors.contract import Person, Version
from connectors.errors import ConnectorError, Gone, Reject, Retry
from connectors.transport import Door

PAGES = 40  # pages of a list that we follow at most: 10,000 entries


class Cloud:
    """See :class:`connectors.confluence.remote.Remote`."""

    archives = True
    owners = True

    def __init__(self, settings: Settings, door: Door) -> None:
        secret = settings.token.get_secret_value()
        credential = {"username": settings.email, "password": secret} if settings.email else {"token": secret}
        self.door = door
        self._base = settings.base
        self._calls = Calls(quiet(ConfluenceV2, url=settings.base, session=door, **credential), door)
        self._spaces: dict[str, str] = {}

    def me(self) -> Account:
        user = self._calls.get("rest/api/user/current", "check")
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

    def read(self, page_id: str, *, version: int | None = None) -> RemoteBody:
        params: dict[str, Any] = {"body-format": "storage"}
        if version is not None:
            params["version"] = version
        try:
            return self._page(self._calls.get(f"api/v2/pages/{quote(page_id)}", "read", page_id, **params))
        except Missing:
            self._calls.get("rest/api/user/current", "check")  # a rejected credential looks like a missing page
            if version is not None:
                raise
            return self._page(self._calls.get(f"api/v2/pages/{quote(page_id)}", "read", page_id, status="trashed", **params))

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
        return next((_property(p) for p in data.get("results") or [] if p.get("key") == key), None)

    def set_property(self, page_id: str, key: str, value: Any, known: Property | None) -> Property:
        for _attempt in range(3):
            try:
                if known is None:
                    return _property(
                        self._calls.post(f"api/v2/pages/{quote(page_id)}/properties", {"key": key, "value": value}, "property", page_id)
                    )
                data = {"key": key, "value": value, "version": {"number": known.version + 1, "message": ""}}
                path = f"api/v2/pages/{quote(page_id)}/properties/{quote(known.id)}"
                return _property(self._calls.put(path, data, "property", page_id))
            except (Stale, Missing, Reject):
                # Made or changed by an earlier run of ours whose answer was lost: look, and write on top of that.
                found = self.property(page_id, key)
                if found is not None and found.value == value:
                    return found
                if found == known:
                    raise
                known = found
        raise Retry("The page's properties are being changed by somebody else.", after_s=5.0, connector="confluence", operation="property")

    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]:
        params: dict[str, Any] = {"limit": 250} if name is None else {"filename": name, "limit": 25}
        return [
            Attachment(id=str(a["id"]), name=str(a.get("title")), size_bytes=a.get("fileSize"))
            for a in self._all(f"api/v2/pages/{quote(page_id)}/attachments", "attachments", page_id, **params)
        ]

    def attach(self, page_id: str, name: str, content: bytes, media_type: str, comment: str) -> Attachment:
        path = f"rest/api/content/{quote(page_id)}/child/attachment"
        data = self._calls.upload(path, name, content, media_type, comment, "attach", page_id)
        made = (data.get("results") or [{}])[0]
        return Attachment(id=str(made.get("id", "")), name=name, size_bytes=(made.get("extensions") or {}).get("fileSize"))

    def replace(self, page_id: str, attachment: Attachment, content: bytes, media_type: str) -> None:
        path = f"rest/api/content/{quote(page_id)}/child/attachment/{quote(attachment.id)}/data"
        self._calls.upload(path, attachment.name, content, media_type, "", "attach", page_id)

    def label(self, page_id: str, names: Sequence[str]) -> None:
        data = [{"prefix": "global", "name": name} for name in names]
        self._calls.post(f"rest/api/content/{quote(page_id)}/label", data, "label", page_id)

    def unlabel(self, page_id: str, name: str) -> None:
        try:
            self._calls.delete(f"rest/api/content/{quote(page_id)}/label", "label", page_id, name=name)
        except Missing:
            return

    def versions(self, page_id: str) -> list[Version]:
        found = []
        for entry in self._all(f"api/v2/pages/{quote(page_id)}/versions", "history", page_id, limit=50):
            at, message = timestamp(entry.get("createdAt")), str(entry.get("message") or "")
            if at is not None:
                number, by = str(entry["number"]), entry.get("authorId")
                found.append(Version(id=number, at=at, by=by, message=message, revision=revision_of(message)))
        return found

    def comments(self, page_id: str) -> list[str]:
        entries = self._all(
            f"api/v2/pages/{quote(page_id)}/footer-comments", "mention", page_id, **{"body-format": "storage", "limit": 100}
        )
        return [str(((entry.get("body") or {}).get("storage") or {}).get("value") or "") for entry in entries]

    def comment(self, page_id: str, body: str) -> None:
        data = {"pageId": page_id, "body": {"representation": "storage", "value": body}}
        self._calls.post("api/v2/footer-comments", data, "mention", page_id)

    def account(self, person: Person) -> str | None:
        if person.account_id:
            return person.account_id
        words = person.name.replace("\\", "\\\\").replace('"', '\\"')
        try:
            data = self._calls.get("rest/api/search/user", "account", cql=f'user.fullname ~ "{words}"', limit=25)
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

    def mention(self, account_id: str) -> dict[str, str]:
        return {"ri_account_id": account_id}

    def archive(self, page_id: str) -> None:
        self._calls.post("rest/api/content/archive", {"pages": [{"id": int(page_id)}]}, "archive", page_id)

    def _space_id(self, key: str) -> str:
        if key not in self._spaces:
            data = self._calls.get("api/v2/spaces", "space", keys=key, limit=25)
            found = [space for space in data.get("results") or [] if str(space.get("key")).lower() == key.lower()]
            if not found:
                self._calls.get("rest/api/user/current", "check")
                raise Gone(
                    f"There is no space with the key {key!r} that the connection may see.", connector="confluence", operation="space"
                )
            self._spaces[key] = str(found[0]["id"])
        return self._spaces[key]

    def _parent_id(self, space: str, parent: str) -> str:
        if parent.isdigit():
            return parent
        found = self.find(space, parent)
        if found is None:
            raise Gone(f"There is no page {parent!r} in the space {space}.", connector="confluence", operation="create")
        return found.id

    def _all(self, path: str, operation: str, remote_id: str, **params: Any) -> Iterator[Any]:
        """Every entry of a list. A short page does not mean its end; the link leads on, and only its cursor is taken from it."""
        for _page in range(PAGES):
            data = self._calls.get(path, operation, remote_id, **params)
            yield from data.get("results") or []
            following = parse_qs(urlsplit(str((data.get("_links") or {}).get("next") or "")).query).get("cursor")
            if not following or following[0] == params.get("cursor"):
                return
            params["cursor"] = following[0]

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
            edited_by=version.get("authorId"),
            edited_at=timestamp(version.get("createdAt")),
            message=str(version.get("message") or ""),
            owner_id=data.get("ownerId"),
            live=data.get("subtype") == "live",
        )


def _property(data: Any) -> Property:
    return Property(
        id=str(data["id"]), key=str(data["key"]), value=data.get("value"), version=int((data.get("version") or {}).get("number") or 1)
    )

"""Confluence Data Center: REST v1 with the storage format. The property of a new page goes with its creation, in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from atlassian import ConfluenceServer

from connectors.confluence.failures import Missing, Stale
from connectors.confluence.remote import Account, Attachment, Calls, Property, RemoteBody, page_url, quiet, timestamp
from connectors.confluence.settings import Settings
from connectors.confluence.words import revision_of
from connectors.contract import Person, Version
from connectors.errors import ConnectorError, Gone, Reject, Retry
from connectors.transport import Door

EXPAND = "body.storage,version,space,history"
PAGES = 40


class DataCenter:
    """See :class:`connectors.confluence.remote.Remote`."""

    archives = False
    owners = False

    def __init__(self, settings: Settings, door: Door) -> None:
        secret = settings.token.get_secret_value()
        credential = {"username": settings.email, "password": secret} if settings.email else {"token": secret}
        self.door = door
        self._base = settings.base
        self._calls = Calls(quiet(ConfluenceServer, url=settings.base, session=door, **credential), door)

    def me(self) -> Account:
        user = self._calls.get("rest/api/user/current", "check")
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

    def read(self, page_id: str, *, version: int | None = None) -> RemoteBody:
        params: dict[str, Any] = {"expand": EXPAND}
        if version is not None:
            params |= {"status": "historical", "version": version}
        try:
            return self._page(self._calls.get(f"rest/api/content/{quote(page_id)}", "read", page_id, **params))
        except Missing:
            if version is not None:
                raise
            return self._page(self._calls.get(f"rest/api/content/{quote(page_id)}", "read", page_id, status="trashed", **params))

    def create(self, space: str, parent: str | None, title: str, body: str) -> RemoteBody:
        data: dict[str, Any] = {"type": "page", "title": title, "space": {"key": space}, "body": _storage(body)}
        if parent:
            data["ancestors"] = [{"id": self._parent_id(space, parent)}]
        return self._page(self._calls.post("rest/api/content", data, "create"))

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
        try:
            return _property(
                self._calls.get(f"rest/api/content/{quote(page_id)}/property/{quote(key)}", "property", page_id, expand="version")
            )
        except Missing:
            return None

    def set_property(self, page_id: str, key: str, value: Any, known: Property | None) -> Property:
        path = f"rest/api/content/{quote(page_id)}/property"
        for _attempt in range(3):
            try:
                if known is None:
                    return _property(self._calls.post(path, {"key": key, "value": value}, "property", page_id))
                data = {"key": key, "value": value, "version": {"number": known.version + 1}}
                return _property(self._calls.put(f"{path}/{quote(key)}", data, "property", page_id))
            except (Stale, Missing, Reject):
                found = self.property(page_id, key)
                if found is not None and found.value == value:
                    return found
                if found == known:
                    raise
                known = found
        raise Retry("The page's properties are being changed by somebody else.", after_s=5.0, connector="confluence", operation="property")

    def attachments(self, page_id: str, *, name: str | None = None) -> list[Attachment]:
        params: dict[str, Any] = {} if name is None else {"filename": name}
        return [
            Attachment(id=str(a["id"]), name=str(a.get("title")), size_bytes=(a.get("extensions") or {}).get("fileSize"))
            for a in self._all(f"rest/api/content/{quote(page_id)}/child/attachment", "attachments", page_id, **params)
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
        for entry in self._all(f"rest/api/content/{quote(page_id)}/version", "history", page_id, limit=50):
            at, message, by = timestamp(entry.get("when")), str(entry.get("message") or ""), (entry.get("by") or {}).get("displayName")
            if at is not None:
                found.append(Version(id=str(entry["number"]), at=at, by=by, message=message, revision=revision_of(message)))
        return sorted(found, key=lambda v: int(v.id), reverse=True)

    def comments(self, page_id: str) -> list[str]:
        path = f"rest/api/content/{quote(page_id)}/child/comment"
        entries = self._all(path, "mention", page_id, expand="body.storage", limit=100)
        return [str(((entry.get("body") or {}).get("storage") or {}).get("value") or "") for entry in entries]

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

    def mention(self, account_id: str) -> dict[str, str]:
        return {"ri_userkey": account_id}

    def archive(self, page_id: str) -> None:
        raise Reject("This edition cannot archive pages.", path="archive", reason=page_id, connector="confluence", operation="archive")

    def _parent_id(self, space: str, parent: str) -> str:
        if parent.isdigit():
            return parent
        found = self.find(space, parent)
        if found is None:
            raise Gone(f"There is no page {parent!r} in the space {space}.", connector="confluence", operation="create")
        return found.id

    def _all(self, path: str, operation: str, remote_id: str, **params: Any) -> Iterator[Any]:
        limit = params.setdefault("limit", 200)
        start = 0
        for _page in range(PAGES):
            data = self._calls.get(path, operation, remote_id, **params, start=start)
            results = data.get("results") or []
            yield from results
            if not (data.get("_links") or {}).get("next") or not results:
                return
            start += min(limit, len(results))

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
            edited_by=(version.get("by") or {}).get("displayName"),
            edited_at=timestamp(version.get("when")),
            message=str(version.get("message") or ""),
        )


def _storage(body: str) -> dict[str, Any]:
    return {"storage": {"value": body, "representation": "storage"}}


def _property(data: Any) -> Property:
    key = str(data["key"])
    return Property(
        id=str(data.get("id") or key), key=key, value=data.get("value"), version=int((data.get("version") or {}).get("number") or 1)
    )

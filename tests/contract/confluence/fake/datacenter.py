"""Data Center's REST v1 on a :class:`Site`: content, versions, properties, attachments, labels, comments, people."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from tests.contract.confluence.fake.cloud import Answer, Call, _at, _comment_of
from tests.contract.confluence.fake.site import Attachment, Comment, Page, Property, Refused, Site, Version


class DataCenterApi:
    def __init__(self, site: Site, base: Callable[[], str]) -> None:
        self.site = site
        self._base = base
        self.page_size = 200
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            (method, re.compile(f"^{pattern}$"), action)
            for method, pattern, action in (
                ("GET", r"/rest/api/user/current", self._me),
                ("GET", r"/rest/api/user", self._user),
                ("GET", r"/rest/api/space/([^/]+)", self._space),
                ("GET", r"/rest/api/content", self._contents),
                ("POST", r"/rest/api/content", self._create),
                ("GET", r"/rest/api/content/search", self._search),
                ("GET", r"/rest/api/content/(\d+)", self._read),
                ("PUT", r"/rest/api/content/(\d+)", self._update),
                ("GET", r"/rest/api/content/(\d+)/history", self._history),
                ("GET", r"/rest/experimental/content/(\d+)/version", self._versions),
                ("GET", r"/rest/api/content/(\d+)/version", self._versions),
                ("GET", r"/rest/api/content/(\d+)/property", self._properties),
                ("POST", r"/rest/api/content/(\d+)/property", self._property_create),
                ("GET", r"/rest/api/content/(\d+)/property/([^/]+)", self._property_read),
                ("PUT", r"/rest/api/content/(\d+)/property/([^/]+)", self._property_update),
                ("GET", r"/rest/api/content/(\d+)/child/attachment", self._attachments),
                ("POST", r"/rest/api/content/(\d+)/child/attachment", self._attach),
                ("POST", r"/rest/api/content/(\d+)/child/attachment/([^/]+)/data", self._attach_again),
                ("GET", r"/rest/api/content/(\d+)/child/comment", self._comments),
                ("GET", r"/rest/api/content/(\d+)/label", self._labels),
                ("POST", r"/rest/api/content/(\d+)/label", self._label),
                ("DELETE", r"/rest/api/content/(\d+)/label", self._unlabel),
            )
        ]

    def answer(self, call: Call) -> Answer:
        for method, pattern, action in self._routes:
            match = pattern.match(call.path)
            if match and method == call.method:
                return action(call, *match.groups())
        raise Refused(404, "null for uri: " + call.path)

    def _me(self, call: Call) -> Answer:
        return 200, {}, self._person(call.by)

    def _user(self, call: Call) -> Answer:
        found = next((u for u in self.site.users.values() if call.one("username") == u.username or call.one("key") == u.id), None)
        if found is None:
            raise Refused(404, "No user found with the given name or key")
        return 200, {}, self._person(found.id)

    def _space(self, call: Call, key: str) -> Answer:
        found = next((s for s in self.site.spaces.values() if s.key == key), None)
        if found is None:
            raise Refused(404, f"No space with key : {key}")
        return (
            200,
            {},
            {
                "id": int(found.id),
                "key": key,
                "name": found.name,
                "type": "global",
                "_links": {"webui": f"/display/{key}", "base": self._base()},
            },
        )

    def _contents(self, call: Call) -> Answer:
        wanted = {"any": ("current", "archived", "trashed")}.get(call.one("status", "current"), (call.one("status", "current"),))
        pages = [
            p
            for p in self.site.pages.values()
            if not p.hidden
            and p.status in wanted
            and ("spaceKey" not in call.query or self._key(p) == call.one("spaceKey"))
            and ("title" not in call.query or p.title == call.one("title"))
        ]
        return self._list(call, [self.shape(p, call.one("expand")) for p in pages])

    def _search(self, call: Call) -> Answer:
        terms = dict(re.findall(r'(label|title|space|type)\s*=\s*"?((?:[^"\\]|\\.)*?)"?(?=\s+(?i:and)\b|\s*$)', call.one("cql")))
        if not terms:
            raise Refused(400, f"Could not parse cql : {call.one('cql')}")
        pages = self.site.found(label=terms.get("label"), title=terms.get("title"), space=terms.get("space"))
        return self._list(call, [self.shape(p, call.one("expand")) for p in pages])

    def _create(self, call: Call) -> Answer:
        body = call.body
        if body["type"] == "comment":
            page = self.site.page(str(body["container"]["id"]))
            made = Comment(self.site.new_id(), page.id, self.site._stored(body["body"]["storage"]["value"]), call.by, self.site.tick())
            self.site.comments.append(made)
            return 200, {}, self._comment_shape(made, "body.storage")
        key = body["space"]["key"]
        space = next((s for s in self.site.spaces.values() if s.key == key), None)
        if space is None:
            raise Refused(404, f"No space with key : {key}")
        parent = str(body["ancestors"][-1]["id"]) if body.get("ancestors") else None
        page = self.site.create(space.id, parent, body["title"], body["body"]["storage"]["value"], call.by)
        for name, value in ((body.get("metadata") or {}).get("properties") or {}).items():
            self.site.set_property(page, name, value["value"], None)
        return 200, {}, self.shape(page, call.one("expand", "body.storage,version,space,history"))

    def _read(self, call: Call, page_id: str) -> Answer:
        status = call.one("status", "current")
        if status == "historical":
            page = self.site.page(page_id, "current", "archived", "trashed")
            found = next((v for v in page.versions if str(v.number) == call.one("version")), None)
            if found is None:
                raise Refused(404, f"No content found with id: {page_id} and version {call.one('version')}")
            return 200, {}, self.shape(page, call.one("expand"), found)
        page = self.site.page(page_id, *(("current", "archived", "trashed") if status == "any" else (status,)))
        return 200, {}, self.shape(page, call.one("expand"))

    def _update(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id, "current", "archived")
        body = call.body
        version = body.get("version") or {}
        if body.get("type") != "page" or "number" not in version:
            raise Refused(400, "Must supply an incremented version when updating Content. No version supplied.")
        parent = str(body["ancestors"][-1]["id"]) if body.get("ancestors") else None
        self.site.update(
            page, number=version["number"], title=body["title"], body=body["body"]["storage"]["value"], message=version.get("message") or "",
            minor=bool(version.get("minorEdit")), by=call.by, owner=None, parent=parent,
        )  # fmt: skip
        return 200, {}, self.shape(page, call.one("expand", "body.storage,version,space,history"))

    def _history(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        return 200, {}, {"latest": True, "createdDate": _at(page.created), "lastUpdated": self._version(page.now)}

    def _versions(self, call: Call, page_id: str) -> Answer:
        return self._list(call, [self._version(v) for v in reversed(self.site.page(page_id).versions)])

    def shape(self, page: Page, expand: str, version: Version | None = None) -> dict[str, Any]:
        shown, wanted = version or page.now, set(expand.split(","))
        result: dict[str, Any] = {
            "id": page.id,
            "type": "page",
            "status": page.status if version in (None, page.now) else "historical",
            "title": shown.title,
            "_links": {
                "webui": f"/display/{self._key(page)}/{page.id}",
                "base": self._base(),
                "context": "",
                "self": f"{self._base()}/rest/api/content/{page.id}",
            },
            "_expandable": {},
        }
        if "body.storage" in wanted:
            result["body"] = {"storage": {"value": shown.body, "representation": "storage", "_expandable": {}}}
        if "version" in wanted:
            result["version"] = self._version(shown)
        if "space" in wanted:
            result["space"] = {"id": int(page.space), "key": self._key(page), "name": self.site.spaces[page.space].name}
        if "history" in wanted:
            result["history"] = {"latest": version in (None, page.now), "createdDate": _at(page.created)}
        names = [w.removeprefix("metadata.properties.") for w in wanted if w.startswith("metadata.properties.")]
        if names:
            found = {n: self._property_shape(page.properties[n]) for n in names if n in page.properties}
            result["metadata"] = {"properties": found}
        return result

    def _properties(self, call: Call, page_id: str) -> Answer:
        return self._list(call, [self._property_shape(p) for p in self.site.page(page_id).properties.values()])

    def _property_create(self, call: Call, page_id: str) -> Answer:
        return 200, {}, self._property_shape(self.site.set_property(self.site.page(page_id), call.body["key"], call.body["value"], None))

    def _property_read(self, call: Call, page_id: str, key: str) -> Answer:
        found = self.site.page(page_id).properties.get(key)
        if found is None:
            raise Refused(404, f"No property with key {key}")
        return 200, {}, self._property_shape(found)

    def _property_update(self, call: Call, page_id: str, key: str) -> Answer:
        page = self.site.page(page_id)
        number = call.body["version"]["number"]
        if key not in page.properties and number != 1:
            raise Refused(404, f"No property with key {key}")
        return (
            200,
            {},
            self._property_shape(self.site.set_property(page, key, call.body["value"], number if key in page.properties else None)),
        )

    def _attachments(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        return self._list(call, [self._attachment(a) for a in page.attachments.values() if call.one("filename") in ("", a.name)])

    def _attach(self, call: Call, page_id: str) -> Answer:
        name, kind, data = call.form["file"]
        made = self.site.attach(self.site.page(page_id), str(name), kind, data, _comment_of(call))
        return 200, {}, {"results": [self._attachment(made)], "start": 0, "limit": 200, "size": 1, "_links": {}}

    def _attach_again(self, call: Call, page_id: str, attachment_id: str) -> Answer:
        name, kind, data = call.form["file"]
        return 200, {}, self._attachment(self.site.attach(self.site.page(page_id), str(name), kind, data, "", replaces=attachment_id))

    def _comments(self, call: Call, page_id: str) -> Answer:
        self.site.page(page_id)
        locations = call.query.get("location", ["footer", "inline", "resolved"])
        found = [
            c
            for c in self.site.comments
            if c.page == page_id
            and (
                ("footer" if c.marker is None else "inline") in locations
                and (c.marker is None or c.state == "open" or "resolved" in locations)
            )
        ]
        return self._list(call, [self._comment_shape(c, call.one("expand")) for c in found])

    def _labels(self, call: Call, page_id: str) -> Answer:
        return self._list(call, _labels(self.site.page(page_id)))

    def _label(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        self.site.label(page, [entry["name"] for entry in call.body])
        return 200, {}, {"results": _labels(page), "start": 0, "limit": 200, "size": len(page.labels), "_links": {}}

    def _unlabel(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        if call.one("name") not in page.labels:
            raise Refused(404, "No such label")
        page.labels.remove(call.one("name"))
        return 204, {}, None

    def _key(self, page: Page) -> str:
        return self.site.spaces[page.space].key

    def _person(self, account: str) -> dict[str, Any]:
        user = self.site.users[account]
        return {"type": "known", "username": user.username, "userKey": user.id, "displayName": user.name, "_links": {}}

    def _version(self, version: Version) -> dict[str, Any]:
        return {
            "by": self._person(version.by), "when": _at(version.at), "message": version.message, "number": version.number,
            "minorEdit": version.minor, "hidden": False,
        }  # fmt: skip

    def _property_shape(self, found: Property) -> dict[str, Any]:
        version = {"when": _at(found.at), "number": found.number, "minorEdit": False, "message": ""}
        return {"id": found.id, "key": found.key, "value": found.value, "version": version, "_links": {}}

    def _attachment(self, found: Attachment) -> dict[str, Any]:
        return {
            "id": found.id, "type": "attachment", "status": "current", "title": found.name,
            "metadata": {"mediaType": found.media_type, "comment": found.comment},
            "extensions": {"mediaType": found.media_type, "fileSize": len(found.data), "comment": found.comment},
            "version": {"number": found.number}, "_links": {"download": f"/download/attachments/{found.id}"},
        }  # fmt: skip

    def _comment_shape(self, comment: Comment, expand: str) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "id": comment.id,
            "type": "comment",
            "status": "current",
            "title": "Re:",
            "extensions": {"location": "footer"},
        }
        if comment.marker is not None:
            shape["extensions"] = {"location": "inline", "inlineProperties": {"markerRef": comment.marker, "originalSelection": comment.selection},
                                   "resolution": {"status": comment.state}}  # fmt: skip
        if "body.storage" in expand:
            shape["body"] = {"storage": {"value": comment.body, "representation": "storage"}}
        return shape

    def _list(self, call: Call, shapes: Sequence[Any]) -> Answer:
        start, limit = int(call.one("start", "0")), min(int(call.one("limit", "25")), self.page_size)
        links = {"base": self._base(), "context": ""}
        if start + limit < len(shapes):
            query = {k: v for k, v in call.query.items() if k != "start"} | {"start": [str(start + limit)]}
            links["next"] = f"{call.path}?{urlencode(query, doseq=True)}"
        part = list(shapes[start : start + limit])
        return 200, {}, {"results": part, "start": start, "limit": limit, "size": len(part), "_links": links}


def _labels(page: Page) -> list[dict[str, str]]:
    return [{"prefix": "global", "name": name, "id": str(n)} for n, name in enumerate(page.labels, 1)]

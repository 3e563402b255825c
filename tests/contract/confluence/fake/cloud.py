"""Confluence Cloud's REST v2, and the v1 operations that it still has, on a :class:`Site`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from tests.contract.confluence.fake.site import Attachment, Comment, Page, Property, Refused, Site, Version

Answer = tuple[int, dict[str, str], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the routes see it. ``form`` has (file name, type, bytes) per part."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    form: dict[str, tuple[str | None, str, bytes]]
    by: str

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


class CloudApi:
    """``base`` is the address for people (``_links.base``), which differs from the gateway's."""

    def __init__(self, site: Site, base: Callable[[], str]) -> None:
        self.site = site
        self._base = base
        self.page_size = 250  # a test lowers it, to have more pages of lists
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            (method, re.compile(f"^{pattern}$"), action)
            for method, pattern, action in (
                ("GET", r"/api/v2/spaces", self._spaces),
                ("GET", r"/api/v2/spaces/(\d+)/operations", self._space_operations),
                ("GET", r"/api/v2/spaces/(\d+)/pages", self._space_pages),
                ("GET", r"/api/v2/pages", self._pages),
                ("POST", r"/api/v2/pages", self._create),
                ("GET", r"/api/v2/pages/(\d+)", self._read),
                ("PUT", r"/api/v2/pages/(\d+)", self._update),
                ("DELETE", r"/api/v2/pages/(\d+)", self._delete),
                ("GET", r"/api/v2/pages/(\d+)/properties", self._properties),
                ("POST", r"/api/v2/pages/(\d+)/properties", self._property_create),
                ("GET", r"/api/v2/pages/(\d+)/properties/([^/]+)", self._property_read),
                ("PUT", r"/api/v2/pages/(\d+)/properties/([^/]+)", self._property_update),
                ("DELETE", r"/api/v2/pages/(\d+)/properties/([^/]+)", self._property_delete),
                ("GET", r"/api/v2/pages/(\d+)/attachments", self._attachments),
                ("GET", r"/api/v2/pages/(\d+)/labels", self._labels),
                ("GET", r"/api/v2/pages/(\d+)/versions", self._versions),
                ("GET", r"/api/v2/pages/(\d+)/footer-comments", self._footer_comments),
                ("GET", r"/api/v2/pages/(\d+)/inline-comments", self._inline_comments),
                ("POST", r"/api/v2/footer-comments", self._comment),
                ("POST", r"/rest/api/content/(\d+)/child/attachment", self._attach),
                ("PUT", r"/rest/api/content/(\d+)/child/attachment", self._attach_or_replace),
                ("POST", r"/rest/api/content/(\d+)/child/attachment/([^/]+)/data", self._attach_again),
                ("PUT", r"/rest/api/content/(\d+)/child/attachment/([^/]+)", self._attachment_named),
                ("POST", r"/rest/api/content/(\d+)/label", self._label),
                ("DELETE", r"/rest/api/content/(\d+)/label", self._unlabel),
                ("POST", r"/rest/api/content/(\d+)/version", self._restore),
                ("POST", r"/rest/api/content/archive", self._archive),
                ("POST", r"/rest/api/content/(\d+)/permission/check", self._permission),
                ("GET", r"/rest/api/search", self._search),
                ("GET", r"/rest/api/search/user", self._search_user),
                ("GET", r"/rest/api/user", self._user),
                ("GET", r"/rest/api/user/current", self._me),
            )
        ]

    def answer(self, call: Call) -> Answer:
        """Raises Refused. ``call.path`` is relative to ``/wiki``."""
        for method, pattern, action in self._routes:
            match = pattern.match(call.path)
            if match and method == call.method:
                return action(call, *match.groups())
        if call.path.startswith("/rest/api/"):
            raise Refused(
                410, "com.atlassian.confluence.api.service.exceptions.pagesmodes.GoneException: This deprecated endpoint has been removed."
            )
        raise Refused(404, "Not Found")

    # --- spaces and pages -----------------------------------------------------------------------------------------------

    def _spaces(self, call: Call) -> Answer:
        keys = [k for value in call.query.get("keys", []) for k in value.split(",")]
        found = [s for s in self.site.spaces.values() if not keys or s.key in keys]
        shapes = [
            {
                "id": s.id, "key": s.key, "name": s.name, "type": "global", "status": "current", "homepageId": s.homepage,
                "description": None, "icon": None, "authorId": call.by, "createdAt": _at(self.site.now), "currentActiveAlias": s.key,
                "_links": {"webui": f"/spaces/{s.key}"},
            }
            for s in found
        ]  # fmt: skip
        return self._list(call, shapes)

    def _space_operations(self, call: Call, space_id: str) -> Answer:
        space = self.site.spaces.get(space_id)
        if space is None:
            raise Refused(404, "Not Found")
        return 200, {}, {"operations": [{"operation": o, "targetType": t} for o, t in space.operations]}

    def _space_pages(self, call: Call, space_id: str) -> Answer:
        call.query["space-id"] = [space_id]
        return self._pages(call)

    def _pages(self, call: Call) -> Answer:
        spaces = [v for value in call.query.get("space-id", []) for v in value.split(",")]
        statuses = [v for value in call.query.get("status", []) for v in value.split(",")] or ["current", "archived"]
        pages = [p for p in self.site.pages.values() if not p.hidden and p.status in statuses and (not spaces or p.space in spaces)]
        if "title" in call.query:
            pages = [p for p in pages if p.title == call.one("title")]
        if call.one("sort") == "-modified-date":
            pages.sort(key=lambda p: p.now.at, reverse=True)
        shapes = [self.shape(p, body=call.one("body-format"), single=False) for p in pages]
        return self._list(call, shapes)

    def _create(self, call: Call) -> Answer:
        body = call.body
        value = _value(body)
        page = self.site.create(body["spaceId"], body.get("parentId"), body["title"], value, call.by, status=body.get("status", "current"))
        page.subtype = body.get("subtype")
        return 200, {}, self.shape(page, body="storage")

    def _read(self, call: Call, page_id: str) -> Answer:
        statuses = [v for value in call.query.get("status", []) for v in value.split(",")]
        page = self.site.page(page_id, *statuses)
        version = page.now
        if "version" in call.query:
            found = next((v for v in page.versions if str(v.number) == call.one("version")), None)
            if found is None:
                raise Refused(404, f"Cannot find version {call.one('version')} of page [{page_id}]")
            version = found
        return 200, {}, self.shape(page, body=call.one("body-format"), version=version)

    def _update(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id, "current", "archived", "draft")
        body = call.body
        version = body["version"]
        self.site.update(
            page, number=version["number"], title=body["title"], body=_value(body), message=version.get("message") or "",
            minor=False, by=call.by, owner=body.get("ownerId"), parent=body.get("parentId"),
        )  # fmt: skip
        return 200, {}, self.shape(page, body="storage")

    def _delete(self, call: Call, page_id: str) -> Answer:
        self.site.page(page_id).status = "trashed"
        return 204, {}, None

    def shape(self, page: Page, *, body: str = "", version: Version | None = None, single: bool = True) -> dict[str, Any]:
        shown = version or page.now
        key = self.site.spaces[page.space].key
        links = {
            "editui": f"/pages/resumedraft.action?draftId={page.id}",
            "webui": f"/spaces/{key}/pages/{page.id}/{quote_plus(shown.title)}",
            "edituiv2": f"/spaces/{key}/pages/edit-v2/{page.id}",
            "tinyui": f"/x/{page.id}",
        }
        result = {
            "parentType": "page" if page.parent else None,
            "parentId": page.parent,
            "createdAt": _at(page.created),
            "ownerId": page.owner,
            "lastOwnerId": None,
            "authorId": page.versions[0].by,
            "position": 1,
            "id": page.id,
            "version": _version(shown),
            "spaceId": page.space,
            "status": page.status if version in (None, page.now) else "historical",
            "body": {"storage": {"representation": "storage", "value": shown.body}} if body == "storage" else {},
            "title": shown.title,
            "_links": links | ({"base": self._base()} if single else {}),
        }
        return result | ({"subtype": page.subtype} if page.subtype else {})

    # --- what stands beside a page ------------------------------------------------------------------------------------

    def _properties(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        shapes = [_property(p) for p in page.properties.values() if call.one("key") in ("", p.key)]
        if "key" not in call.query:
            shapes.append({"id": f"{page_id}1", "key": "page-title-property-published", "value": {}, "version": _plain_version(page.now)})
        return self._list(call, shapes)

    def _property_create(self, call: Call, page_id: str) -> Answer:
        return 200, {}, _property(self.site.set_property(self.site.page(page_id), call.body["key"], call.body["value"], None))

    def _property_read(self, call: Call, page_id: str, property_id: str) -> Answer:
        return 200, {}, _property(self._property(page_id, property_id))

    def _property_update(self, call: Call, page_id: str, property_id: str) -> Answer:
        known = self._property(page_id, property_id)
        if call.body["key"] != known.key:
            raise Refused(400, "The key of a property cannot be changed")
        page = self.site.page(page_id)
        return 200, {}, _property(self.site.set_property(page, known.key, call.body["value"], call.body["version"]["number"]))

    def _property_delete(self, call: Call, page_id: str, property_id: str) -> Answer:
        if property_id != f"{page_id}1":  # the one that Confluence makes itself
            del self.site.page(page_id).properties[self._property(page_id, property_id).key]
        return 204, {}, None

    def _property(self, page_id: str, property_id: str) -> Property:
        if not property_id.isdigit():
            raise Refused(400, "Provided value for 'property-id' is not the correct type. Expected type is long")
        found = next((p for p in self.site.page(page_id).properties.values() if p.id == property_id), None)
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def _attachments(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        found = [a for a in page.attachments.values() if call.one("filename") in ("", a.name)]
        return self._list(call, [_attachment(page, a) for a in found], default=50)

    def _labels(self, call: Call, page_id: str) -> Answer:
        return self._list(
            call, [{"id": str(n), "name": name, "prefix": "global"} for n, name in enumerate(self.site.page(page_id).labels, 1)]
        )

    def _versions(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        shapes = [
            _plain_version(v)
            | {"page": {"id": page.id, "title": v.title}
               | ({"body": {"storage": {"representation": "storage", "value": v.body}}} if call.one("body-format") == "storage" else {})}
            for v in reversed(page.versions)
        ]  # fmt: skip
        return self._list(call, shapes)

    def _footer_comments(self, call: Call, page_id: str) -> Answer:
        return self._comments(call, page_id, lambda c: c.marker is None)

    def _inline_comments(self, call: Call, page_id: str) -> Answer:
        states = [v for value in call.query.get("resolution-status", []) for v in value.split(",")]
        return self._comments(call, page_id, lambda c: c.marker is not None and (not states or c.state in states))

    def _comments(self, call: Call, page_id: str, wanted: Callable[[Comment], bool]) -> Answer:
        page = self.site.page(page_id)
        found = [c for c in self.site.comments if c.page == page_id and wanted(c)]
        return self._list(call, [self._comment_shape(page, c, call.one("body-format")) for c in found])

    def _comment(self, call: Call) -> Answer:
        page = self.site.page(call.body["pageId"])
        body = self.site._stored(_value(call.body))
        made = Comment(self.site.new_id(), page.id, body, call.by, self.site.tick())
        self.site.comments.append(made)
        shape = self._comment_shape(page, made, "storage")
        shape["_links"]["base"] = self._base()
        return 201, {"location": f"/wiki/api/v2/footer-comments/{made.id}"}, shape

    def _comment_shape(self, page: Page, comment: Comment, body: str) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "id": comment.id,
            "status": "current",
            "title": f"Re: {page.title}",
            "pageId": page.id,
            "version": {"number": 1, "message": "", "minorEdit": False, "authorId": comment.by, "createdAt": _at(comment.at)},
            "body": {"storage": {"representation": "storage", "value": comment.body}} if body == "storage" else {},
            "_links": {"webui": f"/spaces/X/pages/{page.id}?focusedCommentId={comment.id}"},
        }
        if comment.marker is not None:
            shape["resolutionStatus"] = comment.state
            shape["properties"] = {"inlineMarkerRef": comment.marker, "inlineOriginalSelection": comment.selection}
        return shape

    # --- v1 -----------------------------------------------------------------------------------------------------------------

    def _attach(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        name, kind, data = call.form["file"]
        made = self.site.attach(page, str(name), kind, data, _comment_of(call))
        return 200, {}, {"results": [_content_attachment(made)], "start": 0, "limit": 1, "size": 1, "_links": {}}

    def _attach_or_replace(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        name, kind, data = call.form["file"]
        there = page.attachments.get(str(name))
        made = self.site.attach(page, str(name), kind, data, _comment_of(call), replaces=there.id if there else None)
        return 200, {}, {"results": [_content_attachment(made)], "start": 0, "limit": 1, "size": 1, "_links": {}}

    def _attach_again(self, call: Call, page_id: str, attachment_id: str) -> Answer:
        name, kind, data = call.form["file"]
        made = self.site.attach(self.site.page(page_id), str(name), kind, data, _comment_of(call), replaces=attachment_id)
        return 200, {}, _content_attachment(made)

    def _attachment_named(self, call: Call, page_id: str, attachment_id: str) -> Answer:
        there = self.site.page(page_id).attachments.values()
        found = next((a for a in there if a.id.removeprefix("att") == attachment_id.removeprefix("att")), None)
        if found is None:
            raise Refused(404, f"No attachment found with id {attachment_id}")
        return 200, {}, _content_attachment(found)

    def _label(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        self.site.label(page, [entry["name"] for entry in call.body])
        labels = [{"prefix": "global", "name": name, "id": str(n), "label": name} for n, name in enumerate(page.labels, 1)]
        return 200, {}, {"results": labels, "start": 0, "limit": 200, "size": len(labels), "_links": {}}

    def _unlabel(self, call: Call, page_id: str) -> Answer:
        page = self.site.page(page_id)
        if call.one("name") not in page.labels:
            raise Refused(404, "No such label")
        page.labels.remove(call.one("name"))
        return 204, {}, None

    def _restore(self, call: Call, page_id: str) -> Answer:
        parameters = call.body["params"]
        made = self.site.restore(self.site.page(page_id), parameters["versionNumber"], parameters["message"], call.by)
        shape = {"by": {"type": "known", "accountId": made.by, "accountType": "atlassian", "email": "", "publicName": "", "displayName": "",
                        "profilePicture": {"path": "", "width": 1, "height": 1, "isDefault": True}},
                 "when": _at(made.at), "friendlyWhen": "now", "message": made.message, "number": made.number, "minorEdit": False}  # fmt: skip
        return 200, {}, shape

    def _permission(self, call: Call, page_id: str) -> Answer:
        page, subject = self.site.page(page_id, "current"), call.body["subject"]
        if subject["type"] != "user" or subject["identifier"] not in self.site.users:
            raise Refused(404, "The subject was not found.")
        return 200, {}, {"hasPermission": subject["identifier"] not in page.shut_to, "errors": [], "_links": {}}

    def _archive(self, call: Call) -> Answer:
        for entry in call.body["pages"]:
            self.site.page(str(entry["id"]), "current").status = "archived"
        return 202, {}, {"id": self.site.new_id(), "links": {"status": "/rest/api/longtask/1"}}

    def _search(self, call: Call) -> Answer:
        cql = call.one("cql")
        terms = dict(re.findall(r'(label|title|space|type)\s*=\s*"?((?:[^"\\]|\\.)*?)"?(?=\s+(?i:and)\b|\s*$)', cql))
        if not terms:
            raise Refused(400, f"Could not parse cql : {cql}")
        pages = self.site.found(label=terms.get("label"), title=terms.get("title"), space=terms.get("space"))
        results = [
            {
                "content": {"id": p.id, "type": "page", "status": "current", "title": p.title, "childTypes": {}, "macroRenderedOutput": {},
                            "restrictions": {}, "_expandable": {}, "_links": {"webui": f"/pages/{p.id}"}},
                "title": p.title, "excerpt": "", "url": f"/pages/{p.id}", "breadcrumbs": [], "entityType": "content",
                "iconCssClass": "aui-icon content-type-page", "lastModified": _at(p.now.at), "friendlyLastModified": "now", "score": 0,
                "resultGlobalContainer": {"title": "x", "displayUrl": "/spaces/x"},
            }
            for p in pages
        ]  # fmt: skip
        return 200, {}, self._hits(call, results, cql)

    def _search_user(self, call: Call) -> Answer:
        found = re.search(r'user\.fullname\s*~\s*"((?:[^"\\]|\\.)*)"', call.one("cql"))
        words = found.group(1).lower() if found else ""
        users = [u for u in self.site.users.values() if words in u.name.lower()]
        results = [
            {"user": self._user_shape(u.id), "title": u.name, "excerpt": "", "url": f"/display/~{u.username}", "breadcrumbs": [],
             "entityType": "user", "iconCssClass": "", "lastModified": _at(self.site.now), "friendlyLastModified": "now", "score": 0}
            for u in users
        ]  # fmt: skip
        return 200, {}, self._hits(call, results, call.one("cql"))

    def _hits(self, call: Call, results: Sequence[Any], cql: str) -> dict[str, Any]:
        return {
            "results": list(results), "start": 0, "limit": 25, "size": len(results), "totalSize": len(results), "archivedResultCount": 0, "cqlQuery": cql,
            "searchDuration": 7, "_links": {"base": self._base(), "context": "/wiki"},
        }  # fmt: skip

    def _user(self, call: Call) -> Answer:
        if call.one("accountId") not in self.site.users:
            raise Refused(404, "No user found")
        return 200, {}, self._user_shape(call.one("accountId"))

    def _me(self, call: Call) -> Answer:
        return 200, {}, self._user_shape(call.by)

    def _user_shape(self, account: str) -> dict[str, Any]:
        user = self.site.users[account]
        return {
            "type": "known", "accountId": user.id, "accountType": "atlassian", "email": user.email, "publicName": user.username,
            "displayName": user.name, "timeZone": None, "profilePicture": {"path": "/p.png", "width": 48, "height": 48, "isDefault": True},
            "_links": {"self": f"{self._base()}/rest/api/user"}, "_expandable": {},
        }  # fmt: skip

    def _list(self, call: Call, shapes: Sequence[Any], default: int = 25) -> Answer:
        """A page of a list. The link to the next one is relative to the site, with ``/wiki``, and a page may be short before the end."""
        limit = min(int(call.one("limit", str(default))), self.page_size)
        start = int(call.one("cursor", "c0")[1:])
        links: dict[str, str] = {"base": self._base()}
        if start + limit < len(shapes):
            query = {k: v for k, v in call.query.items() if k != "cursor"} | {"cursor": [f"c{start + limit}"]}
            links["next"] = f"/wiki{call.path}?{urlencode(query, doseq=True)}"
        return 200, {}, {"results": list(shapes[start : start + limit]), "_links": links}


def _value(body: Any) -> str:
    inner = body.get("body") or {}
    inner = inner.get("storage", inner)
    if inner.get("representation") != "storage":
        raise Refused(500, "Internal Server Error", "INTERNAL_SERVER_ERROR")
    return str(inner["value"])


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _version(version: Version) -> dict[str, Any]:
    return _plain_version(version) | {"ncsStepVersion": str(version.number)}


def _plain_version(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "message": version.message,
        "minorEdit": version.minor,
        "authorId": version.by,
        "createdAt": _at(version.at),
    }


def _property(found: Property) -> dict[str, Any]:
    version = {"number": found.number, "message": "", "minorEdit": False, "authorId": found.by, "createdAt": _at(found.at)}
    return {"id": found.id, "key": found.key, "value": found.value, "version": version}


def _attachment(page: Page, found: Attachment) -> dict[str, Any]:
    link = f"/download/attachments/{page.id}/{found.name}?version={found.number}&api=v2"
    webui = f"/pages/viewpageattachments.action?pageId={page.id}&preview=%2F{page.id}%2F{found.id[3:]}%2F{found.name}"
    return {
        "id": found.id, "title": found.name, "status": "current", "mediaType": found.media_type, "mediaTypeDescription": None,
        "comment": found.comment, "fileId": f"00000000-0000-4000-8000-{int(found.id[3:]):012d}", "fileSize": len(found.data),
        "pageId": page.id, "createdAt": _at(found.at), "webuiLink": webui, "downloadLink": link,
        "version": {"number": found.number, "message": "", "minorEdit": True, "authorId": page.owner, "createdAt": _at(found.at)},
        "_links": {"download": link, "webui": webui},
    }  # fmt: skip


def _content_attachment(found: Attachment) -> dict[str, Any]:
    return {
        "id": found.id, "type": "attachment", "status": "current", "title": found.name,
        "version": {"by": {"type": "known", "accountId": "x", "accountType": "app", "email": "", "publicName": "", "displayName": "",
                           "profilePicture": {"path": "", "width": 1, "height": 1, "isDefault": True}},
                    "when": _at(found.at), "friendlyWhen": "now", "message": "", "number": found.number, "minorEdit": True},
        "extensions": {"mediaType": found.media_type, "fileSize": len(found.data), "comment": found.comment},
        "_links": {"webui": f"/x/{found.id}", "download": f"/download/{found.id}"},
    }  # fmt: skip


def _comment_of(call: Call) -> str:
    part = call.form.get("comment")
    if part is None:
        return ""
    # Without a charset Confluence reads the field as Latin-1.
    return part[2].decode("utf-8" if "utf-8" in part[1].lower() else "latin-1")

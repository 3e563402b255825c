"""The fake answers as Confluence did when somebody recorded it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.confluence.fake import EMAIL, TOKEN, FakeConfluence
from tests.contract.confluence.fake.spec import specification
from tests.contract.confluence.fake.storage import edited, normalised, parse, write
from tests.shared import require

RECORDED = "specs/confluence/recorded/nango-2026-04"


def recorded(name: str) -> dict[str, Any]:
    return json.loads((require(RECORDED) / f"{name}.json").read_text("utf-8"))


def quoted(what: str) -> Any:
    errors = json.loads(require("specs/confluence/recorded/errors-quoted.json").read_text("utf-8"))["errors"]
    return next(e["body"] for e in errors if e["what"].startswith(what))


@pytest.fixture
def site(cloud: FakeConfluence) -> Session:
    return Session(cloud)


class Session:
    """Plain requests, none of the connector's code."""

    def __init__(self, fake: FakeConfluence) -> None:
        self.fake = fake
        self.space = fake.site.space("OPS").id

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, self.fake.url + path, auth=(EMAIL, TOKEN), timeout=10, **more)

    def page(self, title: str = "A page", body: str = "<p>text</p>") -> dict[str, Any]:
        data = {"spaceId": self.space, "status": "current", "title": title, "body": {"representation": "storage", "value": body}}
        return self.call("POST", "/api/v2/pages", json=data).json()

    def put(self, page: dict[str, Any], number: int, body: str, title: str | None = None) -> requests.Response:
        data = {"id": page["id"], "status": "current", "title": title or page["title"], "version": {"number": number}}
        return self.call("PUT", f"/api/v2/pages/{page['id']}", json=data | {"body": {"representation": "storage", "value": body}})


@pytest.mark.parametrize(
    "name",
    ["v2-page-create", "v2-page-update-noop-keeps-version", "v2-page-property-create", "v2-page-property-update", "v2-pages-list",
     "v2-spaces-list", "v2-page-attachments-list", "v2-footer-comment-create-201", "v2-page-properties-list", "v1-search-cql"],
)  # fmt: skip
def test_a_recorded_answer_is_valid_and_ours_has_its_fields(site: Session, name: str) -> None:
    judge = specification()
    assert judge is not None
    call = recorded(name)
    wanted = call["response"]["body"]
    assert judge.answer(call["request"]["method"], call["request"]["path"], call["response"]["status"], wanted) is None
    answer = _replayed(site, call["request"])
    assert answer.status_code == call["response"]["status"]
    assert _fields(wanted) - _fields(answer.json()) <= KNOWN_GAPS, name


# What recordings show and a publisher never reads.
KNOWN_GAPS = {"results[].spaceOwnerId", "results[].sourceTemplateEntityId", "results[].content._expandable.container"}


def _replayed(site: Session, request: dict[str, Any]) -> requests.Response:
    """The recorded request, with our ids in place of the recorded ones."""
    page = site.page("Recorded", "<p>Updated body for testing</p>")
    site.fake.site.attach(site.fake.site.pages[page["id"]], "a.svg", "image/svg+xml", b"x", "")
    site.fake.site.reindex()
    path = request["path"].removeprefix("/wiki")
    body = dict(request.get("json") or {})
    if path.endswith("/properties") and request["method"] == "GET":
        site.call("POST", f"/api/v2/pages/{page['id']}/properties", json={"key": "k", "value": 1})
    parts = path.split("/")
    if "pages" in parts and len(parts) > 4:
        parts[4] = page["id"]
    if len(parts) > 6 and parts[5] == "properties":
        made = site.call("POST", f"/api/v2/pages/{page['id']}/properties", json={"key": body["key"], "value": 1}).json()
        parts[6] = made["id"]
        body["version"] = {"number": 2}
    if "spaceId" in body:
        body["spaceId"] = site.space
    if "pageId" in body:
        body["pageId"] = page["id"]
    if "version" in body and "body" in body:
        body |= {"id": page["id"], "title": page["title"], "version": {"number": 2}}
    return site.call(request["method"], "/".join(parts), params=request.get("query"), json=body or None)


def _fields(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(_fields(v, f"{path}[]") for v in value[:1])) if value else set()
    if not isinstance(value, dict) or path.endswith((".value", "_expandable", "_links", "properties", "draftVersion")):
        return {path}
    return set().union(*(_fields(v, f"{path}.{k}" if path else k) for k, v in value.items())) if value else {path}


def test_recorded_bodies_come_back_as_they_are() -> None:
    """Real pages parse, and are written as Confluence writes them: our normalisation adds nothing that Confluence does not."""
    for page in recorded("v2-pages-storage-bodies")["response"]["body"]["results"]:
        body = page["body"]["storage"]["value"]
        assert write(parse(body)) == body, page["title"]
        parse(edited(normalised(body)))


def test_an_update_without_a_change_keeps_the_version(site: Session) -> None:
    page = site.page()
    assert site.put(page, 2, "<p>text</p>").json()["version"]["number"] == 1
    assert site.put(page, 2, "<p>other</p>").json()["version"]["number"] == 2


def test_refusals_have_the_recorded_words(site: Session) -> None:
    page = site.page()
    for number in (2, 3):
        assert site.put(page, number, f"<p>{number}</p>").status_code == 200
    stale = site.put(page, 3, "<p>late</p>")
    assert (stale.status_code, stale.json()["errors"][0]["title"]) == (409, quoted("stale page version")["errors"][0]["title"])
    taken = site.call("POST", "/api/v2/pages", json=_new(site, page["title"]))
    assert (taken.status_code, taken.json()) == (400, quoted("title already used"))
    unknown = site.call("GET", "/rest/api/content/1")
    assert (unknown.status_code, unknown.json()["message"]) == (410, quoted("removed v1 endpoint")["message"])
    site.fake.invalid.clear()
    for _ in range(2):
        form = {"file": ("a.png", b"x", "image/png"), "minorEdit": (None, "true")}
        path = f"/rest/api/content/{page['id']}/child/attachment"
        twice = site.call("POST", path, files=form, headers={"X-Atlassian-Token": "no-check"})
    assert twice.status_code == 400
    assert twice.json()["message"].split(": ")[1] == quoted("attachment name exists")["message"].split(": ")[1]
    broken = site.put(page, 4, "<p>not closed")
    assert (broken.status_code, "xhtml" in broken.text) == (400, True)


def _new(site: Session, title: str) -> dict[str, Any]:
    return {"spaceId": site.space, "title": title, "body": {"representation": "storage", "value": "<p>x</p>"}}


def test_archived_pages_keep_their_titles_and_the_search_lags(site: Session) -> None:
    page = site.page("Old")
    search = {"cql": 'type = page and title = "Old"'}
    assert site.call("GET", "/rest/api/search", params=search).json()["results"] == []
    site.fake.site.reindex()
    assert len(site.call("GET", "/rest/api/search", params=search).json()["results"]) == 1
    site.call("POST", "/rest/api/content/archive", json={"pages": [{"id": int(page["id"])}]})
    assert site.call("POST", "/api/v2/pages", json=_new(site, "Old")).status_code == 400


def test_a_wrong_credential_is_a_missing_page(site: Session) -> None:
    page = site.page()
    site.fake.token = "another"
    assert site.call("GET", f"/api/v2/pages/{page['id']}").json() == quoted("credential rejected")
    assert site.call("GET", "/rest/api/user/current").status_code == 403


def test_the_gateway_has_its_own_words(tmp_path: Path) -> None:
    with FakeConfluence("gateway") as fake:
        fake.missing_scopes.append("POST .*attachment")
        answer = requests.post(
            fake.url + "/rest/api/content/1/child/attachment",
            headers={"Authorization": f"Bearer {TOKEN}", "X-Atlassian-Token": "no-check"},
            files={"file": ("a.png", b"x"), "minorEdit": (None, "true")},
            timeout=10,
        )
        assert (answer.status_code, answer.json()) == (401, quoted("token lacks a scope"))


def test_every_invalid_request_is_noticed(site: Session) -> None:
    """Otherwise the promise of this folder, that all requests are valid, would be worth nothing."""
    page = site.page()
    for method, path, more in (
        ("GET", "/api/v2/pages", {"params": {"spaceKey": "OPS"}}),
        ("GET", f"/api/v2/pages/{page['id']}", {"params": {"body-format": "wiki"}}),
        ("GET", "/api/v2/pages", {"params": {"limit": 1000}}),
        ("POST", "/api/v2/pages", {"json": {"title": "no space"}}),
        ("PUT", f"/api/v2/pages/{page['id']}", {"json": {"title": "no version"}}),
        ("POST", "/api/v2/footer-comments", {"json": {"pageId": page["id"], "text": "x"}}),
        ("GET", "/api/v2/nothing", {}),
    ):
        before = len(site.fake.invalid)
        assert site.call(method, path, **more).status_code >= 400
        assert len(site.fake.invalid) == before + 1, path
    site.fake.invalid.clear()

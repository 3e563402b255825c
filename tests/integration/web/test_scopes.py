"""A token that is bound to scopes opens what they are for and nothing else, on every route."""

from __future__ import annotations

import re
from typing import Any

import pytest

from plugin.services import people
from plugin.services.caller import SCOPES, Scope
from plugin.web.access import Access, access_of
from tests.integration.web.conftest import House, document

PUBLISHING = {
    ("POST", "/api/v1/sops/<sop_id>/publications"), ("POST", "/api/v1/publications/<publication_id>/resolve"),
    ("DELETE", "/api/v1/publications/<publication_id>"),
}  # fmt: skip


def routes(house: House) -> list[tuple[str, str, Access]]:
    found = []
    for rule in house.app.url_map.iter_rules():
        entry = access_of(house.app.view_functions[rule.endpoint])
        if entry is not None and entry.check == "caller" and rule.rule.startswith("/api/v1/"):
            found += [(method, rule.rule, entry) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
    return found


def token(house: House, *scopes: Scope) -> dict[str, str]:
    made = people.make_token(house.deps, house.ours["admin"].caller, name="bound", scopes=scopes)
    return {"Authorization": f"Bearer {made.secret}"}


def call(house: House, headers: dict[str, str], method: str, rule: str) -> Any:
    path = re.sub(r"<(?:int:)?(\w+)>", lambda m: "1" if m[1] in ("number", "n") else "unknown", rule)
    return house.client().open(path, method=method, headers=headers, json={} if method in ("POST", "PUT", "PATCH") else None)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_route_asks_for_its_scope(house: House, scope: Scope) -> None:
    headers = token(house, scope)
    wrong = []
    for method, rule, entry in routes(house):
        needed = entry.needs(method)
        answer = call(house, headers, method, rule)
        refused = answer.status_code == 403 and (method == "HEAD" or f"'{needed}'" in answer.json["detail"])
        if refused != (needed not in ("read", scope)):
            wrong.append((method, rule, needed, answer.status_code))
    assert wrong == []


def test_publishing_is_a_scope_of_its_own_and_administration_too(house: House) -> None:
    needs = {(method, rule): entry.needs(method) for method, rule, entry in routes(house)}
    assert {key for key, scope in needs.items() if scope == "publish"} == PUBLISHING
    admins = {(method, rule) for method, rule, entry in routes(house) if entry.role == "admin"}
    assert admins <= {key for key, scope in needs.items() if scope == "admin"}
    assert all(scope != "read" for (method, rule), scope in needs.items() if method not in ("GET", "HEAD") and rule != "/api/v1/tickets")


def test_a_bound_token_of_an_admin_is_no_admin(house: House) -> None:
    headers = token(house, "write")
    assert house.client().get("/api/v1/me", headers=headers).json["role"] == "author"
    made = house.client().post("/api/v1/sops", json={"document": document()}, headers=headers)
    assert made.status_code == 201
    answer = house.client().post("/api/v1/people", json={"email": "x@example.com", "name": "X"}, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")


def test_a_bound_token_makes_nothing_that_may_do_more(house: House) -> None:
    headers = token(house, "read", "admin")
    assert house.client().post("/api/v1/tokens", json={"name": "more"}, headers=headers).status_code == 403
    ticket = house.client().post("/api/v1/tickets", json={}, headers=token(house, "read")).json["secret"]
    answer = house.client().post("/api/v1/sops", json={"document": document()}, headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == 403


def test_the_api_makes_and_lists_bound_tokens(house: House) -> None:
    author = house.ours["author"]
    made = house.call(author, "POST", "/api/v1/tokens", json={"name": "ci", "scopes": ["publish", "read"]})
    assert made.json["scopes"] == ["read", "publish"]
    listed = house.call(author, "GET", "/api/v1/tokens").json["items"]
    assert {t["name"]: t["scopes"] for t in listed} == {"ci": ["read", "publish"], "tests": list(SCOPES)}
    for scopes in ([], ["root"], "read"):
        assert house.call(author, "POST", "/api/v1/tokens", json={"name": "ci", "scopes": scopes}).status_code == 422

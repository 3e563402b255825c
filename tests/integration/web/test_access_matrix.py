"""Every route, as everybody: what happens is what docs/reference/api.md promises. A new route without a line there fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugin.web.access import access_of
from tests.integration.web.conftest import Actor, House

DOC = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
COLUMNS = ("nobody", "viewer", "author", "admin", "ticket")
_LINE = re.compile(r"\| `(/[^`]*)` \| ([A-Z]+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|")
# The pages and the entrances of other systems have their own tests and their own documents.
_ELSEWHERE = ("ui.", "oidc.", "forge", "notion", "confluence")


def _promised() -> dict[tuple[str, str], dict[str, str]]:
    return {(m[1], m[2]): dict(zip(COLUMNS, m.groups()[2:], strict=True)) for m in _LINE.finditer(DOC.read_text("utf-8"))}


def _routes(house: House) -> set[tuple[str, str]]:
    found = set()
    for rule in house.app.url_map.iter_rules():
        if not rule.endpoint.startswith(_ELSEWHERE):
            methods = rule.methods or set()
            found |= {(rule.rule, method) for method in (methods - {"OPTIONS", "HEAD"} or methods)}
    return found


def test_the_document_names_every_route(house: House) -> None:
    assert set(_promised()) == _routes(house)


def test_no_view_is_without_a_word_about_access(house: House) -> None:
    assert [endpoint for endpoint, view in house.app.view_functions.items() if access_of(view) is None] == []


def test_everybody_gets_what_the_document_promises(house: House) -> None:
    ticket = house.call(house.ours["author"], "POST", "/api/v1/tickets", json={}).json["secret"]
    callers = {
        "nobody": None,
        "viewer": house.ours["reader"],
        "author": house.ours["author"],
        "admin": house.ours["admin"],
        "ticket": Actor(caller=house.ours["author"].caller, email="", token=ticket),
    }
    wrong = []
    for (rule, method), promised in sorted(_promised().items()):
        pattern = re.sub(
            r"<int:\w+>",
            "1",
            re.sub(r"<(path:)?\w+_?(id|token|target|name|slug|digest|filename)>", "unknown", rule.replace("<person_id>", "{me}")),
        )
        for who, caller in callers.items():
            if promised[who] == "itself":
                continue
            path = pattern.replace("{me}", (caller.caller.person_id if caller else None) or "unknown")
            headers = {"Tus-Resumable": "1.0.0"} if "/uploads" in rule else {}
            answer = house.call(caller, method, path, json={} if method in {"POST", "PUT", "PATCH"} else None, headers=headers)
            refused = answer.status_code in {401, 403}
            # A link of a mail proves by its own signature who follows it.
            if refused != (promised[who] == "no") and "/links/" not in rule:
                wrong.append(f"{method} {path} as {who}: {answer.status_code}, promised {promised[who]}")
            answer.close()
    assert wrong == []


@pytest.mark.parametrize("who", ["reader", "author", "admin"])
def test_a_role_of_one_workspace_opens_nothing_of_the_other(house: House, who: str) -> None:
    theirs = house.call(house.theirs["admin"], "GET", "/api/v1/people").json["items"]
    for person in theirs:
        for method in ("GET", "PATCH"):
            answer = house.call(house.ours[who], method, f"/api/v1/people/{person['id']}", json={} if method == "PATCH" else None)  # type: ignore[index]
            unknown = house.call(house.ours[who], method, "/api/v1/people/per_unknown", json={} if method == "PATCH" else None)  # type: ignore[index]
            assert answer.status_code == unknown.status_code
            assert answer.status_code in {403, 404}
            assert _without_number(answer.json) == _without_number(unknown.json)


def _without_number(problem: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in problem.items() if name != "instance"}

"""What goes with every answer, and what is refused before a view sees it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.integration.web.conftest import House, document

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/signin",
        "/healthz",
        "/readyz",
        "/metrics",
        "/nowhere",
        "/api/docs",
        "/api/v1/me",
        "/api/v1/openapi.json",
        "/problems/gone",
        "/problems/none",
    ],
)
def test_every_answer_carries_the_headers_of_a_careful_service(make_house: Callable[..., House], path: str) -> None:
    house = make_house(base_url="https://sops.example.com")
    answer = house.client().get(path)
    for name, value in EVERYWHERE.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors" in policy
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert int(answer.headers["Strict-Transport-Security"].split("=")[1].split(";")[0]) >= 31_536_000


def test_private_answers_are_kept_by_nobody(house: House) -> None:
    for path in ("/api/v1/me", "/api/v1/sops", "/api/v1/people", "/api/v1/nowhere"):
        assert house.call(house.ours["admin"], "GET", path).headers["Cache-Control"] == "no-store"


def test_an_error_is_a_problem_document_with_a_number_for_the_operator(house: House) -> None:
    answer = house.call(None, "GET", "/api/v1/me")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) == {"type", "title", "status", "detail", "instance"}
    assert answer.json["instance"].endswith(answer.headers["X-Request-Id"])
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert house.client().get(answer.json["type"]).json["status"] == 401


def test_a_method_that_is_not_there_names_those_that_are(house: House) -> None:
    answer = house.call(house.ours["admin"], "PUT", "/api/v1/sops")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_our_own_mistake_shows_no_trace_of_the_inside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("plugin.services.library.counts", fail)
    answer = house.call(house.ours["reader"], "GET", "/api/v1/sops/counts")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 10_000, 400),
        (b'{"document": {"a": 1e400}}', 400),
        (b'{"document": {}, "document": {}}', 400),
        (b'{"document": "' + b"x" * (65 * 2**20) + b'"}', 413),
        (b"", 400),
    ],
    ids=["deep", "infinite", "doubled", "large", "empty"],
)
def test_hostile_bodies_are_refused(house: House, body: bytes, status: int) -> None:
    answer = house.call(house.ours["author"], "POST", "/api/v1/sops", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status


def test_packed_and_many_part_bodies_are_refused(house: House) -> None:
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert house.call(house.ours["author"], "POST", "/api/v1/sops", data=b"\x1f\x8b", headers=packed).status_code == 415
    parts = {f"part{n}": "x" for n in range(10_000)}
    assert house.call(house.ours["author"], "POST", "/api/v1/sops", data=parts).status_code == 415


def test_a_foreign_page_may_ask_but_never_with_cookies(house: House) -> None:
    asked = house.client().options(
        "/api/v1/uploads",
        headers={
            "Origin": "https://wiki.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "tus-resumable",
        },
    )
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "Tus-Resumable" in asked.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked.headers
    anonymous = house.client().get("/api/v1/me", headers={"Origin": "https://wiki.example.com"})
    assert "Access-Control-Allow-Origin" not in anonymous.headers


def test_figures_are_for_this_machine_or_for_the_bearer_of_their_token(make_house: Callable[..., House]) -> None:
    open_to_localhost = make_house()
    client = open_to_localhost.client()
    assert b"sopwright_http_requests_total" in client.get("/metrics").data
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404
    with_token = make_house(metrics_token="scrape-me-please").client()
    assert with_token.get("/metrics").status_code == 404
    assert with_token.get("/metrics", headers={"Authorization": "Bearer scrape-me-please"}).status_code == 200


def test_figures_never_hold_ids_or_secrets(house: House) -> None:
    answer = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()})
    house.call(house.ours["author"], "GET", f"/api/v1/sops/{answer.json['sop_id']}")
    figures = house.client().get("/metrics").text
    assert "sop_0" not in figures
    assert house.ours["author"].token not in figures
    assert "/api/v1/sops/<sop_id>" in figures


def test_nothing_of_the_inside_lies_open(house: House) -> None:
    for path in (
        "/.git/config",
        "/console",
        "/static/../app.py",
        "/ui/x/../../views.py",
        "/api/docs/static/../../app.py",
        "/admin/queue/..%2f..%2f",
    ):
        answer = house.client().get(path)
        assert answer.status_code in {200, 404}
        assert b"import " not in answer.data


def test_ready_tells_strangers_only_names_and_states(house: House) -> None:
    answer = house.client().get("/readyz")
    assert set(answer.json) == {"state", "checks"}
    assert str(house.deps.settings.data_dir) not in json.dumps(answer.json)

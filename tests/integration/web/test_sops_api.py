"""SOPs over the API: import, edit under If-Match, history, repeated POSTs, what one workspace sees of another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.web.conftest import Actor, House, document


def _import(house: House, actor: Actor | None = None, **more: Any) -> tuple[str, str]:
    answer = house.call(actor or house.ours["author"], "POST", "/api/v1/sops", json={"document": document(**more)})
    assert answer.status_code == 201, answer.json
    return answer.json["sop_id"], answer.headers["ETag"]


def _save(house: House, sop_id: str, etag: str, document: dict[str, Any], actor: Actor | None = None) -> Any:
    url = f"/api/v1/sops/{sop_id}/draft"
    return house.call(actor or house.ours["author"], "PUT", url, json={"document": document}, headers={"If-Match": etag})


def _read(house: House, sop_id: str) -> dict[str, Any]:
    page: dict[str, Any] = house.call(house.ours["author"], "GET", f"/api/v1/sops/{sop_id}").json
    return page


def test_an_imported_document_is_found_and_read(house: House) -> None:
    sop_id, etag = _import(house)
    page = house.call(house.ours["reader"], "GET", f"/api/v1/sops/{sop_id}")
    assert page.headers["ETag"] == etag
    assert page.json["document"]["steps"][1]["action"] == "Press Restart."
    found = house.call(house.ours["reader"], "GET", "/api/v1/sops?query=restart").json["items"]
    assert [row["id"] for row in found] == [sop_id]


def test_an_unknown_state_of_the_filter_is_told(house: House) -> None:
    answer = house.call(house.ours["reader"], "GET", "/api/v1/sops?status=finished")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "status"


def test_a_save_needs_to_say_what_it_started_from(house: House) -> None:
    sop_id, _ = _import(house)
    page = _read(house, sop_id)
    url = f"/api/v1/sops/{sop_id}/draft"
    assert house.call(house.ours["author"], "PUT", url, json={"document": page["document"]}).status_code == 428
    assert house.call(house.ours["author"], "PUT", url, json={"document": page["document"]}, headers={"If-Match": "*"}).status_code == 428


def test_two_people_editing_different_passages_both_keep_theirs(house: House) -> None:
    sop_id, etag = _import(house)
    base = _read(house, sop_id)["document"]
    assert _save(house, sop_id, etag, {**base, "purpose": "To get it going again."}).status_code == 200
    merged = _save(house, sop_id, etag, {**base, "summary": "Two steps."}, house.ours["admin"])
    assert merged.json["merged"]
    now = _read(house, sop_id)["document"]
    assert (now["purpose"], now["summary"]) == ("To get it going again.", "Two steps.")


def test_two_people_editing_the_same_passage_see_both_and_nothing_is_lost(house: House) -> None:
    sop_id, etag = _import(house)
    base = _read(house, sop_id)["document"]
    _save(house, sop_id, etag, {**base, "purpose": "Theirs."})
    clash = _save(house, sop_id, etag, {**base, "purpose": "Ours."}, house.ours["admin"])
    assert clash.status_code == 409
    assert clash.json["type"] == "/problems/edit-clash"
    assert clash.json["clashes"][0] == {"path": "purpose", "base": None, "theirs": "Theirs.", "ours": "Ours."}
    assert _read(house, sop_id)["document"]["purpose"] == "Theirs."


def test_a_document_that_does_not_fit_is_shown_the_place(house: House) -> None:
    answer = house.call(
        house.ours["author"], "POST", "/api/v1/sops", json={"document": document(steps=[{"id": "a", "number": "one", "action": "x"}])}
    )
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "/steps/0/number"


def test_history_shows_differences_and_restores(house: House) -> None:
    sop_id, etag = _import(house)
    base = _read(house, sop_id)["document"]
    _save(house, sop_id, etag, {**base, "title": "Restart the queue safely"})
    history = house.call(house.ours["reader"], "GET", f"/api/v1/sops/{sop_id}/revisions").json["items"]
    assert [r["number"] for r in history] == [2, 1]
    difference = house.call(house.ours["reader"], "GET", f"/api/v1/sops/{sop_id}/diff?from=1&to=2").json
    assert [f["field"] for f in difference["fields"]] == ["title"]
    restored = house.call(house.ours["author"], "POST", f"/api/v1/sops/{sop_id}/restore", json={"revision": 1})
    assert restored.json["revision"] == 3
    assert _read(house, sop_id)["document"]["title"] == "Restart the queue"


def test_a_repeated_post_acts_once(house: House) -> None:
    headers = {"Idempotency-Key": "one-intention"}
    first = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()}, headers=headers)
    again = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()}, headers=headers)
    assert again.json == first.json
    assert again.status_code == first.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(house.call(house.ours["author"], "GET", "/api/v1/sops").json["items"]) == 1


def test_the_same_key_for_another_request_is_refused(house: House) -> None:
    headers = {"Idempotency-Key": "one-intention"}
    house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()}, headers=headers)
    other = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document(title="Another")}, headers=headers)
    assert other.status_code == 422


def test_the_same_key_of_somebody_else_is_another_intention(house: House) -> None:
    headers = {"Idempotency-Key": "one-intention"}
    ids = [
        house.call(actor, "POST", "/api/v1/sops", json={"document": document()}, headers=headers).json["sop_id"]
        for actor in (house.ours["author"], house.theirs["author"])
    ]
    assert ids[0] != ids[1]


def test_parallel_posts_under_one_key_make_one_sop(house: House) -> None:
    headers = {"Idempotency-Key": "one-intention"}

    def post(_: int) -> int:
        return house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(post, range(8)))
    assert codes <= {201, 409}
    assert len(house.call(house.ours["author"], "GET", "/api/v1/sops").json["items"]) == 1


def test_a_request_that_failed_may_be_repeated_under_its_key(house: House) -> None:
    headers = {"Idempotency-Key": "one-intention"}
    bad = {"document": document(title=5)}
    assert house.call(house.ours["author"], "POST", "/api/v1/sops", json=bad, headers=headers).status_code == 422
    good = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document()}, headers=headers)
    assert good.status_code == 201


def test_another_workspace_sees_nothing_of_it(house: House) -> None:
    sop_id, etag = _import(house)
    stranger = house.theirs["admin"]
    assert house.call(stranger, "GET", "/api/v1/sops?query=restart").json["items"] == []
    assert house.call(stranger, "GET", "/api/v1/sops/counts").json["total"] == 0
    for method, tail, body in (
        ("GET", "", None), ("GET", "/revisions", None), ("GET", "/revisions/1", None), ("GET", "/diff?from=1&to=1", None), ("GET", "/checklist", None),
        ("GET", "/preview/filesystem", None), ("GET", "/approvals", None), ("GET", "/reviews", None), ("GET", "/audit", None), ("GET", "/publications", None),
        ("POST", "/restore", {"revision": 1}), ("PUT", "/draft", {"document": document(id=sop_id)}), ("PUT", "/owner", {"owner": None}),
        ("PUT", "/policy", {}), ("POST", "/approvals", {}), ("POST", "/images", {"time": 1}), ("POST", "/reviews", {"outcome": "still_right"}),
        ("POST", "/snooze", {"until": "2027-03-01", "reason": "Holiday"}), ("POST", "/publications", {"connection_id": "con_1", "place": "x"}),
    ):  # fmt: skip
        theirs = house.call(stranger, method, f"/api/v1/sops/{sop_id}{tail}", json=body, headers={"If-Match": etag})
        unknown_body = {"document": document(id="sop_unknown")} if tail == "/draft" else body
        unknown = house.call(stranger, method, f"/api/v1/sops/sop_unknown{tail}", json=unknown_body, headers={"If-Match": etag})
        assert theirs.status_code == unknown.status_code == 404, (method, tail, theirs.json)
        assert {**theirs.json, "instance": ""} == {**unknown.json, "instance": ""}


def test_planted_members_do_not_act(house: House) -> None:
    for body in ({"workspace_id": house.theirs["admin"].caller.workspace_id}, {"role": "admin"}, {"status": "approved"}):
        answer = house.call(house.ours["author"], "POST", "/api/v1/sops", json={"document": document(), **body})
        assert answer.status_code == 422
    promoted = house.call(house.ours["author"], "PATCH", f"/api/v1/people/{house.ours['author'].caller.person_id}", json={"role": "admin"})
    assert promoted.status_code == 403


def test_a_huge_limit_is_capped(house: House) -> None:
    for path in ("/api/v1/sops", "/api/v1/jobs", "/api/v1/recordings"):
        assert house.call(house.ours["reader"], "GET", f"{path}?limit=1000000000").status_code == 200
        assert house.call(house.ours["reader"], "GET", f"{path}?cursor=nonsense").status_code in {200, 422}


def test_a_ticket_for_one_sop_opens_that_one_only(house: House) -> None:
    mine, _ = _import(house)
    other, _ = _import(house, title="Another")
    issued = house.call(house.ours["author"], "POST", "/api/v1/tickets", json={"sop_id": mine, "seconds": 60})
    bearer = {"Authorization": f"Bearer {issued.json['secret']}", "Origin": "https://wiki.example.com"}
    client = house.client()
    opened = client.get(f"/api/v1/sops/{mine}", headers=bearer)
    assert opened.status_code == 200
    assert opened.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in opened.headers
    assert client.get(f"/api/v1/sops/{other}", headers=bearer).status_code == 404
    assert client.get("/api/v1/sops", headers=bearer).status_code == 403
    assert client.get("/api/v1/tokens", headers=bearer).status_code == 403
    assert client.get("/api/v1/me", headers=bearer).status_code == 200
    house.clock.forward(seconds=61)
    assert client.get(f"/api/v1/sops/{mine}", headers=bearer).status_code == 401


def test_a_ticket_of_an_author_can_be_lowered_to_reading(house: House) -> None:
    sop_id, etag = _import(house)
    ticket = house.call(house.ours["author"], "POST", "/api/v1/tickets", json={"role": "viewer"}).json["secret"]
    bearer = {"Authorization": f"Bearer {ticket}", "If-Match": etag}
    answer = house.client().put(f"/api/v1/sops/{sop_id}/draft", json={"document": document(id=sop_id)}, headers=bearer)
    assert answer.status_code == 403


def test_a_secret_is_shown_once(house: House) -> None:
    made = house.call(house.ours["author"], "POST", "/api/v1/tokens", json={"name": "ci"}).json
    assert made["secret"]
    listed = house.call(house.ours["author"], "GET", "/api/v1/tokens").json["items"]
    assert all(token["secret"] is None for token in listed)
    stranger = house.call(house.ours["admin"], "DELETE", f"/api/v1/tokens/{made['id']}")
    assert stranger.status_code == 404
    assert house.call(house.ours["author"], "DELETE", f"/api/v1/tokens/{made['id']}").status_code == 204

"""Sessions: fresh at each sign-in, dead after sign-out, useless to other sites and in other places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugin.services import people
from tests.integration.web.conftest import PASSWORD, House

SIGN_IN = "/api/v1/session"


def _sign_in(house: House, email: str = "author@ours.example.com") -> tuple[object, str]:
    client = house.client()
    answer = client.post(SIGN_IN, json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.json
    return client, answer.json["csrf_token"]


def test_a_person_signs_in_and_sees_who_they_are(house: House) -> None:
    client = house.client()
    answer = client.post(SIGN_IN, json={"email": "Author@ours.example.com", "password": PASSWORD})
    assert answer.json["role"] == "author"
    assert answer.json["email"] == "author@ours.example.com"
    assert client.get("/api/v1/me").json == answer.json


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(make_house: Callable[..., House]) -> None:
    house = make_house(base_url="https://sops.example.com")
    answer = house.client().post(SIGN_IN, json={"email": "author@ours.example.com", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(house: House) -> None:
    wrong = house.client().post(SIGN_IN, json={"email": "author@ours.example.com", "password": "not the passphrase"})
    unknown = house.client().post(SIGN_IN, json={"email": "nobody@example.com", "password": "not the passphrase"})
    assert (wrong.status_code, wrong.json["detail"]) == (unknown.status_code, unknown.json["detail"])
    assert wrong.status_code == 403


def test_a_session_that_was_planted_before_is_not_taken_over(house: House) -> None:
    client = house.client()
    client.set_cookie("sopwright_session", "planted-by-somebody")
    answer = client.post(SIGN_IN, json={"email": "author@ours.example.com", "password": PASSWORD})
    assert "planted" not in answer.headers["Set-Cookie"]


def test_signing_in_again_ends_the_session_before(house: House) -> None:
    client, _ = _sign_in(house)
    old = client.get_cookie("sopwright_session").value
    client.post(SIGN_IN, json={"email": "author@ours.example.com", "password": PASSWORD})
    thief = house.client()
    thief.set_cookie("sopwright_session", old)
    assert thief.get("/api/v1/me").status_code == 401


def test_a_cookie_is_worth_nothing_after_signing_out(house: House) -> None:
    client, csrf = _sign_in(house)
    old = client.get_cookie("sopwright_session").value
    assert client.delete(SIGN_IN, headers={"X-CSRF-Token": csrf}).status_code == 204
    client.set_cookie("sopwright_session", old)
    assert client.get("/api/v1/me").status_code == 401


def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    here, csrf = _sign_in(house)
    elsewhere, _ = _sign_in(house)
    me = here.get("/api/v1/me").json["id"]
    changed = here.patch(
        f"/api/v1/people/{me}", json={"password": "another long passphrase", "old_password": PASSWORD}, headers={"X-CSRF-Token": csrf}
    )
    assert changed.status_code == 200
    assert elsewhere.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "ü"}])
def test_a_cookie_alone_changes_nothing(house: House, headers: dict[str, str]) -> None:
    client, _ = _sign_in(house)
    answer = client.post("/api/v1/tokens", json={"name": "x"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json["type"] == "/problems/cross-site"


def test_another_site_changes_nothing_even_with_the_token(house: House) -> None:
    client, csrf = _sign_in(house)
    answer = client.post("/api/v1/tokens", json={"name": "x"}, headers={"X-CSRF-Token": csrf, "Origin": "https://evil.example.com"})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_csrf_token_of_another_session_does_not_fit(house: House) -> None:
    client, _ = _sign_in(house)
    _, foreign = _sign_in(house, "admin@ours.example.com")
    assert client.post("/api/v1/tokens", json={"name": "x"}, headers={"X-CSRF-Token": foreign}).status_code == 403


def test_a_forms_cross_site_post_does_not_sign_anybody_in(house: House) -> None:
    answer = house.client().post(SIGN_IN, data={"email": "author@ours.example.com", "password": PASSWORD})
    assert answer.status_code == 415
    assert "Set-Cookie" not in answer.headers


def test_a_session_does_not_work_as_a_bearer_nor_a_token_as_a_cookie(house: House) -> None:
    client, _ = _sign_in(house)
    session = client.get_cookie("sopwright_session").value
    assert house.client().get("/api/v1/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    client.set_cookie("sopwright_session", house.ours["author"].token)
    assert client.get("/api/v1/me").status_code == 401


def test_guessing_is_slowed_down(house: House) -> None:
    answers = [house.client().post(SIGN_IN, json={"email": f"p{n}@example.com", "password": "guess"}).status_code for n in range(40)]
    assert answers[-1] == 429
    tokens = [house.client().get("/api/v1/me", headers={"Authorization": f"Bearer guess{n}"}).status_code for n in range(3)]
    assert tokens == [429] * 3


def test_guessed_tokens_are_slowed_down_and_cookies_of_others_go_on_working(house: House) -> None:
    client, _ = _sign_in(house)
    answers = {house.client().get("/api/v1/me", headers={"Authorization": f"Bearer guess{n}"}).status_code for n in range(40)}
    assert answers == {401, 429}
    assert client.get("/api/v1/me").status_code == 200


def test_an_upload_that_outlives_its_ticket_is_not_taken_for_guessing(house: House) -> None:
    author = house.ours["author"]
    old = house.call(author, "POST", "/api/v1/tickets", json={"seconds": 60}).json["secret"]
    house.clock.forward(minutes=2)
    stale = {house.client().get("/api/v1/me", headers={"Authorization": f"Bearer {old}"}).status_code for _ in range(40)}
    assert stale == {401}
    fresh = house.call(author, "POST", "/api/v1/tickets", json={}).json["secret"]
    assert house.client().get("/api/v1/me", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200
    # One that was changed is none of ours, and counts.
    forged = {house.client().get("/api/v1/me", headers={"Authorization": f"Bearer {old[:-2]}xx"}).status_code for _ in range(40)}
    assert forged == {401, 429}


def test_an_answer_without_content_names_no_type_of_it(house: House) -> None:
    client, csrf = _sign_in(house)
    gone = client.delete(SIGN_IN, headers={"X-CSRF-Token": csrf})
    assert gone.status_code == 204
    assert "Content-Type" not in gone.headers


def test_a_deactivated_person_is_out_at_once(house: House) -> None:
    client, _ = _sign_in(house)
    author, admin = house.ours["author"], house.ours["admin"]
    people.change(house.deps, admin.caller, author.caller.person_id or "", active=False)
    assert client.get("/api/v1/me").status_code == 401
    assert house.call(author, "GET", "/api/v1/me").status_code == 401


def test_a_lowered_role_counts_at_once(house: House) -> None:
    author, admin = house.ours["author"], house.ours["admin"]
    ticket = house.call(author, "POST", "/api/v1/tickets", json={}).json["secret"]
    people.change(house.deps, admin.caller, author.caller.person_id or "", role="reader")
    for secret in (author.token, ticket):
        answer = house.client().post("/api/v1/sops", json={"document": {}}, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 403

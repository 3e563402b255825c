"""Signed links of mails over HTTP: what a mail scanner, a mail program and a person do with them."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import pytest

from plugin.services import links, people
from tests.integration.web.conftest import House, document


def path_of(url: str) -> str:
    return urlsplit(url).path


def test_the_unsubscribe_button_of_a_mail_program_works_without_cookies_and_twice(house: House) -> None:
    who = house.ours["reader"].caller
    path = path_of(links.unsubscribe_url(house.deps, person_id=who.person_id or ""))
    assert house.call(None, "GET", path).status_code == 302
    assert people.person(house.deps, who, who.person_id or "").mail is True
    for _ in range(2):  # as RFC 8058 says it is sent
        answer = house.call(None, "POST", path, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.get_data(as_text=True)) == (200, "You get no more of these mails.\n")
    assert people.person(house.deps, who, who.person_id or "").mail is False


def test_a_one_click_post_never_answers_a_review(house: House) -> None:
    who = house.ours["author"]
    sop_id = house.call(who, "POST", "/api/v1/sops", json={"document": document()}).json["sop_id"]
    url = links.review_url(house.deps, person_id=who.caller.person_id or "", sop_id=sop_id, due=date(2027, 1, 15), action="retire")
    assert house.call(None, "POST", path_of(url)).status_code == 404
    assert house.call(who, "GET", f"/api/v1/sops/{sop_id}/reviews").json["history"] == []


@pytest.mark.parametrize("change", ["x", ""])
def test_a_forged_link_does_nothing(house: House, change: str) -> None:
    token = path_of(links.unsubscribe_url(house.deps, person_id=house.ours["reader"].caller.person_id or "")).split("/")[-1]
    forged = token.replace(".", f"{change}.") if change else "none"
    assert house.call(None, "POST", f"/links/{forged}").status_code == 403
    assert house.call(None, "GET", f"/api/v1/links/{forged}").status_code == 403


def test_a_forwarded_link_shows_names_but_no_addresses_of_colleagues(house: House) -> None:
    who = house.ours["author"]
    sop_id = house.call(who, "POST", "/api/v1/sops", json={"document": document()}).json["sop_id"]
    me = who.caller.person_id or ""
    house.call(who, "PUT", f"/api/v1/sops/{sop_id}/owner", json={"owner": me})
    url = links.review_url(house.deps, person_id=me, sop_id=sop_id, due=date(2027, 1, 15))
    answer = house.call(None, "GET", "/api/v1" + path_of(url))
    assert answer.status_code == 200
    assert "@" not in answer.get_data(as_text=True)

"""Sign-in through a provider: what is proven opens an account, everything else opens nothing and says what to do."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from plugin.services import people
from plugin.web.oidc.claims import b64
from tests.integration.web.conftest import House
from tests.integration.web.oidc_provider import CLIENT, SECRET, FakeProvider, provider

AUTHOR = "author@ours.example.com"


@pytest.fixture
def world(make_house: Callable[..., House]) -> Iterator[tuple[House, FakeProvider]]:
    with provider() as fake:
        house = make_house(oidc_issuer=fake.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Example ID")
        fake.now = lambda: house.clock().timestamp()
        fake.claims = {"email": AUTHOR, "email_verified": True, "name": "Author"}
        yield house, fake


def begin(client: FlaskClient, following: str = "/") -> str:
    answer = client.get("/signin/oidc", query_string={"next": following})
    assert answer.status_code == 302, answer.data
    return str(answer.headers["Location"])


def sign_in(house: House, fake: FakeProvider, **more: str) -> tuple[FlaskClient, str]:
    """The client afterwards, and where it was sent."""
    client = house.client()
    answer = client.get(fake.approve(begin(client), **more))
    assert answer.status_code == 302, answer.data
    return client, str(answer.headers["Location"])


def problem(location: str) -> str | None:
    parts = urlsplit(location)
    return parse_qs(parts.query)["problem"][0] if parts.path == "/signin" else None


def me(client: FlaskClient) -> Any:
    answer = client.get("/api/v1/me")
    return answer.json["email"] if answer.status_code == 200 else None


def test_a_person_comes_in_by_their_verified_address_and_goes_on_where_they_were(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    client = house.client()
    location = begin(client, "/sops/sop_1?tab=history")
    assert location.startswith(f"{fake.url}/authorize?")
    answer = client.get(fake.approve(location))
    assert answer.headers["Location"] == "/sops/sop_1?tab=history"
    assert me(client) == AUTHOR
    assert {"HttpOnly", "SameSite=Lax"} <= set(next(c for c in answer.headers.getlist("Set-Cookie") if "session" in c).split("; "))


def test_the_button_is_on_the_sign_in_page_only_with_a_provider(
    world: tuple[House, FakeProvider], make_house: Callable[..., House]
) -> None:
    house, _ = world
    assert 'data-provider="Example ID"' in house.client().get("/signin").text
    without = make_house().client()
    assert "data-provider" not in without.get("/signin").text
    assert without.get("/signin/oidc").status_code == 404


def test_known_by_the_subject_even_when_the_address_changed_or_is_not_verified_any_more(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    sign_in(house, fake)
    fake.claims = {"email": "married@ours.example.com", "email_verified": False}
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR


def test_an_address_that_was_given_to_somebody_else_opens_nothing(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    sign_in(house, fake)
    fake.subject = "subject-2"
    client, location = sign_in(house, fake)
    assert (problem(location), me(client)) == ("unknown", None)
    person = house.ours["author"].caller.person_id or ""
    for active in (False, True):
        people.change(house.deps, house.ours["admin"].caller, person, active=active)
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR


@pytest.mark.parametrize("verified", [False, "false", None, 0])
def test_an_unverified_address_links_nothing(world: tuple[House, FakeProvider], verified: Any) -> None:
    house, fake = world
    fake.claims["email_verified"] = verified
    client, location = sign_in(house, fake)
    assert (problem(location), me(client)) == ("unverified", None)


def test_an_operator_may_trust_the_providers_addresses(make_house: Callable[..., House]) -> None:
    with provider() as fake:
        house = make_house(oidc_issuer=fake.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_trust_email=True)
        fake.now, fake.claims = (lambda: house.clock().timestamp()), {"email": AUTHOR}
        client, _ = sign_in(house, fake)
        assert me(client) == AUTHOR


def test_somebody_unknown_is_told_whom_to_ask_or_gets_the_role_that_was_set(make_house: Callable[..., House]) -> None:
    with provider() as fake:
        for create_as, email in ((None, None), ("reader", "new@ours.example.com")):
            house = make_house(oidc_issuer=fake.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_create_as=create_as)
            fake.now = house.clock().timestamp
            fake.claims = {"email": "New@ours.example.com", "email_verified": "true", "name": "New  Person"}
            client, location = sign_in(house, fake)
            assert me(client) == email
            assert problem(location) == (None if email else "unknown")
        assert client.get("/api/v1/me").json["role"] == "viewer"


def test_the_workspace_may_be_named_and_one_that_does_not_exist_opens_nothing(make_house: Callable[..., House]) -> None:
    with provider() as fake:
        for workspace, arrives in (("main", True), ("other", False), ("nowhere", False)):
            house = make_house(oidc_issuer=fake.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_workspace=workspace)
            fake.now, fake.claims = house.clock().timestamp, {"email": AUTHOR, "email_verified": True}
            client, location = sign_in(house, fake)
            assert (me(client), problem(location)) == ((AUTHOR, None) if arrives else (None, "unknown")), workspace


def test_a_deactivated_person_stays_out(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    sign_in(house, fake)
    people.change(house.deps, house.ours["admin"].caller, house.ours["author"].caller.person_id or "", active=False)
    client, location = sign_in(house, fake)
    assert (problem(location), me(client)) == ("unknown", None)


def test_an_address_only_in_userinfo_is_asked_for(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    fake.claims, fake.userinfo = {}, {"email": AUTHOR, "email_verified": True}
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR
    fake.userinfo["sub"] = "somebody-else"
    client, location = sign_in(house, fake)
    assert (problem(location), me(client)) == ("refused", None)


WRONG: list[dict[str, Any]] = [
    {"iss": "https://evil.example.com"}, {"aud": "another-client"}, {"aud": [CLIENT, "another-client"]}, {"azp": "another-client"},
    {"nonce": "another"}, {"nonce": None}, {"exp": 1_000_000_000}, {"exp": None}, {"exp": True}, {"iat": 1_000_000_000}, {"iat": None},
    {"iat": 4_000_000_000, "exp": 4_000_000_300}, {"sub": None}, {"sub": ""}, {"sub": 7},
]  # fmt: skip


def test_a_token_with_a_wrong_claim_opens_nothing(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    for wrong in WRONG:
        fake.claims = {"email": AUTHOR, "email_verified": True, **wrong}
        client, location = sign_in(house, fake)
        assert (problem(location), me(client)) == ("refused", None), wrong


def test_a_token_that_the_provider_did_not_sign_opens_nothing(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    honest = fake.key
    stranger = RSAKey.generate_key(2048, {"kid": honest.kid})
    fake.published = [honest.as_dict(private=False)]
    fake.key = stranger
    client, location = sign_in(house, fake)
    assert (problem(location), me(client)) == ("refused", None)


@pytest.mark.parametrize("trick", ["none", "secret of the client", "public key as secret", "cut", "not a token"])
def test_no_other_kind_of_signature_is_believed(world: tuple[House, FakeProvider], trick: str) -> None:
    house, fake = world
    client = house.client()
    location = begin(client)
    nonce = parse_qs(urlsplit(location).query)["nonce"][0]
    now = int(fake.now())
    claims = {"iss": fake.url, "aud": CLIENT, "sub": "x", "nonce": nonce, "iat": now, "exp": now + 60, **fake.claims}
    kid = fake.key.kid
    if trick == "not a token":
        fake.token = "a.b.c"
    elif trick == "cut":
        fake.token = jwt.encode({"alg": "RS256", "kid": kid}, claims, fake.key).rpartition(".")[0] + "."
    else:
        header = {"alg": "none" if trick == "none" else "HS256", "kid": kid}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
        secret = SECRET.encode() if "client" in trick else fake.key.as_pem(private=False)
        fake.token = f"{signed}." + ("" if trick == "none" else b64(hmac.digest(secret, signed.encode(), hashlib.sha256)))
    answer = client.get(fake.approve(location))
    assert (problem(str(answer.headers["Location"])), me(client)) == ("refused", None)


def test_new_keys_are_fetched_and_other_algorithms_understood(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    fake.key, fake.algorithm = ECKey.generate_key("P-256", {"kid": "ec"}), "ES256"
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR
    # An unknown key id makes us ask again, but not at once: somebody could make us ask for ever.
    fake.key, fake.algorithm = RSAKey.generate_key(2048, {"kid": "two"}), "PS256"
    client, location = sign_in(house, fake)
    assert problem(location) == "refused"
    known = house.app.extensions["sopwright-oidc"]
    known._monotonic = lambda: 10.0**9
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR


def test_the_answer_belongs_to_the_browser_that_asked_and_counts_once(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    asking, other = house.client(), house.client()
    back = fake.approve(begin(asking))
    assert problem(str(other.get(back).headers["Location"])) == "expired"
    begin(other)
    assert problem(str(other.get(back).headers["Location"])) == "expired"
    assert asking.get(back).headers["Location"] == "/"
    assert problem(str(asking.get(back).headers["Location"])) == "expired"
    assert (me(asking), me(other)) == (AUTHOR, None)


def test_a_flow_that_took_too_long_begins_anew(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    client = house.client()
    back = fake.approve(begin(client))
    house.clock.forward(minutes=11)
    assert problem(str(client.get(back).headers["Location"])) == "expired"


def test_a_code_without_its_verifier_is_worth_nothing(world: tuple[House, FakeProvider]) -> None:
    """Somebody's stolen code put into one's own flow: the provider refuses it, because the verifier is another one."""
    house, fake = world
    victim, thief = house.client(), house.client()
    stolen = parse_qs(urlsplit(fake.approve(begin(victim))).query)["code"][0]
    own = parse_qs(urlsplit(fake.approve(begin(thief))).query)["state"][0]
    answer = thief.get(f"/signin/oidc/callback?code={stolen}&state={own}")
    assert (problem(str(answer.headers["Location"])), me(thief)) == ("unavailable", None)


def test_the_answer_of_another_provider_is_not_taken(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    assert problem(sign_in(house, fake, iss="https://evil.example.com")[1]) == "refused"
    assert problem(sign_in(house, fake, iss=fake.url)[1]) is None
    fake.metadata["authorization_response_iss_parameter_supported"] = True
    house.app.extensions.pop("sopwright-oidc")
    assert problem(sign_in(house, fake)[1]) == "refused"


def test_who_says_no_at_the_provider_is_back_at_the_sign_in_page(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    client = house.client()
    state = parse_qs(urlsplit(fake.approve(begin(client))).query)["state"][0]
    answer = client.get(f"/signin/oidc/callback?error=access_denied&state={state}")
    assert problem(str(answer.headers["Location"])) == "denied"


def test_nobody_is_led_to_another_site(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    client = house.client()
    for following in ("https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)", "/\n/x", ""):
        assert client.get(fake.approve(begin(client, following))).headers["Location"] == "/", following


def test_a_provider_that_is_down_or_describes_itself_wrongly_is_said(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    for setting in (
        {"down": True},
        {"down": False, "metadata": {"issuer": "https://other.example.com"}},
        {"metadata": {"token_endpoint": "ftp://x/y"}},
    ):
        for name, value in setting.items():
            setattr(fake, name, value)
        answer = house.client().get("/signin/oidc")
        assert problem(str(answer.headers["Location"])) == "unavailable"
    fake.metadata = {}
    assert me(sign_in(house, fake)[0]) == AUTHOR


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(world: tuple[House, FakeProvider]) -> None:
    house, fake = world
    fake.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    client, _ = sign_in(house, fake)
    assert me(client) == AUTHOR
    assert next(form for _, path, form in fake.seen if path == "/token")["client_secret"] == SECRET


def test_no_secret_code_or_token_is_logged(
    world: tuple[House, FakeProvider], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    house, fake = world
    caplog.set_level("DEBUG")
    fake.claims["nonce"] = "wrong"
    client = house.client()
    back = fake.approve(begin(client))
    client.get(back)
    said = "".join(capfd.readouterr()) + caplog.text
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert "oidc_sign_in_failed" in said
    for secret in (SECRET, code, "eyJ", AUTHOR):
        assert secret not in said

"""Forge invocation tokens as the service takes them: real keys on a real socket, and every way in which a token can be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from plugin.web.forge import entrance
from plugin.web.jwks import AGAIN_AFTER_S, FRESH_S, Keys, fetch_from
from tests.contract.confluence.fake import FakeConfluence
from tests.forge import keys
from tests.forge.atlassian import Atlassian, Member, People
from tests.integration.web.conftest import House

ADDRESSES = ("/forge/hourly", "/forge/installed", "/forge/upgraded", "/forge/events", "/forge/uninstalled")
UI = ("/forge/ui/session", "/forge/ui/status", "/forge/ui/videos", "/forge/ui/fetch", "/forge/ui/space")


@pytest.fixture
def atlassian() -> Iterator[Atlassian]:
    with FakeConfluence("gateway", judged=False) as fake, Atlassian(fake) as started:
        yield started


@pytest.fixture
def forged(make_house: Callable[..., House], atlassian: Atlassian) -> House:
    """The service with the entrance open."""
    return make_house(forge_app_id=keys.APP, forge_jwks_url=atlassian.jwks_url, allow_private_addresses=True)


def call(house: House, atlassian: Atlassian, path: str = "/forge/hourly", *, member: Member | None = None, **more: Any) -> int:
    headers = atlassian.headers(now_s=house.clock().timestamp(), member=member, **more)
    return house.client().post(path, json={}, headers=headers).status_code


def changed(**values: Any) -> dict[str, Any]:
    def change(content: dict[str, Any]) -> None:
        for name, value in values.items():
            if value is None:
                del content[name]
            else:
                content[name] = value(content[name]) if callable(value) else value

    return {"change": change}


def test_a_token_as_forge_makes_it_is_taken(forged: House, atlassian: Atlassian) -> None:
    assert call(forged, atlassian) == 200


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(changed(iss="forge/other"), id="issuer"),
        pytest.param(changed(iss=None), id="no issuer"),
        pytest.param(changed(aud="ari:cloud:ecosystem::app/00000000-0000-0000-0000-000000000000"), id="another app"),
        pytest.param(changed(aud=[keys.APP, "somebody else"]), id="several audiences"),
        pytest.param(changed(aud=None), id="no audience"),
        pytest.param(changed(exp=lambda at: at - 60), id="expired"),
        pytest.param(changed(exp=None), id="no end"),
        pytest.param(changed(exp=lambda at: str(at)), id="end as text"),
        pytest.param(changed(exp=10**20), id="never ends"),
        pytest.param(changed(exp=lambda at: at + 7200), id="lives for hours"),
        pytest.param(changed(exp=True), id="end as truth"),
        pytest.param(changed(iat=None), id="no beginning"),
        pytest.param(changed(nbf=lambda at: at + 60), id="not yet valid"),
        pytest.param(changed(iat=lambda at: at + 20), id="issued ahead"),
        pytest.param(changed(app=lambda app: {**app, "id": "ari:cloud:ecosystem::app/other"}), id="names another app"),
        pytest.param(changed(app=lambda app: {**app, "installationId": "", "installation": {}}), id="no installation"),
        pytest.param(changed(app=lambda app: {**app, "installationId": "a b", "installation": {}}), id="installation is no name"),
        pytest.param(changed(app="none"), id="app is no object"),
        pytest.param({"header": {"alg": "RS512"}}, id="another algorithm"),
        pytest.param({"header": {"kid": "unknown"}}, id="unknown key"),
        pytest.param({"header": {"kid": "../../keys' OR 1=1 --"}}, id="key id as an attack"),
        pytest.param({"header": {"kid": "x" * 5000}}, id="endless key id"),
        pytest.param({"header": {"crit": ["exp"]}}, id="critical extension"),
    ],
)  # fmt: skip
def test_a_wrong_token_is_refused_and_changes_nothing(forged: House, atlassian: Atlassian, wrong: dict[str, Any]) -> None:
    for path in ADDRESSES:
        assert call(forged, atlassian, path, **wrong) == 401, path
    assert atlassian.heard == []
    assert forged.call(forged.ours["admin"], "GET", "/api/v1/connections").json["items"] == []


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _handmade(header: dict[str, Any], content: dict[str, Any], secret: bytes | None = None) -> str:
    body = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(content).encode())}"
    return f"{body}.{_b64(hmac.digest(secret, body.encode(), hashlib.sha256)) if secret is not None else ''}"


def test_unsigned_tokens_and_our_public_key_as_a_secret_are_refused(forged: House, atlassian: Atlassian) -> None:
    key = atlassian.keys[0]
    content = keys.claims(api_base_url=atlassian.api_base_url, now_s=forged.clock().timestamp(), cloud_id=atlassian.cloud_id)
    pem = key.as_pem(private=False)
    tokens = [
        _handmade({"alg": "none", "kid": key.kid}, content),
        _handmade({"alg": "None"}, content),
        _handmade({"alg": "HS256", "kid": key.kid}, content, pem),
        _handmade({"alg": "HS256", "kid": key.kid}, content, pem.strip()),
        _handmade({"kid": key.kid}, content, pem),
        "", ".", "..", "a.b.c", "[" * 3000, _b64(b'{"alg":' + b"[" * 5000) + ".x.y",
    ]  # fmt: skip
    for token in tokens:
        answer = forged.client().post("/forge/hourly", json={}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token[:60]
    assert forged.client().post("/forge/hourly", json={}).status_code == 401
    basic = {"Authorization": atlassian.headers(now_s=forged.clock().timestamp())["Authorization"].replace("Bearer", "Basic")}
    assert forged.client().post("/forge/hourly", json={}, headers=basic).status_code == 401


def test_nothing_is_open_to_somebody_without_a_token(forged: House) -> None:
    for path in (*ADDRESSES, *UI):
        assert forged.client().post(path, json={}).status_code == 401, path
        assert forged.call(forged.ours["admin"], "POST", path, json={}).status_code == 401, path
        assert forged.client().get(path).status_code == 405, path


def test_a_key_that_the_token_brings_along_is_not_believed(forged: House, atlassian: Atlassian) -> None:
    own: RSAKey = keys.new_key()
    content = keys.claims(api_base_url=atlassian.api_base_url, now_s=forged.clock().timestamp(), cloud_id=atlassian.cloud_id)
    with FakeConfluence("gateway", judged=False) as fake, Atlassian(fake) as canary:
        canary.keys = [own]
        for extra in ({"jku": canary.jwks_url}, {"x5u": canary.jwks_url}, {"jwk": own.as_dict(private=False)}):
            token = keys.signed(content, own, {"kid": atlassian.keys[0].kid, **extra})
            assert forged.client().post("/forge/hourly", json={}, headers={"Authorization": f"Bearer {token}"}).status_code == 401
        assert canary.keys_asked == 0


def test_the_leeway_is_five_seconds(forged: House, atlassian: Atlassian) -> None:
    def shifted(seconds: float) -> int:
        headers = atlassian.headers(now_s=forged.clock().timestamp() + seconds)
        return forged.client().post("/forge/hourly", json={}, headers=headers).status_code

    # The token lives for 25 seconds.
    assert [shifted(at) for at in (-29, -31, 4, 6)] == [200, 401, 200, 401]


def test_a_token_works_once_also_when_it_arrives_twice_at_the_same_time(forged: House, atlassian: Atlassian) -> None:
    headers = atlassian.headers(now_s=forged.clock().timestamp())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: forged.client().post("/forge/hourly", json={}, headers=headers).status_code, range(8)))
    assert sorted(answers) == [200] + 7 * [401]
    forged.clock.forward(seconds=20)
    assert forged.client().post("/forge/hourly", json={}, headers=headers).status_code == 401


def test_a_replayed_token_cannot_plant_a_credential(forged: House, atlassian: Atlassian) -> None:
    headers = atlassian.headers(now_s=forged.clock().timestamp())
    assert forged.client().post("/forge/hourly", json={}, headers=headers).status_code == 200
    planted = {**headers, "x-forge-oauth-system": "planted-by-somebody"}
    assert forged.client().post("/forge/hourly", json={}, headers=planted).status_code == 401
    dump = (forged.deps.settings.data_dir / "sopwright.db").read_bytes()
    assert b"planted-by-somebody" not in dump
    assert b"app-token-1" not in dump  # what is kept is encrypted


def test_a_rotated_key_is_found_at_its_first_token(forged: House, atlassian: Atlassian, monkeypatch: pytest.MonkeyPatch) -> None:
    monotonic = _Monotonic()
    forged.app.extensions[entrance.KEYS] = Keys(fetch_from(atlassian.jwks_url, allow_private=True), monotonic=monotonic)
    assert call(forged, atlassian) == 200
    atlassian.keys = [keys.new_key(), *atlassian.keys]
    monotonic.now += AGAIN_AFTER_S + 1
    assert call(forged, atlassian) == 200
    assert call(forged, atlassian, key=1) == 200  # the old one is still published
    atlassian.keys.pop()
    retired = atlassian.headers(now_s=forged.clock().timestamp())
    monotonic.now += FRESH_S + 1
    assert forged.client().post("/forge/hourly", json={}, headers=retired).status_code == 200
    assert atlassian.keys_asked == 3


def test_made_up_key_ids_do_not_make_us_ask_for_keys_all_the_time(forged: House, atlassian: Atlassian) -> None:
    assert call(forged, atlassian) == 200
    for n in range(30):
        assert call(forged, atlassian, header={"kid": f"made-up-{n}"}) == 401
    assert atlassian.keys_asked <= 2


def test_without_keys_nothing_is_said_about_a_token_and_known_ones_go_on(forged: House, atlassian: Atlassian) -> None:
    atlassian.keys_down = True
    assert call(forged, atlassian) == 503  # never 401: Forge would take that for a refused token and not come again
    monotonic = _Monotonic()
    forged.app.extensions[entrance.KEYS] = Keys(fetch_from(atlassian.jwks_url, allow_private=True), monotonic=monotonic)
    atlassian.keys_down = False
    assert call(forged, atlassian) == 200
    atlassian.keys_down = True
    monotonic.now += FRESH_S + 1
    assert call(forged, atlassian) == 200


def test_a_persons_token_opens_nothing_of_the_machine_and_the_other_way_round(forged: House, atlassian: Atlassian) -> None:
    robin = People().join(atlassian).engineer
    for path in ADDRESSES:
        assert call(forged, atlassian, path, member=robin) == 403, path
    for path in UI:
        assert call(forged, atlassian, path) == 403, path


def test_without_an_app_id_there_is_no_entrance(house: House, atlassian: Atlassian) -> None:
    for path in (*ADDRESSES, *UI):
        assert call(house, atlassian, path) == 404, path
    assert atlassian.keys_asked == 0


def test_a_browser_cannot_call_the_entrance_from_a_foreign_page(forged: House) -> None:
    ask = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = forged.client().options("/forge/ui/session", headers=ask)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_forges_number_stands_in_our_errors(forged: House, atlassian: Atlassian) -> None:
    headers = {**atlassian.headers(now_s=forged.clock().timestamp(), header={"kid": "unknown"})}
    answer = forged.client().post("/forge/hourly", json={}, headers=headers)
    assert answer.json["instance"] == "urn:request:a523b7549f0b88c9"


class _Monotonic:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

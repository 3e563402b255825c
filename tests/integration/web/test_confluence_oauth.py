"""Connecting Confluence Cloud by OAuth 2.0 (3LO) (cases 63 to 67, F33 to F35): what is refused, and a pair of tokens that is renewed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connectors.errors import AuthFailed, Retry
from plugin.domain.sop import Sop, Step
from plugin.services import connections, edit, inbound, publish, work
from plugin.services.caller import Caller
from plugin.services.confluence_oauth import GRANT
from plugin.services.publish import PublicationView
from tests.contract.confluence.fake import FakeConfluence, Fault
from tests.contract.confluence.fake.server import CLOUD_ID
from tests.integration.web.conftest import PASSWORD, House


@dataclass
class Confluence:
    house: House
    fake: FakeConfluence

    @property
    def admin(self) -> Caller:
        return self.house.ours["admin"].caller

    def browser(self, side: str = "ours") -> FlaskClient:
        """An admin's, signed in."""
        client = self.house.client()
        body = {"email": f"admin@{side}.example.com", "password": PASSWORD}
        assert client.post("/api/v1/session", json=body).status_code in (200, 201)
        return client

    def begun(self, client: FlaskClient) -> str:
        answer = client.get("/confluence/authorize")
        assert answer.status_code == 303
        return answer.headers["Location"]

    def back(self, client: FlaskClient, address: str, code: str | None = None, **more: str) -> TestResponse:
        """With the state of that address, unless ``more`` says otherwise."""
        given = {"state": parse_qs(urlsplit(address).query)["state"][0], "code": code or self.fake.oauth.consent(address)}
        return client.get("/confluence/callback", query_string={**given, **more})

    def chosen(self, client: FlaskClient, address: str, space: str = "OPS", **more: str) -> TestResponse:
        page = client.get(address)
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        return client.post(address, data={"csrf": csrf, "site": CLOUD_ID, "space": space, **more})

    def connected(self, side: str = "ours") -> str:
        """Goes the whole way; the connection's id."""
        client = self.browser(side)
        answer = self.back(client, self.begun(client))
        assert answer.status_code == 303, answer.text
        last = self.chosen(client, answer.headers["Location"])
        assert last.status_code == 303, last.text
        return last.headers["Location"].rsplit("/", 1)[1]

    def opened(self, connection_id: str) -> connections.Connector:
        return connections.opened(self.house.deps, self.admin.workspace_id, connection_id)

    def grants(self) -> int:
        workspaces = (self.admin.workspace_id, self.house.theirs["admin"].caller.workspace_id)
        return sum(len(inbound.links(self.house.deps, workspace_id=w, kind=GRANT)) for w in workspaces)


@pytest.fixture
def confluence(make_house: Callable[..., House]) -> Iterator[Confluence]:
    with FakeConfluence("gateway") as fake:
        chosen = {
            "atlassian_client_id": "client-id", "atlassian_client_secret": "client-secret",
            "atlassian_auth_url": fake.origin, "atlassian_api_url": fake.origin, "allow_private_addresses": True,
        }  # fmt: skip
        yield Confluence(make_house(**chosen), fake)
        assert fake.invalid == []


def test_an_admin_connects_chooses_a_space_and_publishes(confluence: Confluence) -> None:
    client = confluence.browser()
    address = confluence.begun(client)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["redirect_uri"] == f"{confluence.house.deps.settings.base_url}/confluence/callback"
    assert "offline_access" in asked["scope"].split()
    choose = confluence.back(client, address).headers["Location"]
    assert '<option value="OPS">Operations</option>' in client.get(choose).text
    setup = confluence.chosen(client, choose).headers["Location"]
    page = client.get(setup).text
    assert "Connected as SOP Publisher" in page
    assert "Nothing for the space OPS" in page
    view = connections.connection(confluence.house.deps, confluence.admin, setup.rsplit("/", 1)[1])
    assert (view.name, view.default_place) == ("Confluence (example.atlassian.net)", "OPS")
    published = _published(confluence, view.id)
    assert published.state == "published"
    assert published.url is not None
    assert view.name in client.get("/confluence/setup").text


@pytest.mark.parametrize("wrong", ["no state", "another state", "reused", "another browser", "another person", "too late"])
def test_63_an_answer_that_does_not_belong_to_this_browser_stores_nothing(confluence: Confluence, wrong: str) -> None:
    client = confluence.browser()
    address = confluence.begun(client)
    more = {"no state": {"state": ""}, "another state": {"state": "sw_guessed"}}.get(wrong, {})
    if wrong == "reused":
        cookie = client.get_cookie("sopwright_confluence", path="/confluence")
        assert cookie is not None
        assert confluence.back(client, address, code="code-that-was-used").status_code == 422
        client.set_cookie("sopwright_confluence", cookie.value, path="/confluence")
    elif wrong == "another browser":
        client = confluence.browser()
    elif wrong == "another person":
        client.post("/api/v1/session", json={"email": "admin@theirs.example.com", "password": PASSWORD})
    elif wrong == "too late":
        confluence.house.clock.forward(minutes=11)
    answer = confluence.back(client, address, **more)
    assert answer.status_code == 400
    assert confluence.grants() == 0


def test_63_64_a_code_is_worth_nothing_without_the_verifier_of_the_browser_that_asked(confluence: Confluence) -> None:
    attacker, victim = confluence.browser("theirs"), confluence.browser()
    code = confluence.fake.oauth.consent(confluence.begun(attacker))
    answer = confluence.back(victim, confluence.begun(victim), code=code)
    assert answer.status_code == 422
    assert confluence.grants() == 0


def test_64_a_declined_authorization_is_said_in_words(confluence: Confluence) -> None:
    client = confluence.browser()
    answer = confluence.back(client, confluence.begun(client), error="access_denied")
    assert "declined" in answer.json["detail"]
    assert confluence.grants() == 0


def test_65_the_way_back_is_fixed_whatever_the_request_says(confluence: Confluence) -> None:
    client = confluence.browser()
    query = {"next": "//evil.example.com", "redirect_uri": "https://evil.example.com/#"}
    answer = client.get("/confluence/authorize", query_string=query, headers={"X-Forwarded-Host": "evil.example.com"})
    assert "evil" not in answer.headers["Location"]
    answer = confluence.back(client, answer.headers["Location"], next="https://evil.example.com")
    assert answer.headers["Location"].startswith("/confluence/choose/")


def test_66_a_site_that_the_grant_does_not_open_cannot_be_chosen(confluence: Confluence) -> None:
    client = confluence.browser()
    address = confluence.back(client, confluence.begun(client)).headers["Location"]
    assert confluence.chosen(client, address, site="99999999-2222-4333-8444-555555555555").status_code == 403
    assert client.get(f"{address}?site=..%2F..%2Foauth").status_code == 403
    assert client.post(address, data={"site": CLOUD_ID, "space": "OPS"}).status_code == 403  # without the form's token
    assert confluence.browser("theirs").get(address).status_code == 404
    assert connections.connections(confluence.house.deps, confluence.admin) == ()


def test_66_with_several_sites_the_admin_chooses(confluence: Confluence) -> None:
    other = {"id": "22222222-2222-4333-8444-555555555555", "name": "another", "url": "https://another.atlassian.net"}
    confluence.fake.oauth.sites.append(other)
    client = confluence.browser()
    address = confluence.back(client, confluence.begun(client)).headers["Location"]
    page = client.get(address).text
    assert "https://another.atlassian.net" in page
    assert "https://example.atlassian.net" in page
    assert confluence.chosen(client, f"{address}?site={CLOUD_ID}").status_code == 303


def test_66_without_any_site_it_is_said_and_nothing_is_kept(confluence: Confluence) -> None:
    confluence.fake.oauth.sites.clear()
    client = confluence.browser()
    answer = confluence.back(client, confluence.begun(client))
    assert (answer.status_code, confluence.grants()) == (422, 0)
    assert "No Confluence site was chosen" in answer.text


def test_67_what_was_not_granted_is_said_when_connecting(confluence: Confluence) -> None:
    confluence.fake.oauth.withheld = frozenset({"write:comment:confluence", "offline_access"})
    client = confluence.browser()
    choose = confluence.back(client, confluence.begun(client)).headers["Location"]
    setup = confluence.chosen(client, choose).headers["Location"]
    for page in (client.get(choose).text, client.get(setup).text):
        assert "mention owners when a review is due (write:comment:confluence)" in page
        assert "go on without anybody at the keyboard (offline_access)" in page


def test_f33_twenty_workers_with_an_expired_token_renew_it_once_and_all_go_on(confluence: Confluence) -> None:
    connection_id = confluence.connected()
    opened = [confluence.opened(connection_id) for _ in range(20)]
    confluence.fake.oauth.expire()
    with ThreadPoolExecutor(20) as pool:
        names = list(pool.map(lambda connector: connector.check().name, opened))
    assert names == ["SOP Publisher"] * 20
    assert confluence.fake.oauth.refreshes == 1
    assert confluence.opened(connection_id).check().name == "SOP Publisher"
    assert confluence.fake.oauth.refreshes == 1


def test_f33_a_token_that_ends_in_the_middle_of_a_publication_is_renewed_and_the_page_is_there_once(confluence: Confluence) -> None:
    connection_id = confluence.connected()
    confluence.fake.faults.append(Fault("call", on="POST /rest/api/content/.*/label", call=confluence.fake.oauth.expire))
    assert _published(confluence, connection_id).state == "published"
    assert confluence.fake.oauth.refreshes == 1
    assert len(confluence.fake.pages()) == 1


@pytest.mark.parametrize(("minutes", "ends"), [(9, "goes on"), (11, "in words")])
def test_f34_a_refresh_whose_answer_was_lost(confluence: Confluence, minutes: int, ends: str) -> None:
    """Atlassian takes the old refresh token for ten more minutes."""
    connection_id = confluence.connected()
    confluence.fake.oauth.expire()
    confluence.fake.faults.append(Fault("line lost after", on="POST /.*oauth/token", times=2))
    with pytest.raises(Retry):
        confluence.opened(connection_id).check()
    confluence.fake.oauth.now_s += minutes * 60
    confluence.fake.oauth.expire()
    if ends == "goes on":
        assert confluence.opened(connection_id).check().name == "SOP Publisher"
    else:
        with pytest.raises(AuthFailed, match="Connect again"):
            confluence.opened(connection_id).check()


def test_a_page_of_a_firewall_instead_of_tokens_ends_no_connection(confluence: Confluence) -> None:
    connection_id = confluence.connected()
    confluence.fake.oauth.expire()
    confluence.fake.faults.append(Fault("answer", on="POST /.*oauth/token", times=2, status=403))
    with pytest.raises(Retry):
        confluence.opened(connection_id).check()
    assert confluence.opened(connection_id).check().name == "SOP Publisher"


def test_f35_revoked_one_notice_and_after_connecting_again_what_waited_goes_on(confluence: Confluence) -> None:
    connection_id = confluence.connected()
    confluence.fake.oauth.revoke()
    deps, admin = confluence.house.deps, confluence.admin
    waiting = [_asked(confluence, connection_id, f"SOP {n}") for n in (1, 2)]
    _work(confluence)
    paused = [publish.publication(deps, admin, one) for one in waiting]
    assert [one.state for one in paused] == ["paused", "paused"]
    assert "Connect again" in str(paused[0].message)
    assert connections.connection(deps, admin, connection_id).state == "paused"
    assert "Connect again" in confluence.browser().get(f"/confluence/setup/{connection_id}").text
    assert confluence.connected() == connection_id
    _work(confluence)
    assert [publish.publication(deps, admin, one).state for one in waiting] == ["published", "published"]
    assert len(confluence.fake.pages()) == 2
    assert confluence.grants() == 1


def test_two_workspaces_may_connect_the_same_site_and_do_not_meet(confluence: Confluence) -> None:
    mine, theirs = confluence.connected(), confluence.connected("theirs")
    assert mine != theirs
    connections.disconnect(confluence.house.deps, confluence.house.theirs["admin"].caller, theirs)
    assert confluence.grants() == 1
    assert confluence.opened(mine).check().name == "SOP Publisher"


def test_no_token_stands_in_the_database_in_clear(confluence: Confluence) -> None:
    confluence.connected()
    stored = b"".join(path.read_bytes() for path in confluence.house.deps.settings.data_dir.rglob("*.db*"))
    assert not [secret for secret in confluence.fake.oauth.given if secret.encode() in stored]


def test_only_admins_and_only_where_the_operator_has_an_app(confluence: Confluence, make_house: Callable[..., House]) -> None:
    for path in ("/confluence/setup", "/confluence/authorize", "/confluence/callback", "/confluence/choose/lnk_x"):
        assert confluence.house.call(confluence.house.ours["author"], "GET", path).status_code == 403
        assert confluence.house.call(None, "GET", path).status_code == 401
    bare = make_house()
    assert bare.call(bare.ours["admin"], "GET", "/confluence/authorize").status_code == 404
    assert "API token" in bare.call(bare.ours["admin"], "GET", "/confluence/setup").text


def _published(confluence: Confluence, connection_id: str) -> PublicationView:
    asked = _asked(confluence, connection_id, "Restart the queue")
    _work(confluence)
    return publish.publication(confluence.house.deps, confluence.admin, asked)


def _asked(confluence: Confluence, connection_id: str, title: str) -> str:
    deps, admin = confluence.house.deps, confluence.admin
    document = Sop(id="", revision=1, title=title, steps=(Step(id="stp_1", number=1, action="Press Restart."),))
    saved = edit.create(deps, admin, document=document)
    return publish.publish(deps, admin, saved.sop_id, connection_id=connection_id, place="OPS").id


def _work(confluence: Confluence) -> None:
    """What a worker would do now."""
    while work.work_one(confluence.house.deps, worker="tests"):
        pass

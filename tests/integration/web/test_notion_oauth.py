"""Connecting to Notion by OAuth (cases 63 to 67, F33 to F35): what is refused, and a pair of tokens that is renewed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connectors.errors import AuthFailed, Retry
from plugin.services import connections, inbound, notion_hooks, notion_oauth
from tests.contract.notion.fake import FakeNotion, Fault
from tests.contract.notion.fake.workspace import PERSON
from tests.integration.web.conftest import PASSWORD, House


@dataclass
class Notion:
    house: House
    fake: FakeNotion

    def browser(self, who: str = "admin", side: str = "ours") -> FlaskClient:
        """Signed in as that person."""
        client = self.house.client()
        body = {"email": f"{who}@{side}.example.com", "password": PASSWORD}
        assert client.post("/api/v1/session", json=body).status_code in (200, 201)
        return client

    def begun(self, client: FlaskClient) -> dict[str, str]:
        answer = client.get("/notion/authorize")
        assert answer.status_code == 303
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def back(self, client: FlaskClient, state: str, code: str = "code-1", **more: str) -> TestResponse:
        return client.get("/notion/callback", query_string={"state": state, "code": code, **more})

    def installations(self) -> int:
        workspaces = (self.house.ours["admin"].caller.workspace_id, self.house.theirs["admin"].caller.workspace_id)
        return sum(len(inbound.links(self.house.deps, workspace_id=w, kind=notion_oauth.INSTALLATION)) for w in workspaces)

    def connected(self) -> str:
        """Goes the whole way; the connection's id."""
        client = self.browser()
        answer = self.back(client, self.begun(client)["state"])
        page = client.get(answer.headers["Location"])
        csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
        chosen = client.post(answer.headers["Location"], data={"csrf": csrf, "parent": self.fake.parent})
        assert chosen.status_code == 303, chosen.text
        return chosen.headers["Location"].rsplit("/", 1)[1]


@pytest.fixture
def notion(make_house: Callable[..., House]) -> Iterator[Notion]:
    with FakeNotion() as fake:
        fake.routes.oauth_codes["code-1"] = "code"
        chosen = {"notion_client_id": "client-id", "notion_client_secret": "client-secret", "notion_url": fake.url}
        yield Notion(make_house(allow_private_addresses=True, **chosen), fake)


def test_an_admin_connects_and_chooses_a_page(notion: Notion) -> None:
    asked = notion.begun(notion.browser())
    assert (asked["client_id"], asked["owner"], asked["response_type"]) == ("client-id", "user", "code")
    assert asked["redirect_uri"] == f"{notion.house.deps.settings.base_url}/notion/callback"
    connection_id = notion.connected()
    view = connections.connection(notion.house.deps, notion.house.ours["admin"].caller, connection_id)
    assert (view.name, view.settings["parent"]) == ("Example", notion.fake.parent)
    assert connections.opened(notion.house.deps, notion.house.ours["admin"].caller.workspace_id, connection_id).check().name == "Example"


@pytest.mark.parametrize("state", ["none", "wrong", "reused", "another browser", "another person", "too late"])
def test_63_a_state_that_does_not_belong_to_this_browser_stores_nothing(notion: Notion, state: str) -> None:
    client = notion.browser()
    given = notion.begun(client)["state"]
    if state == "reused":
        assert notion.back(client, given, code="used-up").status_code == 422  # Notion refuses the code; the state is spent all the same
        client = notion.browser()
        notion.begun(client)
    elif state == "another browser":
        client = notion.browser()
    elif state == "another person":
        client.post("/api/v1/session", json={"email": "admin@theirs.example.com", "password": PASSWORD})
    elif state == "too late":
        notion.house.clock.forward(minutes=11)
    answer = notion.back(client, {"none": "", "wrong": "sw_guessed"}.get(state, given))
    assert answer.status_code == 400
    assert notion.installations() == 0


def test_63_a_state_is_good_once(notion: Notion) -> None:
    client = notion.browser()
    state = notion.begun(client)["state"]
    cookie = client.get_cookie("sopwright_notion", path="/notion")
    assert cookie is not None
    assert notion.back(client, state).status_code == 303
    client.set_cookie("sopwright_notion", cookie.value, path="/notion")
    notion.fake.routes.oauth_codes["code-2"] = "code"
    assert notion.back(client, state, code="code-2").status_code == 400


def test_64_a_code_that_notion_does_not_know_is_refused(notion: Notion) -> None:
    client = notion.browser()
    answer = notion.back(client, notion.begun(client)["state"], code="code-of-atlassian")
    assert answer.status_code == 422
    assert notion.installations() == 0


def test_64_a_declined_authorization_is_said_in_words(notion: Notion) -> None:
    client = notion.browser()
    answer = notion.back(client, notion.begun(client)["state"], error="access_denied")
    assert "declined" in answer.json["detail"]
    assert notion.installations() == 0


def test_65_the_way_back_is_fixed_whatever_the_request_says(notion: Notion) -> None:
    client = notion.browser()
    for query in ({"next": "//evil.example.com"}, {"redirect_uri": "https://evil.example.com/#"}):
        answer = client.get(
            "/notion/authorize", query_string=query, headers={"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"}
        )
        assert "evil" not in answer.headers.get("Location", "")
    answer = notion.back(client, notion.begun(client)["state"], next="https://evil.example.com")
    assert answer.headers["Location"].startswith("/notion/choose/")


def test_66_a_page_that_the_grant_does_not_cover_cannot_be_chosen(notion: Notion) -> None:
    client = notion.browser()
    address = notion.back(client, notion.begun(client)["state"]).headers["Location"]
    csrf = client.get(address).text.split('name="csrf" value="')[1].split('"')[0]
    assert client.post(address, data={"csrf": csrf, "parent": "00000000-0000-4000-8000-00000000ffff"}).status_code == 422
    assert client.post(address, data={"parent": notion.fake.parent}).status_code == 403
    stranger = notion.browser(side="theirs")
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize("template", [True, False])
def test_a_page_that_notions_search_does_not_know_yet_can_be_chosen(notion: Notion, template: bool) -> None:
    """The copy of a template page is minutes old, and its databases are adopted; any other page is given by its address."""
    space = notion.fake.workspace
    title = {"title": [{"text": {"content": "SOPs of the team"}}]}
    copy = space.add_node("child_page", "workspace", title, PERSON, source=None, locked=False)["id"]
    properties = {"properties": {"Name": {"title": {}}, "Team": {"select": {"options": []}}}}
    own = {"parent": {"page_id": copy}, "title": [{"text": {"content": "SOPs"}}], "initial_data_source": properties}
    notion.fake.by_person(lambda w: w.create_database(own, PERSON))
    notion.fake.routes.not_searchable_yet = {copy}
    notion.fake.routes.template = copy if template else None
    client = notion.browser()
    address = notion.back(client, notion.begun(client)["state"]).headers["Location"]
    page = client.get(address).text
    assert ("SOPs of the team" in page) == template
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    link = (
        {"parent": copy}
        if template
        else {"parent": notion.fake.parent, "address": f"https://app.notion.com/p/SOPs-{copy.replace('-', '')}?pvs=4"}
    )
    chosen = client.post(address, data={"csrf": csrf, **link})
    connection_id = chosen.headers["Location"].rsplit("/", 1)[1]
    caller = notion.house.ours["admin"].caller
    assert connections.connection(notion.house.deps, caller, connection_id).settings["parent"] == copy
    notion_hooks.set_up_again(notion.house.deps, caller, connection_id)
    assert sorted(d["title"] for d in space.databases.values()) == ["Recordings", "SOP versions", "SOPs"]
    assert {"Team", "SOP id", "Owner"} <= set(notion.fake.source_named("SOPs")["schema"])
    for wrong in ("nothing", "https://app.notion.com/p/x-00000000000040008000000000000fff"):
        assert client.post(address, data={"csrf": csrf, "address": wrong}).status_code == 422


def test_66_an_installation_of_another_workspace_is_not_taken_over(notion: Notion) -> None:
    notion.connected()
    notion.fake.routes.oauth_codes["code-2"] = "code"
    stranger = notion.browser(side="theirs")
    assert notion.back(stranger, notion.begun(stranger)["state"], code="code-2").status_code == 409


def test_67_a_missing_capability_is_named_when_connecting(notion: Notion) -> None:
    connection_id = notion.connected()
    notion.fake.faults.append(Fault("answer", on="GET /v1/users$", times=9, error="403 capability"))
    notion.fake.faults.append(Fault("answer", on="GET /v1/comments", times=9, error="403 capability"))
    page = notion.browser().get(f"/notion/setup/{connection_id}", headers={"Accept": "text/html"}).text
    assert "Read user information including email addresses" in page
    assert "Insert comments" in page


def test_f33_twenty_workers_with_an_expired_token_renew_it_once_and_all_go_on(notion: Notion) -> None:
    connection_id = notion.connected()
    workspace = notion.house.ours["admin"].caller.workspace_id
    opened = [connections.opened(notion.house.deps, workspace, connection_id) for _ in range(20)]
    for token in list(notion.fake.tokens):
        if token != "ntn_test":
            del notion.fake.tokens[token]
    with ThreadPoolExecutor(20) as pool:
        names = list(pool.map(lambda connector: connector.check().name, opened))
    assert names == ["Example"] * 20
    assert notion.fake.routes.refreshes == 1
    assert connections.opened(notion.house.deps, workspace, connection_id).check().name == "Example"
    assert notion.fake.routes.refreshes == 1


def test_f34_a_refresh_whose_answer_was_lost_ends_in_words_or_goes_on(notion: Notion) -> None:
    connection_id = notion.connected()
    workspace = notion.house.ours["admin"].caller.workspace_id
    notion.fake.tokens.clear()
    notion.fake.faults.append(Fault("line lost after", on="POST /v1/oauth/token"))
    with pytest.raises(Retry):
        connections.opened(notion.house.deps, workspace, connection_id).check()
    notion.house.clock.forward(seconds=30)
    with pytest.raises(AuthFailed, match="Connect again"):  # the lost answer held the only good pair
        connections.opened(notion.house.deps, workspace, connection_id).check()


def test_f35_after_connecting_again_the_same_connection_goes_on(notion: Notion) -> None:
    connection_id = notion.connected()
    admin = notion.house.ours["admin"].caller
    notion.fake.tokens.clear()
    notion.fake.routes.oauth_codes.clear()
    with pytest.raises(AuthFailed):
        connections.opened(notion.house.deps, admin.workspace_id, connection_id).check()
    notion.fake.routes.oauth_codes["code-1"] = "code"
    assert notion.connected() == connection_id
    assert connections.opened(notion.house.deps, admin.workspace_id, connection_id).check().name == "Example"


def test_no_token_stands_in_the_database_in_clear(notion: Notion) -> None:
    notion.connected()
    stored = b"".join(path.read_bytes() for path in notion.house.deps.settings.data_dir.rglob("*.db*"))
    assert not [token for token in (*notion.fake.tokens, *notion.fake.routes.oauth_codes) if token.encode() in stored]


def test_without_a_public_connection_there_is_no_button_to_press(house: House) -> None:
    client = house.client()
    client.post("/api/v1/session", json={"email": "admin@ours.example.com", "password": PASSWORD})
    assert client.get("/notion/authorize").status_code == 404

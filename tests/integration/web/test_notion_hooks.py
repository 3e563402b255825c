"""Webhooks of Notion (cases 58 to 62 of the attack list) and the button in a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from plugin.domain.document import from_document
from plugin.services import connections, edit, inbound, library, notion_hooks, notion_intake, publish, work
from plugin.store import tables
from tests import shared
from tests.contract.notion.fake import FakeNotion
from tests.contract.notion.test_publish import person_writes
from tests.integration.web.conftest import House, document

TOKEN = "secret_of_the_subscription_1"


@dataclass
class Notion:
    house: House
    fake: FakeNotion
    connection_id: str
    events: str
    button: str
    button_secret: str

    def send(self, body: Any, *, signature: str | None = None, raw: bytes | None = None, path: str | None = None) -> int:
        data = raw if raw is not None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Notion-Signature": sign(data) if signature is None else signature}
        return self.house.client().post(path or self.events, data=data, headers=headers).status_code

    def press(self, body: Any, secret: str | None = None) -> int:
        headers = {"X-SOPwright-Secret": self.button_secret if secret is None else secret}
        return self.house.client().post(self.button, json=body, headers=headers).status_code

    def looks(self) -> list[str]:
        """The rows that a job will look at."""
        with self.house.deps.database.begin() as session:
            found = session.query(tables.Job).filter(tables.Job.kind == "row").order_by(tables.Job.created_at)
            return [str(job.payload["row_id"]) for job in found]

    def shown(self) -> dict[str, Any]:
        headers = {**self.house.ours["admin"].bearer, "Accept": "application/json"}
        answer: dict[str, Any] = self.house.client().get(f"/notion/setup/{self.connection_id}", headers=headers).json
        return answer


@pytest.fixture
def notion(make_house: Callable[..., House]) -> Iterator[Notion]:
    with FakeNotion() as fake:
        house = make_house(allow_private_addresses=True)
        settings = {"token": "ntn_test", "parent": fake.parent, "url": fake.url}
        admin = house.ours["admin"].caller
        made = connections.connect(house.deps, admin, kind="notion", name="Notion", settings=settings)
        notion_intake.sweep(house.deps)
        found = notion_hooks.hooks(house.deps, admin, made.id)
        yield Notion(house, fake, made.id, found.events_path, found.button_path, found.button_secret)
        assert fake.refused == []


@pytest.fixture
def subscribed(notion: Notion) -> Notion:
    assert notion.send({"verification_token": TOKEN}) == 200
    return notion


def sign(raw: bytes, token: str = TOKEN) -> str:
    import hashlib
    import hmac

    return "sha256=" + hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()


def event(notion: Notion, row: str, kind: str = "page.properties_updated", **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "timestamp": "2026-11-23T08:00:00.000Z",
        "type": kind,
        "authors": [{"id": "00000000-0000-4000-8000-00000000a001", "type": "person"}],
        "entity": {"id": row, "type": "page"},
        "data": {"parent": {"id": str(uuid4()), "type": "database", "data_source_id": notion.fake.source_named("Recordings")["id"]}},
        **more,
    }


def test_the_handshake_is_shown_to_the_admin_and_to_nobody_else(notion: Notion) -> None:
    assert notion.shown()["verification_token"] is None
    assert notion.send({"verification_token": TOKEN}, signature="") == 200
    assert notion.shown()["verification_token"] == TOKEN
    for who in ("reader", "author"):
        headers = {**notion.house.ours[who].bearer, "Accept": "application/json"}  # type: ignore[index]
        assert notion.house.client().get(f"/notion/setup/{notion.connection_id}", headers=headers).status_code == 403
    theirs = {**notion.house.theirs["admin"].bearer, "Accept": "application/json"}
    assert notion.house.client().get(f"/notion/setup/{notion.connection_id}", headers=theirs).status_code == 404


def test_the_page_for_the_admin_says_what_goes_where(subscribed: Notion) -> None:
    page = subscribed.house.client().get(
        f"/notion/setup/{subscribed.connection_id}", headers={**subscribed.house.ours["admin"].bearer, "Accept": "text/html"}
    )
    assert all(words in page.text for words in (TOKEN, subscribed.events, subscribed.button, subscribed.button_secret))


def test_an_admin_lets_a_deleted_database_be_made_again(subscribed: Notion) -> None:
    database = subscribed.fake.source_named("Recordings")["database"]
    subscribed.fake.by_person(lambda w: w.update_block(database, {"in_trash": True}, "00000000-0000-4000-8000-00000000a001"))
    assert any("'Recordings' cannot be seen" in line for line in subscribed.shown()["missing"])
    client, path = subscribed.house.client(), f"/notion/setup/{subscribed.connection_id}"
    assert client.post(path, data={"again": "yes"}, headers=subscribed.house.ours["admin"].bearer).status_code == 303
    assert subscribed.shown()["missing"] == []
    assert client.post(path, data={"again": "yes"}, headers=subscribed.house.ours["reader"].bearer).status_code == 403


def test_an_admin_finds_the_connections_and_others_do_not(subscribed: Notion) -> None:
    client, people = subscribed.house.client(), subscribed.house
    page = client.get("/notion/setup", headers=people.ours["admin"].bearer)
    assert f'href="/notion/setup/{subscribed.connection_id}"' in page.text
    assert client.get("/notion/setup", headers=people.ours["author"].bearer).status_code == 403
    assert subscribed.connection_id not in client.get("/notion/setup", headers=people.theirs["admin"].bearer).text


@pytest.mark.parametrize(
    "spoil",
    ["no signature", "wrong signature", "cut", "another prefix", "body changed", "written anew", "another token"],
)
def test_58_a_delivery_that_proves_nothing_has_no_effect(subscribed: Notion, spoil: str) -> None:
    raw = json.dumps(event(subscribed, str(uuid4()))).encode()
    good = sign(raw)
    signature, sent = {
        "no signature": ("", raw),
        "wrong signature": ("sha256=" + "0" * 64, raw),
        "cut": (good[:-1], raw),
        "another prefix": ("sha1=" + good.removeprefix("sha256="), raw),
        "body changed": (good, raw.replace(b"page.properties_updated", b"page.created")),
        "written anew": (good, json.dumps(json.loads(raw), indent=1).encode()),
        "another token": (sign(raw, "another_token_0001"), raw),
    }[spoil]
    assert subscribed.send(None, raw=sent, signature=signature) == 401
    assert subscribed.looks() == []


def test_58_before_the_handshake_and_at_a_guessed_address_nothing_is_accepted(notion: Notion) -> None:
    assert notion.send(event(notion, str(uuid4())), signature=sign(b"")) == 401
    assert notion.send({"verification_token": TOKEN}, path=f"/notion/events/{notion.connection_id}/guessed") == 401
    assert notion.shown()["verification_token"] is None


def test_58_the_published_vectors_are_accepted(notion: Notion) -> None:
    vectors = json.loads(shared.require("specs/notion/webhook-vectors.synthetic.json").read_text())
    for vector in vectors["vectors"]:
        raw = vector["raw_body"].encode()
        assert notion.send(None, raw=raw, signature=vector["x_notion_signature"]) == 200, vector["name"]
        assert notion_hooks.signed(raw, vector["x_notion_signature"], vectors["verification_token"])


def test_59_the_same_event_ten_times_also_in_parallel_has_one_effect(subscribed: Notion) -> None:
    row = str(uuid4())
    same = event(subscribed, row)
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(lambda _: subscribed.send(same), range(10))) == {200}
    assert [subscribed.send(same) for _ in range(10)] == [200] * 10
    assert subscribed.looks() == [row]


def test_60_out_of_order_or_for_a_deleted_page_the_row_is_read_afresh(subscribed: Notion) -> None:
    row = str(uuid4())
    for kind, at in (("page.deleted", "09:00"), ("page.created", "08:00"), ("page.properties_updated", "08:30")):
        assert subscribed.send(event(subscribed, row, kind, timestamp=f"2026-11-23T{at}:00.000Z")) == 200
    assert subscribed.looks() == [row]
    while work.work_one(subscribed.house.deps, worker="test:1:1"):
        pass
    assert subscribed.house.call(subscribed.house.ours["admin"], "GET", "/api/v1/sops").json["items"] == []


def test_61_a_second_handshake_does_not_replace_the_secret(subscribed: Notion) -> None:
    assert subscribed.send({"verification_token": "secret_of_an_attacker"}, signature="") == 401
    assert subscribed.send({"verification_token": TOKEN}, signature="") == 200
    assert subscribed.shown()["verification_token"] == TOKEN


def test_61_after_the_admin_forgets_it_there_is_a_new_address(subscribed: Notion) -> None:
    client = subscribed.house.client()
    answer = client.post(f"/notion/setup/{subscribed.connection_id}", data={"forget": "yes"}, headers=subscribed.house.ours["admin"].bearer)
    assert answer.status_code == 303
    assert subscribed.shown()["verification_token"] is None
    assert subscribed.send({"verification_token": TOKEN}) == 401
    assert not subscribed.shown()["events_url"].endswith(subscribed.events)


def test_62_many_events_for_one_page_cost_one_look(subscribed: Notion) -> None:
    row = str(uuid4())
    for _ in range(100):
        assert subscribed.send(event(subscribed, row, "page.properties_updated")) == 200
    assert subscribed.looks() == [row]


def test_our_own_writes_and_rows_of_other_databases_cause_no_look(subscribed: Notion) -> None:
    echo = event(subscribed, str(uuid4()), authors=[{"id": "00000000-0000-4000-8000-00000000b0b0", "type": "bot"}])
    other = event(subscribed, str(uuid4()), data={"parent": {"type": "database", "data_source_id": str(uuid4())}})
    assert [subscribed.send(echo), subscribed.send(other)] == [200, 200]
    assert subscribed.looks() == []


def test_an_event_of_a_published_page_takes_a_persons_words_back_into_the_sop(subscribed: Notion) -> None:
    deps, admin = subscribed.house.deps, subscribed.house.ours["admin"].caller
    saved = edit.create(deps, admin, document=from_document(document(title="Restart the queue")))
    publish.publish(deps, admin, saved.sop_id, connection_id=subscribed.connection_id, place=subscribed.fake.parent)
    while work.work_one(deps, worker="test:1:1"):
        pass
    page = subscribed.fake.pages_of("SOPs")[0]["id"]
    person_writes(subscribed.fake, page, "Press Restart.", "Press Restart once.")
    for _ in range(5):
        assert subscribed.send(event(subscribed, page, "page.content_updated")) == 200
    done = 0
    while work.work_one(deps, worker="test:1:1"):
        done += 1
    assert done == 1
    assert library.sop(deps, admin, saved.sop_id).sop.steps[1].action == "Press Restart once."


def test_a_pressed_button_asks_for_the_row_and_a_wrong_secret_for_nothing(notion: Notion) -> None:
    row = str(uuid4())
    assert notion.press({"source": {"type": "automation"}, "data": {"object": "page", "id": row}}, secret="guessed") == 401
    assert notion.looks() == []
    assert notion.press({"source": {"type": "automation"}, "data": {"object": "page", "id": row}}) == 200
    assert notion.looks() == [row]
    assert notion.press({"data": {}}) == 422


def test_an_event_of_another_notion_workspace_goes_to_the_connection_of_that_workspace(subscribed: Notion) -> None:
    deps, admin = subscribed.house.deps, subscribed.house.ours["admin"].caller
    other = connections.connect(
        deps, admin, kind="notion", name="Other", settings={"token": "t", "parent": subscribed.fake.parent, "url": "https://api.notion.com"}
    )
    data = {"notion_workspace": "00000000-0000-4000-8000-0000000000b9", "connection_id": other.id}
    inbound.set_link(
        deps, inbound.Link(kind="notion-installation", external_id="bot-2", workspace_id=admin.workspace_id, data=data, secret="{}")
    )
    row = str(uuid4())
    assert subscribed.send(event(subscribed, row, workspace_id=data["notion_workspace"])) == 200
    with deps.database.begin() as session:
        jobs = session.query(tables.Job).filter(tables.Job.kind == "row").all()
        assert [(j.payload["row_id"], j.payload["connection_id"]) for j in jobs] == [(row, other.id)]


def test_after_the_connection_was_removed_its_addresses_are_closed(subscribed: Notion) -> None:
    connections.disconnect(subscribed.house.deps, subscribed.house.ours["admin"].caller, subscribed.connection_id)
    assert subscribed.send(event(subscribed, str(uuid4()))) == 401
    assert subscribed.press({"data": {"id": str(uuid4())}}) == 401
    assert inbound.link(subscribed.house.deps, kind=notion_hooks.HOOK, external_id=subscribed.connection_id) is None


def test_an_admin_of_a_workspace_cannot_lead_us_into_the_private_network(house: House) -> None:
    """The setting exists, but it is the operator's."""
    with FakeNotion() as fake:
        settings = {"token": "ntn_test", "parent": fake.parent, "url": fake.url, "allow_private_addresses": True}
        made = house.call(house.ours["admin"], "POST", "/api/v1/connections", json={"kind": "notion", "name": "N", "settings": settings})
        if made.status_code < 400:
            answer = house.call(house.ours["admin"], "POST", f"/api/v1/connections/{made.json['id']}/check", json={})
            assert answer.status_code >= 400
        assert fake.seen == []


def test_odd_bodies_are_refused_in_words(subscribed: Notion) -> None:
    for raw in (b"", b"[]", b"{", b"[" * 5000, b"\xff"):
        assert subscribed.send(None, raw=raw) in (400, 401, 422)
    assert subscribed.send(None, raw=b"x" * 300_000) == 413
    assert subscribed.looks() == []

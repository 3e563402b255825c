"""Changing the key of the vault while the service goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet, MultiFernet

from plugin.services import connections, people, reseal
from plugin.services.deps import Deps
from plugin.services.inbound import Link, link, set_link
from plugin.store import tables
from plugin.vault import Unreadable, Vault, new_key
from tests.unit.services.world import World

CHAT = "slack://T00000000/B00000000/abcdefghijklmnopqrstuvwx"


def in_front(world: World, key: str) -> Deps:
    """The same installation with a new key in front of the old ones."""
    vault = Vault([key])
    vault._fernet = MultiFernet([Fernet(key), *world.deps.vault._fernet._fernets])
    return replace(world.deps, vault=vault)


def test_after_resealing_the_old_key_can_go_also_where_it_was_killed_in_the_middle(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = [world.person(f"Person{n}") for n in range(5)]
    for person in persons:
        people.change(world.deps, world.admin, person.person_id or "", chat_url=CHAT)
    set_link(
        world.deps, Link(kind="notion", external_id="wks_1", workspace_id=world.admin.workspace_id, data={"a": 1}, secret="canary-0815")
    )
    key = new_key()
    both, seen, original = in_front(world, key), [], Vault.reseal
    monkeypatch.setattr(reseal, "AT_ONCE", 2)

    def dying(self: Vault, sealed: str) -> str:
        seen.append(sealed)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return original(self, sealed)

    monkeypatch.setattr(Vault, "reseal", dying)
    with pytest.raises(KeyboardInterrupt):
        reseal.reseal(both)
    monkeypatch.setattr(Vault, "reseal", original)
    assert reseal.reseal(both) == reseal.Resealed(done=7, unreadable=0)

    only_new = replace(world.deps, vault=Vault([key]))
    with world.deps.database.begin() as session:
        for person in persons:
            row = session.get(tables.Person, person.person_id)
            assert row is not None
            here = {"workspace_id": row.workspace_id, "field": f"person/{row.id}/chat"}
            assert only_new.vault.open(row.chat_sealed or "", **here) == CHAT
            with pytest.raises(Unreadable):
                world.deps.vault.open(row.chat_sealed or "", **here)
    found = link(only_new, kind="notion", external_id="wks_1")
    assert found is not None
    assert (found.secret, found.data) == ("canary-0815", {"a": 1})
    connections.opened(only_new, world.admin.workspace_id, place)
    assert world.target.given[-1].token.get_secret_value() == "canary-4711"


def test_what_no_present_key_opens_is_counted_and_left_alone(world: World) -> None:
    person = world.person("Ada")
    people.change(world.deps, world.admin, person.person_id or "", chat_url=CHAT)
    assert reseal.reseal(replace(world.deps, vault=Vault([new_key()]))) == reseal.Resealed(done=0, unreadable=1)
    assert reseal.reseal(world.deps) == reseal.Resealed(done=1, unreadable=0)

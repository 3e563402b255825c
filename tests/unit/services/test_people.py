from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.domain.errors import Conflict, Exhausted, Forbidden, Invalid, NotFound
from plugin.services import people
from tests.unit.services.world import PASSWORD, World


def test_a_session_lasts_until_it_is_signed_out(world: World) -> None:
    world.person("Ada")
    signed = people.sign_in(world.deps, email=" ADA@example.com ", password=PASSWORD)
    found = people.authenticate(world.deps, secret=signed.session)
    assert found is not None
    assert (found.name, found.role, found.via) == ("Ada", "author", "session")
    people.sign_out(world.deps, session=signed.session)
    assert people.authenticate(world.deps, secret=signed.session) is None


def test_an_unknown_address_and_a_wrong_password_get_the_same_words(world: World) -> None:
    world.person("Ada")
    words = set()
    for email, password in (("ada@example.com", "wrong password"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(Forbidden) as refused:
            people.sign_in(world.deps, email=email, password=password)
        words.add(refused.value.message_for_user)
    assert len(words) == 1


def test_guessing_is_slowed_down_and_forgotten_after_a_while(world: World) -> None:
    world.person("Ada")
    for _ in range(10):
        with pytest.raises(Forbidden):
            people.sign_in(world.deps, email="ada@example.com", password="guess")
    with pytest.raises(Exhausted):
        people.sign_in(world.deps, email="ada@example.com", password=PASSWORD)
    world.time.go(minutes=16)
    assert people.sign_in(world.deps, email="ada@example.com", password=PASSWORD).caller.name == "Ada"


def test_a_deactivated_person_loses_sessions_and_tokens_at_once(world: World) -> None:
    ada = world.person("Ada")
    session = people.sign_in(world.deps, email="ada@example.com", password=PASSWORD).session
    token = people.make_token(world.deps, ada, name="ci").secret or ""
    people.change(world.deps, world.admin, ada.person_id or "", active=False)
    assert people.authenticate(world.deps, secret=session) is None
    assert people.authenticate(world.deps, secret=token) is None


def test_a_token_is_shown_once_expires_and_can_be_revoked_by_its_owner_only(world: World) -> None:
    ada = world.person("Ada")
    token = people.make_token(world.deps, ada, name="ci", days=1)
    assert people.tokens(world.deps, ada)[0].secret is None
    with pytest.raises(NotFound):
        people.revoke_token(world.deps, world.admin, token.id)
    assert people.authenticate(world.deps, secret=token.secret or "") is not None
    world.time.go(days=2)
    assert people.authenticate(world.deps, secret=token.secret or "") is None
    people.revoke_token(world.deps, ada, token.id)
    assert people.tokens(world.deps, ada) == ()


def test_a_ticket_cannot_make_tokens_or_tickets(world: World) -> None:
    ticket = people.make_ticket(world.deps, world.admin)
    caller = people.authenticate(world.deps, secret=ticket.secret or "")
    assert caller is not None
    for make in (lambda: people.make_token(world.deps, caller, name="x"), lambda: people.make_ticket(world.deps, caller)):
        with pytest.raises(Forbidden):
            make()


def test_no_secret_stands_in_the_database(world: World) -> None:
    secret = people.make_token(world.deps, world.admin, name="ci").secret or ""
    if world.deps.database.sqlite:
        assert all(secret.encode() not in f.read_bytes() for f in world.folder.parent.rglob("*.db*"))


def test_the_last_admin_stays(world: World) -> None:
    for change in ({"role": "author"}, {"active": False}):
        with pytest.raises(Conflict):
            people.change(world.deps, world.admin, world.admin.person_id or "", **change)  # type: ignore[arg-type]


def test_ones_own_role_cannot_be_raised(world: World) -> None:
    ada = world.person("Ada")
    with pytest.raises(Forbidden):
        people.change(world.deps, ada, ada.person_id or "", role="admin")
    with pytest.raises(Forbidden):
        people.change(world.deps, ada, world.admin.person_id or "", name="Me")


@pytest.mark.parametrize(("field", "value"), [("time_zone", "../../etc"), ("working_days", ()), ("digest_hour", 24), ("name", " ")])
def test_values_that_make_no_sense_are_refused_with_their_field(world: World, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        people.change(world.deps, world.admin, world.admin.person_id or "", **{field: value})  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_new_password_ends_other_sessions_and_needs_the_old_one(world: World) -> None:
    ada = world.person("Ada")
    session = people.sign_in(world.deps, email="ada@example.com", password=PASSWORD).session
    with pytest.raises(Invalid):
        people.change(world.deps, ada, ada.person_id or "", password="another good one", old_password="wrong")
    people.change(world.deps, ada, ada.person_id or "", password="another good one", old_password=PASSWORD)
    assert people.authenticate(world.deps, secret=session) is None


def test_the_first_admin_is_made_once(world: World) -> None:
    assert people.ensure_first_admin(world.deps) is None


def test_people_of_another_workspace_are_unknown(world: World) -> None:
    ada = world.person("Ada")
    stranger = replace(world.admin, workspace_id="wsp_other")
    assert people.people(world.deps, stranger) == ()
    with pytest.raises(NotFound):
        people.change(world.deps, stranger, ada.person_id or "", name="x")

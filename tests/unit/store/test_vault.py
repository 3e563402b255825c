from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plugin.vault import Signer, Unreadable, Vault, check_password, hash_password, new_key

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PLACE = {"workspace_id": "wsp_a", "field": "connection/con_1"}


def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal("canary", **PLACE)
    assert "canary" not in sealed
    assert vault.open(sealed, **PLACE) == "canary"
    for other in ({**PLACE, "workspace_id": "wsp_b"}, {**PLACE, "field": "connection/con_2"}):
        with pytest.raises(Unreadable):
            vault.open(sealed, **other)


def test_keys_can_be_changed_one_after_the_other() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal("canary", **PLACE)
    fresh = Vault([new, old]).reseal(sealed)
    assert Vault([new]).open(fresh, **PLACE) == "canary"
    with pytest.raises(Unreadable):
        Vault([new]).open(sealed, **PLACE)


def test_a_signature_covers_purpose_content_and_time() -> None:
    signer = Signer("k" * 40)
    token = signer.sign("link", {"p": "per_1"}, expires_at=NOW + timedelta(days=1))
    assert signer.read("link", token, now=NOW) == {"p": "per_1"}
    assert signer.read("session", token, now=NOW) is None
    assert signer.read("link", token, now=NOW + timedelta(days=2)) is None
    assert Signer("x" * 40).read("link", token, now=NOW) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.é", "e30.", "W10.AAAA", "x" * 10_000])
def test_nonsense_is_no_signed_value(token: str) -> None:
    assert Signer("k" * 40).read("link", token, now=NOW) is None


def test_passwords_are_checked_against_their_hash() -> None:
    stored = hash_password("correct horse", lambda count: b"s" * count)
    assert "correct" not in stored
    assert check_password("correct horse", stored)
    assert not check_password("wrong horse", stored)
    assert not check_password("", None)

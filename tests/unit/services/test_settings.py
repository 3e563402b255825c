from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from plugin import settings
from plugin.domain.errors import Invalid
from tests.unit.services.settings_table import page

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_the_reference_page_lists_every_setting() -> None:
    assert DOCS.read_text("utf-8") == page()


def test_a_secret_is_read_from_a_file_and_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("canary-4711" * 4 + "\n")
    loaded = settings.load({"SOPWRIGHT_SECRET_KEY_FILE": str(path)})
    assert loaded.secret_key.get_secret_value() == "canary-4711" * 4
    assert "canary" not in repr(loaded)
    with pytest.raises(Invalid, match="SOPWRIGHT_SECRET_KEY_FILE"):
        settings.load({"SOPWRIGHT_SECRET_KEY_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize("wrong", [{"secret_key": "short"}, {"base_url": "example.com"}, {"port": 70000}, {"lease_s": 0}])
def test_wrong_values_are_named_and_never_repeated(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        settings.load({}, **wrong)
    assert str(next(iter(wrong.values()))) not in refused.value.message_for_user.replace("65535", "")


@pytest.mark.parametrize(
    ("chosen", "address"),
    [
        ({}, "http://127.0.0.1:8800"),
        ({"port": 9000}, "http://127.0.0.1:9000"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8800"),
        ({"port": 9000, "base_url": "https://sops.example.com"}, "https://sops.example.com"),
    ],
)
def test_without_a_name_of_its_own_the_service_is_found_where_it_listens(chosen: dict[str, object], address: str) -> None:
    assert settings.load({}, **chosen).base_url == address


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        settings.load({}).port = 1

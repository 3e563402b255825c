"""With unsafe settings the web role does not start, and says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin import settings
from plugin.domain.errors import Invalid
from plugin.web import safety

GOOD = {"base_url": "https://sops.example.com", "secret_key": "kX9v2QmT7rWc4LpZ8nYb3HsD6fGjA1eU"}


def _check(environ: dict[str, str] | None = None, **chosen: Any) -> None:
    safety.check(settings.load({}, data_dir=Path("unused"), **{**GOOD, **chosen}), environ or {})


def test_good_settings_are_taken() -> None:
    _check()


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8800", "http://localhost:8800", "http://[::1]:8800"])
def test_plain_http_is_fine_on_this_machine(base_url: str) -> None:
    _check(base_url=base_url)


@pytest.mark.parametrize(
    ("chosen", "environ", "named"),
    [
        ({"base_url": "http://sops.example.com"}, {}, "SOPWRIGHT_BASE_URL"),
        ({"base_url": "http://192.168.1.10:8800"}, {}, "SOPWRIGHT_BASE_URL"),
        ({"base_url": "https://me:secret@sops.example.com"}, {}, "SOPWRIGHT_BASE_URL"),
        ({"secret_key": "a" * 40}, {}, "SOPWRIGHT_SECRET_KEY"),
        ({"secret_key": "change-me-change-me-change-me-change-me"}, {}, "SOPWRIGHT_SECRET_KEY"),
        ({}, {"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({}, {"PYTHONHTTPSVERIFY": "0"}, "PYTHONHTTPSVERIFY"),
        ({"smtp_security": "none", "smtp_password": "x", "smtp_host": "mail.example.com"}, {}, "SOPWRIGHT_SMTP_SECURITY"),
        ({"oidc_issuer": "http://idp.example.com", "oidc_client_id": "x"}, {}, "SOPWRIGHT_OIDC_ISSUER"),
        ({"oidc_issuer": "https://idp.example.com"}, {}, "SOPWRIGHT_OIDC_CLIENT_ID"),
    ],
)
def test_unsafe_settings_are_refused_by_name(chosen: dict[str, Any], environ: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid) as raised:
        _check(environ, **chosen)
    assert raised.value.field == named
    assert named in raised.value.message_for_user


def test_a_short_key_is_refused_when_the_settings_are_read() -> None:
    with pytest.raises(Invalid, match="secret_key"):
        _check(secret_key="short")


def test_a_trial_in_a_closed_network_must_be_asked_for() -> None:
    _check(base_url="http://192.168.1.10:8800", allow_insecure_http=True)

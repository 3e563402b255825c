"""Refuses to start with settings that would make the service unsafe, and says what to do. Pure: settings and environment in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from plugin.domain.errors import Invalid
from plugin.settings import Settings

_MIN_KEY_CHARS = 32
_EXAMPLES = re.compile(r"change.?me|secret|password|example|default|insecure|(.)\1{7,}", re.IGNORECASE)
_SWITCHED_OFF = frozenset({"0", "false", "no", "off"})


def check(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raises Invalid, naming the setting, for the first thing that must not be."""
    _check_key(settings.secret_key.get_secret_value())
    _check_address(settings)
    _check_debug(environ)
    _check_tls(settings, environ)
    _check_oidc(settings)
    _check_forge(settings)


def _check_key(key: str) -> None:
    if not key:
        return  # one is made at the first start and kept in the data folder
    if len(key) < _MIN_KEY_CHARS or len(set(key)) < 10 or _EXAMPLES.search(key):
        raise Invalid(
            "SOPWRIGHT_SECRET_KEY",
            "SOPWRIGHT_SECRET_KEY is short or looks like an example. Leave it out (one is made at the first start), or make one: openssl rand -base64 48",
        )


def _check_address(settings: Settings) -> None:
    address = urlsplit(settings.base_url)
    if address.username or address.password or address.query or address.fragment or not address.hostname:
        raise Invalid("SOPWRIGHT_BASE_URL", "SOPWRIGHT_BASE_URL must be scheme, host and port only, as in https://sops.example.com")
    if address.scheme == "https" or settings.allow_insecure_http or _is_this_machine(address.hostname):
        return
    raise Invalid(
        "SOPWRIGHT_BASE_URL",
        "SOPWRIGHT_BASE_URL begins with http:// though people reach it from other machines: passwords and recordings would travel readable, and browsers "
        "record the screen only over https. Put a TLS proxy in front and set https://..., or for a trial in a closed network SOPWRIGHT_ALLOW_INSECURE_HTTP=true",
    )


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_debug(environ: Mapping[str, str]) -> None:
    for name in ("FLASK_DEBUG", "WERKZEUG_DEBUG_PIN"):
        if name in environ and environ[name].lower() not in _SWITCHED_OFF:
            raise Invalid(name, f"{name} is set: the debugger lets anyone run programs on this machine. Unset it.")


def _check_tls(settings: Settings, environ: Mapping[str, str]) -> None:
    if environ.get("PYTHONHTTPSVERIFY", "1").lower() in _SWITCHED_OFF:
        raise Invalid(
            "PYTHONHTTPSVERIFY",
            "PYTHONHTTPSVERIFY switches the check of certificates off. Unset it; add your own authority with SSL_CERT_FILE.",
        )
    if (
        settings.smtp_security == "none"
        and settings.smtp_password.get_secret_value()
        and not _is_this_machine(settings.smtp_host or "localhost")
    ):
        raise Invalid("SOPWRIGHT_SMTP_SECURITY", "SOPWRIGHT_SMTP_SECURITY=none would send the mail password readable. Use starttls or tls.")


def _check_oidc(settings: Settings) -> None:
    if settings.oidc_issuer is None:
        return
    if not settings.oidc_issuer.startswith("https://") and not _is_this_machine(urlsplit(settings.oidc_issuer).hostname or ""):
        raise Invalid("SOPWRIGHT_OIDC_ISSUER", "SOPWRIGHT_OIDC_ISSUER must begin with https://")
    if not settings.oidc_client_id:
        raise Invalid("SOPWRIGHT_OIDC_CLIENT_ID", "SOPWRIGHT_OIDC_ISSUER is set, so SOPWRIGHT_OIDC_CLIENT_ID is needed as well.")


def _check_forge(settings: Settings) -> None:
    if settings.forge_app_id is None:
        return
    if not re.fullmatch(r"ari:cloud:ecosystem::app/[0-9a-fA-F-]{36}", settings.forge_app_id):
        raise Invalid(
            "SOPWRIGHT_FORGE_APP_ID",
            "SOPWRIGHT_FORGE_APP_ID must be the id that stands under app in manifest.yml: ari:cloud:ecosystem::app/...",
        )
    if settings.forge_workspace and not settings.forge_site_ids:
        raise Invalid(
            "SOPWRIGHT_FORGE_SITES",
            "SOPWRIGHT_FORGE_WORKSPACE is set, so name the Confluence sites that may enter that workspace in SOPWRIGHT_FORGE_SITES: "
            "the cloud id stands at https://your-site.atlassian.net/_edge/tenant_info.",
        )
    if not settings.forge_jwks_url.startswith("https://") and not settings.allow_private_addresses:
        raise Invalid("SOPWRIGHT_FORGE_JWKS_URL", "SOPWRIGHT_FORGE_JWKS_URL must begin with https://")

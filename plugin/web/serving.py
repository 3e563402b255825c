"""The web role under waitress: one process, threads, for a laptop or a small team. Larger installations run ``deploy/gunicorn.conf.py``."""

from __future__ import annotations

from collections.abc import Mapping

import waitress

from plugin.services import people
from plugin.services.deps import Deps
from plugin.settings import Settings
from plugin.web import safety
from plugin.web.app import create_app

THREADS = 24
CONNECTIONS = 500
IDLE_S = 60


def first_start(deps: Deps) -> str | None:
    """Makes the first admin where there is nobody yet; the words for the operator's terminal, which hold the password only if it was made up here."""
    admin = people.ensure_first_admin(deps)
    if admin is None:
        return None
    if admin.password is None:
        return f"The first admin is {admin.email}, with the password that was configured."
    return f"The first admin is {admin.email}; the password is shown this once: {admin.password}"


def serve(deps: Deps, environ: Mapping[str, str]) -> None:
    """Serves until the process is ended. Raises Invalid where the settings are unsafe."""
    settings = deps.settings
    safety.check(settings, environ)
    waitress.serve(create_app(deps), **options(settings))


def options(settings: Settings) -> dict[str, object]:
    """Waitress reads a request whole before a thread takes it up, so slow senders hold no thread; therefore uploads come in chunks of 8 MB here."""
    return {
        "host": settings.host,
        "port": settings.port,
        "threads": THREADS,
        "connection_limit": CONNECTIONS,
        "channel_timeout": IDLE_S,
        "max_request_header_size": 64 * 1024,
        "max_request_body_size": settings.max_upload_bytes + 1024,
        "ident": "sopwright",
        # Flask's ProxyFix reads the headers of the trusted proxies; waitress must not drop them before.
        "clear_untrusted_proxy_headers": settings.trusted_proxies == 0,
    }

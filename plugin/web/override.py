"""``X-HTTP-Method-Override`` for networks that let only POST through: for uploads alone, and only from POST to what an upload needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ALLOWED = frozenset({"PATCH", "DELETE", "HEAD"})


class MethodOverride:
    """WSGI middleware; before routing, so that the access rules of the wanted method hold."""

    def __init__(self, app: WSGIApplication, below: str) -> None:
        self._app = app
        self._below = below

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if wanted in _ALLOWED and environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO", "").startswith(self._below):
            environ["REQUEST_METHOD"] = wanted
        return self._app(environ, start_response)

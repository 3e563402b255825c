"""The web role: one Flask application, put together here. Views live in their rooms; this module only says which there are and in what order."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from flask import Blueprint, Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from plugin.services.deps import Deps
from plugin.web import errors, guard, headers, metrics, system, uploads
from plugin.web.access import access_of, open_to_all
from plugin.web.api import APIS
from plugin.web.context import EXTENSION
from plugin.web.errors import Problem
from plugin.web.override import MethodOverride
from plugin.web.routing import PREFIX

ENTRANCES = ("plugin.web.oidc", "plugin.web.ui", "plugin.web.forge", "plugin.web.notion", "plugin.web.confluence")
"""Each has a function ``blueprint() -> Blueprint``. Views say with plugin.web.access who may call them; webhooks use ``proves_itself``."""

GUESSES_PER_MINUTE = 30
MAX_FORM_BYTES = 512 * 1024


def create_app(deps: Deps) -> Flask:
    """A WSGI application. Opens nothing and starts nothing; the database must have been brought up to date before."""
    app = Flask("plugin.web", static_folder=None)
    app.extensions[EXTENSION] = deps
    app.config.update(MAX_CONTENT_LENGTH=MAX_FORM_BYTES, MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES, MAX_FORM_PARTS=100)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.url_map.strict_slashes = False
    app.before_request(_begin)
    app.before_request(_plain_bodies_only)
    errors.install(app)
    headers.install(app)
    metrics.install(app)
    guard.install(app, guard.Guesses.allowing(GUESSES_PER_MINUTE))
    for api in APIS:
        app.register_blueprint(api.blueprint)
    app.register_blueprint(uploads.install(app, deps))
    app.register_blueprint(system.blueprint())
    app.extensions[system.SPECS] = (*(spec for api in APIS for spec in api.specs), *uploads.SPECS)
    _open_the_entrances(app)
    _behind_proxies(app, deps.settings.trusted_proxies)
    return app


def _begin() -> Response | None:
    g.request_id = secrets.token_hex(8)
    return headers.preflight() if headers.is_preflight() else None


def _plain_bodies_only() -> None:
    """A packed body could unpack to anything; nobody of ours sends one."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("unsupported-media-type", "Send the body without Content-Encoding.")


def _open_the_entrances(app: Flask) -> None:
    for name in ENTRANCES:
        if find_spec(name) is None:
            continue
        make = cast(Callable[[], Blueprint], import_module(name).blueprint)
        app.register_blueprint(make())
    # The pages are empty shells and files that anyone may load: what they show comes from the API, as the signed-in person may see it.
    for endpoint, view in app.view_functions.items():
        if access_of(view) is None and (endpoint.startswith("ui.") or endpoint.endswith(".static")):
            app.view_functions[endpoint] = open_to_all(_own(view))


def _own(view: Callable[..., Any]) -> Callable[..., Any]:
    """A bound method cannot carry a mark; a function of ours can."""

    def run(**arguments: Any) -> Any:
        return view(**arguments)

    return run


def _behind_proxies(app: Flask, count: int) -> None:
    app.wsgi_app = MethodOverride(app.wsgi_app, f"{PREFIX}/uploads")  # type: ignore[method-assign]  # the documented way to wrap
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_port=count)  # type: ignore[method-assign]

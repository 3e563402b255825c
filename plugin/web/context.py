"""What a request works with: the services' deps and who asks. The only place of the web room that reads the application from the air."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.web.errors import Unauthorized

EXTENSION = "sopwright"


def deps() -> Deps:
    """What :func:`plugin.web.app.create_app` was given."""
    return cast(Deps, current_app.extensions[EXTENSION])


def maybe_caller() -> Caller | None:
    """Who asks; None for somebody who is not signed in."""
    return cast("Caller | None", g.get("caller"))


def caller() -> Caller:
    """Who asks; raises Unauthorized where nobody is signed in."""
    known = maybe_caller()
    if known is None:
        raise Unauthorized
    return known

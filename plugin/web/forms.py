"""Plain HTML forms for admins: each carries the token of the session that it was shown to."""

from __future__ import annotations

import hmac

from flask import g, request

from plugin.web import guard
from plugin.web.access import Access
from plugin.web.context import caller
from plugin.web.errors import Problem

SHOWN = Access(check="caller", role="admin", tickets=False)
SENT = Access(check="caller", role="admin", tickets=False, csrf=False)
"""For a view that calls :func:`checked` first: a form can send no header."""


def token() -> str:
    """The hidden field's value; empty for a caller with an API token, who needs none."""
    session = g.get("session")
    return guard.csrf_token(session) if session else ""


def checked() -> None:
    """Raises Problem 403 unless the form was shown to this very session."""
    if caller().via != "session":
        return
    if not hmac.compare_digest(request.form.get("csrf", "").encode(), token().encode()) or not token():
        raise Problem("cross-site", "The form is out of date. Go back, load the page again and send it once more.")

"""What Notion itself calls. Proves itself by a signature or a secret, is answered at once, and is worked later."""

from __future__ import annotations

from flask import Blueprint, Response, request

from plugin.domain.errors import Forbidden
from plugin.services import notion_hooks
from plugin.web import guard
from plugin.web.access import proves_itself
from plugin.web.context import deps
from plugin.web.errors import Problem, Unauthorized

MAX_BYTES = 256 * 1024
SIGNATURE, SECRET = "X-Notion-Signature", "X-SOPwright-Secret"


def register(notion: Blueprint) -> None:
    notion.add_url_rule("/events/<connection_id>/<path>", "events", proves_itself(_events), methods=["POST"])
    notion.add_url_rule("/button/<connection_id>", "button", proves_itself(_button), methods=["POST"])


def _events(connection_id: str, path: str) -> Response:
    raw = _raw()
    try:
        notion_hooks.arrived(deps(), connection_id[:100], path[:100], raw, request.headers.get(SIGNATURE, "")[:200])
    except Forbidden:
        _refused()
    return Response(status=200)


def _button(connection_id: str) -> Response:
    raw = _raw()
    try:
        notion_hooks.pressed(deps(), connection_id[:100], request.headers.get(SECRET, "")[:200], raw)
    except Forbidden:
        _refused()
    return Response(status=200)


def _raw() -> bytes:
    """The bytes as they came: the signature covers them, not what they mean."""
    guard.guesses().check(guard.sender())
    if (request.content_length or 0) > MAX_BYTES:
        raise Problem("too-large", "This is more than an event has.")
    request.max_content_length = MAX_BYTES
    return request.get_data(cache=False)


def _refused() -> None:
    guard.guesses().failed(guard.sender())
    raise Unauthorized

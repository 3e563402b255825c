"""Addresses for machines that look after the service: is it alive, is it ready, its figures; and the description of the API."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, json, redirect, render_template, request
from markupsafe import Markup, escape
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.wrappers import Response as BaseResponse

import plugin
from plugin.domain.errors import Forbidden
from plugin.services import administration, links
from plugin.web import guard, metrics, openapi
from plugin.web.access import Access, access, open_to_all
from plugin.web.context import deps
from plugin.web.errors import KINDS, not_found
from plugin.web.routing import PREFIX, Spec, to_response

SPECS = "sopwright-specs"
_REFERENCE = re.compile(r"#/components/schemas/(\w+)")


def blueprint() -> Blueprint:
    """`/healthz`, `/readyz`, `/metrics`, `/problems/<slug>`, `/api/v1/openapi.json` and `/api/docs`."""
    system = Blueprint("system", __name__, template_folder="templates", static_folder="static", static_url_path="/api/docs/static")
    system.add_url_rule("/healthz", "healthz", open_to_all(_alive))
    system.add_url_rule("/readyz", "readyz", open_to_all(_ready))
    system.add_url_rule("/metrics", "metrics", access(Access(check="own"))(_metrics))
    system.add_url_rule("/problems/<slug>", "problem", open_to_all(_problem))
    system.add_url_rule(f"{PREFIX}/openapi.json", "openapi", open_to_all(_openapi))
    system.add_url_rule("/api/docs", "docs", open_to_all(_docs))
    # The address in mails; the page that it leads to asks the API what the link is for.
    system.add_url_rule("/links/<token>", "link", open_to_all(_link))
    system.add_url_rule("/links/<token>", "unsubscribe", access(Access(check="own", csrf=False))(_unsubscribe), methods=["POST"])
    return system


def _link(token: str) -> BaseResponse:
    return redirect(f"/review?{urlencode({'token': token})}")


def _unsubscribe(token: str) -> Response:
    """What a mail program sends when its own "unsubscribe" button is pressed (RFC 8058): a POST without cookies to the address in List-Unsubscribe."""
    guard.guesses().check(guard.sender())
    try:
        known = links.unsubscribe(deps(), token=token)
    except Forbidden:
        guard.guesses().failed(guard.sender())
        raise
    if not known:
        raise not_found()
    return Response("You get no more of these mails.\n", content_type="text/plain; charset=utf-8")


def _alive() -> Response:
    return to_response({"state": "alive", "version": plugin.__version__})


def _ready() -> Response:
    """503 as long as something is bad, so that a load balancer waits. Says only what a stranger may know: the words are for admins (`/api/v1/health`)."""
    lines = administration.health(deps())
    bad = any(line.state == "bad" for line in lines)
    return to_response({"state": "bad" if bad else "ready", "checks": {line.name: line.state for line in lines}}, 503 if bad else 200)


def _metrics() -> Response:
    """Only with the metrics token, or where none is set, for this machine itself: from outside there is nothing here."""
    if not metrics.may_read(deps().settings, request):
        raise not_found()
    return Response(generate_latest(metrics.of(current_app)), content_type=CONTENT_TYPE_LATEST)


def _problem(slug: str) -> Response:
    kind = KINDS.get(slug)
    if kind is None:
        raise not_found()
    return to_response({"type": f"/problems/{slug}", "status": kind.status, "title": kind.title})


def _openapi() -> Response:
    return Response(
        _document_json(current_app.extensions[SPECS]), content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )


def _docs() -> str:
    return render_template("api.html", document=_document(current_app.extensions[SPECS]), version=plugin.__version__, shown=_shown)


def _shown(schema: dict[str, Any]) -> Markup:
    """A schema as text, its references as links to where they stand on the page."""
    text = escape(json.dumps(schema, indent=2))
    linked = _REFERENCE.sub(r'<a href="#schema-\1">\1</a>', text)
    return Markup(f"<pre>{linked}</pre>")  # noqa: S704 - the text was escaped, the link holds a word only


@cache
def _document(specs: tuple[Spec, ...]) -> dict[str, Any]:
    return openapi.document(specs, plugin.__version__)


@cache
def _document_json(specs: tuple[Spec, ...]) -> str:
    return json.dumps(_document(specs))

"""A page for the admin: what is missing, the policy, the addresses and secrets that go into Notion's settings. As JSON for scripts."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from plugin.services import connections, notion_hooks, notion_rows
from plugin.services.notion_hooks import Hooks
from plugin.web import forms
from plugin.web.access import access
from plugin.web.context import caller, deps
from plugin.web.routing import to_response


def register(notion: Blueprint) -> None:
    notion.add_url_rule("/setup", "overview", access(forms.SHOWN)(_overview))
    notion.add_url_rule("/setup/<connection_id>", "setup", access(forms.SHOWN)(_shown))
    notion.add_url_rule("/setup/<connection_id>", "change", access(forms.SENT)(_changed), methods=["POST"])


def _overview() -> str:
    """Which connections there are, and the ways to a new one."""
    found = [view for view in connections.connections(deps(), caller()) if view.kind == "notion"]
    return render_template("notion_overview.html", connections=found, oauth=bool(deps().settings.notion_client_id))


def _shown(connection_id: str) -> Response:
    found = notion_hooks.hooks(deps(), caller(), connection_id)
    base = deps().settings.base_url.rstrip("/")
    if request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json":
        return _as_json(found, base)
    page = render_template("notion_setup.html", hooks=found, base=base, csrf=forms.token(), policies=notion_rows.POLICIES)
    return Response(page, content_type="text/html; charset=utf-8")


def _changed(connection_id: str) -> Response:
    forms.checked()
    if "policy" in request.form:
        notion_rows.set_policy(deps(), caller(), connection_id, request.form["policy"])
    if request.form.get("forget") == "yes":
        notion_hooks.forget_handshake(deps(), caller(), connection_id)
    if request.form.get("again") == "yes":
        notion_hooks.set_up_again(deps(), caller(), connection_id)
    answer = redirect(f"/notion/setup/{connection_id}", 303)
    assert isinstance(answer, Response)  # noqa: S101 - flask's own class
    return answer


def _as_json(found: Hooks, base: str) -> Response:
    return to_response(
        {
            "connection_id": found.connection_id,
            "policy": found.policy,
            "missing": list(found.missing),
            "events_url": base + found.events_path,
            "verification_token": found.verification_token,
            "button_url": base + found.button_path,
            "button_header": "X-SOPwright-Secret",
            "button_secret": found.button_secret,
        }
    )

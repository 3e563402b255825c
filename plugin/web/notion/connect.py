"""Connecting by OAuth: to Notion with a state that belongs to this person's browser, back with a code, then a page is chosen."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request

from plugin.domain.errors import Invalid
from plugin.services import inbound, notion_oauth
from plugin.vault import Unreadable, new_secret
from plugin.web.access import access
from plugin.web.context import caller, deps
from plugin.web.errors import Problem
from plugin.web.notion import forms

COOKIE, ROOM = "sopwright_notion", "/notion"
TIME = timedelta(minutes=10)
_SEALED = {"workspace_id": "", "field": "notion/authorize"}
_USED = "notion-state"


def register(notion: Blueprint) -> None:
    notion.add_url_rule("/authorize", "authorize", access(forms.SHOWN)(_authorize))
    notion.add_url_rule("/callback", "callback", access(forms.SHOWN)(_callback))
    notion.add_url_rule("/choose/<bot_id>", "choose", access(forms.SHOWN)(_choices))
    notion.add_url_rule("/choose/<bot_id>", "chosen", access(forms.SENT)(_chosen), methods=["POST"])


def _authorize() -> Response:
    state = new_secret("sw", deps().random_bytes)
    address = notion_oauth.authorize_url(deps(), caller(), redirect_uri=_callback_url(), state=state)
    flow = {"state": state, "person": caller().person_id, "until": int((deps().clock() + TIME).timestamp())}
    answer = _to(address)
    secure = deps().settings.base_url.startswith("https://")
    sealed = deps().vault.seal(json.dumps(flow), **_SEALED)
    answer.set_cookie(COOKIE, sealed, max_age=TIME, secure=secure, httponly=True, samesite="Lax", path=ROOM)
    return answer


def _callback() -> Response:
    _check_state(request.args.get("state", ""))
    if request.args.get("error"):
        raise Problem("invalid", "Notion was not connected: the authorization was declined there.")
    code = request.args.get("code", "")
    if not 0 < len(code) <= 1000:
        raise Problem("bad-request", "Notion's answer holds no code.")
    bot_id = notion_oauth.install(deps(), caller(), code=code, redirect_uri=_callback_url())
    answer = _to(f"{ROOM}/choose/{bot_id}")
    answer.delete_cookie(COOKIE, path=ROOM)
    return answer


def _check_state(given: str) -> None:
    """Raises Problem 400 unless this browser and this person began it, not long ago, and it was not answered yet."""
    wrong = Problem("bad-request", "This answer of Notion does not belong to a connection that you began here. Begin again.")
    try:
        flow = json.loads(deps().vault.open(request.cookies.get(COOKIE, ""), **_SEALED))
    except (Unreadable, ValueError):
        raise wrong from None
    same = hmac.compare_digest(given.encode(), str(flow["state"]).encode()) and flow["person"] == caller().person_id
    if not same or flow["until"] <= deps().clock().timestamp():
        raise wrong
    if not inbound.first_time(deps(), kind=_USED, external_id=given, workspace_id=caller().workspace_id):
        raise wrong


def _choices(bot_id: str) -> str:
    places = notion_oauth.places(deps(), caller(), bot_id)
    return render_template("notion_choose.html", places=places, csrf=forms.token())


def _chosen(bot_id: str) -> Response:
    forms.checked()
    parent = request.form.get("parent", "")
    if parent not in {place.id for place in notion_oauth.places(deps(), caller(), bot_id)}:
        raise Invalid("parent", "Choose one of the pages.")
    view = notion_oauth.choose(deps(), caller(), bot_id, parent=parent)
    return _to(f"{ROOM}/setup/{view.id}")


def _callback_url() -> str:
    """Always our own address, whatever the request said."""
    return f"{deps().settings.base_url.rstrip('/')}{ROOM}/callback"


def _to(address: str) -> Response:
    answer = redirect(address, 303)
    assert isinstance(answer, Response)  # noqa: S101 - flask's own class
    return answer

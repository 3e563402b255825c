"""Connecting by OAuth: to Notion, back with a code, then a page is chosen."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from plugin.domain.errors import Invalid
from plugin.services import notion_oauth
from plugin.web import forms
from plugin.web.access import access
from plugin.web.authorizing import Errand, to
from plugin.web.context import caller, deps

ROOM = "/notion"
ERRAND = Errand(room=ROOM, whom="Notion")


def register(notion: Blueprint) -> None:
    notion.add_url_rule("/authorize", "authorize", access(forms.SHOWN)(_authorize))
    notion.add_url_rule("/callback", "callback", access(forms.SHOWN)(_callback))
    notion.add_url_rule("/choose/<bot_id>", "choose", access(forms.SHOWN)(_choices))
    notion.add_url_rule("/choose/<bot_id>", "chosen", access(forms.SENT)(_chosen), methods=["POST"])


def _authorize() -> Response:
    return ERRAND.begin(lambda asked: notion_oauth.authorize_url(deps(), caller(), redirect_uri=asked.redirect_uri, state=asked.state))


def _callback() -> Response:
    answered = ERRAND.answered()
    bot_id = notion_oauth.install(deps(), caller(), code=answered.code, redirect_uri=answered.redirect_uri)
    return ERRAND.done(f"{ROOM}/choose/{bot_id}")


def _choices(bot_id: str) -> str:
    places = notion_oauth.places(deps(), caller(), bot_id)
    return render_template("notion_choose.html", places=places, csrf=forms.token())


def _chosen(bot_id: str) -> Response:
    forms.checked()
    given = request.form.get("address", "").strip() or request.form.get("parent", "")
    if not given:
        raise Invalid("parent", "Choose one of the pages, or give the address of one.")
    view = notion_oauth.choose(deps(), caller(), bot_id, parent=notion_oauth.page(deps(), caller(), bot_id, given[:2000]).id)
    return to(f"{ROOM}/setup/{view.id}")

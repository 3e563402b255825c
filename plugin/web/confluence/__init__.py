"""The entrance for admins who connect Confluence Cloud by OAuth 2.0 (3LO). See docs/how-to/confluence-oauth.md.

There: to Atlassian with a state and a PKCE challenge. Back: with a code; then a site and a space are chosen, and what is missing is shown.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from plugin.domain.errors import Forbidden
from plugin.services import confluence_oauth, connections
from plugin.web import forms
from plugin.web.access import access
from plugin.web.authorizing import Errand, to
from plugin.web.context import caller, deps

ROOM = "/confluence"
ERRAND = Errand(room=ROOM, whom="Confluence")


def blueprint() -> Blueprint:
    """Everything below ``/confluence``."""
    confluence = Blueprint("confluence", __name__, url_prefix=ROOM, template_folder="templates")
    confluence.add_url_rule("/setup", "overview", access(forms.SHOWN)(_overview))
    confluence.add_url_rule("/setup/<connection_id>", "setup", access(forms.SHOWN)(_shown))
    confluence.add_url_rule("/authorize", "authorize", access(forms.SHOWN)(_authorize))
    confluence.add_url_rule("/callback", "callback", access(forms.SHOWN)(_callback))
    confluence.add_url_rule("/choose/<grant_id>", "choose", access(forms.SHOWN)(_choices))
    confluence.add_url_rule("/choose/<grant_id>", "chosen", access(forms.SENT)(_chosen), methods=["POST"])
    return confluence


def _overview() -> str:
    """Which connections there are, and the ways to a new one."""
    found = [view for view in connections.connections(deps(), caller()) if view.kind == "confluence"]
    return render_template("confluence_overview.html", connections=found, oauth=bool(deps().settings.atlassian_client_id))


def _shown(connection_id: str) -> str:
    standing = confluence_oauth.standing(deps(), caller(), connection_id)
    return render_template("confluence_setup.html", standing=standing, oauth=bool(deps().settings.atlassian_client_id))


def _authorize() -> Response:
    return ERRAND.begin(
        lambda asked: confluence_oauth.authorize_url(
            deps(), caller(), redirect_uri=asked.redirect_uri, state=asked.state, challenge=asked.challenge
        )
    )


def _callback() -> Response:
    answered = ERRAND.answered()
    offer = confluence_oauth.accept(deps(), caller(), code=answered.code, redirect_uri=answered.redirect_uri, verifier=answered.verifier)
    return ERRAND.done(f"{ROOM}/choose/{offer.id}")


def _choices(grant_id: str) -> str:
    """With several sites, first which; its spaces are proposed then."""
    offer = confluence_oauth.offer(deps(), caller(), grant_id)
    site = request.args.get("site", "") or (offer.sites[0].id if len(offer.sites) == 1 else "")
    spaces = confluence_oauth.spaces(deps(), caller(), grant_id, site) if site else ()
    chosen = next((one for one in offer.sites if one.id == site), None)
    return render_template("confluence_choose.html", offer=offer, site=chosen, spaces=spaces, csrf=forms.token())


def _chosen(grant_id: str) -> Response:
    forms.checked()
    site = request.form.get("site", "")
    if not site:
        raise Forbidden("Choose one of the sites.")
    view = confluence_oauth.choose(deps(), caller(), grant_id, site_id=site, space=request.form.get("space", "")[:255])
    return to(f"{ROOM}/setup/{view.id}")

"""What Forge itself calls: life cycle, schedule, events of pages. Answered at once (Forge waits five seconds), worked later."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, request

from plugin.services import installations, page_events
from plugin.web.bodies import MAX_BODY_BYTES, parse_json
from plugin.web.context import deps
from plugin.web.forge.entrance import Call, from_forge

log = structlog.get_logger(__name__)
_PAGE_EVENT = "avi:confluence:"


def register(forge: Blueprint) -> None:
    """Each kind has an address of its own: the payload of life-cycle events does not name them."""
    for rule, view in (
        ("/installed", installed),
        ("/upgraded", upgraded),
        ("/hourly", hourly),
        ("/uninstalled", uninstalled),
        ("/events", events),
    ):
        forge.add_url_rule(rule, view.__name__, view, methods=["POST"])


@from_forge(by="machine", renews=True)
def installed(call: Call) -> Any:
    """The token came in with the call. Who installed the app is the first admin of a workspace that is made for the site."""
    account_id = _body().get("installerAccountId")
    if call.site is not None and isinstance(account_id, str) and 0 < len(account_id) <= 200:
        installations.name_installer(deps(), call.site, account_id)
    return {"accepted": True}


@from_forge(by="machine", renews=True)
def upgraded(call: Call) -> Any:  # noqa: ARG001  all there is to do, a fresh token, is done at the door
    return {"accepted": True}


@from_forge(by="machine", renews=True)
def hourly(call: Call) -> Any:  # noqa: ARG001  see above
    return {"accepted": True}


@from_forge(by="machine", makes_site=False)
def uninstalled(call: Call) -> Any:
    if call.site is not None:
        installations.remove(deps(), call.site, call.invocation.installation)
    return {"accepted": True}


@from_forge(by="machine", makes_site=False)
def events(call: Call) -> Any:
    """An event says which page to look at; what is there now is seen by looking. Ours are told apart by Forge, and here once more."""
    event = _body()
    kind, page_id = str(event.get("eventType") or ""), _page_id(event)
    if call.site is None or page_id is None or event.get("selfGenerated") is True or not kind.startswith(_PAGE_EVENT):
        return {"accepted": True}
    ours = page_events.happened(deps(), call.site, page_id, deleted=kind.endswith("deleted:page"))
    if ours:
        log.info("forge_event", kind=kind)
    return {"accepted": True}


def _body() -> dict[str, Any]:
    """The event, bare or inside ``payload``: Forge's documentation shows both. Empty where there is none."""
    request.max_content_length = MAX_BODY_BYTES
    data = request.get_data(cache=False)
    body = parse_json(data) if data else {}
    event = body.get("payload", body) if isinstance(body, dict) else {}
    return event if isinstance(event, dict) else {}


def _page_id(event: dict[str, Any]) -> str | None:
    content = event.get("content")
    value = content.get("id") if isinstance(content, dict) else None
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.isdigit() and len(text) <= 20 else None

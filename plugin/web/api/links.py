"""Signed links of mails: they open without signing in, show one thing, and change something only by POST (mail scanners follow links)."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from plugin.domain.errors import Forbidden
from plugin.services import review
from plugin.services.review import LinkView
from plugin.web import guard
from plugin.web.api.common import Id
from plugin.web.bodies import Body
from plugin.web.context import deps
from plugin.web.routing import Api

api = Api("links", "Links of mails")


class ActBody(Body):
    outcome: str = Field(
        min_length=1, max_length=40, description="An outcome of a review, `snooze`, `approved`, `declined` or `unsubscribe`."
    )
    note: str = Field("", max_length=2000, description="For `snooze`: the reason.")
    hand_over_to: Id | None = None
    until: date | None = Field(None, description="For `snooze`: the day of the next reminder.")


@api.route("GET", "/links/<token>", "What a link leads to; changes nothing", check="open", csrf=False, answers=LinkView)
def read(token: str) -> Any:
    guard.guesses().check(guard.sender())
    try:
        return review.read_link(deps(), token=token)
    except Forbidden:
        guard.guesses().failed(guard.sender())
        raise


@api.route("POST", "/links/<token>", "Do what the link is for", check="open", csrf=False, body=ActBody, answers=LinkView)
def act(token: str, body: ActBody) -> Any:
    guard.guesses().check(guard.sender())
    try:
        return review.act_on_link(
            deps(), token=token, outcome=body.outcome, note=body.note, hand_over_to=body.hand_over_to, until=body.until
        )
    except Forbidden:
        guard.guesses().failed(guard.sender())
        raise

"""API tokens for machines: shown once, stored as a hash, revocable."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from plugin.services import people
from plugin.services.caller import Scope
from plugin.services.people import TokenView
from plugin.web.answers import Listing
from plugin.web.api.common import Name
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("tokens", "API tokens")


class TokenBody(Body):
    name: Name
    scopes: list[Scope] | None = Field(
        None, min_length=1, max_length=4, description="`write`, `publish` and `admin` include reading; left out: all that I may do."
    )
    days: int | None = Field(None, ge=1, le=3650, description="Ends after so many days; left out: never.")


@api.route("GET", "/tokens", "My tokens, newest first", tickets=False, answers=Listing[TokenView])
def tokens() -> Any:
    return Listing(items=people.tokens(deps(), caller()))


# No Idempotency-Key here: the kept answer would be the secret.
@api.route(
    "POST",
    "/tokens",
    "Make a token that acts as me; its secret is in this answer only",
    scope="admin",
    tickets=False,
    body=TokenBody,
    answers=TokenView,
    status=201,
)
def make(body: TokenBody) -> Any:
    return people.make_token(deps(), caller(), name=body.name, days=body.days, scopes=body.scopes)


@api.route("DELETE", "/tokens/<token_id>", "Revoke a token", tickets=False, scope="admin", status=204)
def revoke(token_id: str) -> None:
    people.revoke_token(deps(), caller(), token_id)

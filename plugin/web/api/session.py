"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response
from pydantic import Field

from plugin.domain.errors import Exhausted, Forbidden
from plugin.services import people as people_service
from plugin.services.caller import Caller
from plugin.web import guard
from plugin.web.answers import Me, role_name
from plugin.web.bodies import Body
from plugin.web.context import caller, deps, maybe_caller
from plugin.web.routing import Api, to_response

api = Api("session", "Sign-in")


class Credentials(Body):
    email: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1, max_length=1024)
    workspace: str | None = Field(None, max_length=64, description="Slug; needed only by people of several workspaces.")


@api.route("POST", "/session", "Sign in with a local account", check="open", csrf=False, body=Credentials, answers=Me, status=200)
def sign_in(body: Credentials) -> Response:
    guard.guesses().check(guard.sender())
    try:
        signed_in = people_service.sign_in(deps(), email=body.email, password=body.password, workspace=body.workspace)
    except (Forbidden, Exhausted):
        guard.guesses().failed(guard.sender())
        raise
    if (old := _present_session()) is not None:
        people_service.sign_out(deps(), session=old)
    answer = to_response(_me(signed_in.caller, signed_in.session))
    guard.set_session(answer, signed_in)
    return answer


@api.route("DELETE", "/session", "Sign out", check="open", status=204)
def sign_out() -> Response:
    answer = make_response("", 204)
    if maybe_caller() is not None and (session := _present_session()) is not None:
        people_service.sign_out(deps(), session=session)
    guard.clear_session(answer)
    return answer


@api.route("GET", "/me", "Who am I", unbound=True, answers=Me)
def me() -> Any:
    return _me(caller(), _present_session())


def _present_session() -> str | None:
    session: str | None = g.get("session")
    return session


def _me(known: Caller, session: str | None) -> Me:
    standing = people_service.standing(deps(), known)
    return Me(
        id=known.person_id,
        name=known.name,
        email=standing.email,
        role=role_name(known.role),
        workspace_id=known.workspace_id,
        workspace_name=standing.workspace_name,
        via=known.via,
        csrf_token=guard.csrf_token(session) if session else None,
    )

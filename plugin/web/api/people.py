"""People of the workspace and their own profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from plugin.services import people as people_service
from plugin.web import tickets
from plugin.web.answers import Listing, PersonRow, RoleName, person_row, role_of
from plugin.web.api.common import Id, Name
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("people", "People")
PASSWORD = Field(None, min_length=12, max_length=1024)


class AddBody(Body):
    email: str = Field(min_length=3, max_length=254)
    name: Name
    role: RoleName = "author"
    password: str | None = PASSWORD


class ChangeBody(Body):
    name: Name | None = None
    role: RoleName | None = None
    active: bool | None = None
    time_zone: str | None = Field(None, max_length=64)
    working_days: list[int] | None = Field(None, max_length=7)
    digest_hour: int | None = Field(None, ge=0, le=23)
    manager_id: Id | None = None
    mail: bool | None = None
    chat_url: str | None = Field(None, max_length=2000)
    password: str | None = PASSWORD
    old_password: str | None = Field(None, max_length=1024)


@api.route("GET", "/people", "People of the workspace", unbound=True, answers=Listing[PersonRow])
def people() -> Any:
    """To a bound ticket, which lives in a foreign page, names only: who may choose an owner there need not learn everybody's address."""
    found = tuple(map(person_row, people_service.people(deps(), caller())))
    bound = tickets.bounds()
    return Listing(items=tuple(replace(one, email="") for one in found) if bound.own or bound.sop_id else found)


@api.route("POST", "/people", "Add somebody", role="admin", tickets=False, body=AddBody, answers=PersonRow, status=201, once=True)
def add(body: AddBody) -> Any:
    added = people_service.add(deps(), caller(), email=body.email, name=body.name, role=role_of(body.role), password=body.password)
    return person_row(added)


@api.route("GET", "/people/<person_id>", "One person", answers=PersonRow)
def person(person_id: str) -> Any:
    return person_row(people_service.person(deps(), caller(), person_id))


# One's own profile needs no role; the service lets only admins change others, roles and managers.
@api.route("PATCH", "/people/<person_id>", "Change a profile", tickets=False, scope="admin", body=ChangeBody, answers=PersonRow)
def change(person_id: str, body: ChangeBody) -> Any:
    given = body.model_dump(exclude={"role"})
    changed = people_service.change(deps(), caller(), person_id, role=role_of(body.role) if body.role else None, **given)
    return person_row(changed)

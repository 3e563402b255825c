"""Templates: the areas with their sections, review rules, approvals, and what must be filled before publishing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from plugin.services import administration
from plugin.services.administration import ApprovalRule, AreaView
from plugin.web.answers import Listing
from plugin.web.api.common import Id, Name
from plugin.web.api.reviews import PolicyBody
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.errors import invalid
from plugin.web.routing import Api

api = Api("templates", "Templates")


class ApprovalBody(Body):
    needed: int = Field(0, ge=0, le=50)
    approvers: list[Id] = Field([], max_length=50)


class TemplateBody(Body):
    title: Name
    policy: PolicyBody = PolicyBody()
    approval: ApprovalBody | None = None
    required: list[Name] = Field([], max_length=100, description="Fields that must be filled, as `rollback` or `steps.expected`.")
    sections: list[Name] = Field([], max_length=100)


@api.route(
    "GET",
    "/templates",
    "The areas and their rules; the one named `default` is the workspace's own",
    unbound=True,
    answers=Listing[AreaView],
)
def templates() -> Any:
    return Listing(items=administration.areas(deps(), caller()))


@api.route("GET", "/templates/<name>", "One area", unbound=True, answers=AreaView)
def template(name: str) -> Any:
    return administration.area(deps(), caller(), "" if name == "default" else name)


@api.route("PUT", "/templates/<name>", "Set the rules of an area", role="admin", tickets=False, body=TemplateBody, answers=AreaView)
def set_template(name: str, body: TemplateBody) -> Any:
    if len(name) > 64 or not name.replace("-", "").isalnum():
        raise invalid("name", "A name consists of letters, digits and hyphens.")
    approval = None if body.approval is None else ApprovalRule(needed=body.approval.needed, approvers=tuple(body.approval.approvers))
    area = AreaView(
        name="" if name == "default" else name,
        title=body.title,
        policy=body.policy.policy(),
        approval=approval,
        required=tuple(body.required),
        sections=tuple(body.sections),
    )
    return administration.set_area(deps(), caller(), area)

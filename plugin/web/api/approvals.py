"""Approvals: asking for one, giving or declining it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from plugin.services import approve
from plugin.services.approve import ApprovalView
from plugin.web.answers import Listing
from plugin.web.api.common import Id
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("approvals", "Approvals")


class RequestBody(Body):
    approvers: list[Id] | None = Field(None, min_length=1, max_length=50, description="Ids of people; left out: those of the area's rule.")


class DecisionBody(Body):
    decision: Literal["approved", "declined"]
    comment: str = Field("", max_length=2000)


@api.route("GET", "/sops/<sop_id>/approvals", "Approvals of one SOP, newest first", answers=Listing[ApprovalView])
def approvals(sop_id: str) -> Any:
    return Listing(items=approve.approvals(deps(), caller(), sop_id))


@api.route(
    "POST",
    "/sops/<sop_id>/approvals",
    "Ask for approval of the newest revision",
    role="author",
    body=RequestBody,
    answers=ApprovalView,
    status=201,
    once=True,
)
def request_approval(sop_id: str, body: RequestBody) -> Any:
    return approve.request(deps(), caller(), sop_id, approvers=body.approvers)


@api.route("GET", "/approvals", "What waits for my decision", answers=Listing[ApprovalView])
def waiting() -> Any:
    return Listing(items=approve.waiting_for_me(deps(), caller()))


# Whoever is named as an approver may decide, whatever their role; the service checks it.
@api.route("POST", "/approvals/<approval_id>/decision", "Approve or decline", body=DecisionBody, answers=ApprovalView, once=True)
def decide(approval_id: str, body: DecisionBody) -> Any:
    return approve.decide(deps(), caller(), approval_id, decision=body.decision, comment=body.comment)

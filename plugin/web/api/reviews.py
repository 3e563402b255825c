"""Reviews: what is due, what came of it, putting it off, who owns it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from plugin.domain.review import MAX_INTERVAL_DAYS, Criticality, Outcome, Policy
from plugin.services import review as review_service
from plugin.services.review import ReviewView
from plugin.web.answers import Listing
from plugin.web.api.common import Id
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("reviews", "Reviews")


class OutcomeBody(Body):
    outcome: Outcome
    note: str = Field("", max_length=2000)
    hand_over_to: Id | None = None


class SnoozeBody(Body):
    until: date
    reason: str = Field(min_length=1, max_length=1000)


class OwnerBody(Body):
    owner: Id | None = Field(description="Id of a person; null: nobody.")


class PolicyBody(Body):
    """Left out: as the wider rule says (area, then workspace)."""

    interval_days: int | None = Field(None, ge=1, le=MAX_INTERVAL_DAYS)
    interval_months: int | None = Field(None, ge=1, le=120)
    fixed: list[str] | None = Field(None, max_length=24, description="Days of the year as MM-DD.")
    lead_days: int | None = Field(None, ge=0, le=365)
    escalate_days: int | None = Field(None, ge=0, le=365)
    criticality: Criticality | None = None
    reviewer_id: Id | None = None
    fallback_id: Id | None = None

    def policy(self) -> Policy:
        given = self.model_dump()
        return Policy(**{**given, "fixed": None if self.fixed is None else tuple(self.fixed)})


@api.route("GET", "/reviews", "What I own and have to look at, most urgent first", answers=Listing[ReviewView])
def mine() -> Any:
    return Listing(items=review_service.mine(deps(), caller()))


@api.route("GET", "/sops/<sop_id>/reviews", "Owner, due date, rule and history of one SOP", answers=ReviewView)
def review(sop_id: str) -> Any:
    return review_service.review(deps(), caller(), sop_id)


# An owner may be a viewer of the workspace: the service decides who may record an outcome.
@api.route("POST", "/sops/<sop_id>/reviews", "Record the outcome of a review", body=OutcomeBody, answers=ReviewView, status=201, once=True)
def conclude(sop_id: str, body: OutcomeBody) -> Any:
    return review_service.conclude(deps(), caller(), sop_id, outcome=body.outcome, note=body.note, hand_over_to=body.hand_over_to)


@api.route("POST", "/sops/<sop_id>/reviews/start", "Begin a review", role="author", answers=ReviewView, once=True)
def start(sop_id: str) -> Any:
    return review_service.start(deps(), caller(), sop_id)


@api.route("POST", "/sops/<sop_id>/snooze", "No reminder before a date; the due date stays", body=SnoozeBody, answers=ReviewView, once=True)
def snooze(sop_id: str, body: SnoozeBody) -> Any:
    return review_service.snooze(deps(), caller(), sop_id, until=body.until, reason=body.reason)


@api.route("PUT", "/sops/<sop_id>/owner", "Give the SOP to somebody", role="author", body=OwnerBody, answers=ReviewView)
def assign(sop_id: str, body: OwnerBody) -> Any:
    return review_service.assign(deps(), caller(), sop_id, owner_id=body.owner)


@api.route("PUT", "/sops/<sop_id>/policy", "The SOP's own review rule", role="author", body=PolicyBody, answers=ReviewView)
def set_policy(sop_id: str, body: PolicyBody) -> Any:
    return review_service.set_policy(deps(), caller(), sop_id, policy=body.policy())

"""The history of an SOP: revisions, differences, restoring, and what a new recording proposes."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import Field

from plugin.domain.revision import Difference
from plugin.services import edit, library
from plugin.web.answers import Listing, SopPage, sop_page
from plugin.web.bodies import Body, Query
from plugin.web.context import caller, deps
from plugin.web.errors import not_found
from plugin.web.routing import Api, etag_of

api = Api("revisions", "History")


class DifferenceQuery(Query):
    old: int = Field(alias="from", ge=1, le=10**9)
    new: int = Field(alias="to", ge=1, le=10**9)


class RestoreBody(Body):
    revision: int = Field(ge=1, le=10**9)


class AcceptBody(Body):
    only: list[str] | None = Field(None, max_length=2000, description="Ids of the changes to take; left out: all.")
    recorded: list[str] = Field([], max_length=2000, description="Kept paths where the recording's words are taken instead of a person's.")
    everywhere: bool = Field(False, description="Publish the new revision wherever the SOP stands.")


class RejectBody(Body):
    note: str = Field("", max_length=1000)


@api.route("GET", "/sops/<sop_id>/revisions", "Revisions, newest first", answers=Listing[edit.RevisionView])
def revisions(sop_id: str) -> Any:
    return Listing(items=edit.revisions(deps(), caller(), sop_id))


@api.route("GET", "/sops/<sop_id>/revisions/<int:number>", "One revision with its document", answers=SopPage)
def revision(sop_id: str, number: int) -> Response:
    view = library.sop(deps(), caller(), sop_id, revision=number)
    return etag_of(sop_page(view), view.etag)


@api.route("GET", "/sops/<sop_id>/diff", "What differs between two revisions, step by step", query=DifferenceQuery, answers=Difference)
def difference(sop_id: str, query: DifferenceQuery) -> Any:
    return edit.difference(deps(), caller(), sop_id, old=query.old, new=query.new)


@api.route(
    "POST", "/sops/<sop_id>/restore", "An old revision as the newest one", role="author", body=RestoreBody, answers=edit.Saved, once=True
)
def restore(sop_id: str, body: RestoreBody) -> Response:
    saved = edit.restore(deps(), caller(), sop_id, revision=body.revision)
    return etag_of(saved, saved.etag)


@api.route("GET", "/sops/<sop_id>/proposal", "What a new recording would change", answers=edit.ProposalView)
def proposal(sop_id: str) -> Any:
    found = edit.proposal(deps(), caller(), sop_id)
    if found is None:
        raise not_found()
    return found


@api.route(
    "POST",
    "/sops/<sop_id>/proposals/<proposal_id>/accept",
    "Take a proposal over, whole or in part",
    role="author",
    body=AcceptBody,
    answers=edit.Saved,
    once=True,
)
def accept(sop_id: str, proposal_id: str, body: AcceptBody) -> Response:
    _of_this_sop(sop_id, proposal_id)
    saved = edit.accept(deps(), caller(), proposal_id, only=body.only, recorded=body.recorded, everywhere=body.everywhere)
    return etag_of(saved, saved.etag)


@api.route(
    "POST", "/sops/<sop_id>/proposals/<proposal_id>/reject", "Decline a proposal", role="author", body=RejectBody, status=204, once=True
)
def reject(sop_id: str, proposal_id: str, body: RejectBody) -> None:
    _of_this_sop(sop_id, proposal_id)
    edit.reject(deps(), caller(), proposal_id, note=body.note)


def _of_this_sop(sop_id: str, proposal_id: str) -> None:
    """The address names the SOP so that a ticket for one SOP is held to it."""
    found = edit.proposal(deps(), caller(), sop_id)
    if found is not None and found.id != proposal_id:
        raise not_found()

"""Publishing: what is missing before, how it will look, and where it stands."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from plugin.services import publish
from plugin.services.publish import CheckItem, PublicationView
from plugin.web import tickets
from plugin.web.answers import Listing, PreviewPage, preview_page
from plugin.web.api.common import Id
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("publications", "Publishing")


class PublishBody(Body):
    connection_id: Id
    place: str = Field("", max_length=500, description="Space, database or folder; empty: the connection's default.")
    parent: str | None = Field(None, max_length=500)
    owner: Id | None = Field(None, description="Id of the person who owns the SOP from now on.")
    interval_days: int | None = Field(None, ge=1, le=3650)
    revision: int | None = Field(None, ge=1, le=10**9)


class ResolveBody(Body):
    choices: dict[str, Literal["ours", "theirs"]] = Field(min_length=1, max_length=2000)


@api.route("GET", "/sops/<sop_id>/checklist", "What is missing before publishing", answers=Listing[CheckItem])
def checklist(sop_id: str) -> Any:
    return Listing(items=publish.checklist(deps(), caller(), sop_id))


@api.route("GET", "/sops/<sop_id>/preview/<target>", "How a target will show it", answers=PreviewPage)
def preview(sop_id: str, target: str) -> Any:
    return preview_page(publish.preview(deps(), caller(), sop_id, kind=target))


@api.route(
    "POST",
    "/sops/<sop_id>/publications",
    "Publish a revision",
    role="author",
    scope="publish",
    body=PublishBody,
    answers=PublicationView,
    status=202,
    once=True,
)
def publish_sop(sop_id: str, body: PublishBody) -> Any:
    tickets.check_place(
        deps(), caller(), sop_id, tickets.Place(connection_id=body.connection_id, place=body.place.strip(), parent=body.parent)
    )
    return publish.publish(
        deps(),
        caller(),
        sop_id,
        connection_id=body.connection_id,
        place=body.place,
        parent=body.parent,
        owner_id=body.owner,
        interval_days=body.interval_days,
        revision=body.revision,
    )


@api.route("GET", "/sops/<sop_id>/publications", "Where one SOP is published", answers=Listing[PublicationView])
def of_sop(sop_id: str) -> Any:
    return Listing(items=publish.publications(deps(), caller(), sop_id=sop_id))


@api.route("GET", "/publications", "Everything that is published", answers=Listing[PublicationView])
def list_publications() -> Any:
    return Listing(items=publish.publications(deps(), caller()))


@api.route("GET", "/publications/<publication_id>", "One publication", answers=PublicationView)
def publication(publication_id: str) -> Any:
    return publish.publication(deps(), caller(), publication_id)


@api.route(
    "POST",
    "/publications/<publication_id>/resolve",
    "Decide clashes and publish again",
    role="author",
    scope="publish",
    body=ResolveBody,
    answers=PublicationView,
    status=202,
    once=True,
)
def resolve(publication_id: str, body: ResolveBody) -> Any:
    tickets.check_page()
    return publish.resolve(deps(), caller(), publication_id, choices=body.choices)


@api.route(
    "DELETE",
    "/publications/<publication_id>",
    "Stop writing to that page; the page stays",
    role="author",
    scope="publish",
    tickets=False,
    status=204,
)
def close(publication_id: str) -> None:
    publish.close(deps(), caller(), publication_id)

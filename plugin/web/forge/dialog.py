"""What the app's dialog, byline and banner in Confluence call, through Forge: who is there, what they may do here, and a ticket for the components.

Whatever the person wants is first asked of Confluence with their own token; where they may not, they get no ticket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint
from pydantic import Field

from plugin.domain.errors import Forbidden
from plugin.services import accounts, attached, installations, made, page_events
from plugin.services.caller import Caller, Role
from plugin.services.installations import Site
from plugin.services.intake import Wishes
from plugin.services.page_events import Published
from plugin.services.visitors import Page, Space, Video, Visitor
from plugin.web import tickets
from plugin.web.api.common import Id
from plugin.web.bodies import Body, read_body
from plugin.web.context import deps
from plugin.web.forge.entrance import Call, from_forge
from plugin.web.routing import PREFIX
from plugin.web.tickets import Bounds, Place

TICKET_S = 900


class SessionBody(Body):
    sop_id: Id | None = Field(None, description="Go on with this SOP, which was made here a moment ago or stands at another page.")


class FetchBody(Body):
    attachment_id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    title: str | None = Field(None, max_length=300)
    language: str | None = Field(None, max_length=16)
    area: str | None = Field(None, max_length=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``api`` and ``ticket`` are for the components; ``place`` is where a new SOP goes. ``may``: ``edit`` or ``read``."""

    api: str
    ticket: str
    expires_at: datetime
    may: str
    service: str
    page: Page | None
    place: Place | None
    place_name: str
    sop: Published | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """For byline and banner. ``sop`` None: the page is none of ours."""

    sop: Published | None
    overdue: bool
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One SOP of a space whose page the person sees."""

    title: str
    url: str | None
    review_state: str
    due: date | None
    owner: str | None


def register(forge: Blueprint) -> None:
    """POST everywhere: Forge passes a body with it, and nothing may be kept in between."""
    for rule, view in (
        ("/ui/session", session),
        ("/ui/status", status),
        ("/ui/videos", videos),
        ("/ui/fetch", fetch),
        ("/ui/space", space),
    ):
        forge.add_url_rule(rule, view.__name__, view, methods=["POST"])


@from_forge(by="person")
def session(call: Call) -> Any:
    """Raises Forbidden where the person may neither change the page (read, for an SOP) nor put a new one into its space."""
    body = read_body(SessionBody)
    with _visitor(call) as visitor:
        caller = _person(call, visitor)
        if body.sop_id is not None:
            return _go_on(call, visitor, caller, body.sop_id)
        if call.invocation.page_id is None:
            return _create(call, visitor, caller, None)
        page = visitor.page(call.invocation.page_id)
        sop = page_events.at_page(deps(), _site(call), page.id)
        return _create(call, visitor, caller, page) if sop is None else _at(call, caller, page, sop)


@from_forge(by="person")
def status(call: Call) -> Any:
    """How the SOP of this page stands; asked at every look at the page, so it makes nobody known."""
    with _visitor(call) as visitor:
        page = visitor.page(_page_id(call), rights=False)
    sop = page_events.at_page(deps(), _site(call), page.id)
    return Status(sop=sop, overdue=sop is not None and sop.review_state == "overdue", service=deps().settings.base_url)


@from_forge(by="person")
def videos(call: Call) -> Any:
    """Recordings that are attached to this page and that the person sees."""
    with _visitor(call) as visitor:
        return {"videos": visitor.videos(_page_id(call))}


@from_forge(by="person")
def fetch(call: Call) -> Any:
    """Makes an SOP of a video of this page; the bytes are fetched by a worker. The answer names the job."""
    body, page_id = read_body(FetchBody), _page_id(call)
    with _visitor(call) as visitor:
        caller = _person(call, visitor)
        page = visitor.page(page_id)
        sop = page_events.at_page(deps(), _site(call), page.id)
        _required(page.may_edit if sop else visitor.space(page.space_id).may_create, "You may not do this on this page.")
        video: Video = visitor.video(page.id, body.attachment_id)
    wishes = Wishes(title=body.title, language=body.language, area=body.area, sop_id=sop.sop_id if sop else None)
    return {"job_id": attached.ask(deps(), caller, _site(call), page_id=page.id, video=video, wishes=wishes)}


@from_forge(by="person")
def space(call: Call) -> Any:
    """The SOPs of this space, the most urgent first; only those whose pages the person sees."""
    with _visitor(call) as visitor:
        where = visitor.space(_space_id(call))
        found = page_events.in_space(deps(), _site(call), where.key)
        seen = visitor.visible([sop.page_id for sop in found])
    rows = [
        Row(title=sop.title, url=sop.url, review_state=sop.review_state, due=sop.due, owner=sop.owner)
        for sop in found
        if sop.page_id in seen
    ]
    return {"space": where.name, "sops": rows}


def _create(call: Call, visitor: Visitor, caller: Caller, page: Page | None) -> Session:
    """For a new SOP below the page, or in the space."""
    where: Space = visitor.space(page.space_id if page else _space_id(call))
    _required(where.may_create, "You may not put new pages into this space. Ask one of its admins.")
    place = _place(call, where.key, page.id if page else None)
    return _session(caller, Bounds(own=True, place=place, installation=call.invocation.installation.id), page=page, name=where.name)


def _at(call: Call, caller: Caller, page: Page, sop: Published) -> Session:
    """For the SOP that stands at the page."""
    place = Place(connection_id=sop.connection_id, place=sop.place, parent=sop.parent)
    bounds = Bounds(sop_id=sop.sop_id, place=place, installation=call.invocation.installation.id)
    return _session(caller, bounds, page=page, name=page.title, sop=sop, may_edit=page.may_edit)


def _go_on(call: Call, visitor: Visitor, caller: Caller, sop_id: str) -> Session:
    """For an SOP named by the dialog: by the rights on its page where it has one, else only for who made it."""
    sop = page_events.of_sop(deps(), _site(call), sop_id)
    if sop is not None:
        return _at(call, caller, visitor.page(sop.page_id), sop)
    _required(made.by(deps(), caller, "sop", sop_id), "This SOP is not yours.")
    page = visitor.page(call.invocation.page_id) if call.invocation.page_id else None
    return _create(call, visitor, caller, page)


def _session(
    caller: Caller, bounds: Bounds, *, page: Page | None, name: str = "", sop: Published | None = None, may_edit: bool = True
) -> Session:
    secret, expires_at = tickets.issue(deps(), caller, seconds=TICKET_S, role="author" if may_edit else "reader", bounds=bounds)
    base = deps().settings.base_url.rstrip("/")
    return Session(
        api=f"{base}{PREFIX}", ticket=secret, expires_at=expires_at, may="edit" if may_edit else "read", service=base, page=page,
        place=bounds.place, place_name=name or (bounds.place.place if bounds.place else ""), sop=sop,
    )  # fmt: skip


def _person(call: Call, visitor: Visitor) -> Caller:
    """The person of the workspace that this account is; made at the first time, with the name that Confluence shows."""
    account_id, workspace_id = call.invocation.account_id or "", _site(call).workspace_id
    known = accounts.known(deps(), workspace_id=workspace_id, kind=accounts.CONFLUENCE, account_id=account_id)
    if known is not None:
        return known
    profile = visitor.profile()
    # Two proofs of one call that name two people are none.
    _required(profile.account_id == account_id, "Confluence names somebody else than the call. Open the dialog again.")
    own = deps().settings.forge_workspace is None
    role: Role = "admin" if own and installations.is_installer(deps(), _site(call), account_id) else "author"
    return accounts.meet(
        deps(),
        workspace_id=workspace_id,
        kind=accounts.CONFLUENCE,
        account_id=account_id,
        name=profile.name,
        email=profile.email,
        role=role,
    )


def _visitor(call: Call) -> Visitor:
    return Visitor(deps(), call.invocation.installation, call.user_token)


def _site(call: Call) -> Site:
    if call.site is None:
        raise Forbidden("The app is not known here yet. Try again in a minute.")
    return call.site


def _place(call: Call, key: str, parent: str | None) -> Place:
    connection_id = _site(call).connection_id
    if connection_id is None:
        raise Forbidden("Confluence has not given the app its credential yet. Try again in a few minutes.")
    return Place(connection_id=connection_id, place=key, parent=parent)


def _page_id(call: Call) -> str:
    _required(call.invocation.page_id is not None, "Open this on a page.")
    return call.invocation.page_id or ""


def _space_id(call: Call) -> str:
    _required(call.invocation.space_id is not None, "Open this in a space.")
    return call.invocation.space_id or ""


def _required(fine: bool, words: str) -> None:
    if not fine:
        raise Forbidden(words)

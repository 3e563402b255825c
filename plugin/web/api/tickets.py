"""Tickets for components in foreign pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from plugin.services import library
from plugin.web import tickets as ticket_office
from plugin.web.answers import RoleName, role_of
from plugin.web.api.common import Id
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("tickets", "Tickets")


class TicketBody(Body):
    seconds: int = Field(600, ge=10, le=ticket_office.LONGEST_S)
    sop_id: Id | None = Field(None, description="Binds the ticket to one SOP.")
    role: RoleName = Field("author", description="The most that it may do; never more than the caller may.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """``secret`` goes into ``Authorization: Bearer``; it works from any origin and without cookies."""

    secret: str
    expires_at: datetime


@api.route("POST", "/tickets", "A short-lived bearer ticket", tickets=False, scope="read", body=TicketBody, answers=Ticket, status=201)
def issue(body: TicketBody) -> Any:
    if body.sop_id is not None:
        library.sop(deps(), caller(), body.sop_id)
    secret, expires_at = ticket_office.issue(
        deps(), caller(), seconds=body.seconds, role=role_of(body.role), bounds=ticket_office.Bounds(sop_id=body.sop_id)
    )
    return Ticket(secret=secret, expires_at=expires_at)

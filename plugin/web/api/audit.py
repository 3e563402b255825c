"""Who did what, when: of one SOP, of the workspace, and as a file for auditors."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import AwareDatetime

from plugin.services import audit as audit_service
from plugin.services.audit import EventView
from plugin.web.answers import Listing, listing
from plugin.web.api.common import Paging
from plugin.web.bodies import Query
from plugin.web.context import caller, deps
from plugin.web.routing import Api

api = Api("audit", "Audit")


class ExportQuery(Query):
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@api.route("GET", "/sops/<sop_id>/audit", "What happened to one SOP, newest first", query=Paging, answers=Listing[EventView])
def of_sop(sop_id: str, query: Paging) -> Any:
    return listing(audit_service.events(deps(), caller(), sop_id=sop_id, cursor=query.cursor, limit=query.capped))


@api.route(
    "GET", "/audit", "What happened in the workspace, newest first", role="admin", tickets=False, query=Paging, answers=Listing[EventView]
)
def events(query: Paging) -> Any:
    return listing(audit_service.events(deps(), caller(), cursor=query.cursor, limit=query.capped))


@api.route("GET", "/audit.csv", "The whole log as CSV, oldest first", role="admin", tickets=False, query=ExportQuery, content="text/csv")
def export(query: ExportQuery) -> Response:
    lines = audit_service.export(deps(), caller(), since=query.since, until=query.until)
    return Response(lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="audit.csv"'})

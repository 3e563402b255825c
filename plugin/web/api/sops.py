"""The library and single SOPs."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Response
from pydantic import ConfigDict, Field, field_validator

from plugin.domain.document import from_document
from plugin.domain.review import State
from plugin.services import edit, library
from plugin.web.answers import Listing, SopPage, SopRow, sop_page, sop_row
from plugin.web.api.common import Id, Paging
from plugin.web.bodies import Body, Query
from plugin.web.context import caller, deps
from plugin.web.errors import Problem, invalid
from plugin.web.routing import Api, etag_of, required_etag

api = Api("sops", "SOPs")
MAX_DOCUMENT_BYTES = 8 * 2**20
MAX_IMPORT_BYTES = 64 * 2**20
MAX_PICTURE_BYTES = 20 * 2**20


class LibraryQuery(Paging):
    query: str = Field("", max_length=200, description="Words in title, purpose, steps and commands.")
    area: str | None = Field(None, max_length=64)
    owner: Id | None = Field(None, description="Id of a person; `me` is the caller.")
    status: library.Status | None = None
    review_state: State | None = None
    overdue: bool = False
    target: str | None = Field(None, max_length=64, description="Kind of a connection, such as `confluence`.")

    @field_validator("area", "owner", "status", "review_state", "target", mode="before")
    @classmethod
    def _unset(cls, value: str) -> str | None:
        return value.replace("_", " ") if value in {"in_review", "due_soon"} else value or None

    @field_validator("overdue", mode="before")
    @classmethod
    def _no(cls, value: str) -> str | bool:
        return value or False


class ImportBody(Body):
    document: dict[str, Any] = Field(description="A document in the form of sop.json.")
    pictures: dict[str, str] = Field({}, max_length=500, description="Path in the document to base64 of a PNG, JPEG or WebP.")
    note: str = Field("", max_length=1000)

    model_config = ConfigDict(str_max_length=MAX_PICTURE_BYTES * 2)


class DraftBody(Body):
    document: dict[str, Any] = Field(description="The whole edited document.")
    note: str = Field("", max_length=1000, description="What was changed, for the history.")


class RevisionQuery(Query):
    revision: int | None = Field(None, ge=1, le=10**9)


@api.route("GET", "/sops", "The library: search and filters, newest change first", query=LibraryQuery, answers=Listing[SopRow])
def list_sops(query: LibraryQuery) -> Any:
    wanted = library.Query(
        text=query.query.strip(),
        area=query.area,
        owner_id=caller().person_id if query.owner == "me" else query.owner,
        status=query.status,
        review_state=query.review_state,
        overdue=query.overdue,
        target=query.target,
    )
    found = library.search(deps(), caller(), wanted, cursor=query.cursor, limit=query.capped)
    return Listing(items=tuple(map(sop_row, found.items)), next_cursor=found.cursor)


@api.route("GET", "/sops/counts", "How many there are, by state and area", answers=library.Counts)
def counts() -> Any:
    return library.counts(deps(), caller())


@api.route(
    "POST",
    "/sops",
    "Import a document",
    role="author",
    tickets=False,
    body=ImportBody,
    body_bytes=MAX_IMPORT_BYTES,
    answers=edit.Saved,
    status=201,
    once=True,
)
def import_document(body: ImportBody) -> Response:
    pictures = {path: _bytes(path, data) for path, data in body.pictures.items()}
    saved = edit.create(deps(), caller(), document=from_document(body.document), pictures=pictures, note=body.note)
    answer = etag_of(saved, saved.etag, 201)
    answer.headers["Location"] = f"/api/v1/sops/{saved.sop_id}"
    return answer


@api.route(
    "GET", "/sops/<sop_id>", "The newest revision with its document", query=RevisionQuery, answers=SopPage, headers=["If-None-Match"]
)
def sop(sop_id: str, query: RevisionQuery) -> Response:
    view = library.sop(deps(), caller(), sop_id, revision=query.revision)
    return etag_of(sop_page(view), view.etag)


@api.route(
    "PUT",
    "/sops/<sop_id>/draft",
    "Save an edited document as the next revision; what came meanwhile is merged, 409 with both sides where it cannot be",
    role="author",
    body=DraftBody,
    body_bytes=MAX_DOCUMENT_BYTES,
    answers=edit.Saved,
    needs_headers=["If-Match"],
)
def save_draft(sop_id: str, body: DraftBody) -> Response:
    seen = required_etag()
    document = from_document(body.document)
    if document.id != sop_id:
        raise invalid("document.id", "The document belongs to another SOP.")
    saved = edit.save(deps(), caller(), sop_id, document=document, etag=seen, note=body.note)
    return etag_of(saved, saved.etag)


def _bytes(path: str, encoded: str) -> bytes:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"pictures.{path[:100]}", "This is not base64.") from None
    if len(data) > MAX_PICTURE_BYTES:
        raise Problem("too-large", f"A picture may have at most {MAX_PICTURE_BYTES // 2**20} MB.")
    return data

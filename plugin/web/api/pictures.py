"""Pictures of an SOP. Their name is the digest of their bytes, so a browser may keep one for ever."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from pydantic import Field

from plugin.domain.sop import Picture
from plugin.services import edit, library
from plugin.web.api.common import BoxBody
from plugin.web.bodies import Body
from plugin.web.context import caller, deps
from plugin.web.errors import not_found
from plugin.web.routing import Api

api = Api("pictures", "Pictures")
_DIGEST_CHARS = frozenset("0123456789abcdef")
_SHOWABLE = frozenset({"image/png", "image/jpeg", "image/webp"})


class PictureBody(Body):
    time: float = Field(ge=0, le=10**6, allow_inf_nan=False, description="Seconds from the start of the recording.")
    highlight: BoxBody | None = Field(None, description="x, y, width, height as fractions of the picture.")
    redactions: list[BoxBody] = Field([], max_length=200, description="What is covered, besides every secret that was found at that time.")
    uncovered: list[BoxBody] = Field([], max_length=200, description="Found secrets that a person says are none. Noted in the log.")


@api.route("GET", "/sops/<sop_id>/images/<digest>", "One picture", content="image/png", headers=["If-None-Match"])
def image(sop_id: str, digest: str) -> Response:
    name = digest.partition(".")[0]
    if not name or not _DIGEST_CHARS.issuperset(name):
        raise not_found()
    head = {"Cache-Control": "private, max-age=31536000, immutable", "ETag": f'"{name}"', "Vary": "Authorization, Cookie"}
    if request.if_none_match.contains(name):
        library.sop(deps(), caller(), sop_id)
        return Response(status=304, headers=head)
    picture = edit.picture(deps(), caller(), sop_id, name)
    kind = picture.media_type if picture.media_type in _SHOWABLE else "application/octet-stream"
    return Response(picture.data, content_type=kind, headers=head)


@api.route(
    "POST",
    "/sops/<sop_id>/images",
    "Cut a new picture out of the recording",
    role="author",
    body=PictureBody,
    answers=Picture,
    status=201,
    once=True,
)
def add_image(sop_id: str, body: PictureBody) -> Any:
    return edit.add_picture(
        deps(),
        caller(),
        sop_id,
        time_s=body.time,
        highlight=body.highlight,
        redactions=tuple(body.redactions),
        uncovered=tuple(body.uncovered),
    )

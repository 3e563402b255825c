"""Recordings: their list, their bytes in ranges, single frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, request
from pydantic import Field

from plugin.services import intake
from plugin.web.answers import Listing, listing
from plugin.web.api.common import Paging
from plugin.web.bodies import Query
from plugin.web.context import caller, deps
from plugin.web.media import parse_range
from plugin.web.routing import Api

api = Api("recordings", "Recordings")


class FrameQuery(Query):
    t: float = Field(ge=0, le=10**6, allow_inf_nan=False, description="Seconds from the start of the recording.")


class ClipQuery(FrameQuery):
    until: float = Field(gt=0, le=10**6, allow_inf_nan=False, description="Where the clip ends, at most 120 seconds later.")


@api.route("GET", "/recordings", "Recordings, newest first", query=Paging, answers=Listing[intake.RecordingView])
def list_recordings(query: Paging) -> Any:
    return listing(intake.recordings(deps(), caller(), cursor=query.cursor, limit=query.capped))


@api.route("GET", "/recordings/<recording_id>", "One recording", answers=intake.RecordingView)
def recording(recording_id: str) -> Any:
    return intake.recording(deps(), caller(), recording_id)


@api.route("DELETE", "/recordings/<recording_id>", "Delete a recording and its bytes", role="author", tickets=False, status=204)
def delete(recording_id: str) -> None:
    intake.delete(deps(), caller(), recording_id)


@api.route(
    "GET",
    "/recordings/<recording_id>/media",
    "The bytes of a recording, whole or one range",
    role="author",
    content="video/*",
    headers=["Range"],
)
def media(recording_id: str) -> Response:
    known = intake.recording(deps(), caller(), recording_id)
    etag = f'"{known.sha256}"'
    wanted = request.headers.get("Range") if request.headers.get("If-Range", etag) == etag else None
    part = parse_range(wanted, known.size_bytes)
    head = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Disposition": "attachment", "Cache-Control": "private, no-cache"}
    if request.if_none_match.contains(known.sha256):
        return Response(status=304, headers=head)
    start, end = part or (0, known.size_bytes)
    if part:
        head["Content-Range"] = f"bytes {start}-{end - 1}/{known.size_bytes}"
    head["Content-Length"] = str(end - start)
    chunks: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        chunks = intake.media(deps(), caller(), recording_id, start=start, length=end - start)
    return Response(chunks, status=206 if part else 200, headers=head, content_type=known.media_type)


@api.route(
    "GET",
    "/recordings/<recording_id>/clip",
    "A few seconds as a small video; X-Clip-Begins says where it begins",
    role="author",
    query=ClipQuery,
    content="video/*",
)
def clip(recording_id: str, query: ClipQuery) -> Response:
    found = intake.clip(deps(), caller(), recording_id, start_s=query.t, end_s=query.until)
    headers = {"Cache-Control": "private, max-age=300", "X-Clip-Begins": f"{found.begins_s:.3f}"}
    return Response(found.data, content_type=found.media_type, headers=headers)


@api.route("GET", "/recordings/<recording_id>/frame", "One frame as PNG", role="author", query=FrameQuery, content="image/png")
def frame(recording_id: str, query: FrameQuery) -> Response:
    png = intake.frame(deps(), caller(), recording_id, time_s=query.t)
    # The frame of a recording never changes, but a deleted one must not live on for long.
    return Response(png, content_type="image/png", headers={"Cache-Control": "private, max-age=300"})

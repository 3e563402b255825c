"""Resumable uploads by tus 1.0: creation (also with the first bytes, also without a length), checksum, expiration, termination.

A finished upload becomes a recording and a job; GET on the upload tells their ids. See plugin.web.tus.spool for where bytes lie meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from email.utils import format_datetime
from functools import wraps
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, request

from plugin.domain.errors import NotFound, SopError, UnusableRecording
from plugin.domain.recording import HEAD_BYTES, container
from plugin.services import intake
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.intake import Wishes
from plugin.web import tickets
from plugin.web.access import Access, access, open_to_all
from plugin.web.context import caller, deps
from plugin.web.errors import Problem, not_found, of_error
from plugin.web.routing import PREFIX, Spec, to_response
from plugin.web.tus import beside
from plugin.web.tus.metadata import CHECKSUMS, BadHeader, parse_checksum, parse_decimal, parse_metadata
from plugin.web.tus.receive import Checksum, ChecksumMismatch, receive
from plugin.web.tus.spool import Limits, OffsetMismatch, Spool, TakenOver, TooLong, Upload

EXTENSION = "sopwright-spool"
VERSION = "1.0.0"
OCTETS = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
READ_TIMEOUT_S = 30.0
_AUTHOR = Access(role="author", unbound=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadState:
    """``offset`` bytes are safe. ``state`` done: ``recording_id`` and ``job_id`` are set; refused: ``reason`` and ``message`` say why."""

    id: str
    state: str
    offset: int
    length: int | None
    filename: str | None
    expires_at: str
    recording_id: str | None = None
    job_id: str | None = None
    sop_id: str | None = None
    duplicate: bool = False
    reason: str | None = None
    message: str | None = None


SPECS: tuple[Spec, ...] = (
    Spec(
        method="POST", rule="/uploads", summary="tus: begin an upload", tag="Uploads", access=_AUTHOR, status=201, takes=OCTETS,
        needs_headers=("Tus-Resumable",), headers=("Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Checksum"),
    ),
    Spec(
        method="PATCH", rule="/uploads/<upload_id>", summary="tus: send bytes", tag="Uploads", access=_AUTHOR, status=204, takes=OCTETS,
        needs_headers=("Tus-Resumable", "Upload-Offset"), headers=("Upload-Checksum", "Upload-Length"),
    ),
    Spec(
        method="DELETE", rule="/uploads/<upload_id>", summary="tus: give an upload up", tag="Uploads", access=_AUTHOR, status=204,
        needs_headers=("Tus-Resumable",),
    ),
    Spec(method="GET", rule="/uploads/<upload_id>", summary="What became of an upload", tag="Uploads", access=_AUTHOR, answers=UploadState),
)  # fmt: skip


def install(app: Flask, deps: Deps) -> Blueprint:
    """The routes; the spool is in the data folder, which all web processes of an installation share."""
    settings = deps.settings
    limits = Limits(
        upload_bytes=settings.max_upload_bytes,
        workspace_bytes=settings.workspace_quota_bytes,
        min_free_bytes=settings.min_free_bytes,
        expiry=timedelta(seconds=settings.upload_expiry_s),
    )
    root = settings.data_dir / "uploads"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.extensions[EXTENSION] = Spool(root, limits, deps.clock, lambda: f"upl_{deps.random_bytes(16).hex()}")
    uploads = Blueprint("uploads", __name__, url_prefix=PREFIX)
    one, author = "/uploads/<upload_id>", access(_AUTHOR)
    uploads.add_url_rule("/uploads", "options", open_to_all(_options), methods=["OPTIONS"], provide_automatic_options=False)
    uploads.add_url_rule(one, "options_one", open_to_all(_options), methods=["OPTIONS"], provide_automatic_options=False)
    uploads.add_url_rule("/uploads", "create", author(_spoken(_create)), methods=["POST"], provide_automatic_options=False)
    # Werkzeug adds HEAD to GET; with HEAD named first it has a view of its own.
    uploads.add_url_rule(one, "head", author(_spoken(_head)), methods=["HEAD"], provide_automatic_options=False)
    uploads.add_url_rule(one, "state", author(_state), methods=["GET"], provide_automatic_options=False)
    uploads.add_url_rule(one, "patch", author(_spoken(_patch)), methods=["PATCH"], provide_automatic_options=False)
    uploads.add_url_rule(one, "delete", author(_spoken(_delete)), methods=["DELETE"], provide_automatic_options=False)
    return uploads


def spool() -> Spool:
    return cast(Spool, current_app.extensions[EXTENSION])


def _spoken(view: Callable[..., Response]) -> Callable[..., Response]:
    """Speaks tus around a view: the version both ways, and its errors as problems."""

    @wraps(view)
    def speak(**arguments: Any) -> Response:
        if request.headers.get("Tus-Resumable") != VERSION:
            raise Problem("tus-version", "Send Tus-Resumable: 1.0.0.", headers={"Tus-Version": VERSION, "Tus-Resumable": VERSION})
        try:
            answer = view(**arguments)
        except Problem as problem:
            problem.headers.setdefault("Tus-Resumable", VERSION)
            raise
        except (SopError, OffsetMismatch, TakenOver, TooLong, ChecksumMismatch) as error:
            refusal = _problem_of(error)
            refusal.headers["Tus-Resumable"] = VERSION
            raise refusal from None
        answer.headers["Tus-Resumable"] = VERSION
        return answer

    return speak


def _problem_of(error: Exception) -> Problem:
    match error:
        case BadHeader():
            return Problem("bad-header", error.message_for_user)
        case SopError():
            return of_error(error)
        case OffsetMismatch():
            return Problem("offset-mismatch", f"The upload goes on at byte {error.offset}.", headers={"Upload-Offset": str(error.offset)})
        case TakenOver():
            return Problem("upload-taken-over", "A newer request goes on with this upload.")
        case ChecksumMismatch():
            return Problem("checksum-mismatch", "The bytes that arrived are not those that were sent. Send them again.")
    limit = spool().limits.upload_bytes
    return Problem(
        "too-large", f"More bytes than were declared, or than a recording may have ({limit} bytes).", headers={"Tus-Max-Size": str(limit)}
    )


def _options() -> Response:
    return Response(
        status=204,
        headers={
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(spool().limits.upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        },
    )


def _create() -> Response:
    length, deferred = request.headers.get("Upload-Length"), request.headers.get("Upload-Defer-Length")
    if (length is None) == (deferred is None) or deferred not in {None, "1"}:
        raise Problem("bad-header", "Send either Upload-Length or Upload-Defer-Length: 1.")
    bytes_declared = None if length is None else parse_decimal("Upload-Length", length)
    if bytes_declared == 0:
        raise UnusableRecording("empty", "The file is empty.")
    metadata = parse_metadata(request.headers.get("Upload-Metadata", ""))
    tickets.check_upload(deps(), caller(), _sop_of(metadata))
    if beside.is_side(metadata):
        beside.check_begun(spool(), metadata, bytes_declared, workspace_id=caller().workspace_id, actor_id=_actor())
    upload = spool().create(
        workspace_id=caller().workspace_id, actor_id=_actor(), length=bytes_declared, metadata=metadata, used_bytes=_used_bytes()
    )
    headers = {"Location": f"{PREFIX}/uploads/{upload.id}"}
    if request.mimetype == OCTETS:
        # The upload is made by now: an error about its first bytes must not hide where it is.
        try:
            upload = _take_body(upload, 0)
        except Problem as problem:
            problem.headers |= headers
            raise
        headers["Upload-Offset"] = str(upload.offset)
    return Response(status=201, headers=headers | _expiry(upload))


def _head(upload_id: str) -> Response:
    upload = _settled(_mine(upload_id))
    headers = {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store"} | _expiry(upload)
    headers |= {"Upload-Defer-Length": "1"} if upload.length is None else {"Upload-Length": str(upload.length)}
    if given := request.headers.get("Upload-Metadata"):
        headers["Upload-Metadata"] = given
    return Response(status=200, headers=headers)


def _state(upload_id: str) -> Response:
    upload = _settled(_mine(upload_id))
    state = UploadState(
        id=upload.id, state=upload.state, offset=upload.offset, length=upload.length, filename=upload.metadata.get("filename"),
        expires_at=upload.expires_at.isoformat(), **upload.outcome,
    )  # fmt: skip
    return to_response(state)


def _patch(upload_id: str) -> Response:
    if request.mimetype != OCTETS:
        raise Problem("unsupported-media-type", f"Send bytes as {OCTETS}.")
    offset = parse_decimal("Upload-Offset", request.headers.get("Upload-Offset"))
    upload = _mine(upload_id)
    if (length := request.headers.get("Upload-Length")) is not None:
        upload = spool().declare_length(upload, parse_decimal("Upload-Length", length), used_bytes=_used_bytes())
    if upload.state != "receiving":
        if offset == upload.offset and not request.content_length:
            return Response(status=204, headers={"Upload-Offset": str(upload.offset)})
        raise Problem("gone", "This upload is finished.")
    upload = _take_body(upload, offset)
    return Response(status=204, headers={"Upload-Offset": str(upload.offset)} | _expiry(upload))


def _delete(upload_id: str) -> Response:
    spool().delete(_mine(upload_id))
    return Response(status=204)


def _take_body(upload: Upload, offset: int) -> Upload:
    checksum = None
    if (header := request.headers.get("Upload-Checksum")) is not None:
        algorithm, digest = parse_checksum(header)
        checksum = Checksum(algorithm=algorithm, digest=digest)
    _fits(upload, offset)
    _hurry()
    used_bytes = _used_bytes() if upload.length is None else 0

    def before_piece(up_to: int) -> None:
        if upload.length is None:
            spool().reserve(upload, up_to, used_bytes=used_bytes)

    writing = spool().write(upload, offset, atomic=checksum is not None)
    try:
        received = receive(request.stream, writing, checksum=checksum, before_piece=before_piece, monotonic=time.monotonic)
    except TooLong:
        with suppress(TakenOver):
            writing.take_back(offset)
        raise
    except SopError:
        with suppress(TakenOver):
            writing.commit()
        raise
    finally:
        writing.close()
    if received.cut:
        raise Problem("timed-out", "The line was cut. What arrived is kept.", headers={"Upload-Offset": str(received.upload.offset)})
    return _settled(_still_media(received.upload))


def _fits(upload: Upload, offset: int) -> None:
    """Refuses a body that is longer than what is left before a byte of it is read."""
    limit = upload.length if upload.length is not None else spool().limits.upload_bytes
    if request.content_length is not None and offset + request.content_length > limit:
        raise TooLong
    request.max_content_length = limit + 1  # None would mean the small limit of forms (MAX_CONTENT_LENGTH)


def _hurry() -> None:
    """Gives the sender's socket a time limit, so that one who has fallen silent frees the thread. Waitress has such a limit of its own."""
    line = request.environ.get("gunicorn.socket")
    if line is not None:
        line.settimeout(READ_TIMEOUT_S)


def _still_media(upload: Upload) -> Upload:
    """Turns away what cannot be a recording as soon as its first bytes are here, not after gigabytes. Raises UnusableRecording."""
    if beside.is_side(upload.metadata) or (upload.offset < HEAD_BYTES and not upload.complete):
        return upload
    with spool().data_of(upload).open("rb") as file:
        head = file.read(HEAD_BYTES)
    if container(head) is not None:
        return upload
    spool().delete(upload)
    raise UnusableRecording(
        "not-a-video", "This is not a video or audio file that can be read (MP4, MOV, WebM, MKV, AVI, MPEG-TS, WAV, MP3, OGG, FLAC)."
    )


def _settled(upload: Upload) -> Upload:
    """A complete upload becomes a recording, also where the process died between its last byte and this. Raises UnusableRecording."""
    if not upload.complete or upload.state != "receiving":
        return upload
    if beside.is_side(upload.metadata):
        return _readable(upload)
    known_deps, known_caller = deps(), caller()

    def take(path: Path, now: Upload) -> Upload:
        return _take(known_deps, known_caller, path, now)

    settled = spool().settle(upload, take)
    if settled.state == "refused":
        raise UnusableRecording(settled.outcome["reason"], settled.outcome["message"])
    return settled


def _readable(upload: Upload) -> Upload:
    """A complete side file waits for its recording; one that cannot be read is deleted. Raises UnusableRecording."""
    try:
        beside.check_content(spool().data_of(upload), upload.metadata["kind"])
    except UnusableRecording:
        spool().delete(upload)
        raise
    return upload


def _sop_of(metadata: Mapping[str, str]) -> str | None:
    """The SOP that an upload is for; a side file is for that of its recording."""
    if beside.is_side(metadata):
        with suppress(NotFound):
            return spool().get(caller().workspace_id, metadata.get("of", "")).metadata.get("sop_id")
    return metadata.get("sop_id")


def _take(deps: Deps, caller: Caller, path: Path, upload: Upload) -> Upload:
    extra = beside.of(spool(), upload)
    try:
        accepted = intake.accept(
            deps, caller, path=path, filename=upload.metadata.get("filename", "recording"), wishes=_wishes(upload.metadata),
            side_files={kind: spool().data_of(side) for kind, side in extra.items()},
        )  # fmt: skip
    except UnusableRecording as error:
        return replace(upload, state="refused", outcome={"reason": error.reason, "message": error.message_for_user})
    for side in extra.values():
        spool().delete(side)
    outcome = {"recording_id": accepted.recording_id, "job_id": accepted.job_id, "sop_id": accepted.sop_id, "duplicate": accepted.duplicate}
    return replace(upload, state="done", outcome=outcome)


def _wishes(metadata: Mapping[str, str]) -> Wishes:
    return Wishes(
        title=metadata.get("title"),
        language=metadata.get("language"),
        area=metadata.get("area"),
        sop_id=metadata.get("sop_id"),
        owner_id=metadata.get("owner"),
    )


def _mine(upload_id: str) -> Upload:
    """Raises Problem 404, in the same words for an unknown upload, one of another workspace and one of a colleague."""
    try:
        upload = spool().get(caller().workspace_id, upload_id)
    except NotFound:
        raise not_found() from None
    if upload.actor_id != _actor() and caller().role != "admin":
        raise not_found()
    return upload


def _actor() -> str:
    return caller().person_id or "service"


def _used_bytes() -> int:
    return intake.used_bytes(deps(), caller())


def _expiry(upload: Upload) -> dict[str, str]:
    if upload.state != "receiving":
        return {}
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}

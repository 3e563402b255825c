"""Taking in a recording: its bytes into the blob store, a Recording and a Job in one transaction, the worker woken after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugin.domain.errors import Exhausted, Invalid, UnusableRecording
from plugin.domain.recording import HEAD_BYTES, Container, container, label
from plugin.services import journal
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.frames import clip, frame
from plugin.services.slices import Slice, capped
from plugin.store import rows, tables

__all__ = ["clip", "frame"]
SIDE_FILES = ("events", "cast", "captions")
MAX_SIDE_FILE_BYTES = 50 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person chose for this recording. With ``sop_id`` it updates that SOP: the outcome is a proposal, not a new SOP."""

    title: str | None = None
    language: str | None = None
    area: str | None = None
    sop_id: str | None = None
    owner_id: str | None = None


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """``duplicate``: these bytes were known in the workspace; the ids are those of the first time. ``sop_id`` is set once there is one."""

    recording_id: str
    job_id: str
    sop_id: str | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    id: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    uploaded_by: str | None = None
    job_id: str | None = None
    sop_id: str | None = None
    side_files: tuple[str, ...] = field(default_factory=tuple)


def accept(
    deps: Deps,
    caller: Caller,
    *,
    path: Path,
    filename: str,
    wishes: Wishes = NO_WISHES,
    side_files: Mapping[str, Path] = MappingProxyType({}),
) -> Accepted:
    """Takes the finished upload at ``path`` (the file is left where it is; delete it afterwards).

    ``filename`` is only a label. ``side_files`` maps a kind (``events``, ``cast``, ``captions``) to a file. Safe to call again after a crash.
    Raises UnusableRecording (empty or not a video by its first bytes), Exhausted (quota, disk), NotFound (``wishes.sop_id``), Invalid, Forbidden.
    """
    caller.require("author")
    kind, digest, size_bytes = _look(path)
    _check_wishes(deps, caller, wishes)
    known = _known(deps, caller, digest, wishes, side_files)
    if known is not None:
        return known
    _check_quota(deps, caller, size_bytes)
    blob = f"{caller.workspace_id}/recordings/{digest}.{kind.ending}"
    deps.blobs.put_file(blob, path)
    extra = _put_side_files(deps, caller, digest, side_files)
    recording = tables.Recording(
        id=deps.new_id("rec"),
        workspace_id=caller.workspace_id,
        sha256=digest,
        filename=label(filename),
        media_type=kind.media_type,
        size_bytes=size_bytes,
        blob=blob,
        side_files=extra,
        uploaded_by=caller.person_id,
        created_at=deps.clock(),
    )
    job = _job(deps, caller, recording.id, wishes)
    try:
        with deps.database.begin() as session:
            session.add(recording)
            session.flush()
            session.add(job)
            journal.note(
                session, deps, caller, "recording.accepted", sop_id=wishes.sop_id, subject=recording.id, filename=recording.filename
            )
    except IntegrityError:  # the same bytes came in twice at once; the other one won
        known = _known(deps, caller, digest, wishes)
        if known is None:
            raise
        return known
    deps.queue.wake(job.id)
    return Accepted(recording_id=recording.id, job_id=job.id)


def recordings(deps: Deps, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> Slice[RecordingView]:
    """Newest first."""
    limit, table = capped(limit), tables.Recording
    with deps.database.begin() as session:
        query = select(table).where(table.workspace_id == caller.workspace_id, *rows.before(cursor, table.created_at, table.id))
        found = session.scalars(query.order_by(table.created_at.desc(), table.id.desc()).limit(limit + 1)).all()
        more = rows.cursor_of(found[limit - 1].created_at, found[limit - 1].id) if len(found) > limit else None
        return Slice(items=tuple(_view(session, row) for row in found[:limit]), cursor=more)


def recording(deps: Deps, caller: Caller, recording_id: str) -> RecordingView:
    """Raises NotFound."""
    with deps.database.begin() as session:
        return _view(session, rows.get(session, tables.Recording, caller.workspace_id, recording_id))


def media(deps: Deps, caller: Caller, recording_id: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The recording's bytes from ``start`` on in chunks; ``length`` None: to the end. Raises NotFound before the first chunk."""
    with deps.database.begin() as session:
        blob = rows.get(session, tables.Recording, caller.workspace_id, recording_id).blob
    return deps.blobs.read(blob, start=start, length=length)


def delete(deps: Deps, caller: Caller, recording_id: str) -> None:
    """Removes the recording and its bytes; a running job of it is cancelled. SOPs made from it stay. Raises NotFound, Forbidden."""
    caller.require("author")
    with deps.database.begin() as session:
        row = rows.get(session, tables.Recording, caller.workspace_id, recording_id, lock=True)
        remove(session, deps, caller, row)
        blobs = (row.blob, *row.side_files.values())
    for blob in blobs:
        deps.blobs.delete(blob)


def remove(session: Session, deps: Deps, caller: Caller, row: tables.Recording) -> None:
    """The rows; delete the blobs after the commit."""
    for job in session.scalars(select(tables.Job).where(tables.Job.recording_id == row.id, tables.Job.state.in_(("queued", "running")))):
        job.cancel = True
        if job.state == "queued":
            job.state, job.finished_at = "cancelled", deps.clock()
        job.changed += 1
    journal.note(session, deps, caller, "recording.deleted", subject=row.id, filename=row.filename)
    session.delete(row)


def _look(path: Path) -> tuple[Container, str, int]:
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise UnusableRecording("empty", "The recording is empty. Record again, or check that the upload is complete.")
    with path.open("rb") as stream:
        kind = container(stream.read(HEAD_BYTES))
        if kind is None:
            raise UnusableRecording("not-a-video", "This is not a screen recording that can be read. Use MP4, MOV, WebM or MKV.")
        stream.seek(0)
        return kind, hashlib.file_digest(stream, "sha256").hexdigest(), size_bytes


def _check_wishes(deps: Deps, caller: Caller, wishes: Wishes) -> None:
    if wishes.title is not None and len(wishes.title) > 300:
        raise Invalid("title", "A title has at most 300 characters.")
    with deps.database.begin() as session:
        if wishes.sop_id is not None:
            rows.get(session, tables.Sop, caller.workspace_id, wishes.sop_id)
        if wishes.owner_id is not None:
            rows.get(session, tables.Person, caller.workspace_id, wishes.owner_id)


def _known(
    deps: Deps, caller: Caller, digest: str, wishes: Wishes, side_files: Mapping[str, Path] = MappingProxyType({})
) -> Accepted | None:
    """The recording with these bytes and its job. A job for another SOP than before is a new one: the same recording may update that SOP.

    So is one with a kind of side file that the recording did not have: it may be understood better now.
    """
    extra = {kind: path for kind, path in side_files.items() if kind in SIDE_FILES}
    with deps.database.begin() as session:
        query = select(tables.Recording).where(tables.Recording.workspace_id == caller.workspace_id, tables.Recording.sha256 == digest)
        row = session.scalars(query).one_or_none()
        if row is None:
            return None
        jobs = session.scalars(
            select(tables.Job).where(tables.Job.recording_id == row.id).order_by(tables.Job.created_at.desc(), tables.Job.id.desc())
        ).all()
        job = next((j for j in jobs if wishes.sop_id in (None, j.sop_id)), None)
        if fresh_kinds := {kind: path for kind, path in extra.items() if kind not in row.side_files}:
            row.side_files = {**row.side_files, **_put_side_files(deps, caller, digest, fresh_kinds)}
            job = None
        fresh = job is None
        if job is None:
            job = _job(deps, caller, row.id, wishes)
            session.add(job)
    if fresh:
        deps.queue.wake(job.id)
    return Accepted(recording_id=row.id, job_id=job.id, sop_id=job.sop_id, duplicate=not fresh)


def _job(deps: Deps, caller: Caller, recording_id: str, wishes: Wishes) -> tables.Job:
    payload = {
        "title": wishes.title,
        "language": wishes.language,
        "area": wishes.area,
        "sop_id": wishes.sop_id,
        "owner_id": wishes.owner_id,
    }
    return tables.Job(
        id=deps.new_id("job"),
        workspace_id=caller.workspace_id,
        kind="process",
        state="queued",
        payload=payload,
        recording_id=recording_id,
        sop_id=wishes.sop_id,
        created_by=caller.person_id,
        created_at=deps.clock(),
    )


def used_bytes(deps: Deps, caller: Caller) -> int:
    """What the recordings of the workspace take already."""
    with deps.database.begin() as session:
        query = select(func.sum(tables.Recording.size_bytes)).where(tables.Recording.workspace_id == caller.workspace_id)
        return int(session.scalar(query) or 0)


def _check_quota(deps: Deps, caller: Caller, size_bytes: int) -> None:
    if used_bytes(deps, caller) + size_bytes > deps.settings.workspace_quota_bytes:
        raise Exhausted("The space for recordings of this workspace is used up. Delete old recordings, or ask the operator for more.")


def _put_side_files(deps: Deps, caller: Caller, digest: str, side_files: Mapping[str, Path]) -> dict[str, str]:
    keys = {}
    for kind, path in side_files.items():
        if kind not in SIDE_FILES:
            raise Invalid("side_files", f"Side files are of the kind {', '.join(SIDE_FILES)}.")
        if path.stat().st_size > MAX_SIDE_FILE_BYTES:
            raise Invalid("side_files", f"The file with {kind} is too large.")
        keys[kind] = f"{caller.workspace_id}/recordings/{digest}.{kind}"
        deps.blobs.put_file(keys[kind], path)
    return keys


def _view(session: Session, row: tables.Recording) -> RecordingView:
    job = session.scalars(
        select(tables.Job).where(tables.Job.recording_id == row.id).order_by(tables.Job.created_at.desc(), tables.Job.id.desc()).limit(1)
    ).first()
    return RecordingView(
        id=row.id,
        filename=row.filename,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        uploaded_by=row.uploaded_by,
        job_id=job.id if job else None,
        sop_id=job.sop_id if job else None,
        side_files=tuple(sorted(row.side_files)),
    )

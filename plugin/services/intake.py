"""Taking in a recording: its bytes into the blob store, a Recording and a Job in one transaction, the worker woken after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.services.slices import Slice


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
    Raises UnusableRecording (empty or not a video by its first bytes), Exhausted (quota, disk), NotFound (``wishes.sop_id``), Forbidden.
    """
    raise NotImplementedError


def recordings(deps: Deps, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> Slice[RecordingView]:
    """Newest first."""
    raise NotImplementedError


def recording(deps: Deps, caller: Caller, recording_id: str) -> RecordingView:
    """Raises NotFound."""
    raise NotImplementedError


def media(deps: Deps, caller: Caller, recording_id: str, *, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The recording's bytes from ``start`` on in chunks; ``length`` None: to the end. Raises NotFound before the first chunk."""
    raise NotImplementedError


def frame(deps: Deps, caller: Caller, recording_id: str, *, time_s: float) -> bytes:
    """One frame as PNG, decoded in a guarded child process. Raises NotFound, Invalid (``time_s`` outside the recording)."""
    raise NotImplementedError


def delete(deps: Deps, caller: Caller, recording_id: str) -> None:
    """Removes the recording and its bytes; a running job of it is cancelled. SOPs made from it stay. Raises NotFound, Forbidden."""
    raise NotImplementedError

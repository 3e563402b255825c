"""Where the bytes of unfinished uploads lie: one folder an upload, named by us. Constant memory; whatever was acknowledged survives a crash.

``<root>/<workspace>/<upload>/upload.json`` is the truth (replaced atomically, after the bytes it speaks of are on the disk), ``data`` holds the bytes.
Only one request writes at a time, and the newest one wins: it takes the next generation, and a piece is only written under the lock by the
generation that is on record. So a request whose client died, and which nobody has noticed yet, holds nothing up and can do no harm.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from plugin.domain.errors import Exhausted, NotFound
from plugin.domain.ids import Clock

_ID = re.compile(r"upl_[0-9A-Za-z]{10,40}")
_FOLDER = re.compile(r"[0-9A-Za-z_-]{1,64}")
RESERVE_STEP_BYTES = 64 * 2**20
State = Literal["receiving", "done", "refused"]


class OffsetMismatch(Exception):
    """``offset`` is where the upload really goes on."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class TakenOver(Exception):
    """A newer request writes to this upload, or it was deleted."""


class TooLong(Exception):
    """More bytes than were declared, or than are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """``length`` None: not known yet. ``offset`` bytes are safe on the disk. ``outcome`` is what became of it, once ``state`` is not ``receiving``."""

    id: str
    workspace_id: str
    actor_id: str
    length: int | None
    metadata: Mapping[str, str]
    created_at: datetime
    expires_at: datetime
    offset: int = 0
    generation: int = 0
    reserved_bytes: int = 0
    state: State = "receiving"
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return self.length is not None and self.offset == self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    upload_bytes: int
    workspace_bytes: int
    min_free_bytes: int
    expiry: timedelta
    open_uploads: int = 100


class Spool:
    """All unfinished uploads. Shared by threads and, over a common folder, by processes."""

    def __init__(self, root: Path, limits: Limits, clock: Clock, new_id: Callable[[], str]) -> None:
        self.root = root
        self.limits = limits
        self._clock = clock
        self._new_id = new_id

    def create(self, *, workspace_id: str, actor_id: str, length: int | None, metadata: Mapping[str, str], used_bytes: int) -> Upload:
        """``used_bytes`` is what the workspace's recordings take already. Raises TooLong, Exhausted (quota, disk, too many open uploads)."""
        if length is not None and length > self.limits.upload_bytes:
            raise TooLong
        now = self._clock()
        self.sweep(workspace_id)
        with self._locked(self._workspace(workspace_id)):
            others = [u for u in self.all(workspace_id) if u.state == "receiving"]
            if len(others) >= self.limits.open_uploads:
                raise Exhausted("Too many unfinished uploads. Finish or delete some of them.", retry_after_s=600)
            self._check_space(length or 0, used_bytes + sum(u.reserved_bytes for u in others))
            upload = Upload(
                id=self._new_id(), workspace_id=workspace_id, actor_id=actor_id, length=length, metadata=dict(metadata), created_at=now,
                expires_at=now + self.limits.expiry, reserved_bytes=length or 0,
            )  # fmt: skip
            folder = self._folder(workspace_id, upload.id)
            folder.mkdir(mode=0o700)
            (folder / "data").touch(mode=0o600)
            self._write(upload)
            _sync_folder(folder.parent)
        return upload

    def get(self, workspace_id: str, upload_id: str) -> Upload:
        """Raises NotFound for an unknown one, one of another workspace, and one that has expired."""
        upload = self._read(workspace_id, upload_id)
        if upload.expires_at <= self._clock():
            raise NotFound("This upload has expired.")
        return upload

    def declare_length(self, upload: Upload, length: int, *, used_bytes: int) -> Upload:
        """The length of an upload that was begun without one. Raises TooLong, OffsetMismatch (declared otherwise before, or less than there is)."""
        if length > self.limits.upload_bytes:
            raise TooLong
        with self._locked(self._workspace(upload.workspace_id)), self._locked(self._folder(upload.workspace_id, upload.id)):
            now = self._read(upload.workspace_id, upload.id)
            if now.length not in {None, length} or length < now.offset:
                raise OffsetMismatch(now.offset)
            self._check_space(length - now.offset, used_bytes + self._reserved(upload.workspace_id, without=upload.id))
            return self._write(replace(now, length=length, reserved_bytes=length))

    def reserve(self, upload: Upload, up_to: int, *, used_bytes: int) -> None:
        """Sets space aside for an upload of unknown length. Raises TooLong, Exhausted."""
        if up_to > self.limits.upload_bytes:
            raise TooLong
        with self._locked(self._workspace(upload.workspace_id)), self._locked(self._folder(upload.workspace_id, upload.id)):
            now = self._read(upload.workspace_id, upload.id)
            if now.length is not None or up_to <= now.reserved_bytes:
                return
            wanted = min(up_to + RESERVE_STEP_BYTES, self.limits.upload_bytes)
            self._check_space(wanted - now.offset, used_bytes + self._reserved(upload.workspace_id, without=upload.id) + now.offset)
            self._write(replace(now, reserved_bytes=wanted))

    def write(self, upload: Upload, offset: int, *, atomic: bool) -> Writing:
        """Begins to write at ``offset``; whoever wrote before is cut off. Raises OffsetMismatch, NotFound. ``atomic``: all of it counts, or nothing."""
        with self._locked(self._folder(upload.workspace_id, upload.id)):
            now = self._read(upload.workspace_id, upload.id)
            if now.state != "receiving" or now.offset != offset:
                raise OffsetMismatch(now.offset)
            mine = self._write(replace(now, generation=now.generation + 1))
            os.truncate(self.data_of(mine), mine.offset)
        return Writing(self, mine, atomic=atomic)

    def settle(self, upload: Upload, take: Callable[[Path, Upload], Upload]) -> Upload:
        """Hands the complete file to ``take``, once, whoever calls how often; ``take`` says what became of it. The bytes go afterwards.

        Killed in between, it is done again at the next call: ``take`` must stand that.
        """
        folder = self._folder(upload.workspace_id, upload.id)
        with self._locked(folder, "settling"):
            now = self._read(upload.workspace_id, upload.id)
            if now.state == "receiving":
                now = take(self.data_of(now), now)
                with self._locked(folder):
                    self._write(replace(now, reserved_bytes=0))
            self.data_of(now).unlink(missing_ok=True)
        return now

    def delete(self, upload: Upload) -> None:
        """Its bytes are gone afterwards; whoever writes to it is cut off."""
        folder = self._folder(upload.workspace_id, upload.id)
        with self._locked(folder):
            (folder / "upload.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, workspace_id: str) -> int:
        """Removes what has expired; how many."""
        gone = [u for u in self.all(workspace_id) if u.expires_at <= self._clock()]
        for upload in gone:
            self.delete(upload)
        return len(gone)

    def data_of(self, upload: Upload) -> Path:
        return self._folder(upload.workspace_id, upload.id) / "data"

    def _reserved(self, workspace_id: str, without: str) -> int:
        return sum(u.reserved_bytes for u in self.all(workspace_id) if u.state == "receiving" and u.id != without)

    def _check_space(self, more_bytes: int, used_bytes: int) -> None:
        if used_bytes + more_bytes > self.limits.workspace_bytes:
            raise Exhausted(
                "The workspace has no space left for this recording. Delete old recordings, or ask the operator for more space."
            )
        if shutil.disk_usage(self.root).free - more_bytes < self.limits.min_free_bytes:
            raise Exhausted("The disk of the service is nearly full. Nothing was lost; ask the operator for space and go on then.")

    def _workspace(self, workspace_id: str) -> Path:
        if not _FOLDER.fullmatch(workspace_id):
            raise NotFound("Unknown workspace.")
        folder = self.root / workspace_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _folder(self, workspace_id: str, upload_id: str) -> Path:
        if not _ID.fullmatch(upload_id):
            raise NotFound("Unknown upload.")
        return self._workspace(workspace_id) / upload_id

    def all(self, workspace_id: str) -> Iterator[Upload]:
        """Every upload that is on record, expired ones too."""
        for path in self._workspace(workspace_id).glob("upl_*/upload.json"):
            try:
                yield self._read(workspace_id, path.parent.name)
            except NotFound:
                continue  # deleted meanwhile

    def _read(self, workspace_id: str, upload_id: str) -> Upload:
        try:
            stored = json.loads((self._folder(workspace_id, upload_id) / "upload.json").read_text("utf-8"))
        except FileNotFoundError:
            raise NotFound("Unknown upload.") from None
        times = {name: datetime.fromisoformat(stored[name]) for name in ("created_at", "expires_at")}
        return Upload(**{**stored, **times})

    def _write(self, upload: Upload) -> Upload:
        folder = self._folder(upload.workspace_id, upload.id)
        values = {name: getattr(upload, name) for name in Upload.__slots__}
        values |= {"created_at": upload.created_at.isoformat(), "expires_at": upload.expires_at.isoformat()}
        new = folder / "upload.new"
        with new.open("w", encoding="utf-8") as file:
            json.dump(values, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / "upload.json")
        return upload

    @contextmanager
    def _locked(self, folder: Path, name: str = "lock") -> Iterator[None]:
        """Held for the time of one small step only. Works between threads as well, because each opens the file anew."""
        try:
            file = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            raise NotFound("Unknown upload.") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


class Writing:
    """One request's hold on an upload. ``end`` is the place of the next byte."""

    COMMIT_BYTES = 8 * 2**20

    def __init__(self, spool: Spool, upload: Upload, *, atomic: bool) -> None:
        self._spool = spool
        self._upload = upload
        self._atomic = atomic
        self._file = os.open(spool.data_of(upload), os.O_WRONLY)
        self.end = upload.offset

    def add(self, piece: bytes) -> None:
        """Raises TakenOver, TooLong (nothing of this request counts then), Exhausted (what came before counts)."""
        limit = self._upload.length if self._upload.length is not None else self._spool.limits.upload_bytes
        if self.end + len(piece) > limit:
            raise TooLong
        with self._mine():
            try:
                written = 0
                while written < len(piece):
                    written += os.pwrite(self._file, piece[written:], self.end + written)
            except OSError as error:
                raise Exhausted(
                    "The disk of the service is full. Nothing was lost; go on later.", detail_for_operator=str(error)
                ) from error
        self.end += len(piece)
        if not self._atomic and self.end - self._upload.offset >= self.COMMIT_BYTES:
            self.commit()

    def commit(self) -> Upload:
        """What was written so far counts from now on, also after a crash. Raises TakenOver."""
        os.fsync(self._file)
        with self._mine() as now:
            later = self._spool._clock() + self._spool.limits.expiry  # noqa: SLF001 - one module, two classes
            self._upload = self._spool._write(replace(now, offset=self.end, expires_at=later))  # noqa: SLF001
        return self._upload

    def take_back(self, offset: int) -> None:
        """Nothing from ``offset`` on counts. Raises TakenOver."""
        with self._mine() as now:
            os.ftruncate(self._file, offset)
            self._spool._write(replace(now, offset=offset))  # noqa: SLF001

    def close(self) -> None:
        os.close(self._file)

    @contextmanager
    def _mine(self) -> Iterator[Upload]:
        spool, upload = self._spool, self._upload
        try:
            with spool._locked(spool._folder(upload.workspace_id, upload.id)):  # noqa: SLF001
                now = spool._read(upload.workspace_id, upload.id)  # noqa: SLF001
                if now.generation != upload.generation:
                    raise TakenOver
                yield now
        except NotFound:
            raise TakenOver from None


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""A Git folder through dulwich: no git program is needed. One lock per folder, so that two publications never mix in one commit.

The lock file says "busy" while somebody writes. Where it still says so to the next one, its writer died, and Git's own lock files that it
left behind are removed; those of other programs are respected.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.index import IndexEntry
from dulwich.object_store import commit_tree_changes
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.repo import Repo

from connectors.errors import Misconfigured, Retry

NAME, LOCK, BUSY, HALF = "filesystem", "sopwright.lock", "busy", ".sopwright-init-"
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One commit that touched a file."""

    id: str
    at: datetime
    by: str
    message: str


class Repository:
    """``folder`` becomes a repository where it is none. Raises Misconfigured where it cannot be one."""

    def __init__(self, folder: Path, author: str) -> None:
        self.folder = folder.absolute()
        self._author = author.encode()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone in this folder, among all processes that use this class. Raises Misconfigured or Retry for what the disk refuses."""
        with self.errors():
            self._repo().close()
            with (self.folder / ".git" / LOCK).open("a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                lock.seek(0)
                if lock.read() == BUSY:
                    self._tidy()
                self._say(lock.fileno(), BUSY)
                try:
                    yield
                except FileLocked:
                    self._say(lock.fileno(), "")
                    raise
                self._say(lock.fileno(), "")

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What the disk answers, in the words of :mod:`connectors.errors`."""
        try:
            yield
        except FileLocked:
            raise Retry("Another program is writing into the Git folder.", after_s=10.0, connector=NAME) from None
        except OSError as error:
            if error.errno in NOT_ALLOWED:
                raise Misconfigured("path", f"The folder {self.folder} cannot be used as a Git folder: {error.strerror}.") from None
            raise Retry(
                f"The Git folder cannot be written: {error.strerror or 'the disk does not answer'}.",
                after_s=60.0,
                connector=NAME,
                detail_for_operator=str(error),
            ) from None

    def obstacle(self) -> str | None:
        """Why the folder cannot be used, in words; None where it can. Changes nothing."""
        there = next(p for p in (self.folder, *self.folder.parents) if p.exists())
        if not there.is_dir():
            return f"{there} is a file, not a folder."
        return None if os.access(there, os.R_OK | os.W_OK | os.X_OK) else f"{there} may not be written by this service."

    def _say(self, descriptor: int, word: str) -> None:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, word.encode())

    def _tidy(self) -> None:
        """Removes what a killed writer left: locks of Git, and folders of a repository that was being made."""
        for path in (self.folder / ".git").rglob("*.lock"):
            if path.name != LOCK:
                path.unlink(missing_ok=True)
        for path in self.folder.glob(f"{HALF}*"):
            shutil.rmtree(path, ignore_errors=True)

    def commit(self, paths: Sequence[Path], message: str) -> str:
        """Commits exactly ``paths`` (absolute), whatever else people have staged, which stays staged; the id of the commit."""
        repo = self._repo()
        try:
            porcelain.add(repo, paths=[str(path) for path in paths])
            names = [path.relative_to(self.folder).as_posix().encode() for path in paths]
            index, store, head = repo.open_index(), repo.object_store, _head(repo)
            changes: list[tuple[bytes, int | None, ObjectID | None]] = []
            for name in names:
                staged = index[name]
                if not isinstance(staged, IndexEntry):
                    raise Retry("Somebody has to settle a conflict in the Git folder first.", after_s=300.0, connector=NAME)
                changes.append((name, staged.mode, staged.sha))
            before: Any = repo[head] if head is not None else None
            tree = commit_tree_changes(store, before.tree if before is not None else Tree(), changes)
            # Hooks of the folder are for people at their own machine; what runs here is not theirs to choose.
            work = repo.get_worktree()
            made = work.commit(message=message.encode(), author=self._author, committer=self._author, tree=tree, no_verify=True, sign=False)
            return made.decode()
        finally:
            repo.close()

    def history(self, relative: str) -> list[Entry]:
        """Commits that touched the file, newest first."""
        repo = self._repo()
        try:
            head = _head(repo)
            if head is None:
                return []
            return [_entry(step.commit) for step in repo.get_walker(include=[head], paths=[relative.encode()])]
        finally:
            repo.close()

    def newest(self, relative: str) -> Entry | None:
        """The last commit that touched the file; looks no further back."""
        repo = self._repo()
        try:
            head = _head(repo)
            found = iter(repo.get_walker(include=[head], paths=[relative.encode()], max_entries=1)) if head is not None else iter(())
            return next((_entry(step.commit) for step in found), None)
        finally:
            repo.close()

    def entry(self, commit_id: str) -> Entry | None:
        """That commit; None where there is none."""
        repo = self._repo()
        try:
            commit = repo[commit_id.encode()]
            return _entry(commit) if isinstance(commit, Commit) else None
        except (KeyError, ValueError):
            return None
        finally:
            repo.close()

    def content(self, commit_id: str, relative: str) -> bytes | None:
        """The file as it was in a commit; None where it was not there, or there is no such commit."""
        repo = self._repo()
        try:
            commit = repo[commit_id.encode()]
            if not isinstance(commit, Commit):
                return None
            tree: Any = repo[commit.tree]
            _, sha = tree.lookup_path(repo.__getitem__, relative.encode())
            blob = repo[sha]
            return blob.data if isinstance(blob, Blob) else None
        except (KeyError, ValueError):
            return None
        finally:
            repo.close()

    def head(self, relative: str) -> bytes | None:
        """The file as it is in the newest commit."""
        repo = self._repo()
        try:
            newest = _head(repo)
        finally:
            repo.close()
        return self.content(newest.decode(), relative) if newest is not None else None

    def said(self, line: str) -> Entry | None:
        """The newest commit whose message has this line."""
        repo = self._repo()
        try:
            head = _head(repo)
            found = repo.get_walker(include=[head]) if head is not None else ()
            return next((_entry(step.commit) for step in found if line in step.commit.message.decode(errors="replace").split("\n")), None)
        finally:
            repo.close()

    def _repo(self) -> Repo:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            return Repo(str(self.folder))
        except NotGitRepository:
            return self._made()

    def _made(self) -> Repo:
        """A new repository is made aside and moved into its place whole, so that a kill leaves none that is half made."""
        aside = self.folder / f"{HALF}{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        porcelain.init(str(aside)).close()
        try:
            (aside / ".git").rename(self.folder / ".git")
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise  # it is no other process that was faster
        self._tidy()
        return Repo(str(self.folder))


def _head(repo: Repo) -> ObjectID | None:
    try:
        return repo.head()
    except KeyError:
        return None


def _entry(commit: Commit) -> Entry:
    name = commit.author.decode(errors="replace").partition(" <")[0]
    at = datetime.fromtimestamp(commit.commit_time, UTC)
    return Entry(id=commit.id.decode(), at=at, by=name, message=commit.message.decode(errors="replace").strip())

"""A Git folder through dulwich: no git program is needed. One lock per folder, so that two publications never mix in one commit."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.repo import Repo

from connectors.errors import Misconfigured


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
        """Alone in this folder, among all processes that use this class."""
        self._repo().close()
        with (self.folder / ".git" / "sopwright.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def commit(self, paths: Sequence[Path], message: str) -> str:
        """Commits exactly ``paths`` (absolute; a missing one is a removal); the id of the commit."""
        repo = self._repo()
        try:
            for path in paths:
                if path.exists():
                    porcelain.add(repo, paths=[str(path)])
                else:
                    porcelain.remove(repo, paths=[str(path)])
            return porcelain.commit(repo, message=message.encode(), author=self._author, committer=self._author, sign=False).decode()
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

    def _repo(self) -> Repo:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                return Repo(str(self.folder))
            except NotGitRepository:
                return porcelain.init(str(self.folder))
        except OSError as error:
            raise Misconfigured("path", f"The folder {self.folder} cannot be used as a Git folder: {error.strerror}.") from None


def _head(repo: Repo) -> ObjectID | None:
    try:
        return repo.head()
    except KeyError:
        return None


def _entry(commit: Commit) -> Entry:
    name = commit.author.decode(errors="replace").partition(" <")[0]
    at = datetime.fromtimestamp(commit.commit_time, UTC)
    return Entry(id=commit.id.decode(), at=at, by=name, message=commit.message.decode(errors="replace").strip())

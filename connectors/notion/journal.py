"""What must survive a crash: per page one file, written line by line before and after each step of a publish.

The page itself is the truth; the journal only tells which of its unknown blocks may be ours and what the last finished publish left behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.contract import Known, Ref
from connectors.errors import Retry
from connectors.notion.failures import NAME
from connectors.notion.merge import Written
from connectors.notion.nodes import Node, from_json, shallow, to_json


class Journal:
    """``memory`` is the last finished publish; ``page``, ``day`` and ``written`` belong to one that did not finish."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.load()

    def load(self) -> None:
        self.memory: Known | None = None
        self.page: str | None = None
        self.day: str | None = None
        self.run: str | None = None
        self._patched: dict[str, set[str]] = {}
        self._added: dict[str, Node] = {}
        self._added_to_row: dict[str, Node] = {}
        for record in self._records():
            self._take(record)

    @property
    def unfinished(self) -> bool:
        return self.run is not None

    @property
    def written(self) -> Written:
        return Written(patched={k: frozenset(v) for k, v in self._patched.items()}, added=self._added)

    @property
    def written_to_row(self) -> Written:
        """The same for the version's page, which also holds what people wrote: it says nothing about the live page."""
        return Written(added=self._added_to_row)

    def begin(self, run: str, day: str) -> None:
        """A new publish of the content ``run``; it goes on where an unfinished one stopped."""
        if not self.unfinished:
            self._rewrite([{"memory": _encode(self.memory)}] if self.memory else [])
        self._note({"run": run, "day": day if self.run != run else self.day})

    def made(self, page: str) -> None:
        self._note({"page": page})

    def patching(self, block: str, node: Node) -> None:
        self._note({"patching": [block, node.sign]})

    def adding(self, nodes: Sequence[Node], *, to_row: bool = False) -> None:
        self._note({"adding to row" if to_row else "adding": [to_json(shallow(n)) for node in nodes for n in node.walk()]})

    def forget(self) -> None:
        """The page that was remembered is given up; the next publish knows nothing."""
        self._rewrite([])
        self.load()

    def finish(self, known: Known) -> None:
        self._rewrite([{"memory": _encode(known)}])
        self.load()

    def _note(self, record: Mapping[str, Any]) -> None:
        self._take(record)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _take(self, record: Mapping[str, Any]) -> None:
        if record.get("memory"):
            self.memory = _decode(record["memory"])
        if "run" in record:
            self.run, self.day = record["run"], record["day"]
        self.page = record.get("page", self.page)
        if "patching" in record:
            self._patched.setdefault(record["patching"][0], set()).add(record["patching"][1])
        for stored in record.get("adding", ()):
            node = from_json(stored)
            self._added.setdefault(node.sign, node)
        for stored in record.get("adding to row", ()):
            node = from_json(stored)
            self._added_to_row.setdefault(node.sign, node)

    def _records(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return  # the last line of a process that was killed while writing it

    def _rewrite(self, records: Sequence[Mapping[str, Any]]) -> None:
        write_json_lines(self._path, records)


def write_json_lines(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the file as a whole, or leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def journal_path(state: Path, key: str) -> Path:
    """A file name for any key."""
    return state / "pages" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.jsonl"


@contextmanager
def only_one(path: Path, busy: str = "The same page is being published right now.") -> Iterator[None]:
    """One publisher a page at a time, also of other processes of this machine; raises Retry (in the words ``busy``) where another is at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Retry(busy, after_s=15.0, connector=NAME, operation="publish") from None
        yield


class Shelf:
    """A small JSON object on disk; each ``put`` is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def put(self, key: str, value: Any) -> None:
        write_json_lines(self._path, [{**self.all(), key: value}])


def _encode(known: Known | None) -> Any:
    return None if known is None else asdict(known)


def _decode(stored: Mapping[str, Any]) -> Known:
    return Known(ref=Ref(**stored["ref"]), version=stored["version"], base=stored["base"])

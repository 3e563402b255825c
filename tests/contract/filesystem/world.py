"""A Git folder, and a person with an editor in it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Any

from connectors import filesystem
from connectors.contract import Person, Ref, Target
from connectors.filesystem.markdown import parse
from connectors.testing import Armed, Seen, World

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_watching: list[FolderWorld] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    for world in _watching:
        world.happens(event, arguments)


sys.addaudithook(_audit)


class FolderWorld(World):
    """A request is one change of a file below the folder, as the interpreter reports it before it happens."""

    target = Target(place="runbooks")
    person = Person(name="Dana Example", email="dana@example.com")
    done_is_next = True

    def __init__(self, folder: Path) -> None:
        self.root = folder / "kb"
        self._requests = self._uploads = self._left = 0
        self._act: Callable[[], bool] | None = None
        self._armed = Armed()
        self._done = self._by_person = False

    def connect(self, *, fresh: bool = False) -> filesystem.Filesystem:
        return filesystem.connect(filesystem.Settings(path=self.root), state=self.root.parent)

    # --- reading ----------------------------------------------------------------------------------------------------------

    def look(self, ref: Ref) -> Seen:
        path = self._path(ref)
        document = parse(path.read_text("utf-8"))
        facts = document.facts
        shown = re.findall(r"^!\[.*?\]\((images/[^)\s]+)\)", path.read_text("utf-8"), re.MULTILINE)
        notes = path.parent / "notes.md"
        return Seen(
            title=document.title,
            text="\n".join([*(p.plain for p in document.pieces), *(str(v) for v in facts.values())]),
            pictures=tuple(hashlib.sha256((path.parent / name).read_bytes()).hexdigest() for name in shown),
            labels=tuple(facts.get("labels", ())),
            owner=facts.get("owner"),
            review=facts.get("review_state"),
            notes=tuple(line for line in notes.read_text("utf-8").splitlines() if line.startswith("- ")) if notes.exists() else (),
        )

    def pages(self) -> Sequence[str]:
        return [str(parse(p.read_text("utf-8")).facts["id"]) for p in self.root.rglob("index.md")]

    def _path(self, ref: Ref) -> Path:
        return next(p for p in self.root.rglob("index.md") if parse(p.read_text("utf-8")).facts.get("id") == ref.id)

    # --- a person ---------------------------------------------------------------------------------------------------------

    def edit(self, ref: Ref, before: str, after: str) -> None:
        self._replace(ref, before, after)

    def add(self, ref: Ref, behind: str, words: str) -> None:
        self._replace(ref, f"{behind}\n<!-- /sop -->\n", f"{behind}\n<!-- /sop -->\n\n{words}\n")

    def remove(self, ref: Ref, words: str) -> None:
        text = self._path(ref).read_text("utf-8")
        block = next(m.group() for m in re.finditer(r"<!-- sop:\S+ -->\n.*?<!-- /sop -->\n", text, re.DOTALL) if words in m.group())
        self._replace(ref, block, "")

    def rename(self, ref: Ref, title: str) -> None:
        self._replace(ref, re.search(r"^# .*$", self._path(ref).read_text("utf-8"), re.MULTILINE).group(), f"# {title}")  # type: ignore[union-attr]  # a page has a title

    def trash(self, ref: Ref) -> None:
        with self._person():
            shutil.rmtree(self._path(ref).parent)

    def move(self, ref: Ref) -> None:
        with self._person():
            (self.root / "elsewhere").mkdir()
            self._path(ref).parent.rename(self.root / "elsewhere" / "page")

    def _replace(self, ref: Ref, before: str, after: str) -> None:
        path = self._path(ref)
        text = path.read_text("utf-8")
        if before not in text:
            raise LookupError(before)
        with self._person():
            path.write_text(text.replace(before, after), "utf-8")

    @contextmanager
    def _person(self) -> Iterator[None]:
        self._by_person = True
        try:
            yield
        finally:
            self._by_person = False

    # --- changes of files -------------------------------------------------------------------------------------------------

    @contextmanager
    def watched(self) -> Iterator[FolderWorld]:
        _watching.append(self)
        try:
            yield self
        finally:
            _watching.remove(self)

    @contextmanager
    def at(self, nth: int, act: Callable[[], bool], *, done: bool = False) -> Iterator[Armed]:
        self._left, self._act, self._armed = nth + done, act, Armed()
        try:
            yield self._armed
        finally:
            self._act = None

    def requests(self) -> int:
        return self._requests

    def writes(self) -> int:
        return self._requests

    def uploads(self) -> int:
        return self._uploads

    def happens(self, event: str, arguments: tuple[Any, ...]) -> None:
        path = _changed(event, arguments)
        if path is None or self._by_person or not path.startswith(f"{self.root}/") or path.endswith("sopwright.lock"):
            return
        self._requests += 1
        self._uploads += event == "os.rename" and "/images/" in path
        self._left -= 1
        if self._act is not None and self._left == 0:
            act, self._act = self._act, None
            self._armed.struck = True
            if not act():
                raise OSError(ENOSPC, os.strerror(ENOSPC), path)


def _changed(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The path that is about to change, or None."""
    path: Any = None  # folders, and the insides of objects that are named by their content, leave nothing that matters half done
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        path = arguments[0]
    elif event in ("os.rename", "os.link"):
        path = arguments[1]
    elif event == "os.remove":
        path = arguments[0]
    if not isinstance(path, (str, bytes, os.PathLike)) or (event == "open" and "/.git/objects/" in os.fsdecode(path)):
        return None
    return str(Path(os.fsdecode(path)).absolute())

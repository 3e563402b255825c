"""What the author of a connector provides: a target that is as good as empty, and what a person does at it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from connectors.contract import Connector, Person, Ref, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reader of a page sees. What a target has no place for stays empty.

    ``text`` is everything below the title in reading order, as plain text, one line a paragraph, list entry or table cell. ``pictures`` are
    the SHA-256 (hex) of their bytes in reading order. ``owner`` holds the person's mail address or name, ``review`` the state of the review
    ("overdue") in any wording and case, ``notes`` what persons were told at the page.
    """

    title: str
    text: str
    pictures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    owner: str | None = None
    review: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Armed:
    """``struck`` turns true when the awaited request came."""

    struck: bool = False


class World(ABC):
    """One target. The kit makes many, so a fresh one should cost little; connectors in it must not really sleep.

    A *request* is one step at the target: an HTTP request, or for a folder one change of a file.
    """

    target: Target
    """Where new pages go."""

    person: Person
    """Somebody whom the target knows."""

    conditional_writes: bool = True
    """False where the target has no write that fails when somebody else was faster: then only edits of *other* blocks must survive one."""

    done_is_next: bool = False
    """True where "this request was carried out" is the same moment as "before the next one" (a folder): one kind of interruption is enough."""

    @abstractmethod
    def connect(self, *, fresh: bool = False) -> Connector:
        """A new connector as after a restart: same settings, same state folder; with ``fresh`` an empty state folder (another machine)."""

    # --- reading ----------------------------------------------------------------------------------------------------------

    @abstractmethod
    def look(self, ref: Ref) -> Seen:
        """The page as a reader sees it now."""

    @abstractmethod
    def pages(self) -> Sequence[str]:
        """The ids (``Ref.id``) of all published pages that a reader would find, without copies that the connector keeps as versions."""

    # --- a person at work: none of this is a request of ours -----------------------------------------------------------------

    @abstractmethod
    def edit(self, ref: Ref, before: str, after: str) -> None:
        """Replaces the words ``before``, which are all that one block says, by ``after``. LookupError where no block says them."""

    @abstractmethod
    def add(self, ref: Ref, behind: str, words: str) -> None:
        """A new paragraph ``words`` behind the block at the page's top level that says ``behind``."""

    @abstractmethod
    def remove(self, ref: Ref, words: str) -> None:
        """Deletes the block that says ``words``."""

    @abstractmethod
    def rename(self, ref: Ref, title: str) -> None:
        """Gives the page another title."""

    @abstractmethod
    def trash(self, ref: Ref) -> None:
        """Deletes the page as people do it there."""

    def move(self, ref: Ref) -> None:
        """Puts the page elsewhere. Left out: the test is skipped."""
        raise NotImplementedError

    # --- requests ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def at(self, nth: int, act: Callable[[], bool], *, done: bool = False) -> AbstractContextManager[Armed]:
        """Calls ``act`` once, at the ``nth`` request from now (1 is the next), as long as the context is open.

        It is called before the target carries the request out, or with ``done`` afterwards, and not under a lock of the target, for it
        may edit pages. Where it returns False the connector gets no answer: a fake server closes the line, a folder raises ENOSPC.
        """

    @abstractmethod
    def requests(self) -> int:
        """How many requests came so far."""

    @abstractmethod
    def writes(self) -> int:
        """How many of them changed something (people's changes do not count)."""

    @abstractmethod
    def uploads(self) -> int:
        """How many pictures were sent so far."""

    def clock_s(self) -> float:
        """Only for connectors that declare ``requests_per_s``: a clock that goes on by the seconds that the connector wanted to sleep."""
        raise NotImplementedError

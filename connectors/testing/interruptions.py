"""The line breaks, or the process is killed, at the first, second ... request. Afterwards the same call brings one whole page."""

from __future__ import annotations

from pathlib import Path
from unittest import SkipTest

from connectors.contract import Known, Page
from connectors.errors import ConnectorError
from connectors.testing import pages
from connectors.testing.basics import Base, holds
from connectors.testing.tools import connected, expect, killed, put
from connectors.testing.world import World

FIRST = pages.page(1, steps=2)
SECOND = pages.page(2, steps=3, pictures=3, actions={2: "Do something else in the kit."})
MOST = 300


class Interruptions(Base):
    def test_a_line_that_breaks_before_a_request_is_carried_out(self, tmp_path: Path) -> None:
        self._sweep(tmp_path, kill=False, done=False)

    def test_a_line_that_breaks_after_a_request_was_carried_out(self, tmp_path: Path) -> None:
        self._sweep(tmp_path, kill=False, done=True)

    def test_a_process_that_is_killed_before_a_request_is_carried_out(self, tmp_path: Path) -> None:
        self._sweep(tmp_path, kill=True, done=False)

    def test_a_process_that_is_killed_after_a_request_was_carried_out(self, tmp_path: Path) -> None:
        self._sweep(tmp_path, kill=True, done=True)

    def _sweep(self, folder: Path, *, kill: bool, done: bool) -> None:
        for name, again in (("first", False), ("update", True)):
            points = self._points(folder / name, kill=kill, done=done, again=again)
            expect(points >= 1, f"a publication ({name}) makes requests")

    def _points(self, folder: Path, *, kill: bool, done: bool, again: bool) -> int:
        for nth in range(1, MOST):
            with self.world(folder / f"at-{nth}") as world:
                if done and world.done_is_next:
                    raise SkipTest("here this is the moment before the next request, which has a test of its own")
                known = put(world, FIRST).known if again else None
                struck = _interrupted(world, nth, known, kill=kill, done=done)
                if not struck:
                    return nth - 1
                self._comes_right(world, known, nth)
        raise AssertionError(f"publishing a small page takes fewer than {MOST} requests")

    def _comes_right(self, world: World, known: Known | None, nth: int) -> None:
        """The caller never saw an answer, so it calls again with what it knew before."""
        if known is None:
            known = put(world, FIRST).known
            self._stands(world, known, nth, revisions=[1])
        receipt = put(world, SECOND, known)
        expect(receipt.edits == (), f"what was cut off at request {nth} is not taken for a person's edit", receipt.edits)
        holds(world, receipt.known.ref, SECOND)
        self._stands(world, receipt.known, nth, revisions=[2, 1])
        writes = world.writes()
        expect(not put(world, SECOND, receipt.known).written, f"after an end that was reached nothing is left to do (request {nth})")
        expect(world.writes() == writes, f"after an end that was reached nothing is written (request {nth})")

    def _stands(self, world: World, known: Known, nth: int, *, revisions: list[int]) -> None:
        expect(list(world.pages()) == [known.ref.id], f"one page after an interruption at request {nth}", world.pages())
        if len(revisions) == 1:
            holds(world, known.ref, FIRST)
        with connected(world) as connector:
            if connector.capabilities.history:
                there = [v.revision for v in connector.history(known.ref) if v.revision is not None]
                expect(there[0] == revisions[0], f"the newest version is ours (request {nth})", there)
                expect(sorted(set(there), reverse=True) == revisions, f"every revision is in the history (request {nth})", there)


def _interrupted(world: World, nth: int, known: Known | None, *, kill: bool, done: bool) -> bool:
    page = FIRST if known is None else SECOND
    if kill:
        return killed(world, nth, lambda: _once(world, page, known), done=done)
    with world.at(nth, lambda: False, done=done) as armed:
        _once(world, page, known)
    return armed.struck


def _once(world: World, page: Page, known: Known | None) -> None:
    """One call. Whatever goes wrong at the target has to come out as one of the contract's errors."""
    with connected(world) as connector:
        try:
            connector.publish(connector.render(page), world.target, known=known, message=f"Kit revision {page.facts.version}")
        except ConnectorError as error:
            expect(error.message_for_user.strip(), "an error says what happened")

"""People work on the page too: what they did stays, is reported, and where both sides changed one passage a person chooses."""

from __future__ import annotations

from pathlib import Path
from unittest import SkipTest

from connectors.contract import Known, Page, Receipt
from connectors.errors import Conflict, Gone
from connectors.testing import pages
from connectors.testing.basics import Base
from connectors.testing.tools import connected, expect, expect_error, put, squash
from connectors.testing.world import World

THEIRS, OURS = "Words of a person.", "Do something else in the kit."


class Edits(Base):
    def test_an_edit_of_another_passage_stays_for_good(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.edit(known.ref, pages.SOLUTION, THEIRS)
            if not _merges(world):
                return _refuses(world, known)
            second = put(world, pages.page(2, actions={2: OURS}), known)
            found = [(e.key, e.before, e.after) for e in second.edits]
            expect(found == [("troubleshooting/0/solution", pages.SOLUTION, THEIRS)], "the edit is reported, and no other", second.edits)
            third = put(world, pages.page(3, actions={2: OURS, 3: "Do the last thing in the kit."}), second.known)
            text = world.look(third.known.ref).text
            for words in (THEIRS, OURS, "Do the last thing in the kit."):
                expect(text.count(words) == 1, f"{words!r} stands on the page once", text)
            expect(pages.SOLUTION not in text, "what the person replaced does not come back")
        return None

    def test_an_edit_survives_when_our_memory_is_lost(self, tmp_path: Path) -> None:
        """The answer of the first publication was lost, somebody edited the page, then we come again without knowing anything."""
        with self.world(tmp_path) as world:
            ref = put(world, pages.page(1)).known.ref
            world.edit(ref, pages.SOLUTION, THEIRS)
            if not _merges(world):
                return
            try:
                put(world, pages.page(2, actions={2: OURS}), None, fresh=True)
            except Conflict as conflict:
                expect([c.key for c in conflict.clashes] == ["troubleshooting/0/solution"], "only this passage is in question", conflict)
            expect(THEIRS in world.look(ref).text, "a person's words are not overwritten by a connector that lost its memory")
            expect(len(world.pages()) == 1, "there is still one page")

    def test_what_a_person_added_stays_in_its_place(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.add(known.ref, pages.PURPOSE, THEIRS)
            if not _merges(world):
                return _refuses(world, known)
            second = put(world, pages.page(2, actions={2: OURS}), known)
            found = [(e.key, e.before, e.after) for e in second.edits]
            expect(found == [("after:purpose", None, THEIRS)], "the added passage is reported by the block before it", second.edits)
            text = world.look(known.ref).text
            expect(text.index(pages.PURPOSE) < text.index(THEIRS) < text.index(pages.CHECK), "it stays where it was put")
            third = put(world, pages.page(3, actions={2: OURS, 1: "Do the first thing in the kit."}), second.known)
            expect(third.edits == (), "it is reported once", third.edits)
            expect(world.look(known.ref).text.count(THEIRS) == 1, "it stands there once")
        return None

    def test_what_a_person_removed_does_not_come_back(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.remove(known.ref, pages.EXPECTED)
            if not _merges(world):
                return _refuses(world, known)
            second = put(world, pages.page(2, actions={2: OURS}), known)
            found = [(e.key, e.before, e.after) for e in second.edits]
            expect(found == [("steps/s1/expected", pages.EXPECTED, None)], "the removal is reported", second.edits)
            third = put(world, pages.page(3, actions={2: OURS, 3: "Do the last thing in the kit."}), second.known)
            text = world.look(third.known.ref).text
            expect(pages.EXPECTED not in text, "what a person removed stays away")
            expect(OURS in text and pages.action(1) in text, "everything else is there")
        return None

    def test_a_passage_that_both_changed_is_left_to_a_person(self, tmp_path: Path) -> None:
        new = pages.page(2, actions={2: OURS, 3: "Do the last thing in the kit."})
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.edit(known.ref, pages.action(2), THEIRS)
            seen, writes = world.look(known.ref), world.writes()
            with expect_error(Conflict, "both sides changed one passage") as caught:
                put(world, new, known)
            if not _merges(world):
                return
            expect(world.look(known.ref) == seen and world.writes() == writes, "nothing is written while somebody has to choose")
            found = [(c.key, c.base, c.theirs, c.ours) for c in caught[0].clashes]
            expect(found == [("steps/s2", pages.action(2), THEIRS, OURS)], "the clash shows the three states of the passage", found)
            expect(THEIRS not in str(caught[0]) and OURS not in str(caught[0]), "no error message holds page text", str(caught[0]))
            theirs = put(world, new, known, choices={"steps/s2": "theirs"})
            text = world.look(known.ref).text
            expect(THEIRS in text and OURS not in text, "'theirs' keeps their words")
            expect("Do the last thing in the kit." in text, "the rest of the revision is published")
            expect(not put(world, new, theirs.known).written, "a choice holds: the same revision again writes nothing")

    def test_choosing_ours_replaces_their_words(self, tmp_path: Path) -> None:
        new = pages.page(2, actions={2: OURS})
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.edit(known.ref, pages.action(2), THEIRS)
            if not _merges(world):
                return
            ours = put(world, new, known, choices={"steps/s2": "ours"})
            text = world.look(known.ref).text
            expect(OURS in text and THEIRS not in text, "'ours' writes our words", text)
            expect(not put(world, new, ours.known).written, "the same revision again writes nothing")

    def test_the_same_change_on_both_sides_is_no_clash(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.edit(known.ref, pages.action(2), OURS)
            if not _merges(world):
                return
            second = put(world, pages.page(2, actions={2: OURS}), known)
            expect(world.look(second.known.ref).text.count(OURS) == 1, "the words stand there once")
            third = put(world, pages.page(3, actions={2: "Do a third thing in the kit."}), second.known)
            expect("Do a third thing in the kit." in world.look(third.known.ref).text, "the passage is ours again")

    def test_a_renamed_page_is_found_and_keeps_the_persons_title(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.rename(known.ref, "Title by a person")
            second = put(world, pages.page(2, actions={2: OURS}), known)
            expect(second.known.ref.id == known.ref.id and len(world.pages()) == 1, "a renamed page is the same page", world.pages())
            seen = world.look(second.known.ref)
            expect(seen.title == "Title by a person", "a person's title stays", seen.title)
            expect(OURS in seen.text, "the new revision is on it")

    def test_a_moved_page_is_found_where_it_is(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            try:
                world.move(known.ref)
            except NotImplementedError:
                raise SkipTest("this world does not move pages") from None
            second = put(world, pages.page(2, actions={2: OURS}), known)
            expect(not second.created and len(world.pages()) == 1, "a moved page is the same page", world.pages())
            expect(OURS in world.look(second.known.ref).text, "the new revision is on it")

    def test_a_deleted_page_is_never_made_anew(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.trash(known.ref)
            with expect_error(Gone, "the page was deleted by a person"):
                put(world, pages.page(2, actions={2: OURS}), known)
            expect(list(world.pages()) == [], "no page is made instead", world.pages())
            with connected(world) as connector:
                try:
                    state = connector.fetch(known.ref, known=known).state
                except Gone:
                    state = "trashed"
                expect(state in ("trashed", "unreachable"), "fetch() says that it is gone, or raises Gone", state)

    def test_a_person_who_writes_elsewhere_while_we_publish_loses_nothing(self, tmp_path: Path) -> None:
        """Somebody saves another passage at the first, second ... request of ours."""
        if self._during(tmp_path, pages.SOLUTION, other=True) == 0:
            raise AssertionError("publishing a changed page makes requests")

    def test_a_person_who_writes_the_same_passage_while_we_publish_loses_nothing(self, tmp_path: Path) -> None:
        self._during(tmp_path, pages.action(2), other=False)

    def _during(self, folder: Path, passage: str, *, other: bool) -> int:
        new = pages.page(2, actions={2: OURS}, pictures=3)
        for nth in range(1, 200):
            with self.world(folder / f"at-{nth}") as world:
                if not other and not world.conditional_writes:
                    raise SkipTest("this target has no conditional write")
                known = put(world, pages.page(1)).known
                saved: list[bool] = []

                def save(world: World = world, known: Known = known, saved: list[bool] = saved) -> bool:
                    try:
                        world.edit(known.ref, passage, THEIRS)
                        saved.append(True)
                    except LookupError:
                        pass  # our words are there already: the person sees them and has nothing to do
                    return True

                with world.at(nth, save) as armed:
                    receipt = _published_or_asked(world, new, known, conflict_is_fine=not other or not _merges(world))
                if not armed.struck:
                    return nth - 1
                text = squash(world.look(known.ref).text)
                expect(not saved or THEIRS in text, f"what a person saved at our request {nth} is on the page", text)
                expect(receipt is None or OURS in text or not other, f"our change is there too (request {nth})", text)
                expect(len(world.pages()) == 1, "there is one page", world.pages())
        raise AssertionError("publishing a small page takes fewer than 200 requests")


def _published_or_asked(world: World, page: Page, known: Known, *, conflict_is_fine: bool) -> Receipt | None:
    try:
        return put(world, page, known)
    except Conflict:
        expect(conflict_is_fine, "passages of different sides are no conflict")
        return None


def _merges(world: World) -> bool:
    with connected(world) as connector:
        return connector.capabilities.merge


def _refuses(world: World, known: Known) -> None:
    """A connector that cannot merge must not overwrite."""
    with expect_error(Conflict, "a person edited the page and the connector cannot merge"):
        put(world, pages.page(2, actions={2: OURS}), known)

"""Checking, rendering, publishing first, again and anew; what a page may hold."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from connectors.contract import Page, Ref
from connectors.testing import pages
from connectors.testing.tools import connected, expect, form, put, squash
from connectors.testing.world import World


class Base:
    """``world`` is the one method that a subclass writes."""

    def world(self, folder: Path) -> AbstractContextManager[World]:
        """A fresh target; ``folder`` is empty and for it alone."""
        raise NotImplementedError


class Basics(Base):
    def test_check_reads_only_and_says_who_we_are(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world, connected(world) as connector:
            writes = world.writes()
            identity = connector.check()
            expect(identity.name.strip(), "check() names who we are at the target")
            expect(all(m.strip() for m in identity.missing), "what is missing is said in words", identity.missing)
            expect(world.writes() == writes, "check() changes nothing at the target")
            expect(connector.name, "a connector has a name")

    def test_render_is_pure_and_deterministic(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world, connected(world) as connector:
            before = world.requests()
            first, second = connector.render(pages.every_kind()), connector.render(pages.every_kind())
            expect(form(first.body) == form(second.body), "the same page gives the same body")
            expect(first.degraded == second.degraded, "the same page is degraded in the same way")
            expect(world.requests() == before, "render() asks the target nothing")

    def test_a_new_page_is_whole_and_there_once(self, tmp_path: Path) -> None:
        page = pages.page()
        with self.world(tmp_path) as world:
            receipt = put(world, page)
            expect(receipt.created and receipt.written, "the first publication creates the page", receipt)
            expect(receipt.edits == (), "nobody edited a new page", receipt.edits)
            expect(receipt.known.ref.url, "a page has an address")
            expect(list(world.pages()) == [receipt.known.ref.id], "there is one page, and it is the one in the receipt", world.pages())
            holds(world, receipt.known.ref, page)

    def test_the_same_page_again_writes_nothing(self, tmp_path: Path) -> None:
        page = pages.page()
        with self.world(tmp_path) as world:
            first = put(world, page)
            for fresh in (False, True):
                writes = world.writes()
                again = put(world, page, first.known, fresh=fresh)
                expect(not again.written and not again.created, "an unchanged page is not written", again)
                expect(again.writes == 0 and world.writes() == writes, "an unchanged page costs no write", world.writes() - writes)
                expect(again.known.ref == first.known.ref, "it is the same page")
                expect(again.edits == (), "what the target made of our form is no edit by a person", again.edits)

    def test_a_new_revision_changes_the_page_in_its_place(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            first = put(world, pages.page(1))
            uploads = world.uploads()
            new = pages.page(2, actions={2: "Do something else in the kit."})
            second = put(world, new, first.known)
            expect(second.written and not second.created, "a changed page is written, not created", second)
            expect(second.known.ref.id == first.known.ref.id, "the page keeps its id")
            expect(list(world.pages()) == [first.known.ref.id], "there is still one page", world.pages())
            expect(world.uploads() == uploads, "pictures that are there already are not sent again", world.uploads() - uploads)
            holds(world, second.known.ref, new)
            expect(pages.action(2) not in world.look(second.known.ref).text, "the old words are gone")

    def test_steps_come_and_go_and_change_places(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1, steps=4)).known
            fewer = pages.page(2, steps=2)
            known = put(world, fewer, known).known
            holds(world, known.ref, fewer)
            expect(pages.action(3) not in world.look(known.ref).text, "a step that is gone from the SOP is gone from the page")
            more = pages.page(3, steps=5)
            holds(world, put(world, more, known).known.ref, more)

    def test_several_pages_do_not_disturb_each_other(self, tmp_path: Path) -> None:
        first, second = pages.page(key="sop_first", title="First page"), pages.page(key="sop_second", title="Second page", steps=2)
        with self.world(tmp_path) as world:
            refs = [put(world, p).known.ref for p in (first, second)]
            expect(sorted(world.pages()) == sorted(r.id for r in refs), "each key has a page of its own", world.pages())
            for ref, page in zip(refs, (first, second), strict=True):
                holds(world, ref, page)

    def test_every_kind_of_block_is_shown_or_listed_as_degraded(self, tmp_path: Path) -> None:
        page = pages.every_kind()
        with self.world(tmp_path) as world:
            with connected(world) as connector:
                degraded = connector.render(page).degraded
            expect(all(line.strip() for line in degraded), "a degradation is said in words", degraded)
            seen = squash(world.look(put(world, page).known.ref).text)
            for key, words in pages.readable(page):
                told = any(line.startswith(f"{key}:") for line in degraded)
                expect(squash(words) in seen or told, f"{words!r} of {key} can be read, or `degraded` has a line '{key}: ...'", degraded)

    def test_foreign_scripts_markup_empty_and_huge_texts_arrive_as_they_are(self, tmp_path: Path) -> None:
        page = pages.odd()
        with self.world(tmp_path) as world:
            known = put(world, page).known
            seen = world.look(known.ref)
            text = squash(seen.text)
            expect(squash(seen.title) == squash(page.title), "the title is shown as it is", seen.title)
            for key, words in pages.readable(page):
                if key != "control":
                    expect(squash(words) in text, f"the words of {key} can be read exactly: {words[:200]!r}")
            expect("before" in text and "after" in text, "what has control characters in it is shown without them")
            writes = world.writes()
            again = put(world, page, known)
            expect(again.edits == () and world.writes() == writes, "odd texts are no edits and cost no second write", again.edits)
            with connected(world) as connector:
                expect(connector.fetch(known.ref, known=known).edits == (), "fetch() sees no edits either")

    def test_a_large_page_is_published_and_one_step_of_it_changed(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1, steps=250, pictures=3)).known
            changed = pages.page(2, steps=250, pictures=3, actions={125: "Do the one in the middle."})
            known = put(world, changed, known).known
            holds(world, known.ref, changed)

    def test_a_lost_answer_is_no_second_page(self, tmp_path: Path) -> None:
        """The caller never heard of the page: it is found by its key, here and on another machine, also with new content."""
        with self.world(tmp_path) as world:
            first = put(world, pages.page(1))
            for version, fresh in ((1, False), (1, True), (2, True)):
                page = pages.page(version, actions={} if version == 1 else {2: "Do something else in the kit."})
                found = put(world, page, None, fresh=fresh)
                expect(not found.created, "a page that is there is adopted, not created")
                expect(found.known.ref.id == first.known.ref.id and len(world.pages()) == 1, "it is the same page", world.pages())
                holds(world, found.known.ref, page)

    def test_fetch_tells_what_stands_there(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page()).known
            with connected(world) as connector:
                there = connector.fetch(known.ref, known=known)
                expect(there.key == "sop_kit", "fetch() gives the key back", there.key)
                expect(there.title == "Kit page" and there.state == "current", "fetch() gives title and state", there)
                expect(there.edits == (), "nobody edited it", there.edits)
                world.edit(known.ref, pages.SOLUTION, "Solution by a person.")
                now = connector.fetch(known.ref, known=known)
                expect(now.version != there.version, "a person's edit gives another version", now.version)
                found = [(e.before, e.after) for e in now.edits]
                expect(found == [(pages.SOLUTION, "Solution by a person.")], "fetch() tells what a person changed", now.edits)


def holds(world: World, ref: Ref, page: Page) -> None:
    """The page shows all of ``page``, in its order, each picture and each passage of a step once."""
    seen = world.look(ref)
    text = squash(seen.text)
    at = 0
    for key, words in pages.readable(page):
        found = text.find(squash(words), at)
        expect(found >= 0, f"{words!r} of {key} stands on the page, in its place", text[max(0, at - 200) : at + 400])
        at = found
        if key.startswith("steps/"):
            count = text.count(squash(words))
            expect(count == 1, f"{words!r} of {key} stands on the page once", count)
    want = [asset.digest for asset in page.assets]
    expect(sorted(seen.pictures) == sorted(want), "each picture is shown once, with exactly its bytes", (len(seen.pictures), len(want)))
    expect(squash(seen.title) == squash(page.title), "the page has its title", seen.title)

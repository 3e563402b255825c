"""One test for each field of ``Capabilities``: what is declared is done for real, what is not declared is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

from connectors.contract import Capabilities, Connector, Person, ReviewFlag
from connectors.errors import ConnectorError, Reject, Unsupported
from connectors.testing import pages
from connectors.testing.basics import Base, holds
from connectors.testing.tools import connected, expect, expect_error, put, squash

OVERDUE = ReviewFlag(state="overdue", due=date(2027, 2, 25))
CHANGED = {2: "Do something else in the kit."}


class Abilities(Base):
    def __init_subclass__(cls) -> None:
        """No test of the kit can be taken away, least of all one of a capability."""
        super().__init_subclass__()
        for name in dir(Abilities):
            if name.startswith("test_") and getattr(getattr(cls, name), "__module__", "").split(".")[:2] != ["connectors", "testing"]:
                raise TypeError(f"{cls.__name__}.{name} replaces a test of the conformance kit")

    def test_no_capability_is_without_a_test(self) -> None:
        """So that a new field cannot be declared by anybody before it has an exercise here."""
        missing = [f.name for f in fields(Capabilities) if not callable(getattr(type(self), f"test_capability_{f.name}", None))]
        expect(not missing, "every capability has an exercise in the conformance kit", missing)

    def test_capability_history(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1), message="The beginning").known
            with connected(world) as connector:
                if not connector.capabilities.history:
                    return _refused("history", connector, lambda: connector.history(known.ref))
            known = put(world, pages.page(2, actions=CHANGED), known, message="The other way").known
            with connected(world) as connector:
                versions = connector.history(known.ref)
            ours = [(v.revision, v.message) for v in versions if v.revision is not None]
            expect([r for r, _ in ours] == [2, 1], "the history tells our revisions, newest first", ours)
            expect(
                "The other way" in ours[0][1] and "The beginning" in ours[1][1], "the message of a publication stands in the history", ours
            )
            expect(versions[0].at >= versions[-1].at, "newest first")
            expect(all(v.at.tzinfo is not None for v in versions), "times have a zone")
            expect(len({v.id for v in versions}) == len(versions), "each version has an id of its own")
        return None

    def test_capability_restore(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            with connected(world) as connector:
                if not connector.capabilities.restore:
                    return _refused("restore", connector, lambda: connector.restore(known.ref, known.version, message="Back"))
                expect(connector.capabilities.history, "to restore one needs a history to choose from")
            new = pages.page(2, actions=CHANGED)
            known = put(world, new, known).known
            with connected(world) as connector:
                before = connector.history(known.ref)
                with expect_error(ConnectorError, "there is no such version"):
                    connector.restore(known.ref, "no-such-version", message="?")
                restored = connector.restore(known.ref, next(v.id for v in before if v.revision == 1), message="Back to the first")
                after = connector.history(restored.ref)
            holds(world, restored.ref, pages.page(1))
            expect(restored.ref.id == known.ref.id and len(world.pages()) == 1, "it is the same page")
            expect(len(after) > len(before), "an old version becomes the newest; nothing is removed from the history", len(after))
            again = put(world, new, restored)
            expect(again.edits == (), "what was restored is not taken for a person's edit", again.edits)
            holds(world, again.known.ref, new)
        return None

    def test_capability_merge(self, tmp_path: Path) -> None:
        """Without it a person's edit is a Conflict; with it both sides stand on the page (more in :mod:`connectors.testing.edits`)."""
        with self.world(tmp_path) as world:
            known = put(world, pages.page(1)).known
            world.edit(known.ref, pages.SOLUTION, "Words of a person.")
            with connected(world) as connector:
                merges = connector.capabilities.merge
            try:
                put(world, pages.page(2, actions=CHANGED), known)
            except ConnectorError:
                expect(not merges, "a connector that declares merge merges")
            text = world.look(known.ref).text
            expect("Words of a person." in text, "a person's edit is never overwritten")
            expect((CHANGED[2] in text) == merges, "our change is there if, and only if, the connector merges")

    def test_capability_flags(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            known = put(world, pages.page()).known
            with connected(world) as connector:
                if not connector.capabilities.flags:
                    return _refused("flags", connector, lambda: connector.flag(known, OVERDUE))
                flagged = connector.flag(known, replace(OVERDUE, owner=world.person))
                shown = (world.look(known.ref).review or "").lower()
                expect("overdue" in shown, "readers of the page see that the review is overdue", shown)
                expect(connector.fetch(flagged.ref, known=flagged).edits == (), "a flag is no person's edit")
                writes = world.writes()
                flagged = connector.flag(flagged, replace(OVERDUE, owner=world.person))
                expect(world.writes() == writes, "the same flag again writes nothing")
                flagged = connector.flag(flagged, ReviewFlag(state="current", due=date(2027, 8, 25), owner=world.person))
                shown = (world.look(known.ref).review or "").lower()
                expect("overdue" not in shown, "a flag can be taken back", shown)
            new = pages.page(2, actions=CHANGED)
            receipt = put(world, new, flagged)
            expect(receipt.edits == (), "a flag is no person's edit for the next publication either", receipt.edits)
            holds(world, receipt.known.ref, new)
        return None

    def test_capability_mentions(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            ref = put(world, pages.page()).known.ref
            with connected(world) as connector:
                if not connector.capabilities.mentions:
                    return _refused("mentions", connector, lambda: connector.mention(ref, world.person, "Hear", key="k"))
            for person in (world.person, Person(name="Unknown Person", email="unknown.person@example.com")):
                before = len(world.look(ref).notes)
                for _ in range(2):
                    with connected(world) as connector:
                        connector.mention(ref, person, f"Please look, {person.name}.", key=f"due-{person.email}")
                notes = world.look(ref).notes
                expect(len(notes) == before + 1, "the same key twice tells a person once", notes)
                expect(any("Please look" in note for note in notes), "the words stand at the page", notes)
        return None

    def test_capability_archive(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            ref = put(world, pages.page()).known.ref
            with connected(world) as connector:
                if not connector.capabilities.archive:
                    return _refused("archive", connector, lambda: connector.archive(ref))
                for _ in range(2):
                    connector.archive(ref)
                    state = connector.fetch(ref).state
                    expect(state == "archived", "an archived page says so, also when archived twice", state)
        return None

    def test_capability_labels(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            page = pages.page(labels=("kit-label", "second-label"))
            with connected(world) as connector:
                declared, degraded = connector.capabilities.labels, connector.render(page).degraded
            known = put(world, page).known
            labels = world.look(known.ref).labels
            if not declared:
                return _told(degraded, "label")
            expect({"kit-label", "second-label"} <= set(labels), "the labels are on the page", labels)
            known = put(world, pages.page(2, labels=("kit-label",), actions=CHANGED), known).known
            labels = world.look(known.ref).labels
            expect("kit-label" in labels, "a label that stays is there", labels)
        return None

    def test_capability_owners(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            page = pages.page(owner=world.person)
            with connected(world) as connector:
                declared, degraded = connector.capabilities.owners, connector.render(page).degraded
            known = put(world, page).known
            owner = world.look(known.ref).owner or ""
            if not declared:
                return _told(degraded, "owner")
            expect(_is(owner, world.person), "the page shows its owner", owner)
            unknown = Person(name="Unknown Person", email="unknown.person@example.com")
            put(world, pages.page(2, owner=unknown, actions=CHANGED), known)
            expect(len(world.pages()) == 1, "an owner whom the target does not know stops nothing")
        return None

    def test_capability_max_asset_bytes(self, tmp_path: Path) -> None:
        with self.world(tmp_path) as world:
            page = pages.page(pictures=1)
            with connected(world) as connector:
                limit = connector.capabilities.max_asset_bytes
            if limit is None:
                put(world, page)
                return

            def never() -> bytes:
                raise AssertionError("a picture over the limit is refused before it is read")

            big = replace(page.assets[0], size_bytes=limit + 1, read=never)
            writes = world.writes()
            with expect_error(Reject, "a picture is larger than the target takes") as caught:
                put(world, replace(page, assets=(big,)))
            expect(caught[0].path and caught[0].message_for_user.strip(), "the refusal names the picture", caught[0])
            expect(world.writes() == writes and not world.pages(), "nothing is written")

    def test_capability_requests_per_s(self, tmp_path: Path) -> None:
        """In any long run the pace holds; a short burst may go at once, as much as a minute allows."""
        with self.world(tmp_path) as world:
            with connected(world) as connector:
                rate = connector.capabilities.requests_per_s
                if rate is None:
                    return
                began, before = world.clock_s(), world.requests()
                known = connector.publish(connector.render(pages.page()), world.target, known=None, message="Begin").known
                while (sent := world.requests() - before) < rate * 60 + 20:
                    connector.fetch(known.ref)
                passed = world.clock_s() - began
            least = (sent - rate * 60) / rate
            expect(passed >= least * 0.9, f"{sent} requests take at least {least:.0f} s after a burst of a minute", passed)


def _refused(capability: str, connector: Connector, call: Callable[[], object]) -> None:
    """What is not declared raises Unsupported that says so, instead of doing nothing or something else."""
    with expect_error(Unsupported, f"{connector.name} does not declare {capability}") as caught:
        call()
    expect(squash(caught[0].message_for_user), "the refusal is said in words")


def _told(degraded: tuple[str, ...], word: str) -> None:
    expect(any(word in line.lower() for line in degraded), f"what is not declared is listed in `degraded` (a line with '{word}')", degraded)


def _is(shown: str, person: Person) -> bool:
    return person.name.lower() in shown.lower() or bool(person.email and person.email.lower() in shown.lower())

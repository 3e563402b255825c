"""The kit catches what it is there for: each of these connectors breaks the contract in one way, and one named test says so."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from connectors.contract import Capabilities, Known
from connectors.errors import Conflict, Reject, Unsupported
from connectors.filesystem import Filesystem, Settings, markdown
from connectors.filesystem import connector as source
from connectors.filesystem.writing import write_whole
from connectors.testing import Conformance, abilities
from tests.contract.filesystem.world import FolderWorld

ROOT = Path(__file__).parents[3]
ALL = Filesystem.capabilities


class MakesAPageEachTime(Filesystem):
    def _find(self, key: str, known: Known | None) -> Path | None:
        return super()._find(key, known) if known else None

    def _new_path(self, page: Any, target: Any) -> Path:
        return super()._new_path(page, target).parent / uuid.uuid4().hex / "index.md"


class CommitsEachTime(Filesystem):
    def _uncommitted(self, paths: Any) -> list[Path]:
        return list(paths)


class OverwritesPeople(Filesystem):
    def publish(self, rendered: Any, target: Any, *, known: Any, **more: Any) -> Any:
        return super().publish(rendered, target, known=None, **more)

    def _recovered(self, page: Any, there: Any, ours: Any) -> Any:
        return [source._base_of(p) for p in there.pieces if p.key is not None]


class NeverAsks(Filesystem):
    def publish(self, rendered: Any, target: Any, *, choices: Any = None, **more: Any) -> Any:
        every = {p.key: "ours" for p in rendered.body}
        return super().publish(rendered, target, choices=every, **more)


class MakesDeletedPagesAnew(Filesystem):
    def _was_deleted(self, known: Known) -> bool:
        return False


class HidesWhatItCannotShow(Filesystem):
    def render(self, page: Any) -> Any:
        return replace(super().render(page), degraded=())


class RendersAtRandom(Filesystem):
    def render(self, page: Any) -> Any:
        made = super().render(page)
        return replace(made, body=(*made.body, markdown.piece("random", uuid.uuid4().hex)))


class CutsLongTexts(Filesystem):
    def render(self, page: Any) -> Any:
        made = super().render(page)
        return replace(made, body=tuple(markdown.piece(p.key, p.native[:5000]) for p in made.body))


class LosesPictures(Filesystem):
    def publish(self, rendered: Any, target: Any, **more: Any) -> Any:
        made = tuple(p for p in rendered.body if p.kind != "image")
        return super().publish(replace(rendered, body=made), target, **more)


class WritesWhenItChecks(Filesystem):
    def check(self) -> Any:
        with self._repository.locked():
            return super().check()


class LetsErrorsOfTheDiskThrough(Filesystem):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._repository.errors = nullcontext  # type: ignore[method-assign,assignment]  # what the mutant breaks


class NeverTidiesUp(Filesystem):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._repository._tidy = lambda: None  # type: ignore[method-assign]  # what the mutant breaks


class WritesWithoutLooking(Filesystem):
    def publish(self, *arguments: Any, **named: Any) -> Any:
        careful = source.write_whole
        source.write_whole = lambda path, content, **_: write_whole(path, content)
        try:
            return super().publish(*arguments, **named)
        finally:
            source.write_whole = careful


class HasNoHistory(Filesystem):
    def history(self, ref: Any) -> Any:
        return []


class ForgetsTheMessage(Filesystem):
    def publish(self, *arguments: Any, message: str, **named: Any) -> Any:
        return super().publish(*arguments, message="Update", **named)


class RestoresNothing(Filesystem):
    def restore(self, ref: Any, version: str, *, message: str) -> Known:
        if len(version) != 40:
            raise Reject("There is no such version.", path="version", reason="unknown")
        return Known(ref=ref, version=version, base={})


class FlagsOverTheText(Filesystem):
    def flag(self, known: Known, flag: Any) -> Known:
        flagged = super().flag(known, flag)
        path = self._require(known.ref)
        path.write_text(path.read_text() + "\nOverdue!\n")
        return flagged


class FlagsInvisibly(Filesystem):
    def flag(self, known: Known, flag: Any) -> Known:
        return known


class NagsPeople(Filesystem):
    def mention(self, ref: Any, person: Any, text: str, *, key: str) -> None:
        super().mention(ref, person, text, key=uuid.uuid4().hex)


class ArchivesNothing(Filesystem):
    def archive(self, ref: Any) -> None:
        return None


class HasNoLabels(Filesystem):
    def publish(self, rendered: Any, *arguments: Any, **named: Any) -> Any:
        page = replace(rendered.page, facts=replace(rendered.page.facts, labels=()))
        return super().publish(replace(rendered, page=page), *arguments, **named)


class HasNoOwners(Filesystem):
    def publish(self, rendered: Any, *arguments: Any, **named: Any) -> Any:
        page = replace(rendered.page, facts=replace(rendered.page.facts, owner=None))
        return super().publish(replace(rendered, page=page), *arguments, **named)


class TakesPicturesOfAnySize(Filesystem):
    capabilities = replace(ALL, max_asset_bytes=10)


class KeepsNoPace(Filesystem):
    capabilities = replace(ALL, requests_per_s=1.0)


class SaysItHasNoHistory(Filesystem):
    capabilities = replace(ALL, history=False)


class SaysItCannotMerge(Filesystem):
    capabilities = replace(ALL, merge=False)


class SaysItHasNoOwners(Filesystem):
    capabilities = replace(ALL, owners=False)


class CanDoLittle(Filesystem):
    """Honest: it declares nothing, refuses what it does not declare, and never overwrites anybody."""

    capabilities = Capabilities()

    def render(self, page: Any) -> Any:
        made = super().render(replace(page, facts=replace(page.facts, owner=None, labels=())))
        return replace(made, degraded=(*made.degraded, "facts: the owner is not shown", "facts: labels are not shown"))

    def publish(self, rendered: Any, target: Any, *, known: Any, **more: Any) -> Any:
        if known is not None and (there := self.fetch(known.ref, known=known)).edits:
            raise Conflict("Somebody edited the page.", remote_version=there.version)
        return super().publish(rendered, target, known=known, **more)

    def _no(self, *_: Any, **__: Any) -> Any:
        raise Unsupported("This target cannot do that.", block="page")

    history = restore = flag = mention = archive = _no


class Kit(Conformance):
    """Not collected (its name does not begin with Test): its tests are called one by one."""

    def __init__(self, kind: type[Filesystem]) -> None:
        self.kind = kind

    @contextmanager
    def world(self, folder: Path) -> Iterator[FolderWorld]:
        kind = self.kind

        class Mutated(FolderWorld):
            def connect(self, *, fresh: bool = False) -> Filesystem:
                return kind(Settings(path=self.root))

        folder.mkdir(parents=True, exist_ok=True)
        with Mutated(folder).watched() as world:
            yield world


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (MakesAPageEachTime, "a_lost_answer_is_no_second_page"),
        (CommitsEachTime, "the_same_page_again_writes_nothing"),
        (OverwritesPeople, "an_edit_of_another_passage_stays_for_good"),
        (OverwritesPeople, "an_edit_survives_when_our_memory_is_lost"),
        (OverwritesPeople, "a_renamed_page_is_found_and_keeps_the_persons_title"),
        (NeverAsks, "a_passage_that_both_changed_is_left_to_a_person"),
        (MakesDeletedPagesAnew, "a_deleted_page_is_never_made_anew"),
        (HidesWhatItCannotShow, "every_kind_of_block_is_shown_or_listed_as_degraded"),
        (RendersAtRandom, "render_is_pure_and_deterministic"),
        (CutsLongTexts, "foreign_scripts_markup_empty_and_huge_texts_arrive_as_they_are"),
        (LosesPictures, "a_new_page_is_whole_and_there_once"),
        (WritesWhenItChecks, "check_reads_only_and_says_who_we_are"),
        (LetsErrorsOfTheDiskThrough, "a_line_that_breaks_before_a_request_is_carried_out"),
        (NeverTidiesUp, "a_process_that_is_killed_before_a_request_is_carried_out"),
        (WritesWithoutLooking, "a_person_who_writes_elsewhere_while_we_publish_loses_nothing"),
        (WritesWithoutLooking, "a_person_who_writes_the_same_passage_while_we_publish_loses_nothing"),
        (HasNoHistory, "capability_history"),
        (ForgetsTheMessage, "capability_history"),
        (RestoresNothing, "capability_restore"),
        (OverwritesPeople, "capability_merge"),
        (FlagsOverTheText, "capability_flags"),
        (FlagsInvisibly, "capability_flags"),
        (NagsPeople, "capability_mentions"),
        (ArchivesNothing, "capability_archive"),
        (HasNoLabels, "capability_labels"),
        (HasNoOwners, "capability_owners"),
        (TakesPicturesOfAnySize, "capability_max_asset_bytes"),
        (KeepsNoPace, "capability_requests_per_s"),
        (SaysItHasNoHistory, "capability_history"),
        (SaysItCannotMerge, "capability_merge"),
        (SaysItHasNoOwners, "capability_owners"),
    ],
)
def test_a_broken_connector_turns_the_run_red(kind: type[Filesystem], test: str, tmp_path: Path) -> None:
    run: Callable[[Path], None] = getattr(Kit(kind), f"test_{test}")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, pytest shows it as a failure ...
        run(tmp_path)
    assert not isinstance(caught.value, SkipTest)  # ... but for this


SLOW = ("breaks", "killed", "while_we_publish", "large")
QUICK = [name for name in dir(Conformance) if name.startswith("test_") and not any(word in name for word in SLOW)]


@pytest.mark.parametrize("name", QUICK)
def test_a_connector_that_can_do_little_and_says_so_passes(name: str, tmp_path: Path) -> None:
    test = getattr(Kit(CanDoLittle), name)
    test(tmp_path) if "tmp_path" in test.__annotations__ else test()


def test_the_kit_needs_no_pytest(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["pytest"] = None
from contextlib import contextmanager
from pathlib import Path
from connectors.testing import Conformance
from tests.contract.filesystem.world import FolderWorld

class Own(Conformance):
    @contextmanager
    def world(self, folder):
        with FolderWorld(folder).watched() as world:
            yield world

Own().test_a_new_page_is_whole_and_there_once(Path(sys.argv[1]))
print("passed")
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "passed\n", done.stderr


def test_a_capability_that_the_kit_does_not_know_turns_the_run_red(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class More(Capabilities):
        telepathy: bool = False

    monkeypatch.setattr(abilities, "Capabilities", More)
    with pytest.raises(AssertionError, match="telepathy"):
        Kit(Filesystem).test_no_capability_is_without_a_test()


def test_the_test_of_a_capability_cannot_be_taken_away() -> None:
    with pytest.raises(TypeError, match="test_capability_history"):

        class Lazy(Conformance):
            test_capability_history = None

"""Random stories of a page: revisions of ours, people at work, lost memories, broken lines. Whatever happens in which order: what people wrote
stands there once, what we wrote stands there once, comments keep their words, and an end that was reached leaves nothing to do.

``SOPWRIGHT_STORIES=500 pytest tests/contract/confluence/test_stories.py`` tells more of them.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from connectors.contract import Choice, Known, Receipt
from connectors.errors import Conflict, Retry
from plugin.domain.sop import Sop, Step
from tests.contract.confluence.fake import FakeConfluence, Fault
from tests.contract.confluence.pages import document, publish, step

STORIES = int(os.environ.get("SOPWRIGHT_STORIES", "10"))
VERBS = ("open", "close", "check", "restart", "verify")
FAULTS = ("answer", "line lost before", "line lost after", "half", "html", "empty", "saved, then")


class Story:
    def __init__(self, seed: int, fake: FakeConfluence, folder: Path) -> None:
        self.dice, self.fake, self.folder = random.Random(seed), fake, folder
        self._numbers = count(1)
        self.steps = [self._step(n, picture=self.dice.random() < 0.3) for n in range(1, self.dice.randint(3, 7))]
        self.revision = 0
        self.known: Known | None = None
        self.edited: dict[str, str] = {}  # by step, what a person made of its sentence
        self.added: list[str] = []
        self.deleted: set[str] = set()  # steps whose sentence a person took away
        self.discussed: dict[str, str] = {}  # by marker, the step
        self.log: list[object] = []

    def tell(self) -> None:
        for _ in range(self.dice.randint(4, 9)):
            self._publish()
            self._look()
            for _ in range(self.dice.randint(0, 3)):
                self.dice.choice((self._person_edits, self._person_adds, self._person_deletes, self._person_comments))()
            for _ in range(self.dice.randint(0, 2)):
                self.dice.choice((self._reword, self._insert, self._remove, self._swap))()

    # --- we ----------------------------------------------------------------------------------------------------------------

    def sop(self) -> Sop:
        return replace(document(tuple(replace(s, number=n) for n, s in enumerate(self.steps, 1))), revision=self.revision)

    def _publish(self) -> None:
        self.revision += 1
        if self.dice.random() < 0.35:
            self.fake.faults.append(Fault(self.dice.choice(FAULTS), skip=self.dice.randint(0, 6)))  # type: ignore[arg-type]  # kinds
        if self.dice.random() < 0.2:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.known = None
        receipt = self._published()
        self.fake.faults.clear()
        self.known = receipt.known
        again = publish(self.fake, self.folder, self.sop(), self.known)
        assert again.writes == 0, self.log
        self.known = again.known
        self.log.append(("published", self.revision, [(e.key, e.after) for e in receipt.edits]))

    def _published(self) -> Receipt:
        choices: dict[str, Choice] = {}
        for _ in range(8):
            try:
                return publish(self.fake, self.folder, self.sop(), self.known, choices=choices)
            except Retry:
                continue
            except Conflict as conflict:
                for clash in conflict.clashes:
                    choices[clash.key] = self.dice.choice(("ours", "theirs"))
                    self._decided(clash.key, choices[clash.key], clash.theirs)
        raise AssertionError(("no end", self.log))

    def _decided(self, key: str, side: Choice, theirs: str | None) -> None:
        self.log.append(("decided", key, side))
        step_id = key.removeprefix("steps/")
        if side == "ours":
            self._forget(step_id)
        elif step_id not in self.edited and step_id not in self.deleted:
            self.edited[step_id] = theirs or ""

    def _forget(self, step_id: str) -> None:
        self.edited.pop(step_id, None)
        self.deleted.discard(step_id)
        self.discussed = {ref: s for ref, s in self.discussed.items() if s != step_id}

    def _reword(self) -> None:
        at = self.dice.randrange(len(self.steps))
        self.steps[at] = replace(self.steps[at], action=self._words())
        self.log.append(("reword", self.steps[at].id, self.steps[at].action))

    def _insert(self) -> None:
        self.steps.insert(self.dice.randint(0, len(self.steps)), self._step(50 + next(self._numbers), picture=False))

    def _remove(self) -> None:
        if len(self.steps) > 2:
            gone = self.steps.pop(self.dice.randrange(len(self.steps)))
            self.log.append(("remove", gone.id))
            self._forget(gone.id)

    def _swap(self) -> None:
        at = self.dice.randrange(len(self.steps) - 1)
        self.steps[at], self.steps[at + 1] = self.steps[at + 1], self.steps[at]

    # --- a person ------------------------------------------------------------------------------------------------------------

    def _person_edits(self) -> None:
        if (chosen := self._untouched()) is not None:
            words = self._words()
            self._edit(lambda body: body.replace(chosen.action, words, 1))
            self.edited[chosen.id] = words
            self.log.append(("edit", chosen.id, words))

    def _person_adds(self) -> None:
        if (chosen := self._untouched()) is not None:
            words = self._words()
            self._edit(lambda body: re.sub(_heading(chosen), lambda m: f"{m[0]}<p>{words}</p>", body, count=1))
            self.added.append(words)
            self.log.append(("add", chosen.id, words))

    def _person_deletes(self) -> None:
        if (chosen := self._untouched()) is not None:
            self._edit(lambda body: re.sub(_heading(chosen), "", body, count=1))
            self.deleted.add(chosen.id)
            self.log.append(("delete", chosen.id))

    def _person_comments(self) -> None:
        if (chosen := self._untouched()) is not None:
            assert self.known is not None
            self.discussed[self.fake.site.comment_on(self.known.ref.id, chosen.action.split()[0])] = chosen.id
            self.log.append(("comment", chosen.id))

    def _untouched(self) -> Step | None:
        """A step as we wrote it last; not one that was reworded since, for its words are not on the page yet."""
        body = self._body()
        touched = {*self.edited, *self.deleted, *self.discussed.values()}
        return self.dice.choice([s for s in self.steps if s.id not in touched and body.count(s.action) == 1] or [None])

    def _edit(self, change: Callable[[str], str]) -> None:
        assert self.known is not None
        self.fake.site.edit(self.known.ref.id, change)

    # --- what is demanded ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        text = re.sub(r"<[^>]+>", "", self._body())
        wanted = [*self.added, *self.edited.values()]
        for s in self.steps:
            wanted += [] if s.id in self.edited or s.id in self.deleted else [s.action]
            wanted += [s.expected] if s.expected else []
        for words in wanted:
            assert text.count(words) == 1, (words, text.count(words), self.log)
        for ref in self.discussed:
            assert self._body().count(ref) == 1, (ref, self.log)
        assert len(self.fake.pages()) == 1
        assert self.fake.site.broken == []

    def _body(self) -> str:
        assert self.known is not None
        return self.fake.body(self.known.ref.id)

    def _step(self, number: int, *, picture: bool) -> Step:
        expected = self._words() if self.dice.random() < 0.5 else None
        return step(number, self._words(), picture=picture, identity=f"id{number}", expected=expected)

    def _words(self) -> str:
        return f"W{next(self._numbers):04} {' '.join(self.dice.choice(VERBS) for _ in range(4))}."


def _heading(chosen: Step) -> str:
    return rf"<h3[^>]*>(?:(?!</h3>).)*?{re.escape(chosen.action)}.*?</h3>"


@pytest.mark.parametrize("seed", range(STORIES))
def test_a_story(seed: int, tmp_path: Path) -> None:
    with FakeConfluence("datacenter" if seed % 2 else "cloud", judged=False) as fake:
        Story(seed, fake, tmp_path / "state").tell()

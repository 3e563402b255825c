"""A task recorded a second time: the real pipeline over both takes, and a difference that names what was done otherwise and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.domain.sop import Sop
from plugin.services import edit, intake, jobs, library, work
from tests.databases import database_url
from tests.shared import ROOT
from tests.takes import Grid, Rewrite, captions, second_take
from tests.unit.services.world import World, make_world

FIRST = ROOT / "examples" / "recordings" / "database-restore.mp4"
GRID = Grid(left=33, top=43, width=11, height=22)
PROMPT = "dba@db-01:/tmp/backups$ "
SCREEN = (
    f"{PROMPT}pg_dump -Fc orders -f orders.dump",
    f"{PROMPT}ls -lh orders.dump",
    "-rw-r--r-- 1 root root 35K Nov 23 08:30 orders.dump",
    f"{PROMPT}createdb orders_restore",
    f"{PROMPT}pg_restore -d orders_restore orders.dump",
    f"{PROMPT}psql -d orders_restore -c 'select count(*) from customers'",
    " count",
    "-------",
    "  1200",
    "(1 row)",
    "",
    f"{PROMPT}psql -d orders_restore -c 'select count(*) from invoices'",
)
SAID = (
    (19.3, 24.6, "First take a fresh backup of the current state with pg_dump in the custom format."),
    (26.9, 30.3, "Check that the dump file is there and not empty."),
    (35.1, 39.7, "Now create an empty database called orders_restore."),
    (44.5, 47.6, "Restore the dump into the new database."),
    (49.9, 52.9, "You should see no error."),
    (54.1, 58.3, "Count the customers in the restored database."),
    (64.5, 66.7, "Then count the invoices as well."),
)
SAID_AGAIN = (
    (19.0, 24.0, "Okay, take a fresh backup of the current state with PG dump, in the custom format."),
    (26.9, 30.3, "Check that the dump file is there, and not empty."),
    (35.6, 39.9, "Create an empty database called orders_restore now."),
    (48.4, 51.6, "Then restore the dump into the new database."),
    (53.7, 56.9, "You should see no errors."),
    (58.0, 62.3, "Count the suppliers in the restored database."),
    (68.4, 70.7, "And count the invoices as well."),
)
"""The pause before the fourth command is four seconds longer, and nobody says a thing twice in the same words."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str, Path]]:
    """A world in which the first take has become an SOP; its id; the folder for the second take."""
    from plugin.pipeline.stages import STAGES

    folder = tmp_path_factory.mktemp("takes")
    with database_url("sqlite") as url:
        world = make_world(folder, url, stages=lambda: STAGES)
        sop_id = record(world, FIRST, captions(folder / "first.vtt", SAID))
        yield world, sop_id, folder
        world.deps.database.close()


def record(world: World, take: Path, said: Path, sop_id: str | None = None) -> str:
    accepted = intake.accept(
        world.deps, world.admin, path=take, filename="restore.mp4", wishes=intake.Wishes(sop_id=sop_id), side_files={"captions": said}
    )
    assert work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    job = jobs.job(world.deps, world.admin, accepted.job_id)
    assert job.state == "done", job.error
    return job.sop_id or sop_id or ""


def commands(document: Sop) -> list[str]:
    return [command.text for step in document.steps for command in step.commands]


@pytest.mark.timeout(900)  # two recordings through the whole pipeline, on a machine that may be busy
def test_two_steps_done_otherwise_are_the_two_that_the_proposal_names(taken: tuple[World, str, Path]) -> None:
    world, sop_id, folder = taken
    before = library.sop(world.deps, world.admin, sop_id)
    assert len(commands(before.sop)) == 6, commands(before.sop)
    mine = replace(
        before.sop.steps[3], detail="It takes five minutes with the big dump.", action="Load the dump into the new, empty database."
    )
    steps = tuple(mine if step.id == mine.id else step for step in before.sop.steps)
    edit.save(world.deps, world.admin, sop_id, document=replace(before.sop, steps=steps), etag=before.etag)

    where = SCREEN[5].index("customers")
    again = second_take(
        FIRST,
        folder / "second.mp4",
        GRID,
        text=SCREEN,
        rewrites=(
            Rewrite(row=1, column=SCREEN[1].index("h "), old="h", new="a"),
            Rewrite(row=5, column=where, old="customers", new="suppliers"),
        ),
        pauses=((44.0, 4.0),),
        every=3,
    )
    record(world, again, captions(folder / "second.vtt", SAID_AGAIN), sop_id)
    proposal = edit.proposal(world.deps, world.admin, sop_id)
    assert proposal is not None
    changes = {c.new.number: c for c in proposal.difference.steps if c.kind != "same" and c.new}
    assert [(c.kind, c.new.number if c.new else 0) for c in proposal.difference.steps if c.kind != "same"] == [
        ("changed", 2),
        ("changed", 5),
    ]
    assert proposal.difference.fields == ()
    assert proposal.note == "Changed steps 2 and 5."
    assert [c.text for c in changes[2].new.commands] == ["ls -la orders.dump"]  # type: ignore[union-attr]
    assert [c.text for c in changes[5].new.commands] == ["psql -d orders_restore -c 'select count(*) from suppliers'"]  # type: ignore[union-attr]
    assert {(e.number, e.field) for e in proposal.edits} == {(4, "action"), (4, "detail")}

    edit.accept(world.deps, world.admin, proposal.id, only=[changes[5].id])
    after = library.sop(world.deps, world.admin, sop_id)
    assert commands(after.sop) == [
        *commands(before.sop)[:4],
        "psql -d orders_restore -c 'select count(*) from suppliers'",
        commands(before.sop)[5],
    ]
    assert (after.sop.steps[3].action, after.sop.steps[3].detail) == (mine.action, mine.detail)
    played = after.sop.steps[5].evidence
    assert played is not None
    assert played.start > 66, "the times are those of the new recording"

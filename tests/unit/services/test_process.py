from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import Person
from plugin.domain.errors import Exhausted
from plugin.domain.review import Policy
from plugin.domain.sop import Sop
from plugin.pipeline.stage import Context, Shape
from plugin.services import administration, edit, intake, jobs, library, publish, review, work
from plugin.services.jobs import JobView
from plugin.store import jobs as table
from plugin.store import tables
from plugin.store.jobs import LeaseLost
from plugin.store.session import shared_now
from tests.unit.services import stages
from tests.unit.services.stages import STAGES, recording
from tests.unit.services.world import World

OPEN = {"action": "Open the list of queues.", "expected": "The list is shown."}
DUMP = {"action": "Dump the orders database.", "commands": ["pg_dump -Fc orders -f orders.dump"]}
COUNT = {"action": "Compare the counts of both tables.", "colour": "grey"}


def run(world: World, data: bytes, sop_id: str | None = None) -> JobView:
    world.deps = replace(world.deps, stages=lambda: STAGES)
    accepted = intake.accept(
        world.deps, world.admin, path=world.upload(data), filename="restore-orders.mp4", wishes=intake.Wishes(sop_id=sop_id)
    )
    assert work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    return jobs.job(world.deps, world.admin, accepted.job_id)


def test_a_recording_becomes_an_sop_with_pictures_in_the_library(world: World) -> None:
    job = run(world, recording(OPEN, DUMP))
    assert (job.state, job.fraction, job.steps) == ("done", 1.0, (OPEN["action"], DUMP["action"]))
    view = library.sop(world.deps, world.admin, job.sop_id or "")
    assert (view.summary.status, view.summary.owner_name, view.revision, len(view.sop.steps)) == ("draft", "Admin", 1, 2)
    image = view.sop.steps[0].image
    assert image is not None
    digest = image.path.split("/")[1].split(".")[0]
    assert edit.picture(world.deps, world.admin, view.summary.id, digest).data.startswith(b"\x89PNG")
    assert not (world.folder / "data" / "work" / job.id).exists()


def test_a_published_version_knows_who_asked_for_it_and_the_recording_it_was_made_from(world: World, place: str) -> None:
    sop_id = run(world, recording(OPEN, DUMP)).sop_id or ""
    author = world.person("Robin")
    publish.publish(world.deps, author, sop_id, connection_id=place, place="OPS")
    work.work_one(world.deps, worker="w1")
    origin = world.target.pages[sop_id][1].origin
    first = library.sop(world.deps, world.admin, sop_id).recording_id
    assert (origin.by, origin.recording) == (
        Person(name="Robin", email="robin@example.com"),
        f"https://sop.example.com/sops/{sop_id}?recording={first}",
    )
    view = library.sop(world.deps, world.admin, sop_id)
    edit.save(world.deps, author, sop_id, document=replace(view.sop, purpose="Get the orders back."), etag=view.etag)
    publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    work.work_one(world.deps, worker="w1")
    origin = world.target.pages[sop_id][1].origin
    assert (origin.by and origin.by.name, origin.recording) == ("Admin", f"https://sop.example.com/sops/{sop_id}?recording={first}")


def test_a_recording_that_cannot_be_used_ends_its_job_with_the_reason(world: World) -> None:
    job = run(world, recording(OPEN, broken=True))
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.reason, job.error.message) == ("damaged", "The recording is damaged.")


def test_the_same_job_run_twice_makes_one_sop(world: World) -> None:
    job = run(world, recording(OPEN))
    assert not work.work_one(world.deps, worker="w2", job_id=job.id)
    assert len(library.search(world.deps, world.admin).items) == 1


def test_a_worker_that_lost_its_lease_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken_over(context: Context) -> Sop:
        silent(world)
        with world.deps.database.begin() as session:  # another worker takes the job while this one is in its last stage
            assert table.expired(session, world.deps.clock(), poison_limit=3) == [(accepted.job_id, "queued")]
        return stages.write(context)

    slow = (*STAGES[:2], replace(STAGES[2], run=taken_over))
    world.deps = replace(world.deps, stages=lambda: slow)
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "queued"
    assert library.search(world.deps, world.admin).items == ()
    world.deps = replace(world.deps, stages=lambda: STAGES)
    assert work.work_one(world.deps, worker="w2")
    assert len(library.search(world.deps, world.admin).items) == 1


def silent(world: World) -> None:
    """Whoever works has not been heard of for an hour, by the clock that leases go by."""
    with world.deps.database.begin() as session:
        now = shared_now(session, world.time())
        session.query(tables.Job).filter_by(state="running").update({"lease_until": now - timedelta(hours=1)})


def test_a_machine_whose_clock_is_wrong_takes_no_job_that_somebody_works_on(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    with world.deps.database.begin() as session:
        assert table.claim(session, worker="other-host:1:1", now=world.deps.clock(), lease_s=60)
    world.time.go(hours=1)
    shared = not world.deps.database.sqlite  # a file's database has no clock of its own
    assert work.take_back(world.deps) == (0 if shared else 1)
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == ("running" if shared else "queued")


def test_a_job_that_kills_its_worker_is_set_aside_after_three_deaths_and_comes_back_with_one_click(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    for _ in range(3):
        with world.deps.database.begin() as session:
            assert table.claim(session, worker="other-host:1:1", now=world.deps.clock(), lease_s=60)
        silent(world)
        assert work.take_back(world.deps) == 1
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "parked"
    jobs.retry(world.deps, world.admin, accepted.job_id)
    world.deps = replace(world.deps, stages=lambda: STAGES)
    assert work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "done"


def test_a_running_job_that_is_cancelled_stops_at_its_next_report(world: World) -> None:
    def cancelled(context: Context) -> Sop:
        jobs.cancel(world.deps, world.admin, accepted.job_id)
        context.report(0.9)
        raise AssertionError("must not come here")

    world.deps = replace(world.deps, stages=lambda: (*STAGES[:2], replace(STAGES[2], run=cancelled)))
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "cancelled"


def test_a_full_disk_postpones_the_job_and_loses_nothing(world: World) -> None:
    def full(context: Context) -> Sop:
        raise Exhausted("no space", retry_after_s=600)

    world.deps = replace(world.deps, stages=lambda: (*STAGES[:2], replace(STAGES[2], run=full)))
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    work.work_one(world.deps, worker="w1")
    assert not work.work_one(world.deps, worker="w1")  # not before its time
    world.time.go(minutes=11)
    world.deps = replace(world.deps, stages=lambda: STAGES)
    assert work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "done"


def test_one_workspace_with_many_jobs_does_not_hold_up_another(world: World) -> None:
    from plugin.services import administration, people

    other_workspace = administration.create_workspace(world.deps, world.admin, name="Other")
    other = people.sign_in_external(
        world.deps,
        issuer="https://id.example.com",
        subject="1",
        verified_email="admin@localhost",
        name="Admin",
        workspace_id=other_workspace.id,
    ).caller
    for number in range(5):
        intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN, n=number)), filename="a.mp4")
    world.time.go(seconds=1)
    late = intake.accept(world.deps, other, path=world.upload(recording(DUMP)), filename="b.mp4")
    world.deps = replace(world.deps, stages=lambda: STAGES)
    work.work_one(world.deps, worker="w1")
    work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, other, late.job_id).state == "done"


def test_a_new_recording_of_an_sop_proposes_exactly_what_changed_and_keeps_peoples_edits(world: World) -> None:
    first = run(world, recording(OPEN, DUMP, COUNT))
    sop_id = first.sop_id or ""
    view = library.sop(world.deps, world.admin, sop_id)
    said = replace(view.sop.steps[0], detail="The list is long: use the filter.")
    edit.save(world.deps, world.admin, sop_id, document=replace(view.sop, steps=(said, *view.sop.steps[1:])), etag=view.etag)

    dumped = {**DUMP, "commands": ["pg_dump -Fc -Z9 orders -f orders.dump"]}
    notified = {"action": "Tell the support team that the data is back."}
    again = run(world, recording(OPEN, dumped, COUNT, notified, second=True), sop_id=sop_id)
    assert again.proposal_id is not None
    proposal = edit.proposal(world.deps, world.admin, sop_id)
    assert proposal is not None
    changes = [(c.kind, c.new.action if c.new else "") for c in proposal.difference.steps if c.kind != "same"]
    assert changes == [("changed", DUMP["action"]), ("added", notified["action"])]
    assert "steps/stp_1/detail" in proposal.kept
    assert proposal.note == "Added step 4 (“Tell the support team that the data is back”); changed commands of step 2."

    saved = edit.accept(world.deps, world.admin, proposal.id)
    after = library.sop(world.deps, world.admin, sop_id)
    assert (saved.revision, saved.kind, after.proposal_id) == (3, "major", None)
    assert after.sop.steps[0].detail == "The list is long: use the filter."
    assert after.sop.steps[1].commands[0].text == "pg_dump -Fc -Z9 orders -f orders.dump"


def test_single_changes_of_a_proposal_can_be_taken(world: World) -> None:
    sop_id = run(world, recording(OPEN, DUMP)).sop_id or ""
    run(world, recording(OPEN, {**DUMP, "commands": ["pg_dump orders"]}, COUNT), sop_id=sop_id)
    proposal = edit.proposal(world.deps, world.admin, sop_id)
    assert proposal is not None
    added = next(c.id for c in proposal.difference.steps if c.kind == "added")
    edit.accept(world.deps, world.admin, proposal.id, only=[added])
    steps = library.sop(world.deps, world.admin, sop_id).sop.steps
    assert [s.action for s in steps] == [OPEN["action"], DUMP["action"], COUNT["action"]]
    assert steps[1].commands[0].text == DUMP["commands"][0]


def test_a_proposal_can_be_accepted_after_its_recording_was_deleted_and_goes_wherever_the_sop_stands(world: World, place: str) -> None:
    first = run(world, recording(OPEN, DUMP))
    sop_id = first.sop_id or ""
    publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    work.work_one(world.deps, worker="w1")
    review.conclude(world.deps, world.admin, sop_id, outcome="record_again", note="There is a new console.")
    run(world, recording(OPEN, COUNT), sop_id=sop_id)
    proposal = edit.proposal(world.deps, world.admin, sop_id)
    assert proposal is not None
    intake.delete(world.deps, world.admin, proposal.recording_id or "")
    saved = edit.accept(world.deps, world.admin, proposal.id, everywhere=True)
    assert (saved.revision, saved.places) == (2, 1)
    assert review.review(world.deps, world.admin, sop_id).todo is not None
    assert work.work_one(world.deps, worker="w1")
    (publication,) = publish.publications(world.deps, world.admin, sop_id=sop_id)
    assert (publication.state, publication.revision) == ("published", 2)
    assert review.review(world.deps, world.admin, sop_id).todo is None, "the new recording was what the review had asked for"


def test_the_work_folder_keeps_finished_stages_for_the_next_attempt(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = tmp_path / "marks"
    monkeypatch.setenv("SOPWRIGHT_TEST_MARKS", str(marks))

    def broken(context: Context) -> Sop:
        raise RuntimeError("ours")

    world.deps = replace(world.deps, stages=lambda: (*STAGES[:2], replace(STAGES[2], run=broken)))
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    work.work_one(world.deps, worker="w1")
    world.time.go(minutes=5)
    world.deps = replace(world.deps, stages=lambda: STAGES)
    work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, world.admin, accepted.job_id).state == "done"
    assert marks.read_text().split() == ["probe", "redact", "write"]


def test_lease_lost_is_what_a_late_writer_hears(world: World) -> None:
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    with world.deps.database.begin() as session:
        claimed = table.claim(session, worker="w1", now=world.deps.clock(), lease_s=60, job_id=accepted.job_id)
    assert claimed is not None
    silent(world)
    work.take_back(world.deps)
    with pytest.raises(LeaseLost), world.deps.database.begin() as session:
        table.end(session, claimed, "done", now=world.deps.clock())


def test_the_templates_of_the_workspace_reach_the_writer(world: World) -> None:
    given: list[Context] = []

    def noting(context: Context) -> Sop:
        given.append(context)
        return stages.write(context)

    area = administration.area(world.deps, world.admin, "rollback")
    changed = replace(area, sections=("escalation", "steps", "rollback"), policy=Policy(interval_months=2))
    administration.set_area(world.deps, world.admin, changed)
    world.deps = replace(world.deps, stages=lambda: (*STAGES[:2], replace(STAGES[2], run=noting)))
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="a.mp4")
    assert work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    assert given[0].options.shapes == {"rollback": Shape(sections=("escalation", "steps", "rollback"), interval_days=60)}


def test_a_job_says_what_it_is_about(world: World) -> None:
    world.deps = replace(world.deps, stages=lambda: STAGES)
    accepted = intake.accept(world.deps, world.admin, path=world.upload(recording(OPEN)), filename="restore-orders.mp4")
    assert jobs.job(world.deps, world.admin, accepted.job_id).subject == "restore-orders.mp4"
    wished = intake.accept(
        world.deps, world.admin, path=world.upload(recording(DUMP)), filename="b.mp4", wishes=intake.Wishes(title="Dump the orders")
    )
    assert work.work_one(world.deps, worker="w1", job_id=accepted.job_id)
    title = library.search(world.deps, world.admin).items[0].title
    listed = {job.id: job.subject for job in jobs.jobs(world.deps, world.admin).items}
    assert listed == {accepted.job_id: title, wished.job_id: "Dump the orders"}

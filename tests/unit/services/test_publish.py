from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connectors import errors
from connectors.contract import Clash, Edit
from plugin.domain.errors import Conflict, Invalid
from plugin.services import connections, deliver, edit, jobs, library, publish, work
from plugin.services.publish import PublicationView
from tests.unit.services.world import World, a_sop, picture_bytes


@pytest.fixture
def sop_id(world: World) -> str:
    return edit.create(world.deps, world.admin, document=a_sop(), pictures={"images/step-03.png": picture_bytes()}).sop_id


def published(world: World, sop_id: str, place: str) -> PublicationView:
    asked = publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    work.work_one(world.deps, worker="w1")
    return publish.publication(world.deps, world.admin, asked.id)


def test_a_published_sop_has_an_address_an_owner_and_a_due_date(world: World, sop_id: str, place: str) -> None:
    done = published(world, sop_id, place)
    assert (done.state, done.revision, done.version, done.url) == ("published", 1, "1", f"https://kb.example.com/{sop_id}")
    summary = library.sop(world.deps, world.admin, sop_id).summary
    assert (summary.status, summary.owner_name, summary.due) == ("published", "Admin", date(2027, 5, 30))
    assert edit.revisions(world.deps, world.admin, sop_id)[0].versions == {done.id: "1"}
    page = world.target.pages[sop_id][1]
    assert [a.media_type for a in page.assets] == ["image/png"]
    assert page.assets[0].read().startswith(b"\x89PNG")


def test_publishing_twice_writes_once(world: World, sop_id: str, place: str) -> None:
    first, again = published(world, sop_id, place), published(world, sop_id, place)
    assert (first.id, first.version) == (again.id, again.version)
    assert len(publish.publications(world.deps, world.admin, sop_id=sop_id)) == 1


def test_a_credential_is_stored_encrypted_and_never_shown(world: World, place: str, sop_id: str) -> None:
    shown = connections.connection(world.deps, world.admin, place)
    assert shown.settings == {"path": "/wiki"}
    database = world.folder / "data"
    assert "canary-4711" not in repr(shown)
    assert all(b"canary-4711" not in f.read_bytes() for f in database.rglob("*") if f.is_file())
    published(world, sop_id, place)
    assert world.target.given[-1].token.get_secret_value() == "canary-4711"


def test_a_busy_target_postpones_the_job_until_it_wants_to_be_asked(world: World, sop_id: str, place: str) -> None:
    world.target.trouble = [errors.Retry("busy", after_s=3600.0)]
    waiting = published(world, sop_id, place)
    assert waiting.state == "pending"
    world.time.go(minutes=59)
    assert not work.work_one(world.deps, worker="w1")
    world.time.go(minutes=2)
    assert work.work_one(world.deps, worker="w1")
    assert publish.publication(world.deps, world.admin, waiting.id).state == "published"


def test_a_refused_credential_pauses_the_connection_tells_its_owner_once_and_goes_on_after_a_new_one(
    world: World, sop_id: str, place: str
) -> None:
    other = edit.create(world.deps, world.admin, document=replace(a_sop(), steps=())).sop_id
    publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    publish.publish(world.deps, world.admin, other, connection_id=place, place="OPS")
    world.target.trouble = [errors.AuthFailed("The token was revoked."), errors.AuthFailed("The token was revoked.")]
    work.work_one(world.deps, worker="w1")
    work.work_one(world.deps, worker="w1")
    assert connections.connection(world.deps, world.admin, place).state == "paused"
    world.target.trouble = []
    deliver.deliver(world.deps)
    assert [m.subject for m in world.mail.messages] == ["The connection Wiki needs you"]
    with pytest.raises(Invalid):
        publish.publish(world.deps, world.admin, sop_id, connection_id=place, place="OPS")
    connections.change(world.deps, world.admin, place, settings={"token": "fresh"})
    while work.work_one(world.deps, worker="w1"):
        pass
    assert {p.state for p in publish.publications(world.deps, world.admin)} == {"published"}
    assert world.target.given[-1].path == "/wiki"


def test_clashing_edits_wait_for_a_person_and_their_choice_is_used(world: World, sop_id: str, place: str) -> None:
    clash = Clash(key="purpose", base="Data is back.", theirs="Theirs.", ours="Ours.")
    world.target.trouble = [errors.Conflict("Both changed it.", remote_version="7", clashes=(clash,))]
    stuck = published(world, sop_id, place)
    assert (stuck.state, stuck.clashes) == ("conflict", (clash,))
    with pytest.raises(Invalid):
        publish.resolve(world.deps, world.admin, stuck.id, choices={})
    publish.resolve(world.deps, world.admin, stuck.id, choices={"purpose": "theirs"})
    work.work_one(world.deps, worker="w1")
    assert publish.publication(world.deps, world.admin, stuck.id).state == "published"
    assert world.target.choices[-1] == {"purpose": "theirs"}
    with pytest.raises(Conflict):
        publish.resolve(world.deps, world.admin, stuck.id, choices={"purpose": "ours"})


def test_edits_that_people_made_on_the_page_become_a_revision(world: World, sop_id: str, place: str) -> None:
    world.target.edits = [
        Edit(key="steps/stp_1/expected", before="The list is shown.", after="The list of queues is shown."),
        Edit(key="after:purpose", before=None, after="A note of a colleague."),
    ]
    published(world, sop_id, place)
    view = library.sop(world.deps, world.admin, sop_id)
    assert view.revision == 2
    assert view.sop.steps[0].expected == "The list of queues is shown."
    assert view.sop.steps[0].evidence is not None
    assert view.sop.steps[0].evidence.basis["expected"] == "edited"
    assert edit.revisions(world.deps, world.admin, sop_id)[0].origin == "target"


def test_a_page_that_is_gone_is_never_made_again_by_itself(world: World, sop_id: str, place: str) -> None:
    first = published(world, sop_id, place)
    world.target.trouble = [errors.Gone("The page was deleted.")]
    again = published(world, sop_id, place)
    assert (again.id, again.state) == (first.id, "closed")
    deliver.deliver(world.deps)
    assert [m.subject for m in world.mail.messages] == ["A page of “Restore a database” is gone"]


def test_a_job_of_one_workspace_cannot_use_the_connection_of_another(world: World, sop_id: str, place: str) -> None:
    from plugin.store import tables

    published(world, sop_id, place)
    with world.deps.database.begin() as session:
        session.add(tables.Workspace(id="wsp_b", name="B", slug="b", settings={}, created_at=world.time()))
        session.flush()
        row = session.get(tables.Connection, place)
        assert row is not None
        row.workspace_id = "wsp_b"
    publish_again = publish.publications  # the publication is still of the first workspace
    assert publish_again
    with world.deps.database.begin() as session:
        job = session.query(tables.Job).filter_by(kind="publish").one()
        job.state = "queued"
    work.work_one(world.deps, worker="w1")
    assert jobs.job(world.deps, world.admin, job.id).state != "done"
    assert len(world.target.pages) == 1


def test_the_checklist_says_what_is_missing(world: World, sop_id: str) -> None:
    fields = {item.field: item.blocking for item in publish.checklist(world.deps, world.admin, sop_id)}
    assert fields["escalation"] is False
    assert fields["review/owner"] is False

"""The Forge app's life with the service: installed, used by people with and without rights, told about pages, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from plugin.domain.document import from_document
from plugin.services import connections, deliver, edit, gather, sweep
from plugin.services.caller import Caller
from plugin.services.work import work_one
from plugin.store import tables
from tests.contract.confluence.fake import PERSON, FakeConfluence
from tests.forge import keys
from tests.forge.atlassian import Atlassian, Member, People
from tests.integration.web.conftest import House, document, tus_metadata

OTHER_INSTALLATION = "ari:cloud:ecosystem::installation/99999999-53ae-4a5b-9e7e-03338980abb5"
OTHER_CLOUD = "99999999-2222-4333-8444-555555555555"


@dataclass(slots=True, kw_only=True)
class Story:
    """A service, a Confluence site with people in it, and Forge between them."""

    house: House
    atlassian: Atlassian
    people: People

    @property
    def fake(self) -> FakeConfluence:
        return self.atlassian.fake

    def forge(
        self, path: str, body: Any = None, *, member: Member | None = None, atlassian: Atlassian | None = None, **more: Any
    ) -> TestResponse:
        """A call as Forge makes it."""
        headers = (atlassian or self.atlassian).headers(now_s=self.house.clock().timestamp(), member=member, **more)
        return self.house.client().post(f"/forge{path}", json=body if body is not None else {}, headers=headers)

    def session(self, member: Member, page: str | None = None, body: Any = None, **more: Any) -> TestResponse:
        space = self.fake.site.space("OPS")
        return self.forge("/ui/session", body, member=member, page=page, space=(space.id, space.key), **more)

    def api(self, ticket: str, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {ticket}", **more.pop("headers", {})}
        return self.house.client().open(f"/api/v1{path}", method=method, headers=headers, **more)

    def work(self) -> None:
        while work_one(self.house.deps, worker="test"):
            pass

    def page(self, title: str = "Runbooks") -> str:
        site = self.fake.site
        return site.create(site.space("OPS").id, None, title, "<p>Here.</p>", PERSON).id

    def sop_of(self, member: Member, page: str, title: str = "Restart the queue") -> str:
        """The id of an SOP that this person made in the dialog: by a job in their name, as an upload would leave it."""
        self.session(member, page)
        with self.house.deps.database.begin() as session:
            row = session.get_one(tables.External, ("forge-person", f"{self.workspace}/{member.account_id}"))
            person = session.get_one(tables.Person, row.data["person_id"])
        caller = Caller(workspace_id=self.workspace, person_id=person.id, role="author", name=person.name)
        return edit.create(self.house.deps, caller, document=from_document(document(title=title))).sop_id

    @property
    def workspace(self) -> str:
        with self.house.deps.database.begin() as session:
            return session.get_one(tables.External, ("forge-site", self.atlassian.cloud_id)).workspace_id

    def published(self, member: Member, page: str, sop_id: str) -> dict[str, Any]:
        """Publishes below the page, by the dialog's ticket."""
        opened = self.session(member, page, {"sop_id": sop_id}).json
        place = opened["place"]
        wanted = {"connection_id": place["connection_id"], "place": place["place"], "parent": place["parent"]}
        answer = self.api(opened["ticket"], "POST", f"/sops/{sop_id}/publications", json=wanted)
        assert answer.status_code == 202, answer.json
        self.work()
        found: dict[str, Any] = self.api(opened["ticket"], "GET", f"/publications/{answer.json['id']}").json
        return found


@pytest.fixture
def atlassian() -> Iterator[Atlassian]:
    with FakeConfluence("gateway") as fake, Atlassian(fake) as started:
        yield started
        assert fake.invalid == []


@pytest.fixture
def story(make_house: Callable[..., House], atlassian: Atlassian) -> Story:
    house = make_house(forge_app_id=keys.APP, forge_jwks_url=atlassian.jwks_url, allow_private_addresses=True)
    told = Story(house=house, atlassian=atlassian, people=People().join(atlassian))
    assert told.forge("/installed", {"installerAccountId": "712020:installer"}).status_code == 200
    return told


def rows(story: Story, table: Any) -> list[Any]:
    with story.house.deps.database.begin() as session:
        return list(session.query(table).all())


# --- installing -------------------------------------------------------------------------------------------------------------


def test_a_new_site_gets_a_workspace_of_its_own_with_a_working_connection(story: Story) -> None:
    theirs = story.workspace
    assert theirs not in (story.house.ours["admin"].caller.workspace_id, story.house.theirs["admin"].caller.workspace_id)
    [connection] = [c for c in rows(story, tables.Connection) if c.workspace_id == theirs]
    assert connection.kind == "confluence"
    assert connections.opened(story.house.deps, theirs, connection.id).check().name == "SOP Publisher"


def test_ten_installed_events_at_once_make_one_workspace_and_one_connection(make_house: Callable[..., House], atlassian: Atlassian) -> None:
    house = make_house(forge_app_id=keys.APP, forge_jwks_url=atlassian.jwks_url, allow_private_addresses=True)
    story = Story(house=house, atlassian=atlassian, people=People().join(atlassian))
    before = len(rows(story, tables.Workspace))
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: story.forge(("/installed", "/hourly")[n % 2]).status_code, range(10)))
    assert answers == [200] * 10
    assert len(rows(story, tables.Workspace)) == before + 1
    assert len(rows(story, tables.Connection)) == 1


def test_named_sites_share_the_workspace_that_the_operator_chose_and_others_stay_out(
    make_house: Callable[..., House], atlassian: Atlassian
) -> None:
    house = make_house(
        forge_app_id=keys.APP, forge_jwks_url=atlassian.jwks_url, allow_private_addresses=True, forge_workspace="main",
        forge_sites=f" {atlassian.cloud_id} ,",
    )  # fmt: skip
    story = Story(house=house, atlassian=atlassian, people=People().join(atlassian))
    assert story.forge("/installed").status_code == 200
    assert story.workspace == house.ours["admin"].caller.workspace_id
    with FakeConfluence("gateway", judged=False) as fake, Atlassian(fake, cloud_id=OTHER_CLOUD) as foreign:
        foreign.keys = atlassian.keys
        refused = story.forge("/installed", atlassian=foreign, installation=OTHER_INSTALLATION)
    assert refused.status_code == 403
    assert len(rows(story, tables.Connection)) == 1


def test_the_hourly_call_renews_the_credential_and_wakes_what_waited(story: Story) -> None:
    page = story.page()
    sop_id = story.sop_of(story.people.engineer, page)
    story.atlassian.system_tokens = {"app-token-2"}  # the first one has run out
    opened = story.session(story.people.engineer, page, {"sop_id": sop_id}, system=None).json
    wanted = {name: opened["place"][name] for name in ("connection_id", "place", "parent")}
    publication = story.api(opened["ticket"], "POST", f"/sops/{sop_id}/publications", json=wanted).json
    story.work()
    assert story.api(opened["ticket"], "GET", f"/publications/{publication['id']}").json["state"] == "paused"
    assert story.forge("/hourly", system="app-token-2").status_code == 200
    story.work()
    assert story.api(opened["ticket"], "GET", f"/publications/{publication['id']}").json["state"] == "published"
    assert len(story.fake.pages()) == 2


def test_credentials_are_nowhere_in_the_database_or_the_log(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    story.forge("/hourly", system="canary-system-token")
    story.session(story.people.engineer, story.page(), system="canary-system-token")
    for path in Path(story.house.deps.settings.data_dir).rglob("*"):
        if path.is_file() and "keys" not in path.parts:
            content = path.read_bytes()
            assert b"canary-system-token" not in content, path
            assert story.people.engineer.token.encode() not in content, path
    said = capsys.readouterr()
    assert "canary-system-token" not in said.out + said.err
    assert story.people.engineer.token not in said.out + said.err


# --- what a person may do ---------------------------------------------------------------------------------------------------


def test_who_may_not_write_there_gets_no_ticket_and_who_sees_nothing_learns_nothing(story: Story) -> None:
    page = story.page()
    assert story.session(story.people.engineer, page).status_code == 200
    assert story.session(story.people.reader, page).status_code == 403
    unseen, unknown = story.session(story.people.stranger, page), story.session(story.people.stranger, "424242")
    assert (unseen.status_code, unknown.status_code) == (403, 403)
    assert unseen.json["detail"] == unknown.json["detail"]


def test_a_call_without_the_persons_own_token_or_with_anothers_is_refused(story: Story) -> None:
    robin, sam = story.people.engineer, story.people.colleague
    now_s, page = story.house.clock().timestamp(), story.page()
    headers = story.atlassian.headers(now_s=now_s, member=robin, page=page)
    del headers["x-forge-oauth-user"]
    assert story.house.client().post("/forge/ui/session", json={}, headers=headers).status_code == 403
    headers = story.atlassian.headers(now_s=now_s, member=robin, page=page) | {"x-forge-oauth-user": sam.token}
    assert story.house.client().post("/forge/ui/session", json={}, headers=headers).status_code == 403
    headers = story.atlassian.headers(now_s=now_s, member=robin, page=page) | {"x-forge-oauth-user": "app-token-1"}
    assert story.house.client().post("/forge/ui/session", json={}, headers=headers).status_code == 403


def test_a_person_is_met_once_and_known_by_mail_address_where_confluence_shows_it(story: Story) -> None:
    page = story.page()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: story.session(story.people.engineer, page), range(4)))
    story.session(story.people.colleague, page)
    met = {p.name: p for p in rows(story, tables.Person) if p.workspace_id == story.workspace}
    assert set(met) == {"Robin Engineer", "Sam Colleague"}
    assert (met["Robin Engineer"].email, met["Robin Engineer"].mail) == ("robin@example.com", True)
    assert met["Sam Colleague"].email.endswith(".invalid")
    assert met["Sam Colleague"].mail is False
    assert {p.role for p in met.values()} == {"author"}


def test_a_workspace_that_was_made_for_a_site_is_called_by_its_address_once_that_is_known(story: Story) -> None:
    def names() -> set[str]:
        with story.house.deps.database.begin() as session:
            return {session.get_one(tables.Workspace, story.workspace).name} | {c.name for c in session.query(tables.Connection).all()}

    assert names() == {"Confluence"}
    story.forge("/hourly")
    story.house.clock.forward(minutes=20)
    story.session(story.people.engineer, story.page())
    assert names() == {"Confluence (acme.atlassian.net)"}


def test_at_a_blog_post_the_sop_becomes_a_page_of_the_space(story: Story) -> None:
    post = {"change": lambda content: content["context"]["extension"]["content"].update(type="blogpost")}
    opened = story.session(story.people.engineer, "424242", **post).json
    assert (opened["page"], opened["place"]["place"], opened["place"]["parent"]) == (None, "OPS", None)


def test_who_installed_the_app_is_the_admin_of_the_new_workspace(story: Story) -> None:
    installer = story.atlassian.add(Member(account_id="712020:installer", name="Ina Staller"))
    story.session(installer, story.page())
    [person] = [p for p in rows(story, tables.Person) if p.name == "Ina Staller"]
    assert person.role == "admin"


def test_the_ticket_for_a_new_sop_opens_only_what_its_person_makes(story: Story) -> None:
    page, other_page = story.page(), story.page("Elsewhere")
    sam_made = story.sop_of(story.people.colleague, other_page, "Only for Sam")
    ticket = story.session(story.people.engineer, page).json["ticket"]
    assert story.api(ticket, "GET", "/sops").status_code == 403
    assert story.api(ticket, "GET", "/recordings").status_code == 403
    assert story.api(ticket, "GET", "/jobs").status_code == 403
    listed = story.api(ticket, "GET", "/people").json["items"]
    assert {(one["name"], one["email"]) for one in listed} == {("Sam Colleague", ""), ("Robin Engineer", "")}
    assert story.api(ticket, "GET", f"/sops/{sam_made}").status_code == 404
    assert story.api(ticket, "PUT", f"/sops/{sam_made}/draft", json={}).status_code == 404
    upload = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    begun = story.api(ticket, "POST", "/uploads", headers={**upload, "Upload-Metadata": tus_metadata(filename="a.mp4")})
    assert begun.status_code == 201
    planted = story.api(ticket, "POST", "/uploads", headers={**upload, "Upload-Metadata": tus_metadata(filename="a.mp4", sop_id=sam_made)})
    assert planted.status_code == 403
    own = story.sop_of(story.people.engineer, page)
    assert story.api(ticket, "GET", f"/sops/{own}").status_code == 200
    assert story.session(story.people.engineer, page, {"sop_id": sam_made}).status_code == 403


def test_publishing_goes_only_where_the_person_was_seen_to_be_allowed(story: Story) -> None:
    story.fake.site.add_space("SECRET", "Secret")
    page = story.page()
    own = story.sop_of(story.people.engineer, page)
    opened = story.session(story.people.engineer, page).json
    ticket, place = opened["ticket"], opened["place"]
    fine = {name: place[name] for name in ("connection_id", "place", "parent")}
    assert (place["place"], place["parent"]) == ("OPS", page)
    for wrong in ({"place": "SECRET"}, {"parent": story.page("Not here")}, {"connection_id": "con_other"}):
        assert story.api(ticket, "POST", f"/sops/{own}/publications", json={**fine, **wrong}).status_code == 403, wrong
    assert story.api(ticket, "POST", f"/sops/{own}/publications", json=fine).status_code == 202
    story.work()
    [made] = [p for p in story.fake.pages() if p.title == "Restart the queue"]
    assert made.parent == page
    # Now that it stands there, its own page decides who may write it.
    assert story.api(ticket, "POST", f"/sops/{own}/publications", json=fine).status_code == 403
    made.read_only = True
    locked = story.session(story.people.engineer, page, {"sop_id": own}).json
    assert locked["may"] == "read"
    assert story.api(locked["ticket"], "POST", f"/sops/{own}/publications", json=fine).status_code == 403


def test_at_a_page_with_an_sop_readers_read_and_editors_edit(story: Story) -> None:
    page = story.page()
    own = story.sop_of(story.people.engineer, page)
    remote = _remote_id(story, story.published(story.people.engineer, page, own))
    reader, colleague = story.session(story.people.reader, remote).json, story.session(story.people.colleague, remote).json
    assert (reader["may"], colleague["may"]) == ("read", "edit")
    assert reader["sop"]["sop_id"] == colleague["sop"]["sop_id"] == own
    assert story.api(reader["ticket"], "GET", f"/sops/{own}").status_code == 200
    tag = story.api(colleague["ticket"], "GET", f"/sops/{own}").headers["ETag"]
    draft = {"document": document(title="Restart the queue", id=own), "note": "x"}
    assert story.api(reader["ticket"], "PUT", f"/sops/{own}/draft", json=draft, headers={"If-Match": tag}).status_code == 403
    assert story.api(colleague["ticket"], "PUT", f"/sops/{own}/draft", json=draft, headers={"If-Match": tag}).status_code in (200, 422)
    another = story.sop_of(story.people.engineer, page, "Another")
    assert story.api(colleague["ticket"], "GET", f"/sops/{another}").status_code == 404


def test_byline_and_banner_learn_how_the_sop_of_their_page_stands(story: Story) -> None:
    page = story.page()
    own = story.sop_of(story.people.engineer, page)
    remote = _remote_id(story, story.published(story.people.engineer, page, own))
    shown = story.forge("/ui/status", member=story.people.reader, page=remote).json
    assert (shown["sop"]["title"], shown["overdue"]) == ("Restart the queue", False)
    with story.house.deps.database.begin() as session:
        session.get_one(tables.Sop, own).review_state = "overdue"
    assert story.forge("/ui/status", member=story.people.reader, page=remote).json["overdue"] is True
    assert story.forge("/ui/status", member=story.people.reader, page=page).json["sop"] is None
    assert story.forge("/ui/status", member=story.people.stranger, page=remote).status_code == 403
    listed = story.forge("/ui/space", member=story.people.reader, space=(story.fake.site.space("OPS").id, "OPS")).json
    assert [row["title"] for row in listed["sops"]] == ["Restart the queue"]
    assert story.forge("/ui/space", member=story.people.stranger, space=(story.fake.site.space("OPS").id, "OPS")).json["sops"] == []


# --- a video of the page ----------------------------------------------------------------------------------------------------

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(2000)


def attached(story: Story, page: str, name: str, data: bytes, media_type: str = "video/mp4") -> str:
    site = story.fake.site
    return site.attach(site.pages[page], name, media_type, data, "").id


def test_a_video_of_the_page_is_fetched_without_giving_our_credential_to_the_media_host(story: Story) -> None:
    page = story.page()
    video = attached(story, page, "restore.mp4", MP4)
    attached(story, page, "notes.pdf", b"%PDF-1.7", "application/pdf")
    robin = story.people.engineer
    listed = story.forge("/ui/videos", member=robin, page=page).json["videos"]
    assert [(v["name"], v["size_bytes"]) for v in listed] == [("restore.mp4", len(MP4))]
    first = story.forge("/ui/fetch", {"attachment_id": video, "title": "From the page"}, member=robin, page=page)
    again = story.forge("/ui/fetch", {"attachment_id": video, "title": "From the page"}, member=robin, page=page)
    assert first.status_code == 200, first.json
    assert first.json == again.json  # a double click fetches once
    assert work_one(story.house.deps, worker="test", job_id=first.json["job_id"])
    ticket = story.session(robin, page).json["ticket"]
    job = story.api(ticket, "GET", f"/jobs/{first.json['job_id']}").json
    assert (job["state"], job["kind"]) == ("done", "fetch")
    recording = story.api(ticket, "GET", f"/recordings/{job['recording_id']}").json
    assert (recording["filename"], recording["size_bytes"]) == ("restore.mp4", len(MP4))
    following = story.api(ticket, "GET", f"/jobs/{recording['job_id']}").json
    assert following["kind"] == "process"
    [media] = [h for h in story.atlassian.heard if h.path == "/media"]
    assert media.token == ""


def test_a_video_that_is_elsewhere_or_no_video_is_refused(story: Story) -> None:
    page, other = story.page(), story.page("Other")
    elsewhere = attached(story, other, "restore.mp4", MP4)
    document_ = attached(story, page, "notes.pdf", b"%PDF-1.7", "application/pdf")
    for wrong in (elsewhere, document_, "att424242"):
        assert story.forge("/ui/fetch", {"attachment_id": wrong}, member=story.people.engineer, page=page).status_code == 403, wrong
    video = attached(story, page, "restore.mp4", MP4)
    assert story.forge("/ui/fetch", {"attachment_id": video}, member=story.people.reader, page=page).status_code == 403
    assert [job for job in rows(story, tables.Job) if job.kind == "fetch"] == []


def test_a_video_that_vanished_or_is_none_ends_in_words(story: Story) -> None:
    page = story.page()
    gone, fake_video = attached(story, page, "gone.mp4", MP4), attached(story, page, "page.mp4", b"<html>not a video</html>")
    asked = [
        story.forge("/ui/fetch", {"attachment_id": one}, member=story.people.engineer, page=page).json["job_id"]
        for one in (gone, fake_video)
    ]
    del story.fake.site.pages[page].attachments["gone.mp4"]
    story.work()
    ticket = story.session(story.people.engineer, page).json["ticket"]
    ended = [story.api(ticket, "GET", f"/jobs/{job}").json for job in asked]
    assert [job["state"] for job in ended] == ["failed", "failed"]
    assert [job["error"]["reason"] for job in ended] == ["not-there", "not-a-video"]


def test_a_video_whose_token_ended_on_the_way_is_fetched_with_the_next_one(story: Story) -> None:
    page = story.page()
    video = attached(story, page, "restore.mp4", MP4)
    asked = story.forge("/ui/fetch", {"attachment_id": video}, member=story.people.engineer, page=page).json["job_id"]
    tokens = set(story.atlassian.system_tokens)
    story.atlassian.system_tokens.clear()
    story.work()
    ticket = story.session(story.people.engineer, page).json["ticket"]
    assert story.api(ticket, "GET", f"/jobs/{asked}").json["state"] == "queued"
    story.atlassian.system_tokens |= tokens
    story.house.clock.forward(minutes=5)
    assert work_one(story.house.deps, worker="test", job_id=asked)
    assert story.api(story.session(story.people.engineer, page).json["ticket"], "GET", f"/jobs/{asked}").json["state"] == "done"


# --- events -------------------------------------------------------------------------------------------------------------------


def event(kind: str, page: str, **more: Any) -> dict[str, Any]:
    content = {"id": page, "type": "page", "status": "current", "title": "x", "version": {"number": 2}}
    return {"eventType": f"avi:confluence:{kind}:page", "atlassianId": PERSON, "selfGenerated": False, "content": content, **more}


@pytest.fixture
def standing(story: Story) -> tuple[Story, str, str, str]:
    """The story with a published SOP: its id, the publication's and the page's."""
    page = story.page()
    own = story.sop_of(story.people.engineer, page)
    publication = story.published(story.people.engineer, page, own)
    return story, own, publication["id"], _remote_id(story, publication)


def _remote_id(story: Story, publication: dict[str, Any]) -> str:
    assert publication["state"] == "published", publication
    with story.house.deps.database.begin() as session:
        return session.get_one(tables.Publication, publication["id"]).remote_id or ""


def _state(story: Story, publication_id: str) -> str:
    with story.house.deps.database.begin() as session:
        return session.get_one(tables.Publication, publication_id).state


def _looks(story: Story) -> list[tables.Job]:
    return [job for job in rows(story, tables.Job) if job.kind == "look"]


def test_an_edit_on_the_page_becomes_a_revision_and_the_same_event_ten_times_one_look(standing: tuple[Story, str, str, str]) -> None:
    story, own, _, page = standing
    story.fake.site.edit(page, lambda body: body.replace("Press Restart.", "Press Restart twice."))
    with ThreadPoolExecutor(5) as pool:
        answers = list(
            pool.map(lambda n: story.forge("/events", event("updated", page) if n % 2 else {"payload": event("updated", page)}), range(10))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len(_looks(story)) == 1
    story.work()
    ticket = story.session(story.people.engineer, page).json["ticket"]
    sop = story.api(ticket, "GET", f"/sops/{own}").json
    assert [step["action"] for step in sop["document"]["steps"]] == ["Open the console.", "Press Restart twice."]
    revision = sop["revision"]
    story.forge("/events", event("updated", page))
    story.work()
    assert story.api(ticket, "GET", f"/sops/{own}").json["revision"] == revision


def test_late_and_reordered_events_do_no_harm_because_the_page_itself_is_asked(standing: tuple[Story, str, str, str]) -> None:
    story, _, publication, page = standing
    for kind in ("trashed", "restored", "updated", "archived", "deleted"):
        story.forge("/events", event(kind, page))
    story.work()
    assert _state(story, publication) == "published"  # it is there, whatever was told
    story.fake.site.pages[page].status = "trashed"
    story.forge("/events", event("updated", page))
    story.work()
    assert _state(story, publication) == "closed"
    story.fake.site.pages[page].status = "current"
    story.forge("/events", event("restored", page))
    story.work()
    assert _state(story, publication) == "published"


def test_a_page_that_cannot_be_seen_is_taken_for_deleted_only_where_forge_says_so(standing: tuple[Story, str, str, str]) -> None:
    story, _, publication, page = standing
    story.fake.site.pages[page].hidden = True
    story.forge("/events", event("updated", page))
    story.work()
    assert _state(story, publication) == "published"
    story.forge("/events", event("deleted", page))
    story.work()
    assert _state(story, publication) == "closed"


def test_an_archived_page_is_closed_and_its_owner_told_once(standing: tuple[Story, str, str, str]) -> None:
    story, _, publication, page = standing
    story.fake.site.pages[page].status = "archived"
    for _ in range(3):
        story.forge("/events", event("archived", page))
        story.work()
    assert _state(story, publication) == "closed"
    told = [message for message in rows(story, tables.Outgoing) if message.kind == "page-gone"]
    assert len({message.key for message in told}) == len(told) <= 1


def test_our_own_changes_foreign_pages_and_odd_bodies_cause_nothing(standing: tuple[Story, str, str, str]) -> None:
    story, _, _, page = standing
    for body in (
        event("updated", page, selfGenerated=True), event("updated", "424242"), event("updated", "not a number"), {}, [], {"payload": None},
        {"eventType": 7, "content": []}, {"eventType": "avi:forge:other", "content": {"id": page}},
    ):  # fmt: skip
        assert story.forge("/events", body).status_code == 200
    assert _looks(story) == []
    bad = story.atlassian.headers(now_s=story.house.clock().timestamp())
    assert story.house.client().post("/forge/events", data=b"{not json", headers=bad).status_code == 400


def test_a_job_that_names_another_workspaces_things_is_refused_by_the_worker(standing: tuple[Story, str, str, str]) -> None:
    story, own, publication, page = standing
    foreign = story.house.theirs["author"].caller
    video = attached(story, page, "restore.mp4", MP4)
    payload = {
        "connection_id": story.session(story.people.engineer, page).json["place"]["connection_id"],
        "page_id": page,
        "attachment_id": video,
    }
    with story.house.deps.database.begin() as session:
        values = {
            "workspace_id": foreign.workspace_id,
            "created_by": foreign.person_id,
            "state": "queued",
            "created_at": story.house.clock(),
        }
        session.add(tables.Job(id="job_fetch", kind="fetch", payload=payload, **values))
        session.add(tables.Job(id="job_look", kind="look", payload={"deleted": True}, publication_id=publication, sop_id=own, **values))
    heard = len(story.atlassian.heard)
    for job_id in ("job_fetch", "job_look"):
        work_one(story.house.deps, worker="test", job_id=job_id)
    assert len(story.atlassian.heard) == heard
    assert _state(story, publication) == "published"
    assert [job.recording_id for job in rows(story, tables.Job) if job.id == "job_fetch"] == [None]


def test_the_owner_of_a_due_sop_is_mentioned_on_its_page_by_their_account_also_without_a_mail_address(story: Story) -> None:
    sam, page = story.people.colleague, story.page()
    own = story.sop_of(sam, page)
    remote = _remote_id(story, story.published(sam, page, own))
    story.house.clock.forward(days=185)
    story.forge("/hourly")
    for _ in range(48):  # until their next working morning
        story.house.clock.forward(hours=1)
        for run in (sweep.sweep, gather.gather, deliver.deliver):
            run(story.house.deps)
    said = [comment.body for comment in story.fake.site.comments if comment.page == remote]
    assert len(said) == 1
    assert f'ri:account-id="{sam.account_id}"' in said[0]


# --- another site -------------------------------------------------------------------------------------------------------------


def test_another_site_reaches_nothing_of_this_one(standing: tuple[Story, str, str, str]) -> None:
    story, own, publication, page = standing
    with FakeConfluence("gateway", judged=False) as fake, Atlassian(fake, cloud_id=OTHER_CLOUD) as foreign:
        foreign.keys = story.atlassian.keys  # Forge signs for both
        mallory = foreign.add(Member(account_id="712020:engineer", name="Mallory"))  # even with the same account id
        space = fake.site.space("OPS")
        there = fake.site.create(space.id, None, "There", "<p>x</p>", PERSON)
        more = {"atlassian": foreign, "installation": OTHER_INSTALLATION, "member": mallory, "space": (space.id, "OPS")}
        assert story.forge("/installed", atlassian=foreign, installation=OTHER_INSTALLATION).status_code == 200
        opened = story.forge("/ui/session", page=there.id, **more).json
        for path in (f"/sops/{own}", f"/publications/{publication}", f"/sops/{own}/revisions"):
            assert story.api(opened["ticket"], "GET", path).status_code == 404, path
        assert story.forge("/ui/session", {"sop_id": own}, page=there.id, **more).status_code == 403
        fake.site.pages[page] = fake.site.pages.pop(there.id)  # a page that has the same number over there
        fake.site.pages[page].id = page
        assert story.forge("/ui/session", page=page, **more).json["sop"] is None
        assert story.forge("/ui/space", **more).json["sops"] == []
        story.forge("/events", event("deleted", page), atlassian=foreign, installation=OTHER_INSTALLATION)
        assert _looks(story) == []
        # A removal over there leaves this site alone.
        story.forge("/uninstalled", atlassian=foreign, installation=OTHER_INSTALLATION)
    assert story.session(story.people.engineer, page).status_code == 200


def test_the_body_cannot_say_for_whom_a_call_is(story: Story) -> None:
    before = story.workspace
    claimed = {"installationId": OTHER_INSTALLATION, "cloudId": OTHER_CLOUD, "workspace_id": story.house.ours["admin"].caller.workspace_id}
    story.forge("/installed", {**claimed, "context": claimed, "app": {"installationId": OTHER_INSTALLATION}})
    assert story.workspace == before
    links = {(row.kind, row.external_id) for row in rows(story, tables.External) if row.kind.startswith("forge-")}
    assert links == {("forge-site", story.atlassian.cloud_id), ("forge-installation", keys.INSTALLATION)}


# --- removing -----------------------------------------------------------------------------------------------------------------


def test_a_removal_wipes_the_credential_and_keeps_the_sops(standing: tuple[Story, str, str, str]) -> None:
    story, own, _, page = standing
    opened = story.session(story.people.engineer, page).json
    assert story.forge("/uninstalled").status_code == 200
    [connection] = [c for c in rows(story, tables.Connection) if c.workspace_id == story.workspace]
    assert connection.secrets_sealed is None
    assert connection.state == "paused"
    assert story.api(opened["ticket"], "GET", f"/sops/{own}").status_code == 401  # tickets die with it
    late = [story.forge(path).status_code for path in ("/hourly", "/installed", "/events")]
    assert late == [403, 403, 403]  # a repeated event of before must not bring the credential back
    [connection] = [c for c in rows(story, tables.Connection) if c.workspace_id == story.workspace]
    assert connection.secrets_sealed is None
    assert [sop.id for sop in rows(story, tables.Sop)] == [own]
    assert page in story.fake.site.pages
    assert story.forge("/uninstalled").status_code == 403


def test_a_new_installation_of_the_same_site_goes_on_where_the_old_one_ended(standing: tuple[Story, str, str, str]) -> None:
    story, own, publication, page = standing
    story.forge("/uninstalled")
    before = story.workspace
    assert story.forge("/installed", installation=OTHER_INSTALLATION).status_code == 200
    assert story.workspace == before
    opened = story.session(story.people.engineer, page, installation=OTHER_INSTALLATION).json
    assert opened["sop"]["publication_id"] == publication
    assert len([c for c in rows(story, tables.Connection) if c.workspace_id == before]) == 1
    assert story.api(opened["ticket"], "GET", f"/sops/{own}").status_code == 200
    # The old installation's removal, told once more and late, is not about the new one.
    story.house.clock.forward(hours=1)
    story.forge("/uninstalled")
    [connection] = [c for c in rows(story, tables.Connection) if c.workspace_id == before]
    assert connection.state == "active"

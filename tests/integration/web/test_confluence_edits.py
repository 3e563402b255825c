"""The table of facts of a Confluence page, edited by people: taken back where we keep it, else left to a person, never overwritten silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from plugin.domain.sop import Sop, Step
from plugin.services import connections, edit, flags, library, people, publish, review, work
from plugin.services.caller import Caller
from plugin.services.publish import PublicationView
from tests.contract.confluence.fake import OTHER, FakeConfluence
from tests.contract.confluence.fake.server import Edition
from tests.integration.web.conftest import House


@dataclass
class Desk:
    house: House
    fake: FakeConfluence
    connection_id: str

    @property
    def caller(self) -> Caller:
        return self.house.ours["admin"].caller

    def person(self, name: str, email: str) -> str:
        return people.add(self.house.deps, self.caller, email=email, name=name, role="author").id

    def made(self, owner_id: str) -> tuple[str, PublicationView]:
        steps = (Step(id="stp_1", number=1, action="Open the console."), Step(id="stp_2", number=2, action="Press Restart."))
        document = Sop(id="", revision=1, title="Restart the queue", area="incident-response", steps=steps)
        sop_id = edit.create(self.house.deps, self.caller, document=document).sop_id
        edit.create(self.house.deps, self.caller, document=replace(document, title="Another", area="release-management"))
        return sop_id, self.published(sop_id, owner_id=owner_id, interval_days=90)

    def published(self, sop_id: str, **more: Any) -> PublicationView:
        deps = self.house.deps
        asked = publish.publish(deps, self.caller, sop_id, connection_id=self.connection_id, place="OPS", **more)
        while work.work_one(deps, worker="tests"):
            pass
        return publish.publication(deps, self.caller, asked.id)

    def looked_at(self) -> None:
        self.house.clock.forward(hours=7)
        flags.reconcile(self.house.deps)

    @property
    def page(self) -> Any:
        return self.fake.pages()[0]

    def rewrite(self, before: str, after: str) -> None:
        """A person changes the page in the editor."""
        self.fake.site.edit(self.page.id, lambda body: body.replace(before, after))


@pytest.fixture(params=["cloud", "datacenter"])
def desk(request: pytest.FixtureRequest, make_house: Callable[..., House]) -> Iterator[Desk]:
    edition: Edition = request.param
    with FakeConfluence(edition) as fake:
        house = make_house(allow_private_addresses=True)
        settings = {
            "url": fake.url,
            "edition": edition,
            "token": fake.token,
            "email": fake.email if edition == "cloud" else None,
            "space": "OPS",
        }
        made = connections.connect(house.deps, house.ours["admin"].caller, kind="confluence", name="Confluence", settings=settings)
        yield Desk(house, fake, made.id)
        assert fake.invalid == []


def _mention(edition: str) -> str:
    account = f'ri:account-id="{OTHER}"' if edition == "cloud" else f'ri:userkey="{OTHER}"'
    return f"<p><ac:link><ri:user {account}/></ac:link></p>"


def test_owner_area_and_review_date_of_the_table_come_back_and_stay(desk: Desk) -> None:
    first, second = desk.person("Example Person", "person@example.com"), desk.person("Other Person", "other@example.com")
    sop_id, _ = desk.made(first)
    due = review.review(desk.house.deps, desk.caller, sop_id).due
    assert due is not None
    sooner = due - timedelta(days=30)
    desk.rewrite("<p>Example Person</p>", _mention(desk.fake.edition))
    desk.rewrite("incident response", "Release management")
    desk.rewrite(f'<time datetime="{due}"', f'<time datetime="{sooner}"')
    desk.looked_at()
    view = library.sop(desk.house.deps, desk.caller, sop_id)
    assert (view.summary.owner_id, view.summary.area, view.summary.due) == (second, "release-management", sooner)
    edit.save(desk.house.deps, desk.caller, sop_id, document=replace(view.sop, purpose="It runs again."), etag=view.etag)
    assert desk.published(sop_id).state == "published"
    body = desk.page.now.body
    assert ("It runs again." in body, f'datetime="{sooner}"' in body, "elease management" in body) == (True, True, True)
    assert "Example Person" not in body
    if desk.fake.edition == "cloud":
        assert desk.page.owner == OTHER


def test_an_owner_whom_we_do_not_know_is_asked_about_when_ours_changes(desk: Desk) -> None:
    first, second = desk.person("Example Person", "person@example.com"), desk.person("Other Person", "other@example.com")
    sop_id, _ = desk.made(first)
    desk.rewrite("<p>Example Person</p>", "<p>The night shift</p>")
    desk.looked_at()
    assert review.review(desk.house.deps, desk.caller, sop_id).owner_id == first
    assert desk.published(sop_id).state == "published"
    assert "The night shift" in desk.page.now.body
    review.assign(desk.house.deps, desk.caller, sop_id, owner_id=second)
    waiting = desk.published(sop_id)
    assert waiting.state == "conflict"
    (clash,) = waiting.clashes
    assert ("The night shift" in str(clash.theirs), "Other Person" in str(clash.ours)) == (True, True)
    assert "The night shift" in desk.page.now.body
    publish.resolve(desk.house.deps, desk.caller, waiting.id, choices={clash.key: "ours"})
    while work.work_one(desk.house.deps, worker="tests"):
        pass
    assert "Other Person" in desk.page.now.body

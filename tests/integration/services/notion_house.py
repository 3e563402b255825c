"""The service with a fake Notion beside it: a quick pipeline, real database, real sockets, no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectors.notion import NotionConnector
from plugin.services import connections, library, notion_intake, notion_rows, people, work
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from tests.contract.notion.fake import FakeNotion
from tests.integration.services.role import deps_for
from tests.unit.services.stages import recording


@dataclass
class NotionHouse:
    deps: Deps
    admin: Caller
    notion: FakeNotion
    connection_id: str

    def sweep(self) -> int:
        return notion_intake.sweep(self.deps)

    def work(self) -> int:
        """Does all jobs that can run now. Returns how many."""
        done = 0
        while work.work_one(self.deps, worker="test:1:1"):
            done += 1
        return done

    def settle(self) -> None:
        """Sweeps and works until nothing is left to do."""
        for _ in range(30):
            if self.sweep() + self.work() == 0:
                return
        raise AssertionError("the service does not come to rest")

    def rule(self, policy: str) -> None:
        notion_rows.set_policy(self.deps, self.admin, self.connection_id, policy)

    def sops(self) -> list[Any]:
        return list(library.search(self.deps, self.admin).items)

    def page_of(self, row_id: str) -> str:
        """The id of the SOP's page that the row leads to."""
        return str(self.notion.row(row_id)["sop"][0])


@contextmanager
def notion_house(folder: Path, url: str, *, judged: bool = True, **settings: Any) -> Iterator[NotionHouse]:
    with FakeNotion(judged=judged) as notion:
        deps = deps_for(folder / "data", url)
        deps = replace(deps, connect=_connect, settings=deps.settings.model_copy(update={"allow_private_addresses": True, **settings}))
        first = people.ensure_first_admin(deps)
        assert first is not None
        admin = people.sign_in(deps, email=first.email, password=first.password or "").caller
        given = {"token": "ntn_test", "parent": notion.parent, "url": notion.url}
        made = connections.connect(deps, admin, kind="notion", name="Notion", settings=given)
        house = NotionHouse(deps=deps, admin=admin, notion=notion, connection_id=made.id)
        house.sweep()  # makes the databases
        yield house
        deps.database.close()


def _connect(kind: str, settings: Any, state: Path) -> NotionConnector:
    reachable = settings.model_copy(update={"allow_private_addresses": True})  # the fake, also where a test forbids such addresses
    return NotionConnector(reachable, state=state, sleep=lambda _: None, jitter=lambda: 1.0)


VIDEO = recording(
    {"action": "Open the dashboard.", "expected": "All panels are green."},
    {"action": "Restart the service.", "commands": ["systemctl restart orders"]},
)
SECOND_TAKE = recording(
    {"action": "Open the dashboard.", "expected": "All panels are green."},
    {"action": "Restart the service.", "commands": ["systemctl restart orders"]},
    {"action": "Tell the team.", "expected": "The channel has a message."},
)

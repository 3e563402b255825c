"""Installations of the Forge app, their people and the events of pages, on both databases and from many threads at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.download import Fetching, fetch
from connectors.errors import Reject, Retry
from plugin.domain.errors import Forbidden
from plugin.services import accounts, installations, page_events
from plugin.services.installations import GOODBYE, Installation, Site
from plugin.store import tables
from tests.databases import KINDS, database_url
from tests.unit.services.world import World, make_world

AT_ONCE = 8
INSTALLATION = Installation(
    id="ari:cloud:ecosystem::installation/1", cloud_id="cloud-1", api_base_url="https://api.atlassian.com/ex/confluence/cloud-1", app_version="2.0.0",
    environment="PRODUCTION", site_url="https://acme.atlassian.net",
)  # fmt: skip


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with database_url(request.param) as url:
        made = make_world(tmp_path, url)
        yield made
        made.deps.database.close()


def supplied(world: World, token: str = "app-token-1", *, hours: float = 4, installation: Installation = INSTALLATION, **more: Any) -> Site:
    site = installations.enter(world.deps, installation)
    ends = world.deps.clock() + timedelta(hours=hours)
    return installations.supply(world.deps, site, installation, token=token, expires_at=ends, **more)


def sealed(world: World, site: Site) -> str | None:
    with world.deps.database.begin() as session:
        return session.get_one(tables.Connection, site.connection_id).secrets_sealed


def count(world: World, table: Any, **where: Any) -> int:
    with world.deps.database.begin() as session:
        return session.query(table).filter_by(**where).count()


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(AT_ONCE)))


def test_first_calls_at_once_make_one_site(world: World) -> None:
    workspaces = count(world, tables.Workspace)
    sites = at_once(lambda _: supplied(world))
    assert len(set(sites)) == 1
    assert count(world, tables.Workspace) == workspaces + 1
    assert count(world, tables.Connection, workspace_id=sites[0].workspace_id) == 1
    with world.deps.database.begin() as session:
        assert session.get_one(tables.Connection, sites[0].connection_id).name == "Confluence (acme.atlassian.net)"


def test_one_person_is_met_once(world: World) -> None:
    site = supplied(world)
    values = {
        "workspace_id": site.workspace_id,
        "kind": "forge-person",
        "account_id": "712020:x",
        "name": "Robin",
        "email": None,
        "role": "author",
    }
    met = at_once(lambda _: accounts.meet(world.deps, **values))
    assert len({caller.person_id for caller in met}) == 1
    assert count(world, tables.Person, workspace_id=site.workspace_id) == 1
    with world.deps.database.begin() as session:
        session.get_one(tables.Person, met[0].person_id).active = False
    with pytest.raises(Forbidden):
        accounts.known(world.deps, workspace_id=site.workspace_id, kind="forge-person", account_id="712020:x")


def test_a_storm_of_events_about_one_page_waits_as_one_look(world: World) -> None:
    site = supplied(world)
    _publication(world, site, page_id="4711")
    assert at_once(lambda n: [page_events.happened(world.deps, site, "4711", deleted=n == 3) for _ in range(10)]) == [[True] * 10] * AT_ONCE
    assert count(world, tables.Job, kind="look") == 1
    with world.deps.database.begin() as session:
        assert session.query(tables.Job).filter_by(kind="look").one().payload == {"deleted": True}
    assert page_events.happened(world.deps, site, "4712") is False


def test_a_token_is_written_when_it_is_fresher_and_always_by_the_calls_that_are_there_for_it(world: World) -> None:
    site = supplied(world)
    first = sealed(world, site)
    supplied(world, "app-token-2")
    assert sealed(world, site) == first  # a click a moment later
    supplied(world, "app-token-3", always=True)
    third = sealed(world, site)
    assert third != first
    world.time.go(hours=1)
    supplied(world, "app-token-4")
    assert sealed(world, site) != third


def test_a_removed_installation_stays_removed_for_late_events_and_lives_again_where_it_does(world: World) -> None:
    site = supplied(world)
    installations.remove(world.deps, site, INSTALLATION)
    assert sealed(world, site) is None
    assert installations.alive(world.deps, INSTALLATION.id) is False
    with pytest.raises(Forbidden):
        supplied(world)
    world.time.now += GOODBYE + timedelta(seconds=1)
    supplied(world)
    assert sealed(world, site) is not None
    assert installations.alive(world.deps, INSTALLATION.id) is True


def test_removing_an_old_installation_leaves_the_one_that_serves_the_site(world: World) -> None:
    site = supplied(world)
    newer = replace(INSTALLATION, id="ari:cloud:ecosystem::installation/2")
    assert supplied(world, "app-token-2", installation=newer) == site
    installations.remove(world.deps, site, INSTALLATION)
    assert sealed(world, site) is not None
    installations.remove(world.deps, site, newer)
    assert sealed(world, site) is None


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1:9/x", "https://localhost:9/x", "http://api.example.com/x", "file:///etc/passwd", "https://[::ffff:10.0.0.1]/x"],
)
def test_a_download_never_leads_into_our_own_network(tmp_path: Path, address: str) -> None:
    how = Fetching(most_bytes=1000, allow_private=False, authorization="Bearer secret")
    with pytest.raises(Reject) as refused:
        fetch(address, tmp_path / "recording", how)
    assert "secret" not in str(refused.value)
    assert not (tmp_path / "recording").exists()


def test_a_host_that_is_not_there_is_tried_again_later(tmp_path: Path) -> None:
    with pytest.raises(Retry) as later:
        fetch("https://no-such-host.invalid/x", tmp_path / "recording", Fetching(most_bytes=1000, allow_private=False))
    assert later.value.after_s


def _publication(world: World, site: Site, *, page_id: str) -> None:
    with world.deps.database.begin() as session:
        now = world.deps.clock()
        session.add(
            tables.Sop(
                id="sop_1",
                workspace_id=site.workspace_id,
                title="One",
                status="published",
                revision=1,
                origin="import",
                created_at=now,
                updated_at=now,
            )
        )
        session.flush()
        session.add(
            tables.Publication(
                id="pub_1", workspace_id=site.workspace_id, sop_id="sop_1", connection_id=site.connection_id or "", place="OPS", state="published",
                wanted_revision=1, remote_id=page_id, created_at=now,
            )
        )  # fmt: skip

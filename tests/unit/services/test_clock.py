"""Two schedulers that look after reviews for the very first time at the same moment."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from plugin.services import clock
from plugin.store import tables
from tests.unit.services.world import World


def test_of_two_first_schedulers_both_go_on(world: World) -> None:
    """Each of them finds nothing before either has written: on PostgreSQL in two transactions side by side; on SQLite, where the second one
    waits, it must find what the first one wrote."""
    with world.deps.database.begin() as session:
        session.query(tables.Lease).filter_by(name=clock.NAME).delete()
    both, answers = threading.Barrier(2), []

    def looked_and_found_nothing(session: Session, _context: Any, _instances: Any) -> None:
        new = [row for row in session.new if isinstance(row, tables.Lease)]
        if new and not world.deps.database.sqlite:
            both.wait(timeout=30)

    event.listen(Session, "before_flush", looked_and_found_nothing)
    try:
        threads = [threading.Thread(target=lambda: answers.append(clock.plausible(world.deps))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    finally:
        event.remove(Session, "before_flush", looked_and_found_nothing)
    assert answers == [True, True]
    with world.deps.database.begin() as session:
        assert [row.until for row in session.scalars(select(tables.Lease).where(tables.Lease.name == clock.NAME))] == [world.time()]

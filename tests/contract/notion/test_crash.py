"""Kill -9 at every request of a publish, then the same call again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.contract.notion.fake import FakeNotion, Fault
from tests.contract.notion.pages import sop, step
from tests.contract.notion.test_publish import publish, reworded

STEPS = tuple(step(n, f"Do thing number {n}.", expected=f"Thing {n} is done.") for n in range(1, 106))


@pytest.mark.parametrize("kind", ["line lost before", "line lost after"])
def test_a_killed_publish_is_resumed_and_nothing_stands_twice(tmp_path: Path, kind: str) -> None:
    points = 0
    for nth in range(200):
        with FakeNotion(judged=False) as notion:
            first, second = (
                sop(steps=STEPS),
                reworded(sop(version=2, steps=(*STEPS, step(106, "Do thing number 106."))), 3, "Do thing number 3 now."),
            )
            state = tmp_path / kind / str(nth)
            notion.faults.append(Fault(kind, skip=nth))  # type: ignore[arg-type]  # one of the kinds
            _killed_at_fault(notion, state)
            if not notion.faults[0].struck:
                break
            points += 1
            known = publish(notion, state, first, message="First").known
            known = publish(notion, state, second, known, "Second").known
            tree = notion.tree(known.ref.id)
            assert (len(notion.pages_of("SOPs")), len(notion.pages_of("SOP versions")), len(notion.workspace.databases)) == (1, 2, 3), nth
            assert tree.count("Do thing number") == 106, nth
            assert tree.count("is done.") == 105, nth
            assert (tree.count("Version 1,"), tree.count("Version 2,"), tree.count("Version history")) == (1, 1, 1), nth
    print(f"{points} points, {kind}: no block or page twice, none missing")
    assert points >= 10


def _killed_at_fault(notion: FakeNotion, state: Path) -> None:
    """Publishes in a child process, which is killed when the fault cuts its line."""
    child = os.fork()
    if child == 0:
        try:
            import connectors.notion.client as client

            client.TRIES = 1
            client.Api.get = _dies(client.Api.get)  # type: ignore[method-assign]
            client.Api.call = _dies(client.Api.call)  # type: ignore[method-assign]
            publish(notion, state, sop(steps=STEPS), message="First")
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _dies(call):  # type: ignore[no-untyped-def]
    from connectors.errors import Retry
    from connectors.notion.failures import Doubtful

    def run(*arguments, **named):  # type: ignore[no-untyped-def]
        try:
            return call(*arguments, **named)
        except (Doubtful, Retry):
            os.kill(os.getpid(), signal.SIGKILL)

    return run

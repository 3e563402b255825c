"""What the tests of the kit share: saying what is demanded, publishing as the service does it, dying in the middle."""

from __future__ import annotations

import json
import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from connectors.contract import Choice, Connector, Known, Page, Receipt, Ref
from connectors.errors import Retry
from connectors.testing.world import World

E = TypeVar("E", bound=Exception)
TRIES = 4
"""How often a caller comes back when a connector says Retry."""


def expect(truth: object, demand: str, found: object = None) -> None:
    """Raises AssertionError with what the contract demands, and what was found instead."""
    if not truth:
        raise AssertionError(demand if found is None else f"{demand}\nfound: {found!r}")


@contextmanager
def expect_error(kind: type[E], demand: str) -> Iterator[list[E]]:
    """The error stands in the list afterwards."""
    caught: list[E] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
    except Exception as error:
        raise AssertionError(f"{demand}: {kind.__name__} expected, got {type(error).__name__}: {error}") from error
    expect(caught, f"{demand}: {kind.__name__} expected, nothing was raised")


@contextmanager
def connected(world: World, *, fresh: bool = False) -> Iterator[Connector]:
    connector = world.connect(fresh=fresh)
    try:
        yield connector
    finally:
        close = getattr(connector, "close", None)
        if close is not None:
            close()


def kept(known: Known) -> Known:
    """As the caller keeps it: JSON between two calls."""
    return Known(
        ref=Ref(id=str(known.ref.id), url=str(known.ref.url)), version=str(known.version), base=json.loads(json.dumps(dict(known.base)))
    )


def put(
    world: World,
    page: Page,
    known: Known | None = None,
    *,
    choices: Mapping[str, Choice] | None = None,
    fresh: bool = False,
    message: str | None = None,
) -> Receipt:
    """One publication by a connector that was started for it; comes back when told to."""
    said = message if message is not None else f"Kit revision {page.facts.version}"
    for attempt in range(TRIES):
        with connected(world, fresh=fresh and attempt == 0) as connector:
            rendered = connector.render(page)
            try:
                return connector.publish(rendered, world.target, known=kept(known) if known else None, message=said, choices=choices)
            except Retry:
                if attempt == TRIES - 1:
                    raise
    raise AssertionError("unreachable")


def killed(world: World, nth: int, work: Callable[[], object], *, done: bool) -> bool:
    """Does ``work`` in a child process that gets SIGKILL at the ``nth`` request; False where it needed fewer requests."""
    victim: list[int] = []
    ready, go = os.pipe()
    report, tell = os.pipe()

    def kill() -> bool:
        os.kill(victim[0], signal.SIGKILL)
        return False

    with world.at(nth, kill, done=done):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the child of a process with threads: it ends by _exit and shares no lock
            pid = os.fork()
        if pid == 0:
            victim.append(os.getpid())
            os.read(ready, 1)
            _work_and_exit(work, tell)
        victim.append(pid)
        os.write(go, b".")
        os.close(tell)
        with os.fdopen(report, "rb") as stream:
            failure = stream.read().decode(errors="replace")
        _, status = os.waitpid(pid, 0)
    os.close(ready)
    os.close(go)
    if os.WIFSIGNALED(status):
        return True
    expect(not failure, f"publishing failed in the child process before it was killed:\n{failure}")
    return False


def _work_and_exit(work: Callable[[], object], tell: int) -> None:
    code = 0
    try:
        work()
    except BaseException:  # noqa: BLE001 - a child must not go on with its parent's test
        os.write(tell, traceback.format_exc().encode()[-8000:])
        code = 1
    finally:
        os._exit(code)


def squash(text: str) -> str:
    """Without differences in white space and without characters that nobody sees."""
    return " ".join("".join(c for c in text if c not in "\u200b\ufeff").split())


def form(value: Any) -> Any:
    """A value that compares by content, also for dataclasses and XML trees, to see whether rendering is deterministic."""
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *((f.name, form(getattr(value, f.name))) for f in fields(value)))
    if isinstance(value, Mapping):
        return tuple((k, form(v)) for k, v in value.items())
    if hasattr(value, "tag") and hasattr(value, "attrib"):
        return (str(value.tag), tuple(value.attrib.items()), value.text, value.tail, tuple(form(child) for child in value))
    if isinstance(value, (list, tuple)):
        return tuple(form(v) for v in value)
    shown = repr(value)
    return type(value).__name__ if callable(value) or " at 0x" in shown else shown

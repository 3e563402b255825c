"""A whole SOP as the pipeline writes it, its page, and connectors that do not sleep."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.confluence import ConfluenceConnector, Settings, connect
from connectors.contract import Asset, Facts, Known, Page, Person, Receipt, Target
from plugin.domain.sop import (
    Branch,
    Command,
    Escalation,
    Evidence,
    Input,
    Picture,
    Provenance,
    Review,
    Role,
    Scope,
    Sop,
    Step,
    Trouble,
)
from plugin.services.compose import compose
from tests.contract.confluence.fake import FakeConfluence
from tests.contract.notion.pages import png

HERE = Target(place="OPS")


def asset(number: int) -> Asset:
    data = png(number)
    digest = hashlib.sha256(data).hexdigest()
    return Asset(digest=digest, name=f"images/step-{number:02d}.png", media_type="image/png", size_bytes=len(data), read=lambda: data)


def step(number: int, action: str, *, picture: bool = True, identity: str = "", **more: Any) -> Step:
    image = Picture(path=f"images/step-{number:02d}.png", time=number * 10.0, width=1280, height=800, alt=f"Screen of step {number}")
    return Step(
        id=identity or f"stp_{number:04d}",
        number=number,
        action=action,
        image=image if picture else None,
        evidence=Evidence(start=number * 10.0, end=number * 10.0 + 5, basis={"action": "said"}),
        **more,
    )


def document(steps: tuple[Step, ...] | None = None, **more: Any) -> Sop:
    """Every kind of field that an SOP has, in three steps where none are given."""
    steps = steps or (
        step(
            1,
            "Open the orders dashboard.",
            location="Browser — https://orders.example.com",
            expected="All panels are green.",
            inputs=(Input(name="User name", value="dba"), Input(name="Password", secret=True)),
        ),
        step(
            2,
            "Take a backup of the current state.",
            commands=(Command(text="pg_dump -Fc orders -f orders.dump", output="saved"),),
            warnings=("Never do this at noon.",),
            verification="ls -lh orders.dump",
            troubleshooting=(Trouble(problem="The disk is full", solution="Remove old backups."),),
        ),
        step(
            3, "Check the order count.", picture=False, role="Database administrator", branches=(Branch(when="it differs", then="go back"),)
        ),
    )
    values: dict[str, Any] = {
        "id": "sop_01TEST",
        "revision": 1,
        "title": "Restore the orders database",
        "area": "incident-response",
        "purpose": "Bring the orders back without losing any.",
        "summary": "Restores the orders database from last night's backup.",
        "scope": Scope(covers=("the orders database",), excludes=("the archive",)),
        "roles": (Role(role="Database administrator", does="performs the restore"),),
        "stakeholders": ("Support",),
        "prerequisites": ("Database administrator role", "No writer is connected"),
        "tools": ("psql", "pg_restore"),
        "warnings": ("Never restore over the live database.",),
        "troubleshooting": (Trouble(problem="The counts do not match", solution="Drop the restored database and start again."),),
        "rollback": ("Switch the service back to the old database.",),
        "escalation": (Escalation(when="the second restore fails", to="database team lead"),),
        "review": Review(owner="Example Person", interval_days=90, due="2027-02-21"),
        "provenance": Provenance(
            recording_sha256="ab" * 32, duration=87.4, language="en", speech_model="tiny.en", generator="sopwright 0.1.0"
        ),
    }
    return Sop(steps=steps, **(values | more))


def reworded(sop: Sop, number: int, action: str) -> Sop:
    steps = tuple(replace(s, action=action) if s.number == number else s for s in sop.steps)
    return replace(sop, steps=steps, revision=sop.revision + 1)


def many(count: int, pictures: int | None = None) -> Sop:
    """An SOP of ``count`` steps, the first ``pictures`` of them with a picture."""
    shown = count if pictures is None else pictures
    return document(
        tuple(step(n, f"Do thing number {n}.", picture=n <= shown, expected=f"Thing {n} is done.") for n in range(1, count + 1))
    )


def page(sop: Sop, **facts: Any) -> Page:
    """With its pictures; ``facts`` override what the document says."""
    names = {s.image.path for s in sop.steps if s.image}
    assets = tuple(a for n in range(1, 400) if (a := asset(n)).name in names)
    made = compose(sop, assets=assets)
    return replace(made, facts=replace(made.facts, **facts)) if facts else made


def connector(
    fake: FakeConfluence, state: Path, *, slept: list[float] | None = None, now: Callable[[], datetime] | None = None, **more: Any
) -> ConfluenceConnector:
    """``now`` is the clock of its breaker."""
    values = {
        "url": fake.url,
        "edition": "datacenter" if fake.edition == "datacenter" else "cloud",
        "email": fake.email if fake.edition == "cloud" else None,
        "token": fake.token,
        "space": "OPS",
        "allow_private_addresses": True,
    }
    made = connect(Settings.model_validate(values | more), state=state)
    made.door._sleep = (slept if slept is not None else []).append  # nobody waits in a test
    if now is not None and made.door.breaker is not None:
        made.door.breaker.now = now
    return made


def publish(fake: FakeConfluence, state: Path, sop: Sop | Page, known: Known | None = None, *, message: str = "", **more: Any) -> Receipt:
    c = connector(fake, state, **more.pop("settings", {}))
    return c.publish(c.render(sop if isinstance(sop, Page) else page(sop)), HERE, known=known, message=message, **more)


__all__ = ["HERE", "Facts", "Person", "asset", "connector", "document", "many", "page", "publish", "reworded", "step"]

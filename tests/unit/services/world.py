"""A whole installation in a temporary folder, with a clock that tests move and a target that lives in memory."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import BaseModel, SecretStr

from connectors import errors
from connectors.contract import (
    Capabilities,
    Choice,
    Edit,
    Identity,
    Known,
    Page,
    Person,
    Receipt,
    Ref,
    RemotePage,
    Rendered,
    ReviewFlag,
    Target,
    Version,
)
from plugin.blobs.local import LocalBlobs
from plugin.domain.sop import Command, Evidence, Picture, Sop, Step
from plugin.notify.contract import Channel, Message, Notifier
from plugin.pipeline.stage import Stage
from plugin.queue.local import LocalQueue
from plugin.services import people
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.settings import Settings
from plugin.store.session import Database
from plugin.vault import Signer, Vault, new_key

START = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
"""A Monday."""
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 100
PASSWORD = "correct horse battery"


@dataclass
class Time:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Postbox:
    """Keeps what would be sent; raises what is put into ``trouble`` first."""

    messages: list[Message] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.messages.append(message)


class FakeSettings(BaseModel):
    """Of the target in memory."""

    path: str = "/"
    token: SecretStr = SecretStr("")


@dataclass
class FakeTarget:
    """Pages in memory, by key: text per block key, and what people did to them."""

    name: str = "fake"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(history=True, flags=True, mentions=True, merge=True))
    pages: dict[str, tuple[int, Page]] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    flags: list[ReviewFlag] = field(default_factory=list)
    mentions: list[tuple[str, str]] = field(default_factory=list)
    choices: list[Mapping[str, Choice] | None] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)
    state: str = "current"

    def check(self) -> Identity:
        return Identity(name="Fake")

    def render(self, page: Page) -> Rendered:
        return Rendered(page=page, body=None)

    def publish(
        self, rendered: Rendered, target: Target, *, known: Known | None, message: str, choices: Mapping[str, Choice] | None = None
    ) -> Receipt:
        if self.trouble:
            raise self.trouble.pop(0)
        self.choices.append(choices)
        page = rendered.page
        version, before = self.pages.get(page.key, (0, None))
        edits, self.edits = tuple(self.edits), []
        if before is not None and before.digest == page.digest and not edits:
            return Receipt(known=self._known(page.key), written=False)
        self.pages[page.key] = (version + 1, page)
        return Receipt(known=self._known(page.key), written=True, created=before is None, edits=edits)

    def fetch(self, ref: Ref, *, known: Known | None = None) -> RemotePage:
        if self.trouble:
            raise self.trouble.pop(0)
        edits, self.edits = tuple(self.edits), []
        return RemotePage(
            ref=ref,
            key=ref.id,
            title="",
            version="1",
            edited_by=None,
            edited_at=None,
            state=self.state,
            edits=edits,  # type: ignore[arg-type]
        )

    def history(self, ref: Ref) -> Sequence[Version]:
        return ()

    def restore(self, ref: Ref, version: str, *, message: str) -> Known:
        raise errors.Unsupported("no", block="restore")

    def flag(self, known: Known, flag: ReviewFlag) -> Known:
        self.flags.append(flag)
        return known

    def mention(self, ref: Ref, person: Person, text: str, *, key: str) -> None:
        self.mentions.append((ref.id, key))

    def archive(self, ref: Ref) -> None: ...

    def _known(self, key: str) -> Known:
        return Known(ref=Ref(id=key, url=f"https://kb.example.com/{key}"), version=str(self.pages[key][0]), base={"kept": True})


@dataclass
class World:
    deps: Deps
    time: Time
    mail: Postbox
    chat: Postbox
    target: FakeTarget
    admin: Caller
    folder: Path

    def person(self, name: str, role: str = "author", **more: Any) -> Caller:
        """Somebody who can sign in."""
        made = people.add(self.deps, self.admin, email=f"{name.lower()}@example.com", name=name, role=role, password=PASSWORD)  # type: ignore[arg-type]
        if more:
            people.change(self.deps, self.admin, made.id, **more)
        return Caller(workspace_id=self.admin.workspace_id, person_id=made.id, role=role, name=name)  # type: ignore[arg-type]

    def upload(self, data: bytes = MP4, name: str = "upload.bin") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def make_world(folder: Path, url: str, stages: Callable[[], Sequence[Stage]] = tuple, **settings: Any) -> World:
    time, mail, chat, target = Time(), Postbox(), Postbox(), FakeTarget()
    numbers = itertools.count(1)
    chosen = Settings(
        data_dir=folder / "data", database_url=SecretStr(url), min_free_bytes=0, base_url="https://sop.example.com", **settings
    )
    seeds = itertools.count(1)
    notifiers: dict[Channel, Notifier] = {"mail": mail, "chat": chat}

    def connect(kind: str, given: Any, state: Path) -> FakeTarget:
        target.given.append(given)
        return target

    deps = Deps(
        settings=chosen,
        clock=time,
        new_id=lambda prefix: f"{prefix}_{next(numbers):08d}",
        random_bytes=lambda count: hashlib.shake_256(str(next(seeds)).encode()).digest(count),
        database=Database(url),
        blobs=LocalBlobs(folder / "data" / "blobs"),
        queue=LocalQueue(folder / "data" / "queue"),
        vault=Vault([new_key()]),
        signer=Signer("k" * 40),
        notifiers=notifiers,
        speech_model=lambda: None,
        stages=stages,
        connect=connect,
    )
    first = people.ensure_first_admin(deps)
    assert first is not None
    signed = people.sign_in(deps, email=first.email, password=first.password or "")
    return World(deps=deps, time=time, mail=mail, chat=chat, target=target, admin=signed.caller, folder=folder)


def picture_bytes(colour: str = "white", size: tuple[int, int] = (64, 40)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def a_step(number: int, action: str, **more: Any) -> Step:
    evidence = Evidence(start=float(number), end=number + 1.0, basis={"action": "said"})
    return replace(Step(id=f"stp_{number}", number=number, action=action, evidence=evidence), **more)


def a_sop(sop_id: str = "", **more: Any) -> Sop:
    steps = (
        a_step(1, "Open the list of queues.", expected="The list is shown."),
        a_step(2, "Dump the database.", commands=(Command(text="pg_dump -Fc orders -f orders.dump"),)),
        a_step(3, "Compare the counts.", image=Picture(path="images/step-03.png", time=3.0, width=64, height=40)),
    )
    return replace(
        Sop(id=sop_id, revision=1, title="Restore a database", area="incident-response", purpose="Data is back.", steps=steps), **more
    )

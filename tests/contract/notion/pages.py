"""Pages to publish, and a connector that does not sleep."""

from __future__ import annotations

import hashlib
import struct
import zlib
from datetime import date
from pathlib import Path
from typing import Any

from connectors.blocks import (
    Block,
    Code,
    Contents,
    Divider,
    Expand,
    Heading,
    Image,
    Items,
    Panel,
    Paragraph,
    Properties,
    Span,
    StepBlock,
    Table,
    text,
)
from connectors.contract import Asset, Facts, Page, Person, Target
from connectors.notion import NotionConnector, Settings
from tests.contract.notion.fake import FakeNotion


def png(shade: int) -> bytes:
    """A real picture of 4 x 4 pixels in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([shade % 256, shade // 256 % 256, 90] * 4) for _ in range(4))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def asset(shade: int) -> Asset:
    data = png(shade)
    return Asset(
        digest=hashlib.sha256(data).hexdigest(), name=f"step-{shade}.png", media_type="image/png", size_bytes=len(data), read=lambda: data
    )


def step(number: int, action: str, *, image: Asset | None = None, expected: str = "", identity: str = "") -> StepBlock:
    key = f"steps/{identity or f's{number}'}"
    children: list[Block] = [Code(key=f"{key}/commands/0", language="bash", text=f"kubectl get pods --selector app={number}")]
    if image:
        children.append(Image(key=f"{key}/image", asset=image.digest, width=4, height=4, alt=f"Screen of step {number}"))
    if expected:
        children.append(Panel(key=f"{key}/expected", kind="success", title="Expected", text=text(expected)))
    return StepBlock(key=key, number=number, text=text(action), children=tuple(children))


def sop(
    *,
    key: str = "sop-1",
    title: str = "Restart the service",
    version: int = 1,
    steps: tuple[StepBlock, ...] | None = None,
    assets: tuple[Asset, ...] = (),
    purpose: str = "Bring the service back without losing requests.",
    prerequisites: tuple[str, ...] = ("Access to the cluster", "The runbook is open"),
    owner: Person | None = None,
) -> Page:
    """A page with every kind of block that an SOP has."""
    if steps is None:
        assets = (asset(1), asset(2))
        steps = (
            step(1, "Open the dashboard.", image=assets[0], expected="All panels are green."),
            step(2, "Restart the deployment.", image=assets[1]),
            step(3, "Check the pods.", expected="Every pod is Running."),
        )
    blocks: tuple[Block, ...] = (
        Properties(
            key="facts",
            rows=(
                ("Owner", text("Example Person")),
                ("Review due", text("2027-02-25")),
                ("Version", text(str(version))),
                ("Status", text("published")),
            ),
        ),
        Contents(key="contents"),
        Heading(key="purpose/heading", level=2, text=text("Purpose")),
        Paragraph(
            key="purpose",
            text=(Span(text=purpose), Span(text=" See "), Span(text="the guide", link="https://example.com/guide"), Span(text=".")),
        ),
        Heading(key="prerequisites/heading", level=2, text=text("Prerequisites")),
        Items(key="prerequisites", kind="task", items=tuple(text(item) for item in prerequisites)),
        Heading(key="steps/heading", level=2, text=text("Steps")),
        *steps,
        Heading(key="troubleshooting/heading", level=2, text=text("Troubleshooting")),
        Expand(
            key="troubleshooting/0",
            title="The pod does not start",
            children=(Paragraph(key="troubleshooting/0/solution", text=text("Read its log.")),),
        ),
        Divider(key="divider"),
        Table(key="escalation", header=("When", "To"), rows=((text("after 15 minutes"), text("the team on call")),)),
        Heading(key="rollback/heading", level=2, text=text("Rollback")),
        Items(key="rollback", kind="number", items=(text("Undo the rollout."),)),
    )
    digest = hashlib.sha256(repr(blocks).encode()).hexdigest()
    facts = Facts(version=version, owner=owner, review_due=date(2027, 2, 25), area="release", labels=("critical",))
    return Page(key=key, title=title, digest=digest, facts=facts, blocks=blocks, assets=assets)


def connector(notion: FakeNotion, state: Path, **more: Any) -> NotionConnector:
    settings = Settings.model_validate(
        {"token": "ntn_test", "parent": notion.parent, "url": notion.url, "allow_private_addresses": True, "requests_per_minute": 180}
    )
    return NotionConnector(settings, state=state, sleep=more.pop("sleep", lambda _: None), jitter=lambda: 1.0, **more)


def target(notion: FakeNotion) -> Target:
    return Target(place=notion.parent)

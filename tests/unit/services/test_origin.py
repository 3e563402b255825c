"""How a page says where it comes from, and that commands in sentences are shown as code."""

from __future__ import annotations

from dataclasses import replace

from connectors.blocks import Expand, Paragraph, Span, StepBlock, Table, plain
from connectors.contract import Edit
from plugin.domain.sop import Evidence, Picture, Provenance, Sop
from plugin.services.compose import adopt, compose
from plugin.services.origin import clock
from tests.unit.services.world import a_step

SOP = Sop(
    id="sop_1",
    revision=1,
    title="Check a file",
    steps=(
        a_step(1, "Look at it: run `ls -l`.", evidence=Evidence(start=62.4, end=75.0, basis={"action": "said"})),
        a_step(2, "Close it.", evidence=None, image=Picture(path="images/a.png", time=1.0, width=4, height=4, alt="A screen")),
    ),
    provenance=Provenance(recording_sha256="ab" * 32, duration=3700.0, language="en", speech_model="tiny.en", generator="sopwright 1"),
)


def test_the_last_block_tells_the_recording_and_the_moment_of_each_step() -> None:
    last = compose(SOP, moment=lambda step: f"https://example.com/#{step.id}").blocks[-1]
    assert isinstance(last, Expand)
    source, moments = last.children
    assert isinstance(source, Paragraph)
    assert isinstance(moments, Table)
    assert "1:01:40" in plain(source.text)
    assert "sop_1" in plain(source.text)
    assert [[plain(cell) for cell in row] for row in moments.rows] == [["1", "1:02 to 1:15", "said"]]
    assert moments.rows[0][1][0].link == f"https://example.com/#{SOP.steps[0].id}"


def test_without_a_recording_nothing_is_claimed() -> None:
    assert not any(isinstance(b, Expand) for b in compose(replace(SOP, provenance=Provenance())).blocks)


def test_what_stands_between_backticks_is_code() -> None:
    first = next(b for b in compose(SOP).blocks if isinstance(b, StepBlock))
    assert first.text == (Span(text="Look at it: run "), Span(text="ls -l", code=True), Span(text="."))


def test_a_corrected_caption_becomes_the_pictures_description() -> None:
    key = f"steps/{SOP.steps[1].id}/image"
    taken = adopt(SOP, [Edit(key=key, before="A screen", after="The login screen")])
    image = taken.sop.steps[1].image
    assert image is not None
    assert (image.alt, taken.left) == ("The login screen", ())
    assert adopt(SOP, [Edit(key=key, before="A screen", after=None)]).sop.steps[1].image is None


def test_clock() -> None:
    assert [clock(s) for s in (0, 65.9, 3600)] == ["0:00", "1:05", "1:00:00"]

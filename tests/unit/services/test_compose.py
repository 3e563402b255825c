from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.blocks import Code, Heading, Items, Panel, Paragraph, StepBlock, Table, plain, walk
from connectors.contract import Edit
from plugin.domain.sop import Branch, Command, Escalation, Input, Role, Scope, Sop, Trouble
from plugin.services.compose import adopt, adopt_edits, compose
from tests.unit.services.world import a_step

FULL = Sop(
    id="sop_1",
    revision=4,
    title="Restore a database",
    purpose="Data is back.",
    summary="How to.",
    scope=Scope(covers=("orders",), excludes=("billing",)),
    roles=(Role(role="DBA", does="restores"),),
    stakeholders=("Support",),
    prerequisites=("Access",),
    tools=("psql",),
    warnings=("Never over live data.",),
    steps=(
        a_step(
            1,
            "Dump it.",
            detail="Slowly.",
            location="Terminal",
            inputs=(Input(name="Host", value="db-01"), Input(name="Password", secret=True)),
            commands=(Command(text="pg_dump orders", output="ok"),),
            expected="A file.",
            verification="ls -l",
            warnings=("Takes long.",),
            troubleshooting=(Trouble(problem="No space", solution="Make room"),),
            branches=(Branch(when="it fails", then="start again"),),
            role="DBA",
        ),
        a_step(2, "Compare.", optional=True),
    ),
    troubleshooting=(Trouble(problem="Counts differ", solution="Start again"),),
    rollback=("Drop it.",),
    escalation=(Escalation(when="twice", to="lead"),),
    references=("Runbook",),
    findings=("Step 2 is vague.",),
)


def texts() -> dict[str, str]:
    """Plain text of each block as a connector would give it."""
    found = {}
    for block in walk(compose(FULL).blocks):
        if isinstance(block, (Paragraph, Panel, StepBlock)):
            found[block.key] = plain(block.text)
        elif isinstance(block, Code):
            found[block.key] = block.text
        elif isinstance(block, Items):
            found[block.key] = "\n".join(plain(item) for item in block.items)
        elif isinstance(block, Table):
            found[block.key] = "\n".join(" | ".join(plain(cell) for cell in row) for row in block.rows)
    return found


@pytest.mark.parametrize("key", sorted(texts()))
def test_the_text_of_every_block_goes_back_into_its_field_unchanged(key: str) -> None:
    assert adopt(FULL, [Edit(key=key, before=None, after=texts()[key])]).left == ()
    assert adopt_edits(FULL, [Edit(key=key, before=None, after=texts()[key])]) == FULL


def test_keys_are_unique_and_composing_is_deterministic() -> None:
    keys = [block.key for block in walk(compose(FULL).blocks)]
    assert len(keys) == len(set(keys))
    assert compose(FULL) == compose(FULL)


def test_a_secret_is_never_written() -> None:
    assert texts()["steps/stp_1/inputs"] == "Host | db-01\nPassword | (secret, not recorded)"


@pytest.mark.parametrize(
    ("key", "after", "look"),
    [
        ("purpose", "Other.", lambda s: s.purpose == "Other."),
        ("purpose", None, lambda s: s.purpose is None),
        ("prerequisites", "- A\n- B", lambda s: s.prerequisites == ("A", "B")),
        ("rollback", "1. A\n2. B", lambda s: s.rollback == ("A", "B")),
        ("scope/excludes", "x\ny", lambda s: s.scope.excludes == ("x", "y")),
        ("steps/stp_1", "Dump everything.", lambda s: s.steps[0].action == "Dump everything."),
        ("steps/stp_2", "Optional: Compare all.", lambda s: s.steps[1].optional and s.steps[1].action == "Compare all."),
        ("steps/stp_1", None, lambda s: [(x.id, x.number) for x in s.steps] == [("stp_2", 1)]),
        ("steps/stp_1/commands/0/text", "pg_dump -Fc orders", lambda s: s.steps[0].commands[0].text == "pg_dump -Fc orders"),
        ("steps/stp_1/commands/0/text", None, lambda s: s.steps[0].commands == ()),
        ("steps/stp_1/location", "Where: Console", lambda s: s.steps[0].location == "Console"),
        ("steps/stp_1/inputs", "Host | db-02\nPassword | (secret, not recorded)", lambda s: s.steps[0].inputs[0].value == "db-02"),
    ],
)
def test_an_edit_finds_its_field(key: str, after: str | None, look: object) -> None:
    edited = adopt_edits(FULL, [Edit(key=key, before=None, after=after)])
    assert look(edited)  # type: ignore[operator]


@pytest.mark.parametrize(
    "key", ["after:purpose", "steps/unknown/expected", "steps/stp_1/commands/7/text", "warnings/9", "nonsense", "headings/steps", "steps"]
)
def test_an_edit_without_a_place_is_left_and_named(key: str) -> None:
    adopted = adopt(FULL, [Edit(key=key, before=None, after="x")])
    assert (adopted.sop, [e.key for e in adopted.left]) == (FULL, [key])


def test_an_edited_field_of_a_step_is_marked() -> None:
    edited = adopt_edits(FULL, [Edit(key="steps/stp_1/expected", before="A file.", after="A dump.")])
    assert edited.steps[0].evidence is not None
    assert edited.steps[0].evidence.basis["expected"] == "edited"


@given(key=st.sampled_from(sorted(texts())), after=st.text(max_size=80))
def test_no_text_breaks_a_document(key: str, after: str) -> None:
    edited = adopt_edits(FULL, [Edit(key=key, before=None, after=after)])
    assert compose(replace(edited, revision=5)).key == "sop_1"


def headings(sop: Sop) -> list[str]:
    return [plain(block.text) for block in compose(sop).blocks if isinstance(block, Heading) and block.level == 2]


def test_the_page_follows_the_order_of_the_template() -> None:
    assert headings(FULL) == [
        "Purpose", "Scope", "Who does it", "Who must know", "Before you start", "Tools", "Steps", "If something goes wrong", "Going back", "Whom to call",
        "See also", "Open findings",
    ]  # fmt: skip
    assert headings(replace(FULL, sections=("escalation", "rollback", "prerequisites", "steps"))) == [
        "Purpose", "Scope", "Who does it", "Who must know", "Whom to call", "See also", "Open findings", "Going back", "Before you start", "Tools", "Steps",
        "If something goes wrong",
    ]  # fmt: skip

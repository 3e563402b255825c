import re

from markdown_it import MarkdownIt

from plugin.domain.sop import Command, Escalation, Evidence, Input, Picture, Review, Scope, Sop, Step, Trouble
from plugin.export import clock, coded, to_html, to_markdown

STEPS = (
    Step(
        id="stp_1",
        number=1,
        action="Create an empty database called shop: run `createdb shop`.",
        location="Terminal",
        commands=(Command(text="createdb shop && echo '```'", output="done <b>"),),
        expected="The prompt returns & nothing is printed.",
        image=Picture(path="images/step-01.png", time=3.0, width=40, height=20, alt='The terminal with "createdb"'),
        evidence=Evidence(start=83.2, end=90.0, basis={"action": "said", "commands": "shown"}),
    ),
    Step(id="stp_2", number=2, action="Enter your password in the Password field.", inputs=(Input(name="Password", secret=True),)),
)
SOP = Sop(
    id="sop_1",
    revision=3,
    title='Restore "shop" <script>alert(1)</script>',
    scope=Scope(covers=("One database.",), excludes=("The server.",)),
    prerequisites=("Root access",),
    steps=STEPS,
    troubleshooting=(Trouble(problem="It fails.", solution="Start again."),),
    rollback=("Drop the database.",),
    escalation=(Escalation(when="a | b", to="Lead"),),
    review=Review(owner="Database team", due="2027-02-21"),
)


def test_markdown_reads_as_one_document_with_whole_code_blocks() -> None:
    tokens = MarkdownIt("commonmark").parse(to_markdown(SOP).split("---\n", 2)[2])
    fences = [t.content for t in tokens if t.type == "fence"]
    assert fences == ["createdb shop && echo '```'\n", "done <b>\n"]
    headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
    assert headings[1:] == [
        "Scope",
        "Before you start",
        "Steps",
        "1. Create an empty database called shop: run `createdb shop`.",
        "2. Enter your password in the Password field.",
        "Troubleshooting",
        "Rollback",
        "Escalation",
    ]


def test_the_page_is_self_contained_and_nothing_of_the_recording_runs_in_it() -> None:
    page = to_html(SOP, lambda path: b"png")
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert "done &lt;b&gt;" in page
    assert "data:image/png;base64,cG5n" in page


def test_a_secret_value_is_named_but_not_shown() -> None:
    assert "*(secret)*" in to_markdown(SOP)
    assert "<i>secret</i>" in to_html(SOP, lambda path: b"")


def test_an_empty_document_has_no_empty_sections() -> None:
    text = to_markdown(Sop(id="s", revision=1, title="Nothing seen"))
    assert "##" not in text.split("# Nothing seen")[1]


def test_times_read_like_a_players() -> None:
    assert [clock(s) for s in (0, 83.2, 3723)] == ["0:00", "1:23", "1:02:03"]


def test_commands_in_sentences_are_code_and_nothing_else_is() -> None:
    assert str(coded("Check it: run `ls <dir>` & wait.")) == "Check it: run <code>ls &lt;dir&gt;</code> &amp; wait."
    assert str(coded("A lone ` stays <b>as it is</b>.")) == "A lone ` stays &lt;b&gt;as it is&lt;/b&gt;."

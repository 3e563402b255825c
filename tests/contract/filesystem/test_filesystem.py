from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from dulwich import porcelain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import filesystem
from connectors.blocks import Code, Heading, Image, Items, Panel, Paragraph, StepBlock, Table, text
from connectors.contract import Asset, Facts, Page, Person, ReviewFlag, Target
from connectors.errors import Conflict, Gone, Misconfigured, Reject
from connectors.filesystem.markdown import parse, pieces_of

PNG = b"\x89PNG picture"
ASSET = Asset(digest="ab" * 32, name="images/step-01.png", media_type="image/png", size_bytes=len(PNG), read=lambda: PNG)
TARGET = Target(place="runbooks")


def page(version: int = 1, *, action: str = "Run it.", purpose: str = "Because.") -> Page:
    blocks = (
        Heading(key="headings/purpose", level=2, text=text("Purpose")),
        Paragraph(key="purpose", text=text(purpose)),
        Items(key="prerequisites", kind="task", items=(text("Root access"), text("A backup"))),
        StepBlock(
            key="steps/one",
            number=1,
            text=text(action),
            children=(
                Code(key="steps/one/commands/0/text", language="bash", text="pg_dump -Fc shop | gzip > `date`.gz"),
                Image(key="steps/one/image", asset=ASSET.digest, width=4, height=3, alt="The terminal"),
                Panel(key="steps/one/expected", kind="success", title="Expected", text=text("A file of some kilobytes.")),
            ),
        ),
        Table(key="escalation", header=("When", "Who"), rows=((text("it fails | twice"), text("Lead")),)),
    )
    return Page(key="sop_1", title="Back up the shop", digest=f"{version}", facts=Facts(version=version), blocks=blocks, assets=(ASSET,))


@pytest.fixture
def connector(tmp_path: Path) -> filesystem.Filesystem:
    return filesystem.connect(filesystem.Settings(path=tmp_path / "kb"), state=tmp_path)


def put(connector: filesystem.Filesystem, new: Page, known=None, **more):
    return connector.publish(connector.render(new), TARGET, known=known, message=f"SOP revision {new.facts.version}", **more)


def file_of(connector: filesystem.Filesystem) -> Path:
    (found,) = connector._root.rglob("index.md")
    return found


def edit(connector: filesystem.Filesystem, change: Callable[[str], str]) -> None:
    path = file_of(connector)
    path.write_text(change(path.read_text()))


def test_a_page_and_its_pictures_lie_in_the_folder_as_one_commit(connector: filesystem.Filesystem) -> None:
    receipt = put(connector, page())
    assert receipt.created
    path = file_of(connector)
    assert path.parts[-3] == "runbooks"
    assert next((path.parent / "images").iterdir()).read_bytes() == PNG
    assert [v.revision for v in connector.history(receipt.known.ref)] == [1]


def test_the_same_page_again_writes_nothing(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    again = put(connector, page(), first.known)
    assert not again.written
    assert again.known.version == first.known.version


def test_a_lost_answer_does_not_make_a_second_page(connector: filesystem.Filesystem) -> None:
    put(connector, page())
    again = put(connector, page(), None)
    assert not again.created
    assert file_of(connector)


def test_a_persons_edit_of_another_passage_is_kept_and_reported(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    edit(connector, lambda t: t.replace("Because.", "Because we must."))
    second = put(connector, page(2, action="Run it twice."), first.known)
    assert [(e.key, e.before, e.after) for e in second.edits] == [("purpose", "Because.", "Because we must.")]
    content = file_of(connector).read_text()
    assert "Because we must." in content
    assert "### 1. Run it twice." in content


def test_what_a_person_added_stays_where_it_is(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    edit(connector, lambda t: t.replace("<!-- sop:prerequisites -->", "Ask Dana first.\n\n<!-- sop:prerequisites -->"))
    second = put(connector, page(2, action="Other."), first.known)
    assert [(e.key, e.after) for e in second.edits] == [("after:purpose", "Ask Dana first.")]
    content = file_of(connector).read_text()
    assert content.index("Because.") < content.index("Ask Dana first.") < content.index("Root access")
    assert put(connector, page(2, action="Other."), second.known).edits == ()


def test_the_same_passage_changed_on_both_sides_is_shown_and_nothing_written(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    edit(connector, lambda t: t.replace("Because.", "Because of them."))
    before = file_of(connector).read_bytes()
    with pytest.raises(Conflict) as conflict:
        put(connector, page(2, purpose="Because of us."), first.known)
    (clash,) = conflict.value.clashes
    assert (clash.key, clash.base, clash.theirs, clash.ours) == ("purpose", "Because.", "Because of them.", "Because of us.")
    assert file_of(connector).read_bytes() == before
    chosen = put(connector, page(2, purpose="Because of us."), first.known, choices={"purpose": "theirs"})
    assert chosen.written
    assert "Because of them." in file_of(connector).read_text()


def test_a_page_is_found_again_where_people_moved_it_and_keeps_their_title(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    old = file_of(connector).parent
    old.rename(connector._root / "elsewhere")
    edit(connector, lambda t: t.replace("# Back up the shop", "# Shop backup"))
    put(connector, page(2, action="New."), first.known)
    assert file_of(connector).parent.name == "elsewhere"
    assert "# Shop backup" in file_of(connector).read_text()


def test_what_people_have_staged_is_not_committed_in_our_name_and_their_hooks_do_not_run(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    root = connector._root
    (root / "draft.md").write_text("not ready")
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch hooked\nexit 1\n")
    hook.chmod(0o755)
    porcelain.add(str(root), paths=[str(root / "draft.md")])
    second = put(connector, page(2, action="Other."), first.known)
    assert connector._repository.content(second.known.version, "draft.md") is None
    assert connector._repository.content(second.known.version, str(file_of(connector).relative_to(root))) == file_of(connector).read_bytes()
    status = porcelain.status(str(root))
    assert status.staged["add"] == [b"draft.md"]
    assert status.unstaged == []
    assert not list(root.rglob("hooked"))


def test_an_edit_that_nobody_committed_is_not_committed_in_our_name(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    edit(connector, lambda t: t.replace("Because.", "Because we must."))
    again = put(connector, page(), first.known)
    assert (again.written, [e.after for e in again.edits]) == (False, ["Because we must."])
    assert [v.id for v in connector.history(first.known.ref)] == [first.known.version]


def test_a_deleted_page_is_not_made_again_silently(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    file_of(connector).unlink()
    with pytest.raises(Gone):
        put(connector, page(2), first.known)
    with pytest.raises(Gone):
        connector.fetch(first.known.ref, known=first.known)


def test_an_old_version_comes_back_as_the_newest(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    second = put(connector, page(2, action="Worse."), first.known)
    restored = connector.restore(second.known.ref, first.known.version, message="Restore revision 1")
    assert "### 1. Run it." in file_of(connector).read_text()
    assert len(connector.history(restored.ref)) == 3
    assert put(connector, page(3, action="Better."), restored).edits == ()
    with pytest.raises(Reject):
        connector.restore(restored.ref, "f" * 40, message="?")


def test_a_review_flag_is_no_edit(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    flag = ReviewFlag(state="overdue", due=date(2027, 2, 21), owner=Person(name="Dana", email="dana@example.com"))
    flagged = connector.flag(first.known, flag)
    assert "review_state: overdue" in file_of(connector).read_text()
    assert connector.fetch(flagged.ref, known=flagged).edits == ()
    assert connector.flag(flagged, flag) == flagged


def test_a_person_is_told_once_for_one_reason(connector: filesystem.Filesystem) -> None:
    ref = put(connector, page()).known.ref
    for _ in range(2):
        connector.mention(ref, Person(name="Dana"), "The review is overdue.", key="due-2027-02-21")
    assert (file_of(connector).parent / "notes.md").read_text().count("overdue") == 1


def test_an_archived_page_says_so(connector: filesystem.Filesystem) -> None:
    ref = put(connector, page()).known.ref
    connector.archive(ref)
    assert connector.fetch(ref).state == "archived"


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    connector = filesystem.connect(filesystem.Settings(path=tmp_path / "file" / "kb"), state=tmp_path)
    with pytest.raises(Misconfigured):
        connector.check()


def test_no_place_leads_out_of_the_folder(connector: filesystem.Filesystem) -> None:
    connector.publish(connector.render(page()), Target(place="../../outside"), known=None, message="x")
    assert file_of(connector).is_relative_to(connector._root)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), min_size=1, max_size=80)
    .map(str.strip)
    .filter(bool)
)
def test_any_text_reads_back_as_it_was_written(words: str) -> None:
    blocks = (Paragraph(key="purpose", text=text(words)), Panel(key="warnings/0", kind="warning", text=text(words)))
    (paragraph, panel) = pieces_of(blocks, {})
    assert paragraph.plain.split() == words.split()
    assert panel.plain.split() == words.split() or words.startswith(("Note:", "Warning:", "Expected:", "Check:", "Tip:"))


def test_a_file_that_a_person_broke_still_opens() -> None:
    document = parse("---\nid: [\n---\n\ntext only")
    assert document.facts == {}
    assert [p.plain for p in document.pieces] == ["text only"]


def test_facts_are_replaced_and_peoples_own_kept(connector: filesystem.Filesystem) -> None:
    first = put(connector, page())
    edit(connector, lambda t: t.replace("revision: 1\n", "revision: 1\nteam: blue\n"))
    put(connector, replace(page(2), facts=Facts(version=2, area="rollback")), first.known)
    content = file_of(connector).read_text()
    assert "team: blue" in content
    assert "area: rollback" in content

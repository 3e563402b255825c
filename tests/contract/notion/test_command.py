"""``sopwright publish DIR --target notion --json`` by settings alone, as a CI job calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.notion import setup
from tests.contract.confluence.pages import document, reworded
from tests.contract.notion.fake import FakeNotion, Fault
from tests.contract.notion.test_conformance import words
from tests.contract.notion.test_publish import person_writes
from tests.contract.shell import Shell


def shell_for(notion: FakeNotion, folder: Path) -> Shell:
    settings = {
        "SOPWRIGHT_NOTION_TOKEN": "ntn_test",
        "SOPWRIGHT_NOTION_PARENT": notion.parent,
        "SOPWRIGHT_NOTION_URL": notion.url,
        "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "1",
    }
    return Shell("notion", folder, settings=settings, token="ntn_test")


def test_published_again_and_again(notion: FakeNotion, tmp_path: Path) -> None:
    shell = shell_for(notion, tmp_path)
    shell.write(document())
    first = shell.run("--by", "Example Person", "--recording", "https://example.com/recordings/7")
    assert set(first) == {"page_id", "version", "url", "requests", "writes", "conflicts"}
    row = notion.pages_of("SOP versions")[0]["content"]
    assert (words(row[setup.ROW_BY]), row[setup.ROW_RECORDING]) == ("Example Person", "https://example.com/recordings/7")
    again = shell.run(GITHUB_ACTOR="somebody-else")
    assert (again["page_id"], again["requests"], again["writes"]) == (first["page_id"], 2, 0)
    person_writes(notion, first["page_id"], "Check the order count.", "Check the count of orders.")
    (tmp_path / "data").rename(tmp_path / "lost")
    shell.write(reworded(document(), 2, "Take a backup now."))
    found = shell.run(GITHUB_ACTOR="somebody-else")
    tree = notion.tree(first["page_id"])
    assert (found["page_id"], "Check the count of orders." in tree, "Take a backup now." in tree) == (first["page_id"], True, True)
    assert {words(page["content"][setup.ROW_BY]) for page in notion.pages_of("SOP versions")} == {"Example Person", "somebody-else"}
    shell.write(reworded(document(), 3, "Look at the count."))
    asked = shell.run(code=3)
    assert (asked["conflicts"], asked["writes"], asked["page_id"]) == (1, 0, first["page_id"])
    assert "Look at the count." in shell.said
    assert "Check the count of orders." in shell.said
    assert shell.run("--on-conflict", "theirs")["conflicts"] == 0
    assert "Check the count of orders." in notion.tree(first["page_id"])


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"SOPWRIGHT_NOTION_TOKEN": "ntn_wrong"}, 3, "token"),
        ({"SOPWRIGHT_NOTION_PARENT": "no id"}, 2, "SOPWRIGHT_NOTION_PARENT"),
        ({"SOPWRIGHT_NOTION_PARENT": "00000000-0000-4000-8000-00000000dead"}, 3, "shared"),
        ({"SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "", "SOPWRIGHT_NOTION_URL": "https://127.0.0.1"}, 3, "private"),
        ({"SOPWRIGHT_RECORDING_URL": "file:///tmp/a.mp4"}, 2, "https://"),
    ],
)
def test_what_is_wrong_is_said(notion: FakeNotion, tmp_path: Path, environment: dict[str, str], code: int, said: str) -> None:
    shell = shell_for(notion, tmp_path)
    shell.write(document())
    shell.run(code=code, **environment)
    assert said in shell.said
    assert notion.workspace.databases == {}


def test_a_busy_notion_is_waited_for_or_left_alone(notion: FakeNotion, tmp_path: Path) -> None:
    shell = shell_for(notion, tmp_path)
    shell.write(document())
    notion.faults.append(Fault("answer", on="POST /v1/pages$", error="429 connection", retry_after="3600", times=99))
    shell.run(code=1)
    assert "3600 seconds" in shell.said
    notion.faults.clear()
    shell.run()
    assert len(notion.pages_of("SOPs")) == 1

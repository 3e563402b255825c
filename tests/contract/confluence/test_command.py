"""``sopwright publish DIR --target confluence --json`` by settings alone, as a CI job calls it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.confluence.fake import PERSON, FakeConfluence, Fault
from tests.contract.confluence.pages import document, reworded
from tests.contract.shell import Shell


def shell_for(fake: FakeConfluence, folder: Path) -> Shell:
    return Shell("confluence", folder, settings=fake.environment(), token=fake.token)


def test_published_again_and_again(confluence: FakeConfluence, tmp_path: Path) -> None:
    shell = shell_for(confluence, tmp_path)
    shell.write(document())
    first = shell.run()
    assert set(first) == {"page_id", "version", "url", "requests", "writes", "conflicts"}
    assert (first["version"], first["conflicts"], first["url"].startswith("http")) == (2, 0, True)
    again = shell.run()
    assert (again["page_id"], again["requests"], again["writes"]) == (first["page_id"], 1, 0)
    confluence.site.edit(first["page_id"], lambda b: b.replace("order count", "count of orders"), title="Renamed")
    (tmp_path / "data").rename(tmp_path / "lost")
    shell.write(reworded(document(), 2, "Take a backup now."))
    found = shell.run()
    body = confluence.body(first["page_id"])
    assert (found["page_id"], "count of orders" in body, "Take a backup now." in body) == (first["page_id"], True, True)
    shell.write(replace(reworded(document(), 3, "Look at the count."), revision=3))
    asked = shell.run(code=3)
    assert (asked["conflicts"], asked["writes"], asked["page_id"]) == (1, 0, first["page_id"])
    assert "Look at the count." in shell.said
    assert "Check the count of orders." in shell.said
    assert shell.run("--on-conflict", "theirs")["conflicts"] == 0
    assert "Check the count of orders." in confluence.body(first["page_id"])


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "", "SOPWRIGHT_CONFLUENCE_URL": "https://127.0.0.1/wiki"}, 3, "private"),
        ({"SOPWRIGHT_CONFLUENCE_URL": "ftp://example.com"}, 2, "SOPWRIGHT_CONFLUENCE"),
        ({"SOPWRIGHT_CONFLUENCE_TOKEN": "wrong"}, 3, "token|may not do this"),
        ({"SOPWRIGHT_CONFLUENCE_SPACE": "NOPE"}, 3, "NOPE"),
        ({"SOPWRIGHT_CONFLUENCE_SPACE": ""}, 3, "space"),
    ],
)
def test_what_is_wrong_is_said(cloud: FakeConfluence, tmp_path: Path, environment: dict[str, str], code: int, words: str) -> None:
    shell = shell_for(cloud, tmp_path)
    shell.write(document())
    shell.run(code=code, **environment)
    assert any(word in shell.said for word in words.split("|")), shell.said
    assert cloud.pages() == []


def test_a_title_with_brackets_is_said_as_it_is(cloud: FakeConfluence, tmp_path: Path) -> None:
    title = "Edit [bold] and [/etc/hosts]"
    cloud.site.create(cloud.site.space("OPS").id, None, title, "<p>taken</p>", PERSON)
    shell = shell_for(cloud, tmp_path)
    shell.write(replace(document(), title=title))
    shell.run(code=3)
    assert title in shell.said


def test_secrets_from_files_and_a_busy_target(cloud: FakeConfluence, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(f"{cloud.token}\n")
    shell = shell_for(cloud, tmp_path)
    shell.write(document())
    cloud.faults += [Fault("answer", on="^POST .*/pages$", status=429, headers={"Retry-After": "11"}), Fault("line lost after", on="^PUT")]
    made = shell.run(SOPWRIGHT_CONFLUENCE_TOKEN="", SOPWRIGHT_CONFLUENCE_TOKEN_FILE=str(secret))
    assert (len(cloud.pages()), made["version"], "Trying again in 11 seconds" in shell.said) == (1, 2, True)
    cloud.faults.append(Fault("answer", on="^GET", status=429, headers={"Retry-After": "3600"}, times=99))
    shell.run(code=1)
    assert "3600 seconds" in shell.said

"""What scripts rely on: exit codes, one JSON line, plain lines of progress."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.cli import main
from plugin.cli.progress import shown
from plugin.domain.document import to_document
from plugin.domain.sop import Sop
from plugin.pipeline.runner import Progress
from tests.unit.services.world import a_sop


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPWRIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOPWRIGHT_FILESYSTEM_PATH", str(tmp_path / "kb"))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def made(folder: Path, **more: Any) -> str:
    """A folder as `sopwright make` leaves it, without pictures."""
    sop: Sop = replace(a_sop("sop_1"), **more)
    folder.mkdir(exist_ok=True)
    steps = tuple(replace(s, image=None) for s in sop.steps)
    (folder / "sop.json").write_text(json.dumps(to_document(replace(sop, steps=steps))), "utf-8")
    return str(folder)


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["make"],
        ["make", "missing.mp4"],
        ["make", __file__, "--progress", "colourful"],
        ["publish", ".", "--target", "nowhere"],
        ["publish", "missing", "--target", "filesystem"],
        ["publish", ".", "--target", "filesystem", "--on-conflict", "both"],
        ["db"],
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert capsys.readouterr().err.strip()


def test_a_wrong_setting_is_wrong_use_and_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SOPWRIGHT_PORT", "many")
    assert run("reviews") == 2
    assert "SOPWRIGHT_PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", [None, "no json", '{"schema": "another"}', json.dumps(to_document(Sop(id="", revision=1, title="Nameless")))]
)
def test_a_folder_without_a_usable_sop_ends_with_3(tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    if content is not None:
        (tmp_path / "sop.json").write_text(content)
    assert run("publish", str(tmp_path), "--target", "filesystem") == 3
    assert "Traceback" not in capsys.readouterr().err


def test_a_target_that_cannot_be_used_is_named_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SOPWRIGHT_FILESYSTEM_PATH", str(tmp_path / "file" / "kb"))
    assert run("publish", made(tmp_path / "sop"), "--target", "filesystem") == 2
    assert "cannot be used as a Git folder" in capsys.readouterr().err
    monkeypatch.delenv("SOPWRIGHT_FILESYSTEM_PATH")
    assert run("publish", made(tmp_path / "sop"), "--target", "filesystem") == 2
    assert "SOPWRIGHT_FILESYSTEM_PATH" in capsys.readouterr().err


def test_publishing_again_updates_the_same_page_and_an_unchanged_one_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = []
    for more in ({}, {}, {"purpose": "Another purpose of the page."}):
        assert run("publish", made(tmp_path / "sop", **more), "--target", "filesystem", "--json") == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert len({r["page_id"] for r in reports}) == 1
    assert [r["writes"] > 0 for r in reports] == [True, False, True]
    assert reports[0]["version"] == reports[1]["version"] != reports[2]["version"]
    (page,) = (tmp_path / "kb").rglob("index.md")
    assert "Another purpose of the page." in page.read_text("utf-8")


def test_a_clash_ends_with_3_writes_nothing_and_shows_both_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("publish", made(tmp_path / "sop", purpose="Ours."), "--target", "filesystem") == 0
    (page,) = (tmp_path / "kb").rglob("index.md")
    page.write_text(page.read_text("utf-8").replace("Ours.", "Theirs."), "utf-8")
    before = page.read_bytes()
    again = ("publish", made(tmp_path / "sop", purpose="Ours, newer."), "--target", "filesystem", "--json")
    capsys.readouterr()
    assert run(*again) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["conflicts"] == 1
    assert "Theirs." in said.err
    assert "Ours, newer." in said.err
    assert page.read_bytes() == before
    assert run(*again, "--on-conflict", "theirs") == 0
    assert "Theirs." in page.read_text("utf-8")


def test_a_deleted_page_is_not_made_again_but_said_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(tmp_path / "sop")
    assert run("publish", folder, "--target", "filesystem") == 0
    (page,) = (tmp_path / "kb").rglob("index.md")
    page.unlink()
    assert run("publish", folder, "--target", "filesystem") == 3
    assert "deleted" in capsys.readouterr().err
    assert list((tmp_path / "kb").rglob("index.md")) == []


def test_progress_is_one_json_object_a_line_or_a_line_where_a_stage_begins_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    told = [Progress(stage="listen", fraction=f, stages={"listen": f}, seconds_left=9.0) for f in (0.2, 0.6, 1.0)]
    with shown("json") as tell:
        for progress in told:
            tell(progress)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["stage"], line["fraction"], line["seconds_left"]) for line in lines] == [("listen", f, 9.0) for f in (0.2, 0.6, 1.0)]
    with shown("auto") as tell:  # standard error is no terminal here
        for progress in told:
            tell(progress)
    said = capsys.readouterr()
    assert [line.split("(")[0].strip() for line in said.err.splitlines()] == ["Listening ...", "Listening done"]
    assert said.out == ""

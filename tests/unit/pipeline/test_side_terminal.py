"""Terminal sessions: a real shell typed into, played again to the letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plugin.domain.errors import UnusableRecording
from plugin.domain.recording import container
from plugin.pipeline.artefacts import Action, Reading, Watched
from plugin.pipeline.side import asciicast, session
from plugin.pipeline.side.commands import exact
from plugin.pipeline.side.replay import Ran
from tests import casts

LONG = "echo " + " ".join(f"word{i}" for i in range(20))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "deploy.yaml").write_text("kind: Deployment\nreplicas: 2\n")
    (folder / "deploy.old").write_text("old\n")
    return folder


def entered(path: Path) -> list[tuple[str, str]]:
    return [(ran.text, ran.output) for ran in session.commands(path)]


@pytest.mark.parametrize("version", [2, 3])
def test_commands_and_outputs_are_exact_however_they_were_typed(home: Path, tmp_path: Path, version: int) -> None:
    keys = [
        f"ecko{casts.BACKSPACE}{casts.BACKSPACE}ho one\r",
        "cat deploy.y\t\r",
        f"{LONG}\r",
        f"never run{casts.CONTROL_C}",
        "for i in 1 2; do\r",
        "echo $i\r",
        "done\r",
        "cat nothing\r",
        "printf '50%%\\r100%%\\n'\r",
    ]
    path = casts.record(tmp_path / "s.cast", keys, home=home, version=version)
    shown = LONG.removeprefix("echo ")
    assert entered(path) == [
        ("echo one", "one"),
        ("cat deploy.yaml", "kind: Deployment\nreplicas: 2"),
        (LONG, shown[:80].rstrip() + "\n" + shown[80:]),
        ("for i in 1 2; do\necho $i\ndone", "1\n2"),
        ("cat nothing", "cat: nothing: No such file or directory"),
        ("printf '50%%\\r100%%\\n'", "100%"),
    ]


def test_a_list_of_completions_is_no_command(home: Path, tmp_path: Path) -> None:
    path = casts.record(tmp_path / "s.cast", ["cat deploy.\t\t", "old\r"], home=home)
    assert entered(path) == [("cat deploy.old", "old")]


@pytest.mark.parametrize(
    ("prompt", "program"), [("λ ", "bash"), ("$ ", "sh"), ("[root@db-1 tmp]# ", "bash"), ("\\[\\e[32m\\]me ➜\\[\\e[0m\\] ", "bash")]
)
def test_any_prompt_is_known_by_how_the_shell_waits(home: Path, tmp_path: Path, prompt: str, program: str) -> None:
    path = casts.record(tmp_path / "s.cast", ["echo one\r", "echo two\r"], home=home, prompt=prompt, program=program)
    assert entered(path) == [("echo one", "one"), ("echo two", "two")]


def test_a_scripted_recording_writes_prompt_and_command_at_once(tmp_path: Path) -> None:
    events = [(1.0, "o", "$ make test\r\n"), (2.0, "o", "ok\r\n"), (3.0, "o", "$ make install\r\n"), (4.0, "o", "done\r\n")]
    assert entered(casts.write(tmp_path / "s.cast", events)) == [("make test", "ok"), ("make install", "done")]


def test_markers_and_sizes_are_read(tmp_path: Path) -> None:
    events = [(0.5, "o", "$ "), (1.0, "m", "Look\nhere"), (1.5, "r", "120x30"), (2.0, "o", "ls\r\n"), (2.5, "x", "0")]
    path = casts.write(tmp_path / "s.cast", events, version=3)
    assert [(m.time_s, m.text) for m in session.marks(path).marks] == [(1.0, "Look here")]
    media = session.measure(path)
    assert media.duration_s == 2.0
    assert media.width > 900


def test_each_still_shows_the_lines_that_are_read_from_it(home: Path, tmp_path: Path) -> None:
    path = casts.record(tmp_path / "s.cast", ["cat deploy.yaml\r"], home=home)
    media = session.measure(path)
    folder = tmp_path / "stills"
    folder.mkdir()
    watched, reading = session.watch(path, media, folder), session.read(path)
    assert len(watched.stills) == len(reading.screens) == len(list(folder.glob("*.png")))
    assert [line.text for line in reading.screens[-1].lines][:3] == ["dev@box:~$ cat deploy.yaml", "kind: Deployment", "replicas: 2"]
    from PIL import Image

    with Image.open(folder / watched.stills[-1].path) as image:
        assert image.size == (media.width, media.height)
        x, y, width, height = reading.screens[-1].lines[1].box
        inked = image.crop((x, y, x + width, y + height)).convert("L").getextrema()
        beside = image.crop((x + width + 4, y, image.width, y + height)).convert("L").getextrema()
    assert inked[1] > 150 > beside[1]


def test_a_frame_is_the_screen_at_that_time(tmp_path: Path) -> None:
    path = casts.write(tmp_path / "s.cast", [(1.0, "o", "first"), (5.0, "o", "\x1b[2Jsecond")])
    assert session.frame(path, 2.0) != session.frame(path, 6.0)
    assert session.frame(path, 6.0).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "header"),
        ('{"version": 7, "width": 80, "height": 24}', "version 7"),
        ('{"version": 2, "width": 80000, "height": 24}', "columns"),
        ('{"version": 2, "width": 80, "height": 24}\n[1, "o", "x"]\nnonsense\n[2, "o", "y"]\n', "line 3"),
        ('{"version": 2, "width": 80, "height": 24}\n[-1, "o", "x"]\n', "line 2"),
        ('{"version": 2, "width": 80, "height": 24}\n', "shows nothing"),
    ],
)
def test_what_is_no_session_is_refused_in_words(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "s.cast"
    path.write_text(content)
    with pytest.raises(UnusableRecording, match=words):
        session.measure(path)


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = casts.write(tmp_path / "s.cast", [(1.0, "o", "hello")])
    path.write_text(path.read_text() + '[2.0, "o", "wor')
    assert [e.text for e in asciicast.read_events(path, asciicast.read_header(path))] == ["hello"]


def test_hostile_sequences_neither_stop_nor_fill_the_replay(tmp_path: Path) -> None:
    nasty = [
        "\x1b[999999999@",
        "\x1b[?1;2;3m",
        "\x1b[>4;2m",
        "\x1bP" + "A" * 5000 + "\x1b\\",
        "\x1b]0;title\x07",
        "\x1b[38;2;1m",
        "\x1b[9999;9999H",
        "\x1b[-1;2r",
        "\x9b3J",
    ]
    events = [(0.1 * i, "o", text) for i, text in enumerate([*nasty, "\x1b[2J\x1b[H$ ", "ls\r\n"])]
    assert [text for text, _ in entered(casts.write(tmp_path / "s.cast", events))] == ["ls"]


def test_a_session_is_known_by_its_first_bytes() -> None:
    head = json.dumps({"version": 3, "term": {"cols": 80, "rows": 24}}).encode()
    kind = container(head)
    assert kind is not None
    assert kind.ending == "cast"
    assert container(b'{"schema": "sopwright/sop@1", "version": 1}') is None


def seen(command: str, at: float) -> Action:
    return Action(kind="command", start_s=at, act_s=at, end_s=at + 1, command=command, before=1, after=2)


def ran(text: str, at: float) -> Ran:
    return Ran(prompt="$", text=text, language="bash", start_s=at, enter_s=at + 0.5, end_s=at + 1, output="fatal: no")


def test_a_session_beside_a_video_corrects_what_was_read_and_keeps_its_times() -> None:
    click = Action(kind="click", start_s=21, act_s=22, end_s=23, target="Save")
    pixels = [seen("kubect1 get p0ds", 12.0), click, seen("kubectl app1y -f x.yam1", 32.0), seen("top", 90.0)]
    known = [ran("kubectl get pods", 2.0), ran("kubectl apply -f x.yaml", 22.0), ran("kubectl rollout status deploy/x", 30.0)]
    found = exact(pixels, known, Watched(width=10, height=10, duration_s=100), Reading(), same_clock=False)
    assert [(a.command or a.target, a.act_s) for a in found] == [
        ("kubectl get pods", 12.0),
        ("Save", 22),
        ("kubectl apply -f x.yaml", 32.0),
        ("kubectl rollout status deploy/x", 40.0),
        ("top", 90.0),
    ]
    assert found[0].trouble

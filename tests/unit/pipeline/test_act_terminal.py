"""Commands from stills of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from plugin.pipeline.act import prompts, terminal
from plugin.pipeline.act.confusables import settled
from plugin.pipeline.act.stage import find_actions
from plugin.pipeline.artefacts import Action, Line, Reading, Screen, Still, Watched

_PITCH, _HIGH = 10, 20


def screen(index: int, rows: Sequence[str], left: int = 20) -> Screen:
    lines = tuple(Line(box=(left, 40 + i * 24, max(1, len(row) * _PITCH - 1), _HIGH), text=row) for i, row in enumerate(rows) if row)
    return Screen(still=index, time_s=index * 10.0, lines=lines)


def told(*stills: Sequence[str], columns: int = 80) -> list[Action]:
    rests = tuple(Still(time_s=i * 10.0, until_s=i * 10.0 + 6, path="") for i in range(len(stills)))
    watched = Watched(width=1000, height=700, duration_s=10.0 * len(stills), stills=rests)
    ground = np.full((700, 1000), 20, np.uint8)
    ground[:, 20 + columns * _PITCH :] = 200
    reading = Reading(screens=tuple(screen(i, rows) for i, rows in enumerate(stills)))
    return list(find_actions(watched, reading, lambda _: ground).actions)


def test_a_command_counts_when_it_was_entered_with_its_output() -> None:
    (action,) = told(["ops@host:~$"], ["ops@host:~$ df -h"], ["ops@host:~$ df -h", "Filesystem Size", "/dev/sda1 40G", "ops@host:~$"])
    assert (action.kind, action.command, action.output) == ("command", "df -h", "Filesystem Size\n/dev/sda1 40G")
    assert action.act_s == 6.0
    assert (action.before, action.after) == (0, 2)


def test_a_command_that_was_never_entered_is_none() -> None:
    assert told(["ops@host:~$"], ["ops@host:~$ rm -rf /srv"], ["ops@host:~$"]) == []


def test_scrolling_and_clearing_lose_nothing_and_double_nothing() -> None:
    actions = told(
        ["ops@host:~$"], ["ops@host:~$ one", "1", "ops@host:~$"], ["ops@host:~$ one", "1", "ops@host:~$ two", "2", "ops@host:~$"],
        ["2", "ops@host:~$ three", "3", "ops@host:~$"], ["ops@host:~$ four", "4", "ops@host:~$"],
    )  # fmt: skip
    assert [a.command for a in actions] == ["one", "two", "three", "four"]


def test_a_typing_mistake_that_was_corrected_before_enter_is_gone() -> None:
    actions = told(["ops@host:~$"], ["ops@host:~$ git comit -m x"], ["ops@host:~$ git commit -m x", "[main 1] x", "ops@host:~$"])
    assert [a.command for a in actions] == ["git commit -m x"]


def test_a_wrapped_command_is_joined_without_a_space() -> None:
    command = "curl -fsS https://example.com/api/v1/reload?service=billing"
    row = "ops@host:~$ " + command
    actions = told(["ops@host:~$"], [row[:50], row[50:], "ok", "ops@host:~$"], columns=50)
    assert [a.command for a in actions] == [command]


def test_letters_are_voted_over_all_stills() -> None:
    bad, good = ["ops@host:~$ cat O.txt", "x", "ops@host:~$"], ["ops@host:~$ cat 0.txt", "x", "ops@host:~$"]
    assert [a.command for a in told(["ops@host:~$"], bad, good, good)] == ["cat 0.txt"]


def test_a_failed_command_that_was_repeated_corrected_is_taken_back() -> None:
    first, second = told(
        ["ops@host:~$"],
        ["ops@host:~$ git tag v1.0.0", "fatal: tag 'v1.0.0' already exists", "ops@host:~$"],
        ["ops@host:~$ git tag v1.0.0", "fatal: tag 'v1.0.0' already exists", "ops@host:~$ git tag v1.0.1", "ops@host:~$"],
    )
    assert (first.taken_back, first.trouble) == (True, True)
    assert (second.taken_back, second.trouble) == (False, False)


@pytest.mark.parametrize(
    ("row", "language", "rest"),
    [
        ("root@db-1:/var/lib# systemctl stop x", "bash", "systemctl stop x"),
        ("[dev@box src]$ make", "bash", "make"),
        (r"PS C:\Users\dev> Get-Service", "powershell", "Get-Service"),
        ("shop=# select 1;", "sql", "select 1;"),
        ("mysql> show tables;", "sql", "show tables;"),
        (">>> print(1)", "python", "print(1)"),
        ("(venv) dev@box:~/app$ pytest", "bash", "pytest"),
    ],
)
def test_prompts_of_many_programs_are_known(row: str, language: str, rest: str) -> None:
    prompt = prompts.split(row)
    assert prompt is not None
    assert (prompt.language, prompt.rest) == (language, rest)


def test_an_editor_tells_search_change_save_and_exit() -> None:
    shell = ["ops@host:~$ nano app.conf"]
    head, keys = "  GNU nano 7.2", ["^G Help", "^X Exit"]
    body, changed = ["port = 80", "root = /srv/v1"], ["port = 80", "root = /srv/v2"]
    actions = told(
        ["ops@host:~$"], shell, [head, *body, "", "", "", *keys], [head, *body, "", "Search: v1", *keys],
        [head, *changed, "", "", *keys], [head, *changed, "", "[ Wrote 2 lines ]", *keys], [*shell, "ops@host:~$"],
    )  # fmt: skip
    assert [(a.kind, a.command or a.value or a.keys) for a in actions] == [
        ("command", "nano app.conf"), ("key", "v1"), ("type", "v2"), ("key", ("Ctrl+O", "Enter")), ("key", ("Ctrl+X",)),
    ]  # fmt: skip
    assert actions[2].target == "root"


def test_prose_is_no_terminal() -> None:
    assert told(["Welcome to the talk", "Costs > 100 $ a month", "Thank you"]) == []


@pytest.mark.parametrize(
    ("rows", "commands"),
    [
        (["web1 ~/site # cp a b", "web1 ~/site # ls", "a  b", "web1 ~/site #"], ["cp a b", "ls"]),
        (["deploy@web ~/site on main", "❯ git pull --ff-only", "Already up to date.", "deploy@web ~/site on main", "❯ git log", "deploy@web ~/site on main", "❯"],
         ["git pull --ff-only", "git log"]),
        (["[[ops@cache]-[~]", "L# redis-cli", "127.0.0.1:6391> CONFIG GET maxmemory [ p a r", '1) "0"', "127.0.0.1:6391> exit", "[ops@cache]-[~]", "# ls"],
         ["redis-cli", "CONFIG GET maxmemory", "exit", "ls"]),
        (["[22:30] root@nas:~# cat agent.conf", "# backup agent", "server = nas", "[22:31] root@nas:~# ls", "a", "[22:31] root@nas:~#"],
         ["cat agent.conf", "ls"]),
        (["root@nas:~# docker exec -it db sh", "# whoami", "root", "# exit", "root@nas:~#"], ["docker exec -it db sh", "whoami", "exit"]),
    ],
)  # fmt: skip
def test_commands_are_found_behind_prompts_of_many_shapes(rows: list[str], commands: list[str]) -> None:
    lines = tuple(Line(box=(20, 20 + 24 * i, 10 * len(row), 18), text=row) for i, row in enumerate(rows))
    (entries,) = terminal.find(Screen(still=0, time_s=0.0, lines=lines), lambda _box: 1200)
    assert [entry.command for entry in entries if entry.command] == commands


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("curl -X P0ST -H 'A: $T0KEN' http://h:80/v0", "curl -X POST -H 'A: $TOKEN' http://h:80/v0"),
        ("redis-cli - -user shop - < a", "redis-cli --user shop - < a"),
        ("chmod 0600 E0F A0B1 x0Y", "chmod 0600 E0F A0B1 x0Y"),
    ],
)
def test_zeros_between_the_capitals_of_a_name_are_letters(read: str, meant: str) -> None:
    assert settled(read) == meant

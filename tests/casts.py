"""Real terminal sessions for tests: a shell on a pseudo terminal, typed into, and written down as asciinema does it."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import time
from collections.abc import Iterable
from pathlib import Path

COLUMNS, ROWS = 80, 24
ENTER, BACKSPACE, TAB, CONTROL_C = "\r", "\x7f", "\t", "\x03"


def record(
    path: Path,
    keys: Iterable[str],
    *,
    home: Path,
    version: int = 2,
    prompt: str = "dev@box:~$ ",
    pause_s: float = 0.35,
    program: str = "bash",
) -> Path:
    """Types each text letter by letter into ``program`` and waits ``pause_s`` after each; the file is ``path``."""
    child, line = pty.fork()
    if child == 0:  # pragma: no cover - the shell
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PS1": prompt, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment |= {"HISTFILE": "/dev/null", "LINES": str(ROWS), "COLUMNS": str(COLUMNS)}
        os.chdir(home)
        arguments = {"bash": ["bash", "--norc", "--noprofile", "-i"], "sh": ["sh", "-i"]}[program]
        os.execvpe(arguments[0], arguments, environment)
    import fcntl
    import struct
    import termios

    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began, events = time.monotonic(), []

    def listen(seconds: float) -> None:
        until = time.monotonic() + seconds
        waiting = select.poll()  # select() itself knows no file beyond the thousandth
        waiting.register(line, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            if waiting.poll(1000 * left):
                try:
                    data = os.read(line, 65536)
                except OSError:
                    return
                events.append((time.monotonic() - began, "o", data.decode("utf-8", "replace")))

    listen(0.5)
    for text in keys:
        if text.startswith("MARK "):
            events.append((time.monotonic() - began, "m", text[5:]))
            continue
        for key in text:
            os.write(line, key.encode())
            listen(0.015)
        listen(pause_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(line)
    return write(path, events, version=version)


def write(path: Path, events: Iterable[tuple[float, str, str]], *, version: int = 2, columns: int = COLUMNS, rows: int = ROWS) -> Path:
    """The file with these events, whose times count from the start."""
    size = {"width": columns, "height": rows} if version == 2 else {"term": {"cols": columns, "rows": rows, "type": "xterm-256color"}}
    lines, last_s = [json.dumps({"version": version, **size, "timestamp": 1700000000})], 0.0
    for time_s, code, text in events:
        lines.append(json.dumps([round(time_s - (last_s if version == 3 else 0.0), 6), code, text]))
        last_s = time_s
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path

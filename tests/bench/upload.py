"""An upload of 2 GB over a line that is cut 50 times: byte-equal, and how much memory the server needs. ``python -m tests.bench.upload [gunicorn|waitress] [--gigabytes N] [--cuts N]``.

Client, proxy and server are processes or sockets of their own; the server's memory is what the operating system says of its processes, every 0.2 s.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import requests

from plugin import bootstrap, settings
from plugin.services import people
from plugin.store import migrate
from tests.served import served
from tests.tus_client import TusClient
from tests.weather import CuttingProxy

HEAD = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
BLOCK_BYTES = 2**20
BAR_MB = 200.0
PASSWORD = "a long enough passphrase"


class Recording(BufferedIOBase):
    """A recording of any length that is made while it is read: the same bytes each time, none of them kept."""

    def __init__(self, length: int) -> None:
        self.length, self._at = length, 0
        self._held: tuple[int, bytes] = (-1, b"")

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        left = self.length - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        out = bytearray()
        while len(out) < wanted:
            number, inside = divmod(self._at, BLOCK_BYTES)
            piece = self._block(number)[inside : inside + wanted - len(out)]
            out += piece
            self._at += len(piece)
        return bytes(out)

    def sha256(self) -> str:
        digest = hashlib.sha256()
        self.seek(0)
        while piece := self.read(BLOCK_BYTES):
            digest.update(piece)
        return digest.hexdigest()

    def _block(self, number: int) -> bytes:
        if self._held[0] != number:
            block = random.Random(number).randbytes(BLOCK_BYTES)
            self._held = (number, HEAD + block[len(HEAD) :] if number == 0 else block)
        return self._held[1]


@dataclass(slots=True)
class Memory:
    """Resident megabytes of a process and its children, the most of them since ``watch`` began."""

    process_id: int
    most_mb: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def now_mb(self) -> float:
        return sum(_resident_mb(pid) for pid in (self.process_id, *_children(self.process_id)))

    @contextmanager
    def watch(self) -> Iterator[None]:
        def look() -> None:
            while not self._stop.wait(0.2):
                self.most_mb = max(self.most_mb, self.now_mb())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


def _resident_mb(process_id: int) -> float:
    """Of anonymous memory only: pages of files that are being written are the kernel's to give back."""
    try:
        for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except FileNotFoundError:
        pass
    return 0.0


def _children(process_id: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]
    except FileNotFoundError:
        return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", default=["gunicorn", "waitress"])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--cuts", type=int, default=50)
    o = parser.parse_args()
    return max(measure(server, int(o.gigabytes * 1e9), o.cuts) for server in o.servers)


def measure(server: Any, length: int, cuts: int) -> int:
    """Prints one row; 1 where a bar was missed."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        token = _token(data)
        chance = random.Random(1)
        # Cut anywhere, also within the first bytes of a piece; all cuts fall within the recording.
        raw = [chance.random() ** 2 for _ in range(cuts)]
        places = [max(64, int(0.95 * length * r / sum(raw))) for r in raw]
        with served(data, server, _free_port()) as web, CuttingProxy(web.port, places) as proxy:
            memory = Memory(web.process.pid)
            requests.get(f"{web.url}/readyz", timeout=30)
            idle_mb = memory.now_mb()
            recording = Recording(length)
            began = time.perf_counter()
            with memory.watch():
                # Waitress takes a request in whole before it counts, so pieces are small there, as the pages send them.
                client = TusClient(
                    url=f"http://127.0.0.1:{proxy.port}", token=token, chunk_bytes=None if server == "gunicorn" else 8 * 2**20
                )
                state = client.upload(recording, length, attempts=20_000)
            seconds = time.perf_counter() - began
            stored = _sha256(web.url, token, state["recording_id"])
        equal, grown_mb = stored == recording.sha256(), memory.most_mb - idle_mb
        print(
            f"{server:<9} {length / 1e9:.1f} GB, {proxy.cut} cuts, {seconds:6.1f} s, {'byte-equal' if equal else 'NOT EQUAL'}, "
            f"server {idle_mb:.0f} MB idle, +{grown_mb:.0f} MB at most",
            flush=True,
        )
        return 0 if equal and grown_mb < BAR_MB and proxy.cut >= cuts else 1


def _token(data: Path) -> str:
    deps = bootstrap.build(
        settings.load({}, data_dir=data, first_admin_email="admin@example.com", first_admin_password=PASSWORD, min_free_bytes=0)
    )
    migrate.upgrade(deps.database)
    people.ensure_first_admin(deps)
    caller = people.sign_in(deps, email="admin@example.com", password=PASSWORD).caller
    secret = people.make_token(deps, caller, name="bench").secret
    deps.database.close()
    return secret or ""


def _sha256(url: str, token: str, recording_id: str) -> str:
    digest = hashlib.sha256()
    address = f"{url}/api/v1/recordings/{recording_id}/media"
    with requests.get(address, headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=60) as answer:
        for piece in answer.iter_content(BLOCK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())

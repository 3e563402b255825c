"""Files on their way to a target: sent while they are read, whole each time, never more or less than was promised."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.errors import Reject
from connectors.multipart import Form
from connectors.transport import Door

MIB = 1024 * 1024


class Sink:
    """Keeps no body longer than 64 KiB, except small ones; answers with ``statuses`` in turn, then 200."""

    def __init__(self) -> None:
        self.bodies: list[tuple[int, str, bytes, str]] = []  # size, SHA-256, the body where it is small, its type
        self.statuses: list[int] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = left = int(self.headers["Content-Length"])
                digest, kept = hashlib.sha256(), b""
                while left:
                    piece = self.rfile.read(min(left, 64 * 1024))
                    if not piece:
                        break
                    digest.update(piece)
                    left -= len(piece)
                    kept = kept + piece if size < MIB else b""
                if left:
                    return
                sink.bodies.append((size, digest.hexdigest(), kept, self.headers["Content-Type"]))
                self.send_response(sink.statuses.pop(0) if sink.statuses else 200)
                self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def door(sink: Sink) -> Iterator[Door]:
    with Door(f"http://127.0.0.1:{sink.http.server_port}", connector="test", allow_private=True, sleep=lambda _: None) as made:
        yield made


def form(pieces: list[bytes], *, size_bytes: int | None = None, filename: str = "step-01.png") -> Form:
    size = sum(map(len, pieces)) if size_bytes is None else size_bytes
    return Form({"comment": "grün"}, field="file", filename=filename, media_type="image/png", size_bytes=size, stream=lambda: pieces)


def send(door: Door, what: Form) -> int:
    return door.request("POST", "upload", data=what, headers={"Content-Type": what.content_type}).status_code


def test_the_form_says_what_was_put_into_it(sink: Sink, door: Door) -> None:
    assert send(door, form([b"\r\n--", b"picture"], filename='a"b.png')) == 200
    size, _, body, kind = sink.bodies[0]
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    comment, file = message.get_payload()
    assert (comment.get_payload(decode=True).decode(), comment.get_content_charset()) == ("grün", "utf-8")
    assert (file.get_payload(decode=True), file.get_content_type(), file.get_filename()) == (b"\r\n--picture", "image/png", "a%22b.png")
    assert size == len(body)


def test_the_size_of_a_file_costs_no_memory(sink: Sink, door: Door) -> None:
    piece, count = bytes(256 * 1024), 4 * 96

    def pieces() -> Iterator[bytes]:
        return (piece for _ in range(count))

    large = Form({}, field="file", filename="large.png", media_type="image/png", size_bytes=count * len(piece), stream=pieces)
    send(door, form([b"warm"]))
    tracemalloc.start()
    try:
        assert send(door, large) == 200
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sink.bodies[-1][0] > 96 * MIB
    assert peak < 2 * MIB


def test_where_the_target_asks_for_patience_the_file_is_sent_whole_again(sink: Sink, door: Door) -> None:
    sink.statuses = [429, 429]
    assert send(door, form([b"one", b"two"] * 50_000)) == 200
    assert len(sink.bodies) == 3
    assert len({digest for _, digest, *_ in sink.bodies}) == 1


@pytest.mark.parametrize("size_bytes", [5, 7])
def test_a_file_of_another_size_than_promised_is_refused_and_the_connection_goes_on(sink: Sink, door: Door, size_bytes: int) -> None:
    with pytest.raises(Reject, match="another size"):
        send(door, form([b"123", b"456"], size_bytes=size_bytes))
    assert sink.bodies == []
    assert send(door, form([b"123"])) == 200

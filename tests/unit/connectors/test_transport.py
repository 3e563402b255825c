"""The HTTP door against a real server on the loopback."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.addresses import base_url, is_public
from connectors.errors import Misconfigured, Reject, Retry
from connectors.transport import Door, Limits, parsed, retry_after_s

Handle = Callable[[BaseHTTPRequestHandler], None]


class Server:
    def __init__(self) -> None:
        self.script: list[Handle] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.seen.append((self.command, self.path, dict(self.headers)))
                (outer.script.pop(0) if outer.script else say(200))(self)

            do_GET = do_POST = do_PUT = _any  # noqa: N815  names of the standard library

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def say(status: int, body: bytes = b"{}", **headers: str) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return handle


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


def cut(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b'{"half":')
    request.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def door(server: Server, slept: list[float]) -> Iterator[Door]:
    door = Door(server.url, connector="test", allow_private=True, sleep=slept.append, jitter=lambda: 1.0)
    yield door
    door.close()


def test_it_counts_what_it_sends_and_what_may_have_written(door: Door) -> None:
    with door.tally() as tally:
        door.get("a")
        door.post("b", json={})
        door.request("POST", "query", reads=True)
    assert (tally.requests, tally.writes) == (3, 1)


def test_a_small_body_does_not_wait_for_the_acknowledgement_of_its_headers(door: Door, server: Server) -> None:
    door.post("a", json={})
    pools = door.get_adapter(server.url).poolmanager.pools  # type: ignore[attr-defined]  # of the pinned adapter
    kept = [connection.sock for key in pools.keys() for connection in pools[key].pool.queue if connection is not None]  # noqa: SIM118 - no mapping
    assert [sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for sock in kept] == [1]


@pytest.mark.parametrize("fault", [say(500), say(503), hang_up, cut])
def test_a_read_is_tried_again_after_a_fault(door: Door, server: Server, fault: Handle) -> None:
    server.script = [fault, say(200, b'{"ok": true}')]
    assert parsed(door.get("a"), connector="test", operation="read") == {"ok": True}
    assert len(server.seen) == 2


@pytest.mark.parametrize("fault", [say(500), say(503), hang_up, cut])
def test_a_write_is_never_sent_twice_because_the_first_may_have_been_carried_out(door: Door, server: Server, fault: Handle) -> None:
    server.script = [fault]
    with pytest.raises(Retry) as caught:
        door.post("a", json={})
    assert len(server.seen) == 1
    assert caught.value.after_s > 0


def test_a_short_retry_after_is_waited_for_with_any_method(door: Door, server: Server, slept: list[float]) -> None:
    server.script = [say(429, Retry_After="2"), say(429, Retry_After="3")]
    assert door.post("a", json={}).status_code == 200
    assert slept == [2.0, 3.0]


@pytest.mark.parametrize("value", ["120", "3600"])
def test_a_long_retry_after_goes_back_to_the_job_and_no_worker_sleeps(door: Door, server: Server, slept: list[float], value: str) -> None:
    server.script = [say(429, Retry_After=value)]
    with pytest.raises(Retry) as caught:
        door.get("a")
    assert caught.value.after_s == float(value)
    assert slept == []


@pytest.mark.parametrize("value", ["", "soon", "nan"])
def test_a_retry_after_without_sense_falls_back_to_own_waits(door: Door, server: Server, slept: list[float], value: str) -> None:
    server.script = [say(429, Retry_After=value)]
    assert door.get("a").status_code == 200
    assert slept == [1.0]


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert retry_after_s({"Retry-After": "Tue, 24 Nov 2026 12:02:00 GMT"}, now) == 120.0
    assert retry_after_s({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}, now) == 0.0
    assert retry_after_s({"Retry-After": "1e300"}, now) == 24 * 3600.0


def test_after_the_last_try_the_job_gets_it_back(door: Door, server: Server) -> None:
    server.script = [say(503)] * 4
    with pytest.raises(Retry):
        door.get("a")
    assert len(server.seen) == 4


def test_a_redirect_is_not_followed_and_the_credential_stays_here(door: Door, server: Server) -> None:
    door.headers["Authorization"] = "Bearer secret"
    other = Server()
    try:
        server.script = [say(302, Location=f"{other.url}/internal")]
        assert door.get("a").status_code == 302
        assert other.seen == []
    finally:
        other.close()


@pytest.mark.parametrize("url", ["http://example.com/next", "http://127.0.0.1:1/next", "https://127.0.0.1/next", "http://user@127.0.0.1/x"])
def test_an_address_from_an_answer_that_leads_elsewhere_is_refused(door: Door, server: Server, url: str) -> None:
    with pytest.raises(Reject):
        door.get(url)
    assert server.seen == []


def test_an_answer_may_not_be_larger_than_its_limit(server: Server) -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    server.script = [say(200, bomb, Content_Encoding="gzip")]
    with Door(server.url, connector="test", allow_private=True, limits=Limits(answer_bytes=1_000_000)) as door, pytest.raises(Reject):
        door.get("a")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_drips_is_cut_as_a_whole(server: Server, part: str) -> None:
    stop = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 99999\r\n\r\n" if part == "body" else b""))
        try:
            while not stop.wait(0.02):
                request.wfile.write(b"x: 1\r\n" if part == "headers" else b"x")
        except OSError:
            pass
        request.close_connection = True

    server.script = [drip]
    started = time.monotonic()
    with Door(server.url, connector="test", allow_private=True, limits=Limits(answer_s=0.3, tries=1)) as door, pytest.raises(Retry):
        door.get("a")
    stop.set()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b'{"half":', b"[" * 100_000])
def test_an_answer_that_is_no_data_is_never_success(door: Door, server: Server, body: bytes) -> None:
    server.script = [say(200, body)]
    with pytest.raises(Retry):
        parsed(door.get("a"), connector="test", operation="read")


def test_a_private_address_is_refused_before_a_byte_is_sent(server: Server) -> None:
    port = server.http.server_port
    door = Door(f"https://knowledge.example.com:{port}", connector="test", lookup=lambda host, port: ["127.0.0.1"])
    with door, pytest.raises(Reject, match="private network"):
        door.get("a")
    assert server.seen == []


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(server: Server) -> None:
    answers = [["203.0.113.9", "127.0.0.1"]]
    door = Door("https://knowledge.example.com", connector="test", lookup=lambda host, port: answers.pop(0))
    with door, pytest.raises(Reject):
        door.get("a")
    assert answers == []  # resolved once only, every address of the answer was checked


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_private_addresses_are_known_in_every_disguise(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_let_through(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "example.com", "https://", "https://user:pw@example.com", "https://example.com/?a=1", "http://example.com", "https://localhost", "https://localhost./wiki", "https://example.com:0", "https://example.com:99999999"],
)  # fmt: skip
def test_a_base_address_that_cannot_be_right_is_told_at_once(url: str) -> None:
    with pytest.raises(Misconfigured):
        base_url(url, allow_private=False)


def test_number_forms_of_loopback_are_caught_by_what_they_resolve_to() -> None:
    with Door("https://2130706433", connector="test") as door, pytest.raises(Reject):
        door.get("a")


def test_requests_are_paced(server: Server) -> None:
    slept: list[float] = []
    clock = iter(float(n) / 1000 for n in range(1000))
    with Door(
        server.url, connector="test", allow_private=True, limits=Limits(requests_per_s=2), sleep=slept.append, monotonic=lambda: next(clock)
    ) as door:
        for _ in range(3):
            door.get("a")
    assert [round(s, 1) for s in slept] == [0.5, 1.0]


def test_no_message_tells_the_query_or_the_credential(server: Server) -> None:
    server.close()
    with Door(server.url, connector="test", allow_private=True, sleep=lambda s: None) as door:
        door.headers["Authorization"] = "Bearer canary-token"
        with pytest.raises(Retry) as caught:
            door.get("a?secret=canary-query")
    assert "canary" not in str(caught.value)

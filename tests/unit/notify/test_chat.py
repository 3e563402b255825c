from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from plugin.domain.errors import Invalid
from plugin.notify.chat import ChatNotifier
from plugin.notify.contract import Message, Undeliverable

# apprise imports a module that Python is about to drop
pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")
SCHEMES = ["json", "slack", "mmost"]


@pytest.fixture
def room() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A chat server that keeps what it is told."""
    told: list[dict[str, str]] = []

    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Room)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_reaches_the_room(room: tuple[str, list[dict[str, str]]]) -> None:
    address, told = room
    ChatNotifier(SCHEMES, allow_private=True).send(Message(id="m", address=address, subject="Review due", text="Hello Ada"))
    assert (told[0]["title"], told[0]["message"]) == ("Review due", "Hello Ada")


def test_the_private_network_is_refused_unless_the_operator_allows_it(room: tuple[str, list[dict[str, str]]]) -> None:
    address, told = room
    with pytest.raises(Undeliverable) as refused:
        ChatNotifier(SCHEMES).send(Message(id="m", address=address, subject="x", text="y"))
    assert refused.value.permanent
    assert told == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "[::1]", "rebind.example.com"])
def test_hosts_inside_are_refused_by_what_their_name_resolves_to(host: str) -> None:
    def lookup(name: str, _: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"] if name == "rebind.example.com" else [{"localhost": "127.0.0.1"}.get(name, name)]

    with pytest.raises(Invalid):
        ChatNotifier(SCHEMES, lookup=lookup).check(f"json://{host}/")


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "syslog://", "gotify://host/token", "http://x", "slack://", "nonsense", "json://[::"]
)
def test_schemes_that_are_not_listed_and_incomplete_addresses_are_refused(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        ChatNotifier(SCHEMES).check(address)
    assert address not in refused.value.message_for_user

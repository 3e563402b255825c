"""Connections that go to a checked address and cannot be held open by a slow answer. Knows urllib3 and requests; no policy."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from connectors import addresses


class SlowAnswer(OSError):
    """An answer that came too slowly as a whole, although its single bytes came in time."""


class _Guard:
    """Settings of one adapter, handed to each of its connections."""

    def __init__(self, *, allow_private: bool, lookup: addresses.Resolve, headers_s: float) -> None:
        self.allow_private = allow_private
        self.lookup = lookup
        self.headers_s = headers_s

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """A socket to the first checked address that answers; names are resolved here and nowhere else."""
        port = connection.port or connection.default_port
        host = connection.host.strip("[]")
        failure: OSError | None = None
        for address in addresses.checked(host, port, allow_private=self.allow_private, lookup=self.lookup):
            try:
                timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
                made = socket.create_connection((address, port), timeout)
                # Without it a body waits some 40 ms for the acknowledgement of its headers, at each write.
                for option in connection.socket_options or ():
                    made.setsockopt(*option)
                return made
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(connection, "connecting took too long") from failure
        raise NewConnectionError(connection, "no connection") from failure

    def timed(self, connection: HTTPConnection, read: Any) -> BaseHTTPResponse:
        """Reads status and headers; cuts the connection when they take longer than ``headers_s`` together."""
        sock, expired = connection.sock, threading.Event()

        def cut() -> None:
            expired.set()
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.headers_s, cut)
        timer.daemon = True
        timer.start()
        try:
            answer: BaseHTTPResponse = read()
        except Exception as error:
            if expired.is_set():
                raise SlowAnswer("the answer's headers took too long") from error
            raise
        finally:
            timer.cancel()
        if expired.is_set():  # a cut connection looks like the end of the headers
            answer.close()
            raise SlowAnswer("the answer's headers took too long")
        return answer


def _pools(guard: _Guard) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect(self)

        def getresponse(self) -> Any:
            return guard.timed(self, super().getresponse)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect(self)

        def getresponse(self) -> Any:
            return guard.timed(self, super().getresponse)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


class PinnedAdapter(HTTPAdapter):
    """Mounts the above into a requests session; no retries of its own."""

    def __init__(self, *, allow_private: bool, lookup: addresses.Resolve, headers_s: float) -> None:
        self._guard = _Guard(allow_private=allow_private, lookup=lookup, headers_s=headers_s)
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard)

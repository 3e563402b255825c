"""Bad networks for tests: a proxy on this machine that passes bytes on and cuts the line after as many as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Self


class CuttingProxy:
    """After the next number of ``cuts`` bytes from the client, counted over as many connections as it takes, both ends of the line are reset.

    When the numbers are used up, lines hold.
    """

    def __init__(self, port: int, cuts: Iterable[int]) -> None:
        self._target = port
        self._cuts: Iterator[int] = iter(cuts)
        self._guard = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.cut = 0
        self._lines: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()
        _end(*self._lines)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._lines += [client, server]
                threading.Thread(target=self._pass, args=(server, client), daemon=True).start()
                threading.Thread(target=self._pass_and_cut, args=(client, server), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _end(source, sink)

    def _pass_and_cut(self, client: socket.socket, server: socket.socket) -> None:
        with self._guard:
            left = next(self._cuts, None)
        try:
            while data := client.recv(65536 if left is None else min(65536, left)):
                server.sendall(data)
                if left is not None:
                    left -= len(data)
                    if left <= 0:
                        with self._guard:
                            self.cut += 1
                        _end(client, server)
                        return
            server.shutdown(socket.SHUT_WR)
        except OSError:
            # A server that does not want the rest has closed its end: the client must hear of it.
            _end(client, server)
        finally:
            if left is not None and left > 0:
                with self._guard:
                    self._cuts = chain([left], self._cuts)


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

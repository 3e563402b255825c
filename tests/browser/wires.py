"""A TCP proxy that cuts lines, for uploads that must survive it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CuttingProxy:
    """Passes bytes on to ``target_port``; after every ``cut_after_bytes`` from a client the line is cut hard, ``cuts`` times in all."""

    def __init__(self, target_port: int, *, cut_after_bytes: int, cuts: int) -> None:
        self._target_port, self._cut_after_bytes = target_port, cut_after_bytes
        self.cuts_left = cuts
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target_port))
            for source, sink, counts in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, sink, counts), daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(16 * 1024):
                passed += len(data)
                if counts and passed > self._cut_after_bytes and self._may_cut():
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _may_cut(self) -> bool:
        with self._lock:
            self.cuts_left -= 1
            return self.cuts_left >= 0


@contextmanager
def cutting(target_port: int, *, cut_after_bytes: int, cuts: int) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target_port, cut_after_bytes=cut_after_bytes, cuts=cuts)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(timeout=5)

"""A plain tus client for tests: goes on after every cut, as browsers do."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from typing import Any

import requests

_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(slots=True, kw_only=True)
class TusClient:
    """``url`` is the address of the service, perhaps through a proxy. ``resumed`` counts how often the upload had to be taken up again."""

    url: str
    token: str
    chunk_bytes: int | None = None
    resumed: int = 0
    log: list[str] = field(default_factory=list)

    def upload(self, source: BufferedIOBase, length: int, attempts: int = 500) -> dict[str, Any]:
        """Sends all of ``source`` and returns what became of it."""
        location = self._create(length)
        for _ in range(attempts):
            offset = self._offset(location)
            if offset == length:
                answer = requests.get(self.url + location, headers=self._headers(), timeout=60)
                answer.raise_for_status()
                state: dict[str, Any] = answer.json()
                return state
            self._send(location, source, offset, length)
        raise AssertionError(f"not done after {attempts} attempts: {self.log[-5:]}")

    def _headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **_TUS, **{name.replace("_", "-"): value for name, value in more.items()}}

    def _create(self, length: int) -> str:
        answer = self._again("POST", "/api/v1/uploads", Upload_Length=str(length))
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def _offset(self, location: str) -> int:
        answer = self._again("HEAD", location)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["Upload-Offset"])

    def _again(self, method: str, path: str, **headers: str) -> requests.Response:
        for _ in range(50):
            try:
                return requests.request(method, self.url + path, headers=self._headers(**headers), timeout=60)
            except requests.ConnectionError as error:
                self.log.append(type(error).__name__)
        raise AssertionError(f"no answer to {method}")

    def _send(self, location: str, source: BufferedIOBase, offset: int, length: int) -> None:
        amount = length - offset if self.chunk_bytes is None else min(self.chunk_bytes, length - offset)
        source.seek(offset)
        body = _Part(source, amount)
        headers = self._headers(Upload_Offset=str(offset), Content_Type="application/offset+octet-stream", Content_Length=str(amount))
        try:
            answer = requests.patch(self.url + location, data=body, headers=headers, timeout=60)
            self.log.append(str(answer.status_code))
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, http.client.HTTPException, OSError) as error:
            self.resumed += 1
            self.log.append(type(error).__name__)


class _Part:
    """A part of a file as a request body that is never held in memory whole."""

    def __init__(self, source: BufferedIOBase, left: int) -> None:
        self._source = source
        self._left = left

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        data = self._source.read(size)
        self._left -= len(data)
        return data


def of_bytes(data: bytes) -> BufferedIOBase:
    return BytesIO(data)

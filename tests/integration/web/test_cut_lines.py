"""Real servers, real sockets, a proxy that cuts the line: the bytes arrive, and nobody who fell silent holds anything up."""

from __future__ import annotations

import hashlib
import random
import socket
import time
from pathlib import Path

import pytest
import requests

from tests.integration.web.conftest import House
from tests.served import served
from tests.tus_client import TusClient, of_bytes
from tests.weather import CuttingProxy

HEAD = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"


def _recording(size_bytes: int) -> bytes:
    return HEAD + random.Random(7).randbytes(size_bytes - len(HEAD))


def _data(house: House) -> Path:
    house.deps.database.close()
    return house.deps.settings.data_dir


def _sha256(url: str, token: str, recording_id: str) -> str:
    answer = requests.get(f"{url}/api/v1/recordings/{recording_id}/media", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    return hashlib.sha256(answer.content).hexdigest()


@pytest.mark.parametrize(("server", "chunk_bytes"), [("gunicorn", None), ("gunicorn", 700_000), ("waitress", 300_000)])
def test_an_upload_over_a_line_that_is_cut_again_and_again_arrives_whole(
    house: House, unused_port: int, server: str, chunk_bytes: int | None
) -> None:
    data = _recording(6_000_000)
    token = house.ours["author"].token
    with (
        served(_data(house), server, unused_port) as web,  # type: ignore[arg-type]  # one of the two literals
        CuttingProxy(web.port, [100_000, 1_200_000, 64, 900_000, 400, 1_500_000, 333_333]) as proxy,
    ):
        client = TusClient(url=f"http://127.0.0.1:{proxy.port}", token=token, chunk_bytes=chunk_bytes)
        state = client.upload(of_bytes(data), len(data))
        assert state["state"] == "done"
        assert proxy.cut >= 2
        assert _sha256(web.url, token, state["recording_id"]) == hashlib.sha256(data).hexdigest()


def test_what_arrived_before_the_cut_need_not_be_sent_again(house: House, unused_port: int) -> None:
    data = _recording(3_000_000)
    token = house.ours["author"].token
    with served(_data(house), "gunicorn", unused_port) as web:
        bearer = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        location = requests.post(f"{web.url}/api/v1/uploads", headers={**bearer, "Upload-Length": str(len(data))}, timeout=10).headers[
            "Location"
        ]
        line = _half_a_patch(web.port, location, token, data, 2_000_000)
        line.close()
        assert _settled_offset(web.url + location, bearer, 1_900_000) <= 2_000_000


def test_a_silent_sender_whom_nobody_noticed_holds_nothing_up(house: House, unused_port: int) -> None:
    data = _recording(3_000_000)
    token = house.ours["author"].token
    with served(_data(house), "gunicorn", unused_port) as web:
        bearer = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        url = (
            web.url
            + requests.post(f"{web.url}/api/v1/uploads", headers={**bearer, "Upload-Length": str(len(data))}, timeout=10).headers[
                "Location"
            ]
        )
        silent = _half_a_patch(web.port, url.removeprefix(web.url), token, data, 1_000_000)
        began = time.monotonic()
        offset = int(requests.head(url, headers=bearer, timeout=10).headers["Upload-Offset"])
        sent = {**bearer, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        assert requests.patch(url, data=data[offset:], headers=sent, timeout=10).status_code == 204
        assert time.monotonic() - began < 5
        silent.sendall(b"late bytes of the dead")
        silent.close()
        recording_id = requests.get(url, headers=bearer, timeout=10).json()["recording_id"]
        assert _sha256(web.url, token, recording_id) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("server", ["gunicorn", "waitress"])
def test_many_slow_senders_leave_room_for_others(house: House, unused_port: int, server: str) -> None:
    token = house.ours["author"].token
    threads = {"SOPWRIGHT_WEB_THREADS": "64"}
    with served(_data(house), server, unused_port, **threads) as web:  # type: ignore[arg-type]  # one of the two literals
        bearer = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        location = requests.post(f"{web.url}/api/v1/uploads", headers={**bearer, "Upload-Length": "1000000"}, timeout=10).headers[
            "Location"
        ]
        slow = [_half_a_patch(web.port, location, token, _recording(1_000_000), 10) for _ in range(40)]
        began = time.monotonic()
        assert requests.get(f"{web.url}/api/v1/me", headers=bearer, timeout=10).status_code == 200
        assert time.monotonic() - began < 3
        for line in slow:
            line.close()


def _half_a_patch(port: int, location: str, token: str, data: bytes, send_bytes: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    line.sendall(head.encode() + data[:send_bytes])
    return line


def _settled_offset(url: str, bearer: dict[str, str], wanted: int) -> int:
    offset = 0
    until = time.monotonic() + 10
    while offset < wanted and time.monotonic() < until:
        offset = int(requests.head(url, headers=bearer, timeout=10).headers["Upload-Offset"])
    return offset

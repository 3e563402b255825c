"""Side files by tus: they must be there before the recording's last byte, readable, and one's own."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from plugin.store import tables
from tests.integration.web.conftest import Actor, House, tus_metadata

MEDIA = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(range(256)) * 40
UPLOADS = "/api/v1/uploads"
EVENTS = json.dumps({"type": "mark", "time": 1.5, "text": "Open the list"}).encode()
OCTETS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


def begin(house: House, length: int = len(MEDIA), actor: Actor | None = None, **metadata: str) -> TestResponse:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": tus_metadata(**metadata)}
    return house.call(actor or house.ours["author"], "POST", UPLOADS, headers=headers)


def beside(house: House, whole: str, kind: str, data: bytes, actor: Actor | None = None) -> TestResponse:
    headers = {**OCTETS, "Upload-Length": str(len(data)), "Upload-Metadata": tus_metadata(kind=kind, of=whole.split("/")[-1])}
    return house.call(actor or house.ours["author"], "POST", UPLOADS, data=data, headers=headers)


def finish(house: House, whole: str) -> dict[str, Any]:
    answer = house.call(house.ours["author"], "PATCH", whole, data=MEDIA, headers={**OCTETS, "Upload-Offset": "0"})
    assert answer.status_code == 204, answer.json
    state: dict[str, Any] = house.call(house.ours["author"], "GET", whole).json
    return state


def kept(house: House, recording_id: str) -> dict[str, bytes]:
    with house.deps.database.begin() as session:
        row = session.get(tables.Recording, recording_id)
        assert row is not None
        return {kind: b"".join(house.deps.blobs.read(blob)) for kind, blob in row.side_files.items()}


def test_side_files_are_kept_with_the_recording(house: House) -> None:
    whole = begin(house, filename="a.mp4").headers["Location"]
    assert beside(house, whole, "events", EVENTS).status_code == 201
    captions = b"WEBVTT\n\n00:01.000 --> 00:02.000\nOpen the list.\n"
    assert beside(house, whole, "captions", captions).status_code == 201
    state = finish(house, whole)
    assert kept(house, state["recording_id"]) == {"events": EVENTS, "captions": captions}


def test_the_newest_of_a_kind_counts(house: House) -> None:
    whole = begin(house).headers["Location"]
    beside(house, whole, "events", EVENTS)
    house.clock.forward(seconds=1)
    other = EVENTS.replace(b"list", b"page")
    beside(house, whole, "events", other)
    assert kept(house, finish(house, whole)["recording_id"])["events"] == other


def test_one_that_cannot_be_read_is_refused_with_its_line_and_the_recording_goes_on(house: House) -> None:
    whole = begin(house).headers["Location"]
    answer = beside(house, whole, "events", EVENTS + b'\n{"type": "mark"}')
    assert answer.status_code in (415, 422)
    assert "Line 2" in answer.json["detail"]
    assert beside(house, whole, "cast", b'{"version": 9}').status_code in (415, 422)
    assert kept(house, finish(house, whole)["recording_id"]) == {}


def test_what_it_belongs_to_must_be_open_and_ones_own(house: House) -> None:
    whole = begin(house).headers["Location"]
    assert beside(house, whole, "events", EVENTS, actor=house.ours["admin"]).status_code == 422
    assert beside(house, whole, "events", EVENTS, actor=house.theirs["author"]).status_code == 404
    assert beside(house, whole, "thoughts", EVENTS).status_code == 422
    finish(house, whole)
    late = beside(house, whole, "events", EVENTS)
    assert late.status_code == 422
    assert "before its last byte" in late.json["detail"]


def test_a_side_file_that_is_too_large_is_refused_before_it_is_sent(house: House) -> None:
    whole = begin(house).headers["Location"]
    answer = begin(house, 10**9, kind="events", of=whole.split("/")[-1])
    assert answer.status_code == 422
    assert "50 MB" in answer.json["detail"]


def test_a_known_recording_is_understood_anew_with_a_side_file_that_it_did_not_have(house: House) -> None:
    first = finish(house, begin(house).headers["Location"])
    whole = begin(house).headers["Location"]
    beside(house, whole, "events", EVENTS)
    second = finish(house, whole)
    assert second["recording_id"] == first["recording_id"]
    assert second["job_id"] != first["job_id"]
    assert kept(house, first["recording_id"]) == {"events": EVENTS}


def test_a_terminal_session_is_a_recording(house: House) -> None:
    session = b'{"version": 2, "width": 80, "height": 24}\n[0.5, "o", "$ "]\n[1.0, "o", "ls\\r\\n"]\n'
    headers = {**OCTETS, "Upload-Length": str(len(session)), "Upload-Metadata": tus_metadata(filename="work.cast")}
    whole = house.call(house.ours["author"], "POST", UPLOADS, data=session, headers=headers).headers["Location"]
    state = house.call(house.ours["author"], "GET", whole).json
    assert (
        house.call(house.ours["author"], "GET", f"/api/v1/recordings/{state['recording_id']}").json["media_type"]
        == "application/x-asciicast"
    )
    frame = house.call(house.ours["author"], "GET", f"/api/v1/recordings/{state['recording_id']}/frame?t=0.7")
    assert frame.data.startswith(b"\x89PNG")

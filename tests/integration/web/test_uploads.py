"""Uploads by tus 1.0 over the real application: nothing that arrived is lost, nothing foreign is taken, lies are refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.integration.web.conftest import Actor, House, tus_metadata

MEDIA = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(range(256)) * 40
UPLOADS = "/api/v1/uploads"


def _tus(house: House, method: str, path: str = UPLOADS, *, actor: Actor | None = None, data: bytes = b"", **headers: Any) -> TestResponse:
    sent = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): str(value) for name, value in headers.items()}}
    if method == "PATCH":
        sent.setdefault("Content-Type", "application/offset+octet-stream")
    return house.call(actor or house.ours["author"], method, path, data=data, headers=sent)


def _begin(house: House, length: int = len(MEDIA), **metadata: str) -> str:
    answer = _tus(house, "POST", Upload_Length=length, Upload_Metadata=tus_metadata(**(metadata or {"filename": "a.mp4"})))
    assert answer.status_code == 201, answer.json
    return str(answer.headers["Location"])


def _offset(house: House, path: str) -> int:
    return int(_tus(house, "HEAD", path).headers["Upload-Offset"])


def _files(house: House) -> list[Path]:
    return [p for p in (house.deps.settings.data_dir / "uploads").rglob("*") if p.is_file()]


def test_options_say_what_is_spoken(house: House) -> None:
    answer = house.client().options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination",
    }  # fmt: skip
    assert int(answer.headers["Tus-Max-Size"]) == house.deps.settings.max_upload_bytes


def test_a_recording_comes_in_pieces_and_becomes_a_job(house: House) -> None:
    path = _begin(house, title="Restart the queue", filename="queue.mp4")
    assert _tus(house, "PATCH", path, data=MEDIA[:1000], Upload_Offset=0).headers["Upload-Offset"] == "1000"
    assert _offset(house, path) == 1000
    assert _tus(house, "PATCH", path, data=MEDIA[1000:], Upload_Offset=1000).status_code == 204
    state = house.call(house.ours["author"], "GET", path).json
    assert state["state"] == "done"
    recording = house.call(house.ours["author"], "GET", f"/api/v1/recordings/{state['recording_id']}").json
    assert recording["sha256"] == hashlib.sha256(MEDIA).hexdigest()
    assert recording["filename"] == "queue.mp4"
    assert house.call(house.ours["author"], "GET", f"/api/v1/jobs/{state['job_id']}").json["state"] == "queued"


def test_the_same_bytes_again_answer_with_the_first_ids(house: House) -> None:
    first, second = (_upload(house, MEDIA) for _ in range(2))
    assert second["recording_id"] == first["recording_id"]
    assert second["duplicate"]


def _upload(house: House, data: bytes) -> dict[str, Any]:
    path = _begin(house, len(data))
    assert _tus(house, "PATCH", path, data=data, Upload_Offset=0).status_code == 204
    state: dict[str, Any] = house.call(house.ours["author"], "GET", path).json
    return state


def test_the_first_bytes_may_come_with_the_creation(house: House) -> None:
    answer = _tus(house, "POST", data=MEDIA, Upload_Length=len(MEDIA), Content_Type="application/offset+octet-stream")
    assert answer.headers["Upload-Offset"] == str(len(MEDIA))
    assert house.call(house.ours["author"], "GET", answer.headers["Location"]).json["state"] == "done"


def test_a_recorder_need_not_know_the_length_before_the_end(house: House) -> None:
    answer = _tus(house, "POST", Upload_Defer_Length=1)
    path = answer.headers["Location"]
    _tus(house, "PATCH", path, data=MEDIA[:2000], Upload_Offset=0)
    assert _tus(house, "HEAD", path).headers["Upload-Defer-Length"] == "1"
    _tus(house, "PATCH", path, data=MEDIA[2000:], Upload_Offset=2000)
    last = _tus(house, "PATCH", path, Upload_Offset=len(MEDIA), Upload_Length=len(MEDIA))
    assert last.status_code == 204
    assert house.call(house.ours["author"], "GET", path).json["state"] == "done"


def test_only_post_gets_through_some_networks(house: House) -> None:
    path = _begin(house)
    answer = _tus(
        house, "POST", path, data=MEDIA, Upload_Offset=0, X_HTTP_Method_Override="PATCH", Content_Type="application/offset+octet-stream"
    )
    assert answer.status_code == 204
    elsewhere = house.call(house.ours["author"], "POST", "/api/v1/sops/x", headers={"X-HTTP-Method-Override": "GET"})
    assert elsewhere.status_code == 405


def test_an_unknown_version_is_told_the_right_one(house: House) -> None:
    answer = house.call(house.ours["author"], "POST", UPLOADS, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "10"})
    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "ten"}, 400),
        ({"Upload_Length": "10", "Upload_Defer_Length": "1"}, 400),
        ({"Upload_Defer_Length": "2"}, 400),
        ({"Upload_Length": str(10 * 2**40)}, 413),
        ({"Upload_Length": "0"}, 415),
        ({"Upload_Length": "10", "Upload_Metadata": "filename !!!"}, 400),
        ({"Upload_Length": "10", "Upload_Metadata": "filename YQ==,filename Yg=="}, 400),
    ],
)
def test_a_lying_or_unreadable_creation_leaves_nothing_behind(house: House, headers: dict[str, str], status: int) -> None:
    answer = _tus(house, "POST", **headers)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert not [p for p in _files(house) if p.name == "data"]


@pytest.mark.parametrize(
    "name",
    ["../../x", "..\\x", "/etc/passwd", "a\x00b", "x" * 300, "CON", "-i", "a\nb", "s_%02d.png", "http://example.com/a.mp4", "concat:a|b"],
)
def test_a_name_never_becomes_a_path(house: House, name: str) -> None:
    path = _begin(house, filename=name)
    assert {p.name for p in _files(house)} <= {"data", "upload.json", "lock"}
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0).status_code == 204


@pytest.mark.parametrize("offset", [0, 999, 1001, len(MEDIA) + 5])
def test_a_wrong_offset_is_answered_with_the_right_one(house: House, offset: int) -> None:
    path = _begin(house)
    _tus(house, "PATCH", path, data=MEDIA[:1000], Upload_Offset=0)
    answer = _tus(house, "PATCH", path, data=b"zzz", Upload_Offset=offset)
    assert answer.status_code in {409, 413}
    assert _offset(house, path) == 1000


def test_more_bytes_than_declared_are_refused_and_nothing_changes(house: House) -> None:
    path = _begin(house, 1000)
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0).status_code == 413
    assert _offset(house, path) == 0


def test_bytes_of_another_type_are_refused(house: House) -> None:
    path = _begin(house)
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Content_Type="application/json").status_code == 415
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Content_Encoding="gzip").status_code == 415


def test_checksums_are_held_to(house: House) -> None:
    path = _begin(house)
    digest = base64.b64encode(hashlib.sha256(MEDIA).digest()).decode()
    other = base64.b64encode(bytes(32)).decode()
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Upload_Checksum=f"sha256 {other}").status_code == 460
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Upload_Checksum="crc32 AAAA").status_code == 400
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Upload_Checksum="sha256 ***").status_code == 400
    assert _offset(house, path) == 0
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0, Upload_Checksum=f"sha256 {digest}").status_code == 204


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><script>alert(1)</script>",
        b"#EXTM3U\nhttp://127.0.0.1/a.ts\n",
        b"ffconcat version 1.0\nfile a.mp4\n",
        b"PK\x03\x04" + bytes(600),
        b"\x7fELF" + bytes(600),
    ],
    ids=["html", "playlist", "concat", "zip", "program"],
)
def test_what_is_no_recording_is_refused_and_deleted_at_once(house: House, data: bytes) -> None:
    path = _begin(house, len(data))
    answer = _tus(house, "PATCH", path, data=data, Upload_Offset=0)
    assert answer.status_code == 415
    assert answer.json["type"] == "/problems/unusable-recording"
    assert not [p for p in _files(house) if p.name == "data"]
    assert house.call(house.ours["author"], "GET", path).status_code == 404


def test_a_large_file_of_the_wrong_kind_is_refused_after_its_first_piece(house: House) -> None:
    path = _begin(house, 5_000_000)
    assert _tus(house, "PATCH", path, data=b"%PDF-1.7" + bytes(2000), Upload_Offset=0).status_code == 415


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
def test_an_upload_of_others_is_as_unknown_as_none(house: House, method: str) -> None:
    path = _begin(house)
    for stranger in (house.theirs["author"], house.theirs["admin"]):
        theirs = _tus(house, method, path, actor=stranger, Upload_Offset=0)
        none = _tus(house, method, f"{UPLOADS}/upl_{'0' * 32}", actor=stranger, Upload_Offset=0)
        assert theirs.status_code == none.status_code == 404
        if method != "HEAD":
            assert {**theirs.json, "instance": ""} == {**none.json, "instance": ""}
    assert _offset(house, path) == 0


def test_uploads_together_stay_within_the_quota(make_house: Callable[..., House]) -> None:
    house = make_house(workspace_quota_bytes=1000)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: _tus(house, "POST", Upload_Length=150).status_code, range(20)))
    assert codes.count(201) == 6
    assert set(codes) == {201, 507}


def test_a_deleted_upload_is_gone(house: House) -> None:
    path = _begin(house)
    assert _tus(house, "DELETE", path).status_code == 204
    assert _tus(house, "HEAD", path).status_code == 404
    assert _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0).status_code == 404


def test_an_expired_upload_is_gone(house: House) -> None:
    path = _begin(house)
    assert "GMT" in _tus(house, "HEAD", path).headers["Upload-Expires"]
    house.clock.forward(days=8)
    assert _tus(house, "HEAD", path).status_code == 404


def test_a_finished_upload_takes_no_more_bytes_but_repeats_its_last_answer(house: House) -> None:
    path = _begin(house)
    _tus(house, "PATCH", path, data=MEDIA, Upload_Offset=0)
    assert _tus(house, "PATCH", path, Upload_Offset=len(MEDIA)).status_code == 204
    assert _tus(house, "PATCH", path, data=b"more", Upload_Offset=len(MEDIA)).status_code in {410, 413}
    assert _offset(house, path) == len(MEDIA)


def test_the_name_in_the_answer_is_a_label_only(house: House) -> None:
    path = _begin(house, filename="<script>alert(1)</script>\u202e.mp4")
    answer = house.call(house.ours["author"], "GET", path)
    assert answer.json["filename"] == "<script>alert(1)</script>.mp4"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type == "application/json"


def test_media_is_served_in_ranges_as_an_attachment(house: House) -> None:
    recording = _upload(house, MEDIA)["recording_id"]
    url = f"/api/v1/recordings/{recording}/media"
    assert house.call(house.ours["reader"], "GET", url).status_code == 403  # it still shows what is covered everywhere else
    whole = house.call(house.ours["author"], "GET", url)
    assert whole.data == MEDIA
    assert whole.headers["Content-Disposition"] == "attachment"
    part = house.call(house.ours["author"], "GET", url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.data == MEDIA[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(MEDIA)}"
    changed = house.call(house.ours["author"], "GET", url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert changed.status_code == 200
    assert house.call(house.ours["author"], "GET", url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert house.call(house.ours["author"], "GET", url, headers={"Range": f"bytes={len(MEDIA)}-"}).status_code == 416


def test_a_full_disk_is_told_before_bytes_are_sent(make_house: Callable[..., House]) -> None:
    house = make_house(min_free_bytes=2**62)
    answer = _tus(house, "POST", Upload_Length=10)
    assert answer.status_code == 507
    assert {p.name for p in _files(house)} <= {"lock"}


def test_a_ticket_takes_recordings_of_several_gigabytes(house: House) -> None:
    made = house.call(house.ours["author"], "POST", "/api/v1/tickets", json={"seconds": 600})
    ticket = {"Authorization": f"Bearer {made.json['secret']}", "Tus-Resumable": "1.0.0"}
    begun = house.call(None, "POST", UPLOADS, headers={**ticket, "Upload-Length": str(5 * 10**9)})
    assert begun.status_code == 201, begun.json
    piece = MEDIA + bytes(9 * 2**20)
    headers = {**ticket, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    answer = house.call(None, "PATCH", begun.headers["Location"], data=piece, headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(piece)))

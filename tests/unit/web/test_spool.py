"""Unfinished uploads on a real disk: nothing acknowledged is lost, the newest writer wins, quotas hold under parallel use."""

from __future__ import annotations

import hashlib
import io
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.exceptions import ClientDisconnected

from plugin.domain.errors import Exhausted, NotFound
from plugin.web.tus import receive as receiving
from plugin.web.tus.receive import Checksum, ChecksumMismatch, receive
from plugin.web.tus.spool import Limits, OffsetMismatch, Spool, TakenOver, TooLong, Upload, Writing

START = datetime(2027, 1, 1, tzinfo=UTC)


class _Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def make(tmp_path: Path, clock: _Clock) -> Callable[..., Spool]:
    def build(**limits: int) -> Spool:
        numbers = itertools.count(10**12)
        values = {"upload_bytes": 10**6, "workspace_bytes": 10**7, "min_free_bytes": 0, **limits}
        return Spool(tmp_path, Limits(**values, expiry=timedelta(days=1)), clock, lambda: f"upl_{next(numbers)}")

    return build


def _create(spool: Spool, length: int | None, workspace: str = "wsp_1") -> Upload:
    return spool.create(workspace_id=workspace, actor_id="per_1", length=length, metadata={"filename": "x.mp4"}, used_bytes=0)


def _stored(spool: Spool, upload: Upload) -> bytes:
    return spool.data_of(upload).read_bytes()


class _CutAfter(io.RawIOBase):
    """A sender whose line is cut after some bytes."""

    def __init__(self, data: bytes) -> None:
        self._left = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        got = self._left.read(size)
        if not got:
            raise ClientDisconnected
        return got


def _no_quota(_up_to: int) -> None:
    return


def _receive(writing: Writing, data: bytes, *, cut: bool = False, checksum: Checksum | None = None) -> Upload:
    source = _CutAfter(data) if cut else io.BytesIO(data)
    return receive(source, writing, checksum=checksum, before_piece=_no_quota, monotonic=lambda: 0.0).upload


def test_what_arrived_before_the_line_was_cut_is_kept(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    _receive(spool.write(upload, 0, atomic=False), b"abcd", cut=True)
    assert spool.get("wsp_1", upload.id).offset == 4
    done = _receive(spool.write(upload, 4, atomic=False), b"efghij")
    assert done.complete
    assert _stored(spool, upload) == b"abcdefghij"


def test_bytes_that_were_never_acknowledged_are_cut_off_before_the_upload_goes_on(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 6)
    dying = spool.write(upload, 0, atomic=False)
    dying.add(b"xxx")
    _receive(spool.write(upload, 0, atomic=False), b"abcdef")
    assert _stored(spool, upload) == b"abcdef"


def test_the_newest_writer_wins_and_the_older_one_can_do_no_harm(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 6)
    older = spool.write(upload, 0, atomic=False)
    older.add(b"ab")
    newer = spool.write(upload, 0, atomic=False)
    for act in (lambda: older.add(b"zz"), older.commit, lambda: older.take_back(0)):
        with pytest.raises(TakenOver):
            act()
    _receive(newer, b"abcdef")
    assert _stored(spool, upload) == b"abcdef"


def test_two_writers_at_once_end_with_the_bytes_of_the_source(make: Callable[..., Spool]) -> None:
    spool = make()
    source = bytes(range(256)) * 2000
    upload = _create(spool, len(source))

    def send(_: int) -> None:
        while not (now := spool.get("wsp_1", upload.id)).complete:
            try:
                with closing(spool.write(now, now.offset, atomic=False)) as writing:
                    _receive(writing, source[now.offset : now.offset + 40_000])
            except (TakenOver, OffsetMismatch):
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert hashlib.sha256(_stored(spool, upload)).digest() == hashlib.sha256(source).digest()


def test_a_wrong_offset_changes_nothing(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    _receive(spool.write(upload, 0, atomic=False), b"abcd")
    for offset in (0, 3, 5, 10, 11):
        with pytest.raises(OffsetMismatch) as told:
            spool.write(upload, offset, atomic=False)
        assert told.value.offset == 4
    assert _stored(spool, upload) == b"abcd"


def test_bytes_past_the_declared_end_are_refused(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 4)
    with pytest.raises(TooLong):
        _receive(spool.write(upload, 0, atomic=False), b"abcdefgh")
    assert spool.get("wsp_1", upload.id).offset == 0


def test_a_wrong_checksum_takes_the_whole_body_back(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    _receive(spool.write(upload, 0, atomic=False), b"abcd")
    wrong = Checksum(algorithm="sha256", digest=bytes(32))
    with pytest.raises(ChecksumMismatch):
        _receive(spool.write(upload, 4, atomic=True), b"efghij", checksum=wrong)
    assert spool.get("wsp_1", upload.id).offset == 4
    right = Checksum(algorithm="sha1", digest=hashlib.sha1(b"efghij", usedforsecurity=False).digest())
    assert _receive(spool.write(upload, 4, atomic=True), b"efghij", checksum=right).complete


def test_a_cut_body_with_a_checksum_does_not_count(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    whole = Checksum(algorithm="sha256", digest=hashlib.sha256(b"abcdefghij").digest())
    with pytest.raises(ChecksumMismatch):
        _receive(spool.write(upload, 0, atomic=True), b"abcd", cut=True, checksum=whole)
    assert spool.get("wsp_1", upload.id).offset == 0


def test_a_sender_who_only_trickles_is_cut_and_keeps_what_came(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10_000)
    seconds = itertools.count(step=receiving.PATIENCE_S / 3)

    class Trickle(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            return b"x"

    received = receive(
        Trickle(), spool.write(upload, 0, atomic=False), checksum=None, before_piece=_no_quota, monotonic=lambda: float(next(seconds))
    )
    assert received.cut
    assert 0 < received.upload.offset < 10


def test_parallel_uploads_never_get_more_than_the_quota_together(make: Callable[..., Spool]) -> None:
    spool = make(workspace_bytes=1000)
    begin = threading.Barrier(20)

    def attempt(_: int) -> int:
        begin.wait()
        try:
            _create(spool, 150)
        except Exhausted:
            return 0
        return 150

    with ThreadPoolExecutor(20) as pool:
        accepted = sum(pool.map(attempt, range(20)))
    assert accepted == 900


def test_an_upload_without_a_length_reserves_as_it_grows(make: Callable[..., Spool]) -> None:
    spool = make(workspace_bytes=1500, upload_bytes=1000)
    growing = _create(spool, None)
    spool.reserve(growing, 400, used_bytes=0)
    with pytest.raises(Exhausted):
        _create(spool, 600)
    with pytest.raises(TooLong):
        spool.reserve(growing, 1001, used_bytes=0)


def test_a_length_can_be_declared_once(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, None)
    _receive(spool.write(upload, 0, atomic=False), b"abcd")
    with pytest.raises(OffsetMismatch):
        spool.declare_length(upload, 3, used_bytes=0)
    assert spool.declare_length(upload, 4, used_bytes=0).complete
    with pytest.raises(OffsetMismatch):
        spool.declare_length(upload, 5, used_bytes=0)


def test_a_full_disk_refuses_before_bytes_are_sent(make: Callable[..., Spool]) -> None:
    spool = make(min_free_bytes=2**62)
    with pytest.raises(Exhausted):
        _create(spool, 10)


def test_an_upload_of_another_workspace_is_unknown(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    for workspace, upload_id in (
        ("wsp_2", upload.id),
        ("wsp_1", "upl_0000000000"),
        ("wsp_1", "../wsp_1"),
        ("..", upload.id),
        ("wsp_1", ""),
    ):
        with pytest.raises(NotFound):
            spool.get(workspace, upload_id)


def test_an_expired_upload_is_gone_with_its_bytes(make: Callable[..., Spool], clock: _Clock) -> None:
    spool = make()
    upload = _create(spool, 10)
    _receive(spool.write(upload, 0, atomic=False), b"abcd")
    clock.now += timedelta(days=2)
    with pytest.raises(NotFound):
        spool.get("wsp_1", upload.id)
    assert spool.sweep("wsp_1") == 1
    assert not spool.data_of(upload).parent.exists()


def test_deleting_cuts_the_writer_off(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 10)
    writing = spool.write(upload, 0, atomic=False)
    spool.delete(upload)
    with pytest.raises(TakenOver):
        writing.add(b"abc")


def test_a_finished_upload_is_handed_over_once_and_its_bytes_go(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _create(spool, 4)
    upload = _receive(spool.write(upload, 0, atomic=False), b"abcd")
    seen: list[bytes] = []

    def take(path: Path, now: Upload) -> Upload:
        seen.append(path.read_bytes())
        return replace(now, state="done", outcome={"recording_id": "rec_1"})

    with ThreadPoolExecutor(4) as pool:
        settled = list(pool.map(lambda _: spool.settle(upload, take), range(4)))
    assert seen == [b"abcd"]
    assert {u.outcome["recording_id"] for u in settled} == {"rec_1"}
    assert not spool.data_of(upload).exists()


def test_a_hand_over_that_failed_is_tried_again(make: Callable[..., Spool]) -> None:
    spool = make()
    upload = _receive(spool.write(_create(spool, 4), 0, atomic=False), b"abcd")

    def die(path: Path, now: Upload) -> Upload:
        raise Exhausted("No space.")

    with pytest.raises(Exhausted):
        spool.settle(upload, die)
    again = spool.settle(upload, lambda path, now: replace(now, state="done", outcome={"size": len(path.read_bytes())}))
    assert again.outcome == {"size": 4}

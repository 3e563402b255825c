"""Seconds of a recording as a file of its own: the right ones, playable, never the whole."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.still import seconds_of
from tests import casts, media


def grey(at: float) -> media.Frame:
    """Brighter with every second."""
    return np.full((240, 320, 3), 20 + 10 * int(at), np.uint8)


@pytest.mark.parametrize(("name", "codec", "media_type"), [("a.mp4", "libx264", "video/mp4"), ("a.webm", "libvpx", "video/webm")])
def test_it_holds_the_seconds_that_were_asked_for(tmp_path: Path, name: str, codec: str, media_type: str) -> None:
    recording = media.video(tmp_path / name, grey, seconds=20.0, codec=codec, tone_hz=440.0)
    out = tmp_path / "clip"
    begins_s, kind = seconds_of(recording, 15.0, 17.0, out)
    assert kind == media_type
    assert 0 <= begins_s <= 15.0
    with av.open(str(out)) as container:
        shown = {round(begins_s + frame.time): frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)}
    assert max(shown) <= 18
    assert shown[16] == pytest.approx(20 + 160, abs=12)
    with av.open(str(out)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}


def test_what_has_no_moving_picture_says_so(tmp_path: Path) -> None:
    cast = casts.write(tmp_path / "s.cast", [(1.0, "o", "hello")])
    for path in (cast, media.sound(tmp_path / "a.ogg", seconds=3.0)):
        with pytest.raises(UnusableRecording):
            seconds_of(path, 0.0, 1.0, tmp_path / "out")

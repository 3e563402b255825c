"""Makes small real recordings for tests: every frame is drawn, every file is encoded by the codecs that people's recorders use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

Frame = np.ndarray
Draw = Callable[[float], Frame]
"""BGR picture at a time in seconds."""


def video(
    path: Path,
    draw: Draw,
    *,
    seconds: float,
    fps: float = 15.0,
    codec: str = "libx264",
    tone_hz: float | None = None,
    times: Iterable[float] | None = None,
    container: str | None = None,
    bit_rate: int = 1_500_000,
) -> Path:
    """A recording of ``draw``; ``times`` instead of a steady rate; ``tone_hz`` adds sound. The container follows from the path's ending."""
    height, width = draw(0.0).shape[:2]
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=round(fps), width=width, height=height, pix_fmt="yuv420p", bit_rate=bit_rate)
        stream.codec_context.time_base = Fraction(1, 1000)
        if codec.startswith("libvpx"):
            stream.options = {"deadline": "realtime", "cpu-used": "8"}
        audio = out.add_stream("libopus" if "vpx" in codec else "aac", rate=48_000, layout="mono") if tone_hz else None
        for at in times if times is not None else np.arange(0.0, seconds, 1 / fps):
            frame = av.VideoFrame.from_ndarray(draw(float(at)), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(float(at) * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None and tone_hz:
            _tone(out, audio, seconds, tone_hz)
    return path


def sound(path: Path, *, seconds: float, tone_hz: float = 440.0) -> Path:
    """A recording without a picture."""
    with av.open(str(path), "w") as out:
        _tone(out, out.add_stream("libopus", rate=48_000, layout="mono"), seconds, tone_hz)
    return path


def beginning(source: Path, path: Path, *, seconds: float) -> Path:
    """The first seconds of a recording, its packets as they are."""
    with av.open(str(source)) as whole, av.open(str(path), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in (*whole.streams.video, *whole.streams.audio)}
        for packet in whole.demux(*(whole.streams[i] for i in streams)):
            if packet.pts is not None and packet.time_base is not None and packet.pts * packet.time_base < seconds:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return path


def _tone(out: Any, stream: Any, seconds: float, tone_hz: float) -> None:
    samples = (0.2 * np.sin(2 * np.pi * tone_hz * np.arange(int(seconds * 48_000)) / 48_000)).astype(np.float32)
    for start in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + 960], format="flt", layout="mono")
        frame.sample_rate, frame.pts = 48_000, start
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


ARROW = np.array([[0, 0], [0, 16], [4, 12], [7, 18], [9, 17], [6, 11], [11, 11]])


class Screen:
    """A page with a button and a field, and a pointer that moves, presses and types by a script."""

    def __init__(self, width: int = 800, height: int = 480, *, dark: bool = False) -> None:
        self.ground, self.ink = ((40, 34, 30), (230, 230, 230)) if dark else ((255, 255, 255), (30, 30, 30))
        self.width, self.height = width, height
        self._moves: list[tuple[float, float, tuple[int, int], tuple[int, int]]] = []
        self._layers: list[tuple[float, float, Callable[[Frame, float], None]]] = []
        self._at = (30, height - 40)

    def text(self, words: str, x: int, y: int, *, start: float = 0.0, end: float = 1e9) -> None:
        self.layer(lambda f, _: cv2.putText(f, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, self.ink, 1, cv2.LINE_AA), start, end)

    def box(self, x: int, y: int, w: int, h: int, colour: tuple[int, int, int], *, start: float = 0.0, end: float = 1e9) -> None:
        self.layer(lambda f, _: cv2.rectangle(f, (x, y), (x + w, y + h), colour, -1), start, end)

    def layer(self, draw: Callable[[Frame, float], Any], start: float = 0.0, end: float = 1e9) -> None:
        self._layers.append((start, end, draw))

    def move(self, start: float, seconds: float, x: int, y: int) -> None:
        self._moves.append((start, start + seconds, self._at, (x, y)))
        self._at = (x, y)

    def type(self, words: str, x: int, y: int, *, start: float, per_second: float = 12.0, end: float = 1e9) -> float:
        """Types letter by letter; the time at which the last one stands."""

        def draw(frame: Frame, at: float) -> None:
            shown = words[: int((at - start) * per_second)]
            cv2.putText(frame, shown, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, self.ink, 1, cv2.LINE_AA)

        self.layer(draw, start, end)
        return start + len(words) / per_second

    def pointer(self, at: float) -> tuple[int, int]:
        place = self._moves[0][2] if self._moves else self._at
        for start, end, a, b in self._moves:
            if at >= end:
                place = b
            elif at >= start:
                share = (at - start) / (end - start)
                return round(a[0] + (b[0] - a[0]) * share), round(a[1] + (b[1] - a[1]) * share)
        return place

    def __call__(self, at: float) -> Frame:
        frame = np.full((self.height, self.width, 3), self.ground, np.uint8)
        for start, end, draw in self._layers:
            if start <= at < end:
                draw(frame, at)
        points = ARROW + np.array(self.pointer(at))
        cv2.fillPoly(frame, [points], (0, 0, 0))
        cv2.polylines(frame, [points], True, (255, 255, 255), 1)
        return frame

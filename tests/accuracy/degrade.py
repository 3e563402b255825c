"""A recording as a bad connection and a bad room would leave it: VP8 at 300 kb/s, three quarters of the size, 10 frames a second, pink noise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FPS, SCALE, BIT_RATE, NOISE_DB = 10, 0.75, 300_000, 15.0
RATE_HZ = 48_000


def degrade(source: Path, folder: Path) -> Path:
    """The degraded copy in ``folder`` as WebM; an existing one is reused. Noise is seeded, so that two runs measure the same."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{source.stem}.webm"
    if out.exists():
        return out
    aside = out.with_suffix(".part")
    with av.open(str(source)) as old, av.open(str(aside), "w", format="webm") as new:
        picture = old.streams.video[0]
        width, height = (int(n * SCALE) // 2 * 2 for n in (picture.width, picture.height))
        video = new.add_stream("libvpx", rate=FPS, width=width, height=height, bit_rate=BIT_RATE, pix_fmt="yuv420p")
        video.options = {"deadline": "realtime", "cpu-used": "5"}
        video.time_base = Fraction(1, 1000)
        audio = new.add_stream("libopus", rate=RATE_HZ, layout="mono") if old.streams.audio else None
        if audio is not None:
            _copy_audio(old, new, audio)
            old.seek(0)
        _copy_video(old, new, video, width, height)
    aside.rename(out)
    return out


def _copy_video(
    old: av.container.InputContainer, new: av.container.OutputContainer, video: av.VideoStream, width: int, height: int
) -> None:
    due_s = 0.0
    for frame in old.decode(video=0):
        if frame.time is None or frame.time < due_s:
            continue
        due_s = max(due_s + 1 / FPS, frame.time)
        small = frame.reformat(width=width, height=height, format="yuv420p")
        small.pts, small.time_base = round(frame.time * 1000), Fraction(1, 1000)
        new.mux(video.encode(small))
    new.mux(video.encode(None))


def _copy_audio(old: av.container.InputContainer, new: av.container.OutputContainer, audio: av.AudioStream) -> None:
    to_mono = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    chunks = [f.to_ndarray().ravel() for frame in old.decode(audio=0) for f in to_mono.resample(frame)]
    voice = np.concatenate([*chunks, *(f.to_ndarray().ravel() for f in to_mono.resample(None))])
    noise = pink(len(voice))
    noise *= np.sqrt(np.mean(voice**2)) / np.sqrt(np.mean(noise**2)) / 10 ** (NOISE_DB / 20)
    mixed = np.clip(voice + noise, -1, 1).astype(np.float32)
    for start in range(0, len(mixed), 960):
        frame = av.AudioFrame.from_ndarray(mixed[None, start : start + 960], format="flt", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, start
        new.mux(audio.encode(frame))
    new.mux(audio.encode(None))


def pink(samples: int) -> np.ndarray:
    """Noise whose power falls with 1/f, made by shaping white noise in the frequency domain."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(samples))
    frequencies = np.fft.rfftfreq(samples)
    frequencies[0] = frequencies[1]
    return np.fft.irfft(spectrum / np.sqrt(frequencies), samples)

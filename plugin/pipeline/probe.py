"""The file -> Media: what it is, how long it really is, and whether anything can be made of it. Nothing of it is believed unmeasured.

The demuxer is chosen by content, never by name; limits are checked before a picture is decoded. The measuring runs in a guarded child process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.artefacts import Media
from plugin.pipeline.engines.container import demuxer_of, opened
from plugin.pipeline.guard import Limits, call
from plugin.pipeline.runner import file_digest
from plugin.pipeline.stage import Context, Report, Stage

MAX_SIDE_PX, MAX_PIXELS = 7680, 3840 * 2400
MAX_DURATION_S = 4 * 3600.0
SMOOTH_FPS = 10.0
LIMITS = Limits(cpu_s=120, memory_bytes=2 * 2**30, wall_s=300.0)

NOT_A_VIDEO = "This is not a video. Record again, or export the recording as MP4 (H.264) or WebM."
DAMAGED = "The recording is damaged: {what}. It was probably cut off while it was saved; export it again, or upload the original file."


def probe(context: Context) -> Media:
    """Raises UnusableRecording: empty, not-a-video, damaged, no-streams, no-frames, too-large, too-long."""
    path = context.recording
    if path.stat().st_size == 0:
        raise UnusableRecording("empty", "The file is empty: nothing was recorded, or the upload broke off before the first byte.")
    demuxer = demuxer_of(path)
    if demuxer is None:
        raise UnusableRecording("not-a-video", NOT_A_VIDEO)
    return call(measure, path, demuxer, file_digest(path), limits=LIMITS, report=context.report)


STAGE = Stage(name="probe", version=1, needs=(), produces=Media, run=probe)


def measure(path: Path, demuxer: str, sha256: str, *, report: Report) -> Media:
    """Reads every packet (not every picture) and decodes the first picture. Runs in the child."""
    import av

    try:
        with opened(path, demuxer) as container:
            video = next((s for s in container.streams.video if s.codec_context.name not in ("mjpeg", "png", "gif")), None)
            audio = next(iter(container.streams.audio), None)
            if video is None and audio is None:
                raise UnusableRecording("no-streams", "The file holds neither picture nor sound.")
            if video is not None:
                _check_size(video.codec_context.width, video.codec_context.height)
            packets = _Packets()
            packets.read(container, [s for s in (video, audio) if s is not None], report)
        frame = _first_frame(path, demuxer) if video is not None else None
    except UnusableRecording:
        raise
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise UnusableRecording("damaged", DAMAGED.format(what="it cannot be opened"), detail_for_operator=type(error).__name__) from None
    return _media(demuxer, sha256, packets, frame, audio is not None)


def _media(demuxer: str, sha256: str, packets: _Packets, frame: Any, has_audio: bool) -> Media:
    duration_s = packets.duration_s
    if duration_s <= 0 or (frame is None and not has_audio):
        raise UnusableRecording("no-frames", DAMAGED.format(what="there is no picture in it that can be shown"))
    if duration_s > MAX_DURATION_S:
        raise UnusableRecording(
            "too-long",
            f"The recording is {duration_s / 3600:.1f} hours long; at most {MAX_DURATION_S / 3600:.0f} can be used. Cut it into its procedures.",
        )
    notices = [f"The end of the file is missing; the first {duration_s:.0f} seconds are used."] if packets.broken else []
    if frame is None:
        notices += ["There is no picture; the steps come from the narration alone."]
        return Media(sha256=sha256, demuxer=demuxer, duration_s=round(duration_s, 3), has_audio=has_audio, notices=tuple(notices))
    turns = (round(-(frame.rotation or 0) / 90) % 4) if hasattr(frame, "rotation") else 0
    width, height = (frame.height, frame.width) if turns % 2 else (frame.width, frame.height)
    _check_size(width, height)
    fps = packets.pictures / duration_s
    if fps < SMOOTH_FPS:
        notices.append(f"Only {fps:.0f} pictures a second were recorded, so clicks may be missed. 15 or more are better.")
    return Media(
        sha256=sha256,
        demuxer=demuxer,
        duration_s=round(duration_s, 3),
        width=width,
        height=height,
        fps=round(fps, 2),
        rotation_deg=(360 - 90 * turns) % 360,
        has_video=True,
        has_audio=has_audio,
        notices=tuple(notices),
    )


class _Packets:
    """What the packets of the file say: first and last time, number of pictures."""

    def __init__(self) -> None:
        self.pictures = 0
        self.broken = False
        self._first_s: float | None = None
        self._last_s = 0.0

    @property
    def duration_s(self) -> float:
        return max(0.0, self._last_s - (self._first_s or 0.0))

    def read(self, container: Any, streams: list[Any], report: Report) -> None:
        import av

        size = max(1, container.size)
        try:
            for packet in container.demux(streams):
                if packet.pts is None:
                    continue
                start_s = float(packet.pts * packet.time_base)
                self._first_s = start_s if self._first_s is None else min(self._first_s, start_s)
                self._last_s = max(self._last_s, start_s + float((packet.duration or 0) * packet.time_base))
                self.pictures += packet.stream.type == "video"
                if self.pictures % 500 == 0 and packet.pos:
                    report(min(0.9, packet.pos / size))
        except (av.error.InvalidDataError, av.error.EOFError):
            self.broken = True


def _first_frame(path: Path, demuxer: str) -> Any:
    import av

    with opened(path, demuxer) as container:
        packets = container.demux(container.streams.video[0])
        for _, packet in zip(range(300), packets, strict=False):
            try:
                decoded = packet.decode()
            except (av.error.InvalidDataError, av.error.EOFError):
                continue
            if decoded:
                return decoded[0]
    return None


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise UnusableRecording(
            "too-large", f"The picture is {width} x {height} pixels; at most 3840 x 2400 can be used. Record at 1920 x 1080."
        )

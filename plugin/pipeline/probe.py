"""The first stage: what the file really is, measured, in a guarded child. Refuses what cannot be used, in words that help."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from plugin.domain.errors import UnusableRecording
from plugin.pipeline import guard
from plugin.pipeline.artefacts import Media
from plugin.pipeline.engines import media as opening
from plugin.pipeline.side import session
from plugin.pipeline.stage import Context, Report, Stage

MAX_DURATION_S = 4 * 3600.0
MAX_PIXELS = 4096 * 4096
MAX_SIDE_PX = 8192
MAX_STREAMS = 100
MAX_PACKETS = 3_000_000
SLOW_FPS = 10.0
LIMITS = guard.Limits(cpu_s=120, memory_bytes=1500 * 2**20, wall_s=600.0)

_KNOWN_SUFFIX = "MP4, MOV, WebM, MKV, AVI, OGG or MPEG-TS"


def inspect(path: Path, *, report: Report = lambda _: None) -> Media:
    """What ``path`` holds. Raises UnusableRecording with one of the reasons
    ``empty, not-a-video, cut-off, damaged, no-streams, no-frames, too-large, too-long, unknown-codec``. Decodes one frame only.
    """
    if path.stat().st_size == 0:
        raise UnusableRecording("empty", "The file is empty (0 bytes). The upload or the recording failed; record or upload it again.")
    demuxer = opening.sniff(path)
    if demuxer is None:
        words = f"This is not a video: its content is none of {_KNOWN_SUFFIX}. Choose the recording itself, not a playlist, project or document."
        raise UnusableRecording("not-a-video", words)
    if demuxer == "mov" and not _has_index(path):
        words = "The recording was cut off: the index at its end (moov) is missing, so nothing can be played. Upload it again, or record it again."
        raise UnusableRecording("cut-off", words)
    with opening.open_media(path, demuxer) as container:
        return _measure(path, demuxer, container, report)


def _measure(path: Path, demuxer: str, container: Any, report: Report) -> Media:
    if len(container.streams) > MAX_STREAMS:
        raise UnusableRecording("damaged", f"The file holds {len(container.streams)} streams; a recording has two. Export it again as MP4.")
    video, audio = opening.video_stream(container), opening.audio_stream(container)
    if video is None and audio is None:
        raise UnusableRecording("no-streams", "The file holds neither picture nor sound. Record it again.")
    notices: list[str] = []
    if video is not None:
        _check_picture(video)
    if audio is not None and not opening.AUDIO_CODECS.fullmatch(audio.codec_context.name):
        notices.append(f"The sound is coded as {audio.codec_context.name}, which is not supported; the narration was not heard.")
        audio = None
    origin_s = opening.origin_s(container)
    width, height, rotation = _first_frame(container, video) if video is not None else (0, 0, 0)
    count = _count_packets(path, demuxer, video, audio, origin_s, report)
    if video is not None and not count.video:
        video = None
    if video is None and (audio is None or not count.sound):
        raise UnusableRecording("no-frames", "The file holds no picture and no sound, only its frame. Record it again.")
    if width == 0 and video is not None:
        raise UnusableRecording("damaged", "No picture of the recording could be decoded. Export it again as MP4 or WebM.")
    fps = 1 / statistics.median(count.gaps_s) if count.gaps_s else 0.0
    notices += _notices(count, fps, has_video=video is not None, declared_s=float(container.duration or 0) / 1e6)
    return Media(
        sha256="",
        demuxer=demuxer,
        duration_s=round(count.end_s, 3),
        width=width,
        height=height,
        fps=round(fps, 2),
        rotation_deg=rotation,
        has_video=video is not None,
        has_audio=audio is not None and count.sound,
        notices=tuple(notices),
    )


def _check_picture(stream: Any) -> None:
    codec = stream.codec_context
    if codec is None or not opening.VIDEO_CODECS.fullmatch(codec.name):
        name = codec.name if codec is not None else "unknown"
        raise UnusableRecording(
            "unknown-codec", f"The picture is coded as {name}, which is not supported. Export it as MP4 (H.264) or WebM."
        )
    if codec.width * codec.height > MAX_PIXELS or max(codec.width, codec.height) > MAX_SIDE_PX:
        words = f"The picture is {codec.width}x{codec.height} pixels, more than 4096x4096 in all. Record or export it at 1920x1080."
        raise UnusableRecording("too-large", words)


def _first_frame(container: Any, stream: Any) -> tuple[int, int, int]:
    """Upright width and height and the rotation in degrees (0, 90, 180, 270, clockwise to apply); zeros where nothing can be decoded."""
    import av

    stream.thread_count = 1
    try:
        for number, packet in enumerate(container.demux(stream)):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                frames = []
            for frame in frames:
                turn = opening.upright_turn(frame)
                return (frame.height, frame.width, turn) if turn in (90, 270) else (frame.width, frame.height, turn)
            if number > 300:
                break
    except av.error.FFmpegError:
        pass
    return 0, 0, 0


@dataclass(slots=True)
class _Count:
    """What the packets say: end of the last one, first gaps between pictures that are not still, how many pictures, any sound."""

    end_s: float
    gaps_s: list[float]
    video: int
    sound: bool
    broken: bool


def _count_packets(path: Path, demuxer: str, video: Any, audio: Any, origin_s: float, report: Report) -> _Count:
    import av

    count = _Count(end_s=0.0, gaps_s=[], video=0, sound=False, broken=False)
    times: list[float] = []
    size = max(1, path.stat().st_size)
    wanted = [s.index for s in (video, audio) if s is not None]
    with opening.open_media(path, demuxer) as container:
        packets = container.demux([container.streams[i] for i in wanted])
        for number in range(MAX_PACKETS + 1):
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.error.FFmpegError:
                count.broken = True
                break
            if packet.pts is None or packet.time_base is None or packet.size == 0:
                continue
            start_s = float(packet.pts * packet.time_base) - origin_s
            count.end_s = max(count.end_s, start_s + float((packet.duration or 0) * packet.time_base))
            if count.end_s > MAX_DURATION_S or number == MAX_PACKETS:
                raise UnusableRecording("too-long", "The recording is longer than four hours. Cut it into the procedures that it shows.")
            if video is not None and packet.stream_index == video.index:
                count.video += 1
                if len(times) < 20_000:
                    times.append(start_s)
            else:
                count.sound = True
            if number % 500 == 0 and packet.pos:
                report(min(0.99, packet.pos / size))
    count.gaps_s = [b - a for a, b in pairwise(sorted(times)) if b > a]
    return count


def _notices(count: _Count, fps: float, *, has_video: bool, declared_s: float) -> list[str]:
    notices = []
    if not has_video:
        notices.append("The file has no picture, only sound; the procedure is written from the narration alone.")
    elif 0 < fps < SLOW_FPS - 0.5:
        notices.append(f"The recording shows only {fps:.0f} pictures a second; clicks may be missed. Record with 15 or more.")
    if declared_s - count.end_s > 1.0:
        notices.append(
            f"The file ends {declared_s - count.end_s:.0f} s earlier than it says; it was cut off and only what is there was used."
        )
    elif count.broken:
        notices.append("The end of the file is damaged; only what comes before it was used.")
    return notices


def _has_index(path: Path) -> bool:
    """Whether a moov box (or fragments with one) is among the top-level boxes of an MP4."""
    end = path.stat().st_size
    with path.open("rb") as stream:
        position = 0
        while position + 8 <= end:
            stream.seek(position)
            head = stream.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if kind == b"moov":
                return True
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return False
            position += length
    return False


def run(context: Context) -> Media:
    """See :func:`inspect`; adds the digest of the bytes."""
    look = session.measure if session.is_session(context.recording) else inspect
    media = guard.call(look, context.recording, limits=LIMITS, report=context.report)
    with context.recording.open("rb") as stream:
        return replace(media, sha256=hashlib.file_digest(stream, "sha256").hexdigest())


STAGE = Stage(name="probe", version=1, needs=(), produces=Media, run=run)

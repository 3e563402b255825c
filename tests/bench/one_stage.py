"""Runs one stage of a recording whose earlier stages are stored: ``python -m tests.bench.one_stage RECORDING WORKDIR STAGE``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from plugin import settings
from plugin.cli.common import speech_model
from plugin.pipeline import artefact_store
from plugin.pipeline.artefact_store import Stored
from plugin.pipeline.runner import file_digest
from plugin.pipeline.stage import Context, Options
from plugin.pipeline.stages import STAGES


def main(recording: Path, workdir: Path, name: str) -> None:
    options = Options(speech_model=str(speech_model(settings.load())), threads=os.cpu_count() or 1)
    finished: dict[str, Stored] = {}
    source = file_digest(recording)
    for stage in STAGES:
        inputs = {n: finished[n] for n in stage.needs}
        digest = artefact_store.artefact_digest(stage, options, {"recording": source, **{n: s.digest for n, s in inputs.items()}})
        stored = artefact_store.load(workdir, stage, digest)
        if stage.name == name:
            values = {n: s.value for n, s in inputs.items()}
            folders = {n: s.folder for n, s in inputs.items()}
            artefact_store.make(
                workdir,
                stage,
                digest,
                lambda folder, stage=stage, values=values, folders=folders: stage.run(
                    Context(recording=recording, folder=folder, options=options, inputs=values, folders=folders, report=lambda _: None)
                ),
            )
            return
        assert stored is not None, f"stage {stage.name} has not run yet"
        finished[stage.name] = stored


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]), sys.argv[3])

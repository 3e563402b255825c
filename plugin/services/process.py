"""Running a ``process`` job: recording to SOP (or to a proposal for an SOP that exists). Everything is written in one transaction at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugin.domain.document import from_document, to_document
from plugin.domain.errors import UnusableRecording
from plugin.domain.proposal import propose
from plugin.domain.recording import title_from
from plugin.domain.revision import difference
from plugin.domain.sop import Sop
from plugin.pipeline import runner, stage
from plugin.services import journal, masks, pictures, revising, rules
from plugin.services.caller import Caller
from plugin.services.deps import Deps
from plugin.store import jobs, tables
from plugin.store.jobs import Claimed

log = structlog.get_logger()

TELL_EVERY_S = 0.5
FIRST_STEPS = 3


def process(deps: Deps, job: Claimed, *, alive: Callable[[], None]) -> None:
    """Runs the stages; ``alive`` raises when the lease is lost or somebody cancelled. The job is ended in the transaction that stores the result.

    Raises UnusableRecording, Cancelled, LeaseLost, Exhausted; finished stages stay in the work folder of the job.
    """
    recording, wishes = _source(deps, job)
    folder = deps.settings.data_dir / "work" / job.id
    teller = _Teller(deps, job, alive)
    with deps.blobs.local(recording.blob) as path:
        options = _options(deps, job, wishes)
        result = runner.run(path, workdir=folder, options=options, stages=deps.stages(), on_progress=teller)
    alive()
    _keep(deps, job, recording, wishes, result)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    title: str | None
    language: str | None
    area: str | None
    owner_id: str | None
    owner_name: str | None
    author: Caller
    never: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    side_files: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, stage.Shape] = field(default_factory=dict)


def _source(deps: Deps, job: Claimed) -> tuple[tables.Recording, _Wishes]:
    with deps.database.begin() as session:
        recording = session.get(tables.Recording, job.recording_id) if job.recording_id else None
        if recording is None or recording.workspace_id != job.workspace_id:
            raise UnusableRecording("deleted", "The recording has been deleted.")
        workspace = session.get(tables.Workspace, job.workspace_id)
        settings = workspace.settings if workspace else {}
        author = session.get(tables.Person, job.created_by) if job.created_by else None
        owner_id = job.payload.get("owner_id") or job.created_by
        owner = session.get(tables.Person, owner_id) if owner_id else None
        wishes = _Wishes(
            title=job.payload.get("title"),
            language=job.payload.get("language") or settings.get("language"),
            area=job.payload.get("area"),
            owner_id=owner.id if owner else None,
            owner_name=owner.name if owner else None,
            author=Caller(
                workspace_id=job.workspace_id,
                person_id=author.id if author else None,
                role="author",
                name=author.name if author else "SOPwright",
                via="system",
            ),
            never=tuple(settings.get("never", ())),
            allowed=tuple(settings.get("allowed", ())),
            side_files={kind: blob for kind, blob in recording.side_files.items() if kind != masks.KIND},
            shapes=rules.shapes(session, job.workspace_id),
        )
        return recording, wishes


def _options(deps: Deps, job: Claimed, wishes: _Wishes) -> stage.Options:
    files = {kind: str(_copied(deps, job, kind, blob)) for kind, blob in wishes.side_files.items()}
    return stage.Options(
        title=wishes.title,
        language=wishes.language,
        area=wishes.area,
        owner=wishes.owner_name,
        never=wishes.never,
        allowed=wishes.allowed,
        speech_model=deps.speech_model(),
        language_model=deps.settings.rewording,
        language_model_key=deps.settings.language_model_key.get_secret_value() or None,
        threads=deps.settings.threads,
        side_files=files,
        shapes=wishes.shapes,
    )


def _copied(deps: Deps, job: Claimed, kind: str, blob: str) -> Path:
    """A side file under a stable path of the job, so that finished stages are found again after a restart."""
    path = deps.settings.data_dir / "work" / job.id / "side" / kind
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_bytes(b"".join(deps.blobs.read(blob)))
        aside.rename(path)
    return path


class _Teller:
    """Writes progress into the job's row, not more often than twice a second."""

    def __init__(self, deps: Deps, job: Claimed, alive: Callable[[], None]) -> None:
        self._deps, self._job, self._alive = deps, job, alive
        self._told_at, self._stage = 0.0, ""
        self._steps: tuple[str, ...] = ()

    def __call__(self, progress: runner.Progress) -> None:
        self._alive()
        now = time.monotonic()
        same = progress.stage == self._stage and progress.steps == self._steps
        if same and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at, self._stage, self._steps = now, progress.stage, progress.steps

        def write(session: Session) -> bool:
            return jobs.progress(
                session,
                self._job,
                stage=progress.stage,
                stages=progress.stages,
                fraction=progress.fraction,
                seconds_left=progress.seconds_left,
                steps=progress.steps,
            )

        if self._deps.database.run(write):
            raise stage.Cancelled


def _keep(deps: Deps, job: Claimed, recording: tables.Recording, wishes: _Wishes, result: runner.Result) -> None:
    made = replace(result.sop, title=wishes.title or result.sop.title or title_from(recording.filename))
    placed, stored = pictures.place(deps, job.workspace_id, made, lambda path: _bytes_in(result.images, path))
    notices = _notices(made, result.redacted.unsure)
    masked = masks.store(deps, recording, result.redacted.masks)

    def work(session: Session) -> str:
        steps = [step.action for step in made.steps[:FIRST_STEPS]]
        ended = {"fraction": 1.0, "steps": steps, "notices": notices}
        source = session.get(tables.Recording, recording.id, with_for_update=True)
        if source is not None:
            source.side_files = {**source.side_files, masks.KIND: masked}
        existing = session.get(tables.Sop, job.payload.get("sop_id"), with_for_update=True) if job.payload.get("sop_id") else None
        if existing is None or existing.workspace_id != job.workspace_id:
            sop_id = deps.new_id("sop")
            row = revising.first(
                session,
                deps,
                wishes.author,
                document=replace(placed, id=sop_id),
                origin="recording",
                recording_id=recording.id,
                owner_id=wishes.owner_id,
            )
            pictures.link(session, deps, job.workspace_id, row.id, stored)
            jobs.end(session, job, "done", now=deps.clock(), sop_id=row.id, **ended)
            return row.id
        pictures.link(session, deps, job.workspace_id, existing.id, stored)
        proposal = _propose(session, deps, wishes.author, job, existing, placed, recording.id)
        jobs.end(session, job, "done", now=deps.clock(), proposal_id=proposal.id, **ended)
        return existing.id

    sop_id = deps.database.run(work)
    log.info("recording_processed", job_id=job.id, recording_id=recording.id, sop_id=sop_id, steps=len(made.steps), seconds=result.seconds)


def _propose(session: Session, deps: Deps, author: Caller, job: Claimed, row: tables.Sop, made: Sop, recording_id: str) -> tables.Proposal:
    """The new recording against the newest revision: its steps get the ids of those they correspond to, people's edits are kept."""
    for older in session.scalars(select(tables.Proposal).where(tables.Proposal.sop_id == row.id, tables.Proposal.state == "open")):
        older.state, older.decided_at = "rejected", deps.clock()
    current = revising.document_of(revising.newest(session, row))
    proposed = propose(_last_machine_made(session, row) or current, current, made)
    found = difference(current, proposed.document)
    proposal = tables.Proposal(
        id=deps.new_id("prp"),
        workspace_id=row.workspace_id,
        sop_id=row.id,
        job_id=job.id,
        state="open",
        base_revision=row.revision,
        machine=to_document(proposed.machine),
        document=to_document(proposed.document),
        kept=list(proposed.kept),
        note=found.note,
        recording_id=recording_id,
        created_at=deps.clock(),
    )
    session.add(proposal)
    row.updated_at = deps.clock()
    journal.note(session, deps, author, "sop.proposed", sop_id=row.id, revision=row.revision, subject=proposal.id, note=found.note)
    return proposal


def _last_machine_made(session: Session, row: tables.Sop) -> Sop | None:
    """What the last recording gave before people edited it: the base of the three-way merge."""
    accepted = session.scalars(
        select(tables.Proposal)
        .where(tables.Proposal.sop_id == row.id, tables.Proposal.state == "accepted")
        .order_by(tables.Proposal.created_at.desc())
        .limit(1)
    ).first()
    if accepted is not None:
        return from_document(accepted.machine)
    revision = session.scalars(
        select(tables.Revision)
        .where(tables.Revision.sop_id == row.id, tables.Revision.origin == "recording")
        .order_by(tables.Revision.number.desc())
        .limit(1)
    ).first()
    return revising.document_of(revision) if revision else None


def _notices(sop: Sop, unsure: tuple[str, ...]) -> list[str]:
    """What a person should look at first."""
    uncertain = sum(step.confidence < 0.5 for step in sop.steps)
    found = [f"{uncertain} of {len(sop.steps)} steps are uncertain; look at them first."] if uncertain else []
    return [*found, *unsure]


def _bytes_in(folder: Path, path: str) -> bytes | None:
    file = folder / path
    return file.read_bytes() if file.is_file() and file.resolve().is_relative_to(folder.resolve()) else None

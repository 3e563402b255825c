"""What a new recording proposes, put into a running service without a recording: the document that the pipeline would have made is given."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from plugin.domain.document import from_document
from plugin.services import pictures as picture_store
from plugin.services.operator import operator
from plugin.services.process import _propose
from plugin.store import tables
from plugin.store.jobs import Claimed
from tests.browser.world import Service


def propose(service: Service, sop_id: str, document: dict[str, Any], pictures: dict[str, bytes]) -> None:
    """The steps of ``document`` come from another recording, so their ids are other ones. The first revision counts as made of the first recording."""
    deps, caller = service.deps, operator(service.deps)
    made = from_document(document)
    made = replace(made, steps=tuple(replace(step, id=f"new_{step.number}") for step in made.steps))
    placed, stored = picture_store.place(deps, caller.workspace_id, made, pictures.get)
    with deps.database.begin() as session:
        row = session.get(tables.Sop, sop_id)
        assert row is not None
        session.query(tables.Revision).filter_by(sop_id=sop_id, number=1).update({"origin": "recording"})
        picture_store.link(session, deps, caller.workspace_id, row.id, stored)
        job = cast(Claimed, SimpleNamespace(id=deps.new_id("job")))
        _propose(session, deps, caller, job, row, placed, recording_id="rec_deleted_meanwhile")

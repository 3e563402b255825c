"""What an OAuth connection asks for: enough for every request that the connector makes, and nothing more. Judged by the published documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connectors.confluence import oauth
from connectors.contract import Person, ReviewFlag
from tests.contract.confluence import pages
from tests.contract.confluence.fake import FakeConfluence, Fault, specification


@pytest.mark.skipif(specification() is None, reason="the published documents are not here")
def test_the_scopes_cover_every_request_and_no_more(tmp_path: Path) -> None:
    spec = specification()
    assert spec is not None
    with FakeConfluence("gateway") as fake:
        _whole_life(fake, tmp_path)
        lines = {(seen.method, f"/wiki{seen.path}") for seen in fake.seen}
    asked = {f"{scope}:confluence" for scope in oauth.SCOPES}
    needed: set[str] = set()
    for method, path in sorted(lines):
        fitting = [one for one in spec.scopes(method, path) if one <= asked]
        assert fitting, f"{method} {path} needs one of {spec.scopes(method, path)}"
        needed |= min(fitting, key=len)
    assert needed == asked


def _whole_life(fake: FakeConfluence, state: Path) -> None:
    """A page from its first version into the archive, with everything that may happen in between."""
    c, person = pages.connector(fake, state), Person(name="Example Person", email="person@example.com")
    assert c.check().missing == ()
    sop = pages.document()
    fake.faults.append(Fault("half file", on="POST .*/child/attachment$"))
    receipt = c.publish(c.render(pages.page(sop, owner=person)), pages.HERE, known=None, message="")
    ref = receipt.known.ref
    marker = fake.site.comment_on(ref.id, "All panels are green.")
    fewer = replace(sop, area=None, steps=tuple(replace(s, expected="All is well.") for s in sop.steps))
    fake.site.comments[-1].state = "resolved"
    assert marker
    receipt = c.publish(c.render(pages.page(fewer, labels=())), pages.HERE, known=receipt.known, message="")
    c.flag(receipt.known, ReviewFlag(state="overdue", due=date(2026, 11, 1), owner=person))
    c.mention(ref, person, "Please look.", key="due/1")
    assert c.may_read(ref, person) is True
    c.history(ref)
    c.restore(ref, "1", message="back")
    pages.connector(fake, state / "again").publish(c.render(pages.page(sop)), pages.HERE, known=None, message="")  # everything forgotten
    c.archive(ref)
    assert fake.invalid == []

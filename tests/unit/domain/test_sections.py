"""The order in which the sections of an SOP are read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.document import digest
from plugin.domain.sections import STANDARD, ordered
from plugin.domain.sop import Sop


def test_without_a_wish_the_standard_order_holds() -> None:
    assert ordered(()) == STANDARD


def test_wanted_sections_come_in_their_order_and_the_rest_behind_its_usual_neighbour() -> None:
    found = ordered(("escalation", "rollback", "steps"))
    assert found.index("escalation") < found.index("rollback") < found.index("steps")
    assert found[:3] == ("purpose", "summary", "scope")
    assert found[found.index("steps") + 1] == "troubleshooting"
    assert found[found.index("escalation") + 1] == "references"


@given(st.lists(st.sampled_from([*STANDARD, "expected", "nonsense"]), max_size=20))
def test_no_section_is_ever_lost_or_doubled(wanted: list[str]) -> None:
    found = ordered(wanted)
    assert sorted(found) == sorted(STANDARD)
    kept = [name for name in dict.fromkeys(wanted) if name in STANDARD]
    assert [name for name in found if name in kept] == kept


def test_documents_from_before_keep_their_digest_and_an_order_changes_it() -> None:
    sop = Sop(id="sop_1", revision=1, title="Restore")
    # What was approved or published before sections could be ordered stays what it was.
    assert digest(sop) == "4621d0b2448c15e87ce49024d30911d5b0c8e9eb867f5734f0cf437aa4e19901"
    assert digest(replace(sop, sections=("steps", "purpose"))) != digest(sop)

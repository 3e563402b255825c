import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.domain.document import digest, from_document, to_document
from plugin.domain.errors import InvalidDocument
from plugin.domain.sop import Command, Evidence, Input, Picture, Sop, Step

texts = st.text(max_size=30)
steps = st.builds(
    Step,
    id=texts,
    number=st.integers(1, 300),
    action=texts,
    inputs=st.lists(st.builds(Input, name=texts, value=st.none() | texts), max_size=2).map(tuple),
    commands=st.lists(st.builds(Command, text=texts), max_size=2).map(tuple),
    image=st.none() | st.just(Picture(path="images/1.png", time=1.5, width=10, height=20, highlight=(0.1, 0.2, 0.3, 0.4))),
    evidence=st.none() | st.just(Evidence(start=1.0, end=2.0, said=((1.0, 1.5),), basis={"action": "said"})),
    confidence=st.floats(0, 1),
)
sops = st.builds(Sop, id=texts, revision=st.integers(1, 9), title=texts, steps=st.lists(steps, max_size=3).map(tuple))


@given(sops)
def test_a_document_that_was_written_reads_back_equal(sop: Sop) -> None:
    assert from_document(to_document(sop)) == sop


def test_unknown_fields_of_a_later_version_are_no_error() -> None:
    assert from_document({"id": "a", "revision": 1, "title": "T", "mood": "blue"}).title == "T"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"id": "a", "revision": 1}, "/title"),
        ({"id": "a", "revision": "1", "title": "T"}, "/revision"),
        ({"id": "a", "revision": True, "title": "T"}, "/revision"),
        ({"id": "a", "revision": 1, "title": "T", "steps": {}}, "/steps"),
        ({"id": "a", "revision": 1, "title": "T", "steps": [{"id": "s", "number": 1, "action": None}]}, "/steps/0/action"),
        ({"id": "a", "revision": 1, "title": "T", "schema": "other@9"}, "/schema"),
    ],
)
def test_a_wrong_document_names_the_place(document: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidDocument) as error:
        from_document(document)
    assert error.value.path == path


def test_the_digest_is_of_what_a_reader_sees() -> None:
    step = Step(id="s", number=1, action="Click Save.", evidence=Evidence(start=1.0, end=2.0))
    sop = Sop(id="a", revision=1, title="T", steps=(step,))
    same = Sop(id="b", revision=2, title="T", steps=(Step(id="s", number=1, action="Click Save.", confidence=0.2),))
    other = Sop(id="a", revision=1, title="T", steps=(Step(id="s", number=1, action="Click Cancel."),))
    assert digest(sop) == digest(same)
    assert digest(sop) != digest(other)

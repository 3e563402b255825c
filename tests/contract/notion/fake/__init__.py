"""A stateful Notion on a real socket, for tests and the demonstration: validates what it gets, answers in the recorded shapes."""

from tests.contract.notion.fake.faults import Awaited, Fault
from tests.contract.notion.fake.server import FakeNotion
from tests.contract.notion.fake.spec import shared_folder, specification

__all__ = ["Awaited", "FakeNotion", "Fault", "shared_folder", "specification"]

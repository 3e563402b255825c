"""The conformance kit: what every connector has to pass. Needs neither pytest nor this project's tests.

::

    from connectors.testing import Conformance, World

    class WikiWorld(World):                       # one fresh target, and what people do at it
        ...

    class TestWiki(Conformance):                  # collected by pytest; each method is a test
        @contextmanager
        def world(self, folder: Path) -> Iterator[World]:
            with FakeWiki() as wiki:
                yield WikiWorld(wiki, folder)

Every test says in words what the contract demands. There is one test for each field of ``Capabilities``: what is declared is done for
real, and what is not declared must be refused in words.
"""

from __future__ import annotations

from connectors.testing.conformance import Conformance
from connectors.testing.world import Armed, Seen, World

__all__ = ["Armed", "Conformance", "Seen", "World"]

"""All of it in one class."""

from __future__ import annotations

from connectors.testing.abilities import Abilities
from connectors.testing.basics import Basics
from connectors.testing.edits import Edits
from connectors.testing.interruptions import Interruptions


class Conformance(Basics, Edits, Interruptions, Abilities):
    """Subclass it, write :meth:`world`, and let pytest collect it."""

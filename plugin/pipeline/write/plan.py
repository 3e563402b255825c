"""What a document is going to be made of."""

from __future__ import annotations

from dataclasses import dataclass

from plugin.pipeline.artefacts import Action
from plugin.pipeline.write.matching import Pair
from plugin.pipeline.write.roles import Told
from plugin.pipeline.write.sections import Sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which actions become steps, which clause tells each, and what else was said.

    ``seen`` is False for a recording without pictures, whose steps were only said.
    """

    steps: dict[int, Action]
    pairs: dict[int, Pair]
    told: list[Told]
    sections: Sections
    seen: bool = True

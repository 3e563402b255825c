"""The sections of an SOP and the order in which they are read. Pure."""

from __future__ import annotations

from collections.abc import Iterable

STANDARD = (
    "purpose", "summary", "scope", "roles", "stakeholders", "prerequisites", "tools", "warnings", "steps", "troubleshooting", "rollback", "escalation",
    "references", "findings",
)  # fmt: skip


def ordered(wanted: Iterable[str]) -> tuple[str, ...]:
    """All sections of :data:`STANDARD`: the ``wanted`` ones in their order, every other one behind its neighbour in the standard order.

    So nothing that a recording told is lost because a template does not name its section. Names that are no sections are left out.
    """
    order = [name for name in dict.fromkeys(wanted) if name in STANDARD]
    for at, name in enumerate(STANDARD):
        if name not in order:
            order.insert(order.index(STANDARD[at - 1]) + 1 if at else 0, name)
    return tuple(order)

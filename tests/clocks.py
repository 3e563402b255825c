"""Time zones for tests that run on the real clock."""

from __future__ import annotations

from datetime import UTC, datetime


def zone_at_noon() -> str:
    """A zone where it is between twelve and one now: people there may be told something, wherever the clock of this machine stands."""
    ahead = 12 - datetime.now(UTC).hour
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{'-' if ahead > 0 else '+'}{abs(ahead)}"  # their signs are turned round

"""The hour's budget of points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from connectors.confluence.budget import Budget
from connectors.errors import Retry

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
RESET = "2026-11-25T12:30:00Z"


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = NOON, 0.0

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def answer(status: int = 200, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def budget(file: Path, clock: Clock) -> Budget:
    return Budget(file, now=lambda: clock.now, sleep=clock.sleep)


def test_plenty_left_costs_nothing(tmp_path: Path) -> None:
    clock = Clock()
    points = budget(tmp_path / "b.json", clock)
    for headers in ({}, {"X_RateLimit_Limit": "65000", "X_RateLimit_Remaining": "40000", "X_RateLimit_Reset": RESET}):
        points.observe(answer(**headers))
        points.before()
    assert (clock.slept, (tmp_path / "b.json").exists()) == (0.0, False)


def test_little_left_is_spread_over_the_rest_of_the_hour(tmp_path: Path) -> None:
    clock = Clock()
    points = budget(tmp_path / "b.json", clock)
    points.observe(answer(X_RateLimit_Limit="65000", X_RateLimit_Remaining="1800", X_RateLimit_Reset=RESET))
    points.before()
    assert clock.slept == pytest.approx(1.0)


def test_nothing_left_stops_every_process_until_the_budget_starts_anew(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "b.json"
    budget(file, clock).observe(answer(X_RateLimit_Limit="65000", X_RateLimit_Remaining="0", X_RateLimit_Reset=RESET))
    with pytest.raises(Retry) as caught:
        budget(file, clock).before()
    assert caught.value.after_s == pytest.approx(1800)
    clock.now += timedelta(minutes=31)
    budget(file, clock).before()


@pytest.mark.parametrize(
    ("headers", "stopped"),
    [
        ({"RateLimit_Reason": "confluence-quota-tenant-based", "Retry_After": "900"}, True),
        ({"RateLimit_Reason": "confluence-burst-based", "Retry_After": "900"}, False),
        ({"RateLimit_Reason": "confluence-quota-global-based", "Retry_After": "2"}, False),
        ({"X_RateLimit_Limit": "10", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": RESET}, False),
        ({"RateLimit_Reason": "confluence-quota-global-based", "X_RateLimit_Reset": "soon"}, False),
    ],
)
def test_only_a_used_up_quota_stops_what_comes_after(tmp_path: Path, headers: dict[str, str], stopped: bool) -> None:
    points = budget(tmp_path / "b.json", Clock())
    points.observe(answer(429, **headers))
    if stopped:
        with pytest.raises(Retry):
            points.before()
    else:
        points.before()


def test_a_broken_file_is_no_budget(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{not json")
    budget(tmp_path / "b.json", Clock()).before()

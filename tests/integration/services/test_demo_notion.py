"""`make demo-notion` as a newcomer runs it: the whole service with the real pipeline. (The other tests of Notion's rows have a quick one.)"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.notion.fake import specification

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(1500)
def test_a_row_becomes_a_page_and_a_colleagues_edit_and_a_second_take_are_both_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "examples.demo_notion", "--port", str(port), "--data", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1400, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    first, second = done.stdout.split("The same page, with both")
    refused = "not judged" if specification() is None else "0"
    for line in (
        "The colleague's note and words are kept: True",
        "Steps before and after: 6 and 5",
        "To review (table), Review calendar (calendar), By area (board), Newest first (table), By status (board)",
        f"Requests that the published specification refuses: {refused}",
    ):
        assert line in second, line
    assert "pg_restore -d orders_restore orders.dump" in first
    assert second.count("  image [") == 5
    assert first.count("  image [") == 6

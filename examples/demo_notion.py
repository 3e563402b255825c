"""SOPwright with Notion, without Notion: a row with a recording becomes a page by itself, a colleague edits it, a second take brings it up to date.

    python -m examples.demo_notion [--keep] [--port 8880] [RECORDING]

Starts a stateful fake Notion, which judges every request by the published specification where that is at hand, and the whole service beside it, with
the real pipeline; nobody touches the service's own pages. Prints what a reader of the Notion page sees after each step. With ``--keep`` both go on until Ctrl+C.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import requests

from examples.demo import SAMPLE, Client, demo_password, say, stop
from tests.contract.notion.fake import FakeNotion, specification
from tests.contract.notion.fake.workspace import PERSON

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "var" / "demo-notion"
"""Where the service keeps its data; ``--data`` says otherwise."""
WITHIN_S = 900
TOKEN = "secret_of_the_demo_subscription"  # noqa: S105 - of the fake
NOTE = "Tell the night shift before you start."
EXPECTED, REWORDED = "The count should be 1200.", "The count is 1200, not less."
SHORTER_BY_S = 26.0
"""The second take ends this much earlier: its last check is left out."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--keep", action="store_true", help="go on until Ctrl+C")
    parser.add_argument("--port", type=int, default=8880)
    parser.add_argument("--data", type=Path, default=PLACE, help="the service's data folder; emptied first")
    chosen = parser.parse_args()
    shutil.rmtree(chosen.data, ignore_errors=True)
    password = demo_password(chosen.data)
    with FakeNotion() as notion:
        service = start(password, chosen.port, chosen.data)
        try:
            demo = Demo(Client(f"http://127.0.0.1:{chosen.port}"), notion)
            demo.client.wait_until_ready(service)
            demo.connect(password)
            walk(demo, chosen.recording, chosen.data)
            if chosen.keep:
                print("\nBoth keep running. Ctrl+C ends them.")
                service.wait()
        except KeyboardInterrupt:
            print("\nStopped.")
        finally:
            stop(service)
    return 0


def start(password: str, port: int, data: Path) -> subprocess.Popen[bytes]:
    settings = {
        "SOPWRIGHT_DATA": str(data),
        "SOPWRIGHT_FIRST_ADMIN_PASSWORD": password,
        "SOPWRIGHT_LOG_LEVEL": "WARNING",
        "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "1",
    }
    command = [str(Path(sys.executable).with_name("sopwright")), "serve", "--port", str(port)]
    return subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT)


class Demo:
    """An admin's few clicks, and people at work in Notion."""

    def __init__(self, client: Client, notion: FakeNotion) -> None:
        self.client, self.notion = client, notion
        self._session = requests.Session()

    def connect(self, password: str) -> None:
        """What docs/how-to/notion.md describes: connect, choose the policy, subscribe to events."""
        api = f"{self.client.url}/api/v1"
        signed_in = self._session.post(f"{api}/session", json={"email": "admin@localhost", "password": password}, timeout=60).json()
        csrf = signed_in["csrf_token"]
        settings = {"token": "ntn_test", "parent": self.notion.parent, "url": self.notion.url}
        body = {"kind": "notion", "name": "Notion", "settings": settings}
        made = self._session.post(f"{api}/connections", json=body, headers={"X-CSRF-Token": csrf}, timeout=60)
        made.raise_for_status()
        setup = f"{self.client.url}/notion/setup/{made.json()['id']}"
        self._session.post(setup, data={"csrf": csrf, "policy": "publish"}, timeout=60).raise_for_status()
        shown = self._session.get(setup, headers={"Accept": "application/json"}, timeout=60).json()
        self._events = shown["events_url"].replace("http://127.0.0.1:8800", self.client.url)
        self._deliver({"verification_token": TOKEN})
        shown = self._session.get(setup, headers={"Accept": "application/json"}, timeout=60).json()
        say("Connected to Notion; the webhook's verification token is shown", shown["verification_token"])
        for line in shown["missing"]:
            say("  Before the first row", line)
        self._until(lambda: any(s["title"] == "Recordings" for s in self.notion.workspace.sources.values()))

    def drop(self, row: str | None, title: str, video: Path) -> str:
        """A person puts a video into a row: a new one, or that of an earlier take."""
        if row is None:
            row = self.notion.add_row(title, video=video.read_bytes(), name=video.name)
        else:
            file = self.notion.workspace.add_file(video.name, video.read_bytes(), self.notion.url)
            self.notion.by_person(lambda w: w.blocks[row]["content"].update({"Video": [file], "Status": {"name": "New"}}))
        self._deliver(
            {
                "id": str(uuid4()),
                "type": "page.properties_updated",
                "authors": [{"id": PERSON, "type": "person"}],
                "entity": {"id": row, "type": "page"},
                "data": {"parent": {"type": "database", "data_source_id": self.notion.source_named("Recordings")["id"]}},
            }
        )
        return row

    def taken_back(self, page: str) -> None:
        """Waits until what people wrote on the page has become a revision of the SOP (Notion tells that the page changed)."""
        before = self._revision()
        body = {"id": str(uuid4()), "type": "page.content_updated", "authors": [{"id": PERSON, "type": "person"}]}
        self._deliver({**body, "entity": {"id": page, "type": "page"}, "data": {"parent": {"type": "database"}, "updated_blocks": []}})
        self._until(lambda: self._revision() > before)
        say("  It became revision", str(self._revision()))

    def _revision(self) -> int:
        answer = self._session.get(f"{self.client.url}/api/v1/sops", timeout=60)
        answer.raise_for_status()
        return int(answer.json()["items"][0]["revision"])

    def wait(self, row: str) -> str:
        """Follows the row until it says *Published*; the page's id."""
        told = ""

        def published() -> bool:
            nonlocal told
            seen = self.notion.row(row)
            now = f"{seen['state'] or 'New'} {seen['progress'] or 0:.0%} {seen['message'] if seen['state'] != 'Published' else ''}".strip()
            if now != told:
                say("  The row says", now)
            told = now
            if seen["state"] in ("Failed", "Needs a look"):
                raise SystemExit(f"The row ended as {seen}")
            return bool(seen["state"] == "Published")

        self._until(lambda: self.notion.row(row)["state"] not in ("New", None, "Published"))
        self._until(published)
        return str(self.notion.row(row)["sop"][0])

    def show(self, heading: str, page: str) -> str:
        tree = self.notion.tree(page)
        print(f"\n{heading}\n{'-' * len(heading)}\n{tree}\n", flush=True)
        return tree

    def _deliver(self, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        signature = "sha256=" + hmac.new(TOKEN.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Notion-Signature": signature}
        requests.post(self._events, data=raw, headers=headers, timeout=60).raise_for_status()

    def _until(self, done: Any) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit("It took too long.")
            time.sleep(0.3)


def walk(demo: Demo, recording: Path, data: Path) -> None:
    say("A row with a recording is added to the database Recordings", recording.name)
    row = demo.drop(None, "Restore the orders database", recording)
    page = demo.wait(row)
    before = len(demo.notion.seen)
    first = demo.show("The page in SOPs", page)
    say("A colleague adds a note to the page", NOTE)
    note = {"callout": {"rich_text": [{"text": {"content": NOTE}}]}}
    demo.notion.by_person(lambda w: w.append(page, {"children": [note], "position": {"type": "start"}}, PERSON))
    words = next(n for n in demo.notion.workspace.descendants(demo.notion.workspace.blocks[page]) if EXPECTED in _words(n))
    changed = {"rich_text": [{"text": {"content": _words(words).replace(EXPECTED, REWORDED)}}]}
    say("... and words an expected result better", REWORDED)
    demo.notion.by_person(lambda w: w.update_block(words["id"], {words["type"]: changed}, PERSON))
    demo.taken_back(page)
    say("The task is recorded again, without its last check", f"{SHORTER_BY_S:.0f} s shorter")
    demo.drop(row, "", shortened(recording, data / "second-take.mp4"))
    assert demo.wait(row) == page  # noqa: S101 - what the demonstration shows
    second = demo.show("The same page, with both", page)
    steps = [text.count("\nnumbered_list_item") for text in (first, second)]
    say("The colleague's note and words are kept", str(NOTE in second and REWORDED in second))
    say("Steps before and after", f"{steps[0]} and {steps[1]}")
    rows = [p["content"]["Name"][0]["text"]["content"] for p in demo.notion.pages_of("SOP versions")]
    say("Versions", ", ".join(sorted(rows)))
    views = [f"{v['name']} ({v['type']})" for v in demo.notion.workspace.views if v["name"] != "Default view"]
    say("Views of the databases", ", ".join(views))
    say("Requests of the update, polling included", str(len(demo.notion.seen) - before))
    judged = "not judged: the specification is not at hand" if specification() is None else str(len(demo.notion.refused))
    say("Requests that the published specification refuses", judged)


def _words(node: dict[str, Any]) -> str:
    return "".join(item["plain_text"] for item in node["content"].get("rich_text", []))


def shortened(source: Path, target: Path) -> Path:
    """The recording without its last seconds, bit by bit the same up to there."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        end_s = float(old.duration or 0) / av.time_base - SHORTER_BY_S
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams if stream.type in ("video", "audio")}
        for packet in old.demux():
            if packet.stream.index in streams and packet.dts is not None and float(packet.pts * packet.time_base) < end_s:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    sys.exit(main())

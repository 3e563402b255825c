"""A whole fake Notion on a real socket, and what tests ask it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from tests.contract.notion.fake.faults import Awaited, Fault, Seen
from tests.contract.notion.fake.routes import Routes
from tests.contract.notion.fake.spec import specification
from tests.contract.notion.fake.wire import Handler
from tests.contract.notion.fake.workspace import PERSON, Workspace


class FakeNotion:
    """``with FakeNotion() as notion:`` listens on ``notion.url``; ``notion.parent`` is a page shared with the connection."""

    def __init__(self, *, judged: bool = True, workspace: Workspace | None = None, parent: str = "", **options: Any) -> None:
        """With ``workspace`` (and its ``parent``) it goes on with what stands there already."""
        self.workspace = workspace or Workspace(**options)
        self.routes = Routes(self.workspace, specification() if judged else None)
        self.faults: list[Fault] = []
        self.awaited: Awaited | None = None
        self.seen: list[Seen] = []
        self.lock = threading.RLock()
        title = {"title": [{"text": {"content": "Team space"}}]}
        self.parent = parent or self.workspace.add_node("child_page", "workspace", title, PERSON, source=None, locked=False)["id"]
        fake = self

        class Mine(Handler):
            notion = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.routes.files.url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FakeNotion:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def tokens(self) -> dict[str, str]:
        """Accepted tokens and the bot that each belongs to."""
        return self.routes.tokens

    @property
    def refused(self) -> list[str]:
        """What the published document forbids and was sent all the same."""
        return self.routes.refused

    # --- what tests ask ----------------------------------------------------------------------------------------------

    def lines(self, since: int = 0) -> list[str]:
        return [seen.line for seen in self.seen[since:]]

    def writes(self, since: int = 0) -> list[Seen]:
        reading = re.compile(r"^GET|/query$|^POST /v1/search")
        return [s for s in self.seen[since:] if not reading.search(s.line) and s.status < 400]

    def source_named(self, title: str) -> dict[str, Any]:
        return next(s for s in self.workspace.sources.values() if s["title"] == title)

    def pages_of(self, title: str) -> list[dict[str, Any]]:
        identity = self.source_named(title)["id"]
        return [n for n in self.workspace.blocks.values() if n.get("source") == identity and not n["in_trash"]]

    def by_person(self, change: Callable[[Workspace], Any]) -> Any:
        """A change by a person in the user interface: no request of ours."""
        with self.lock:
            return change(self.workspace)

    def add_row(self, title: str, *, video: bytes | None = None, name: str = "recording.mp4", **content: Any) -> str:
        """A row that a person makes in *Recordings*; ``content`` are further property values. Gives its id."""
        source = self.source_named("Recordings")["id"]
        with self.lock:
            row = self.workspace.create_page({"parent": {"data_source_id": source}}, PERSON)
            row["content"]["Name"] = [{"type": "text", "text": {"content": title}}] if title else []
            if video is not None:
                row["content"]["Video"] = [self.workspace.add_file(name, video, self.url)]
            row["content"].update(content)
            return str(row["id"])

    def row(self, row_id: str) -> dict[str, Any]:
        """What people see in a row: state, progress, message, link and related pages."""
        with self.lock:
            content = self.workspace.blocks[row_id]["content"]
            message = content.get("Message") or []
            return {
                "state": (content.get("Status") or {}).get("name"),
                "progress": content.get("Progress"),
                "message": "".join(item["text"]["content"] for item in message),
                "link": next((item["text"]["link"]["url"] for item in message if item["text"].get("link")), None),
                "sop": [item["id"] for item in content.get("SOP") or []],
            }

    def tree(self, page_id: str) -> str:
        """The page's blocks, one a line, indented."""
        with self.lock:
            return "\n".join(_tree(self.workspace, self.workspace.blocks[page_id], 0))


def _tree(workspace: Workspace, node: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for child in workspace.live_children(node):
        content = child["content"]
        words = "".join(i["plain_text"] for i in content.get("rich_text", [])) or "".join(
            i["plain_text"] for i in content.get("caption", [])
        )
        if "cells" in content:
            words = " | ".join("".join(i["plain_text"] for i in cell) for cell in content["cells"])
        picture = f" [{workspace.uploads[content['upload']]['filename']}]" if "upload" in content else ""
        lines.append("  " * depth + f"{child['type']}{picture}: {words}".rstrip(": "))
        if child["type"] not in ("child_page", "child_database"):
            lines += _tree(workspace, child, depth + 1)
    return lines

"""What publishing to Confluence costs: SOPs with 20 pictures each, beside the same pages pushed by ``markdown-to-confluence`` (md2conf).

``python -m tests.bench.confluence [SOPs] [pictures]`` (100 and 20). Both talk to the fake on a local socket, so the seconds are those of the
publisher alone; over a real line each request adds its round trip. md2conf is installed into a throw-away environment. Three rounds: first
publication, unchanged, one step of each SOP changed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.contract import Asset, Known, Page
from connectors.filesystem.markdown import pieces_of
from plugin.domain.sop import Sop
from plugin.services.compose import compose
from tests.contract.confluence.fake import FakeConfluence
from tests.contract.confluence.pages import HERE, connector, document, step
from tests.contract.notion.pages import png

PICTURE_BYTES = 40_000
ROUNDS = ("first publication", "unchanged", "one step changed")


def main() -> None:
    count, pictures = (int(a) for a in (*sys.argv[1:3], *("100", "20")[len(sys.argv) - 1 :]))
    print(f"{count} SOPs with {pictures} pictures of {PICTURE_BYTES // 1000} KB each\n")
    print(f"{'':34}{'requests/SOP':>14}{'writes/SOP':>12}{'seconds':>10}{'seconds/SOP':>13}")
    with tempfile.TemporaryDirectory() as folder:
        sops = [_sop(n, pictures) for n in range(1, count + 1)]
        _ours("cloud", Path(folder), sops)
        _ours("datacenter", Path(folder), sops)
        _md2conf(Path(folder), sops)


def _ours(edition: Any, folder: Path, sops: list[Sop]) -> None:
    with FakeConfluence(edition, judged=False) as fake:
        c = connector(fake, folder / edition)
        known: dict[str, Known] = {}

        def publish(wanted: list[Sop]) -> None:
            for sop in wanted:
                page = _page(sop)
                known[sop.id] = c.publish(c.render(page), HERE, known=known.get(sop.id), message="").known

        for name, wanted in zip(ROUNDS, (sops, sops, [_changed(s) for s in sops]), strict=True):
            _timed(f"sopwright, {edition}: {name}", fake, lambda wanted=wanted: publish(wanted), len(sops))  # type: ignore[misc]  # bound now
        assert len(fake.pages()) == len(sops)
        assert fake.site.broken == []


def _md2conf(folder: Path, sops: list[Sop]) -> None:
    python = _installed(folder / "md2conf")
    if python is None:
        print("md2conf cannot be installed here: no comparison")
        return
    with FakeConfluence("cloud", judged=False) as fake:
        _indulge(fake)
        source = folder / "markdown"
        command = [
            str(python), "-m", "md2conf", str(source), "--api-url", f"{fake.url}/", "-d", "localhost", "-u", fake.email, "-a", fake.token,
            "-s", "OPS", "--root-page", fake.site.space("OPS").homepage, "-l", "error",
        ]  # fmt: skip

        def push(wanted: list[Sop]) -> None:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"md2conf failed: {done.stderr[-1500:]}")

        for name, wanted in zip(ROUNDS, (sops, sops, [_changed(s) for s in sops]), strict=True):
            if name != "unchanged":
                _written(source, wanted)
            _timed(f"md2conf, cloud: {name}", fake, lambda wanted=wanted: push(wanted), len(sops))  # type: ignore[misc]  # bound now


def _timed(name: str, fake: FakeConfluence, work: Callable[[], None], count: int) -> None:
    before, began = len(fake.seen), time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    requests, writes = len(fake.seen) - before, len(fake.writes(before))
    print(f"{name:34}{requests / count:14.1f}{writes / count:12.1f}{seconds:10.1f}{seconds / count:13.3f}", flush=True)


def _sop(number: int, pictures: int) -> Sop:
    steps = tuple(step(n, f"Do thing number {n} of procedure {number}.", expected=f"Thing {n} is done.") for n in range(1, pictures + 1))
    return document(steps, id=f"sop_{number:04}", title=f"Procedure number {number}")


def _changed(sop: Sop) -> Sop:
    first = replace(sop.steps[0], action=f"{sop.steps[0].action[:-1]}, slowly.")
    return replace(sop, steps=(first, *sop.steps[1:]), revision=2)


def _page(sop: Sop) -> Page:
    return compose(sop, assets=[_asset(sop, s.image.path) for s in sop.steps if s.image])


def _asset(sop: Sop, name: str) -> Asset:
    """A small real picture, followed by bytes that no two pictures share."""
    data = (png(1) + f"{sop.id}/{name}".encode()).ljust(PICTURE_BYTES, b"\0")
    digest = f"{hash((sop.id, name)) & (2**256 - 1):064x}"
    return Asset(digest=digest, name=name, media_type="image/png", size_bytes=len(data), read=lambda: data)


def _written(folder: Path, sops: list[Sop]) -> None:
    """The same pages as Markdown; what md2conf wrote into a file's head (the page's id) stays."""
    for sop in sops:
        page, file = _page(sop), folder / f"{sop.id}.md"
        images = {a.digest: f"{sop.id}/{Path(a.name).name}" for a in page.assets}
        for asset in page.assets:
            path = folder / images[asset.digest]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(asset.read())
        head = _head(file)
        body = "\n\n".join(piece.native for piece in pieces_of(page.blocks, images))
        file.write_text(f"{head}# {sop.title}\n\n{body}\n", "utf-8")


def _head(file: Path) -> str:
    text = file.read_text("utf-8") if file.exists() else ""
    return text[: text.index("# ")] if "# " in text else ""


def _installed(folder: Path) -> Path | None:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = subprocess.run([str(python), "-m", "pip", "install", "--quiet", "markdown-to-confluence"], capture_output=True, check=False)
    return python if done.returncode == 0 else None


def _indulge(fake: FakeConfluence) -> None:
    """What md2conf uses beside us: properties of attachments, a ``next`` in every list, also at its end, and a slash behind ``pages``."""
    answer = fake.api.answer
    properties: dict[str, dict[str, Any]] = {}

    def lenient(call: Any) -> Any:
        call = replace(call, path=call.path.rstrip("/"))
        of_attachment = re.match(r"/api/v2/attachments/([^/]+)/properties", call.path)
        status, headers, body = (200, {}, _property(call, properties.setdefault(of_attachment[1], {}))) if of_attachment else answer(call)
        if isinstance(body, dict) and "results" in body:
            body.setdefault("_links", {}).setdefault("next", "")
        return status, headers, body

    fake.api.answer = lenient  # type: ignore[method-assign]  # for the comparison only


def _property(call: Any, known: dict[str, Any]) -> Any:
    if call.method == "GET":
        return {"results": [p for p in known.values() if call.one("key") in ("", p["key"])], "_links": {"base": "http://localhost/wiki"}}
    made = {"id": str(1 + len(known)), "version": {"number": 1, "createdAt": "2026-11-25T09:00:00.000Z", "message": ""}, **call.body}
    known[made["key"]] = made
    return made


if __name__ == "__main__":
    main()

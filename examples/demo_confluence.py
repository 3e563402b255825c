"""SOPwright inside Confluence, without Confluence: a look-alike page with the real Forge app in it, under Forge's own content security policy.

    python -m examples.demo_confluence [--once] [--show] [--port 8870]

Starts the service, a stateful fake Confluence and a look-alike of Forge around them, then walks the whole story in a real browser: open "…", click, upload
a recording, watch, correct, publish, see the page, edit it as a colleague, record again, see both changes. Pictures of it are put into
``var/demo-confluence``. Afterwards everything keeps running, so that you can try it yourself, until Ctrl+C (``--once``: it ends).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

from tests.contract.confluence.fake import FakeConfluence
from tests.forge import keys
from tests.forge.atlassian import Atlassian, Member, People
from tests.forge.host import Host, build_app
from tests.forge.story import Story

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "var" / "demo-confluence"
READY_WITHIN_S = 90
CHROMIUM = os.environ.get("SOPWRIGHT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
# The app's pages and the service have other addresses on this machine too; real ones would not ask for the loopback.
ARGUMENTS = ("--no-sandbox", "--disable-features=LocalNetworkAccessChecks")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument("--show", action="store_true", help="show the browser, slowly")
    parser.add_argument("--port", type=int, default=8870, help="port of the service; the look-alike takes the next one")
    chosen = parser.parse_args()
    if CHROMIUM is None or shutil.which("npm") is None:
        raise SystemExit("The demo needs Chromium and npm. On Debian and Ubuntu: apt-get install chromium npm")
    shutil.rmtree(PLACE, ignore_errors=True)
    print("Building the Forge app", flush=True)
    built = build_app()
    with FakeConfluence("gateway") as fake, Atlassian(fake, port=chosen.port + 1) as atlassian, service(atlassian, chosen.port) as address:
        host, people = Host(atlassian, address, built), People().join(atlassian)
        if host.tell("/installed", {"installerAccountId": people.colleague.account_id}) != 200:
            raise SystemExit("The service did not take the app's installation; its words stand above.")
        page_id = walk(host, people, show=chosen.show)
        if fake.invalid:
            raise SystemExit("\n".join(["Requests that Confluence's published description does not know:", *fake.invalid]))
        print(f"\nPictures:     {PLACE}")
        print(f"Try yourself: {host.address(page_id, people.engineer)}")
        print(f"As a reader:  {host.address(page_id, people.reader)}")
        if not chosen.once:
            print("\nEverything keeps running. Ctrl+C ends it.", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                print("\nStopped.")
    return 0


def walk(host: Host, people: People, *, show: bool) -> str:
    """The story; the id of the page where it began."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS), headless=not show, slow_mo=400 if show else 0)
        context = browser.new_context(viewport={"width": 1360, "height": 920})
        context.set_default_timeout(60_000)

        def open_page(member: Member, page_id: str) -> object:
            sheet = context.new_page()
            sheet.goto(host.address(page_id, member))
            return sheet

        story = Story(host=host, people=people, show=open_page, shots=PLACE, say=lambda words: print(f"  {words}", flush=True))  # type: ignore[arg-type]
        page_id = story.first_page()
        first, second = story.films(PLACE / "recordings")
        made = story.record_and_publish(page_id, first)
        story.edit_as_a_colleague(made.id)
        story.record_again(made.id, second)
        browser.close()
    for version in made.versions:
        print(f"  version {version.number}: {version.message or ('begun' if version.number == 1 else 'edited in Confluence')}")
    return page_id


@contextmanager
def service(atlassian: Atlassian, port: int) -> Iterator[str]:
    """All roles of the service in one process, as ``sopwright serve`` runs them."""
    address = f"http://127.0.0.1:{port}"
    settings = {
        "SOPWRIGHT_DATA": str(PLACE / "data"), "SOPWRIGHT_BASE_URL": address, "SOPWRIGHT_LOG_LEVEL": "WARNING",
        "SOPWRIGHT_FORGE_APP_ID": keys.APP, "SOPWRIGHT_FORGE_JWKS_URL": atlassian.jwks_url, "SOPWRIGHT_ALLOW_PRIVATE_ADDRESSES": "1",
        "SOPWRIGHT_FIRST_ADMIN_PASSWORD": "only for this demonstration",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("sopwright")), "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT)
    try:
        wait_until_ready(process, address)
        yield address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The service did not start (exit code {process.returncode}). Is the port in use? Try --port 8970.")
        try:
            if requests.get(f"{address}/healthz", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)
    raise SystemExit("The service did not answer in time.")


if __name__ == "__main__":
    sys.exit(main())

"""Chromium, a running service, and a page that is signed in. Every test here is marked ``browser``."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.world import ADMIN, PASSWORD, Service, running, sample

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("SOPWRIGHT_CHROMIUM", shutil.which("chromium") or shutil.which("google-chrome") or "")
ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--auto-select-desktop-capture-source=Entire screen",
    "--autoplay-policy=no-user-gesture-required",
    # The foreign page of a test has a made-up address on this machine too; a real one would not ask for the loopback.
    "--disable-features=LocalNetworkAccessChecks",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "page" in getattr(item, "fixturenames", ()) or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


def needed(found: bool, what: str) -> None:
    """Skips plainly where a tool is missing; in CI that is a failure."""
    if not found and os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    if not found:
        pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    needed(bool(CHROMIUM), "Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The accessibility checker, fetched once by npm under its lock file."""
    path = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        npm = shutil.which("npm")
        needed(npm is not None, "npm")
        subprocess.run([str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True)
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture
def sop_id(service: Service) -> str:
    """A fresh SOP with every field filled and one picture."""
    return service.import_sop(*sample())


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: script errors and refusals of the content security policy. Asserted empty after each test."""
    return []


@pytest.fixture
def open_context(browser: Browser, service: Service, complaints: list[str]) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts that are signed in; ``account`` None leaves them signed out."""
    contexts: list[BrowserContext] = []

    def make(account: tuple[str, str] | None = (ADMIN, PASSWORD), **options: Any) -> BrowserContext:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "base_url": service.url, "reduced_motion": "reduce", **options}
        )
        context.set_default_timeout(60_000)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None)
        if account:
            email, password = account
            answer = context.request.post("/api/v1/session", data={"email": email, "password": password})
            assert answer.ok, answer.text()
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A page of the signed-in admin."""
    return open_context().new_page()

"""Signing in through a provider, and tokens that are bound to scopes, as a person does it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.world import ADMIN, running
from tests.integration.web.oidc_provider import CLIENT, SECRET, provider


def test_a_person_comes_in_through_the_provider_and_goes_on_where_they_were(browser: Browser, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own: dict[str, Any] = {
        "port": port,
        "base_url": f"http://127.0.0.1:{port}",
    }  # the provider sends people back to the address of the settings
    with (
        provider(time.time) as fake,
        running(tmp_path, oidc_issuer=fake.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Example ID", **own) as service,
    ):
        context = browser.new_context(base_url=service.url)
        page = context.new_page()
        page.goto("/signin?next=/templates")
        page.get_by_role("link", name="Continue with Example ID").click()
        expect(page.locator("#page")).to_contain_text("no access here yet")
        fake.claims = {"email": ADMIN, "email_verified": True, "name": "Admin"}
        page.goto("/signin?next=/templates")
        page.get_by_role("link", name="Continue with Example ID").click()
        page.wait_for_url("**/templates")
        expect(page.locator("#who")).to_contain_text("Admin")
        context.close()


def test_an_admin_makes_a_token_that_may_only_read_and_publish(open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/admin/tokens")
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Record, edit and review").uncheck()
    page.get_by_label("Publish").check()
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator(".once").inner_text()
    expect(page.get_by_role("row", name="nightly")).to_contain_text("read, publish")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert page.request.get("/api/v1/me", headers=bearer).json()["role"] == "author"
    refused = page.request.post("/api/v1/sops", headers=bearer, data={"document": {}})
    assert (refused.status, "'write'" in refused.json()["detail"]) == (403, True)

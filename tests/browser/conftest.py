"""A browser on a studio of its own; whatever the page complains about fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.process import StudioProcess

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A loaded machine may take its time.
expect.set_options(timeout=30_000)
WORKFLOWS = ("--workflows", "tests.workflows.journeys")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio(*WORKFLOWS)


@pytest.fixture
def complaints() -> list[str]:
    """Give what pages complained about; a test that provokes some clears them."""
    return []


@pytest.fixture
def page(browser: Browser, studio: StudioProcess, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=studio.address, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not complaints

"""An agent is watched while it talks, and stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import head, node
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio("--workflows", "tests.workflows.agents")


def test_what_an_agent_says_is_there_while_it_talks_and_a_cancel_stops_it(page: Page) -> None:
    page.goto("/workflows/talk/run/")
    page.get_by_role("button", name="Run", exact=True).click()
    panel = page.locator("#panel")
    expect(panel.get_by_text("Once upon a time")).to_be_visible()
    expect(panel.get_by_text("Calls listen")).to_be_visible()
    expect(panel.get_by_role("link", name="Transcript")).to_have_attribute("aria-current", "true")
    expect(panel.locator("header")).to_contain_text("3 in, 4 out tokens")
    node(page, "speak", "running")
    page.locator("#head").get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel this run").click()
    node(page, "speak", "canceled")
    head(page, "canceled")
    expect(page.locator("#head .facts")).to_contain_text("3 in, 4 out")

"""A question that proposes an answer: a person mends what is wrong in it, and types nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import head, node
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio("--workflows", "studio.workflows")


def test_only_what_is_wrong_is_typed(page: Page) -> None:
    page.goto("/workflows/import-contacts/run/")
    page.get_by_role("button", name="Run", exact=True).click()
    node(page, "settle-bad-rows", "suspended")
    panel = page.locator("#panel")
    expect(panel.get_by_label("Name").first).to_have_value("Grace Hopper")
    panel.get_by_label("E-mail").first.fill("grace@example.org")
    panel.get_by_label("Name").nth(1).fill("Alan Turing")
    page.reload()
    # What was typed is newer than what was proposed.
    expect(panel.get_by_label("E-mail").first).to_have_value("grace@example.org")
    expect(panel.get_by_label("Name").nth(1)).to_have_value("Alan Turing")
    panel.get_by_label("Phone").nth(2).fill("020 7946 0001")
    panel.get_by_role("button", name="Fix and resume").click()
    head(page, "success")
    page.goto(f"{page.url.partition('?')[0]}?step=%2F&tab=result")
    expect(panel).to_contain_text("imported: 5")

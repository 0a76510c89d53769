"""From a run to a test of its workflow, and to seeing it pass and fail, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WORKFLOWS
from tests.browser.test_run_journey import head, node, start_order
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio(*WORKFLOWS, "--workflows", "tests.workflows.gated")


def test_a_run_becomes_a_test_that_is_run_and_watched(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.locator("#panel").get_by_role("button", name="Approve and resume").click()
    head(page, "success")

    page.get_by_role("button", name="More", exact=True).press("Enter")
    page.get_by_role("link", name="Save as test").press("Enter")
    page.get_by_label("Name").fill("Ada gets her parcel")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(page.get_by_role("status").filter(has_text="is saved")).to_be_visible()

    row = page.locator("#tests tbody tr")
    expect(row).to_contain_text("not run yet")
    row.get_by_role("button", name="Run").press("Enter")
    expect(row).to_have_attribute("data-s", "success")

    row.get_by_role("link", name="Ada gets her parcel", exact=True).press("Enter")
    page.locator('[name="test.expectations.1.~1.value"]').fill('{"shipped": false}')
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    page.get_by_role("button", name="Run all").press("Enter")
    expect(row).to_have_attribute("data-s", "failed")
    expect(row).to_contain_text("The result equals")
    row.get_by_role("link", name="Beside the last good run").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Compare")


def test_a_test_that_runs_is_seen_running_until_it_ends(page: Page, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    page.request.post("/api/workflows/gated/start-async?runId=open", data={"inputData": {"gate": str(gate)}})
    page.goto("/runs/open/")
    head(page, "success")
    gate.unlink()
    page.goto("/workflows/gated/tests/new/?run=open")
    page.get_by_label("Name").fill("It comes through")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    row = page.locator("#tests tbody tr")
    row.get_by_role("button", name="Run").press("Enter")
    expect(row).to_have_attribute("data-s", "running")
    gate.touch()
    expect(row).to_have_attribute("data-s", "success")

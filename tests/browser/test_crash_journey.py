"""The server dies in the middle of a run; the page waits for it, and the run ends right."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.process import StudioProcess

WORKFLOWS = ("--workflows", "tests.workflows.gated")


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio(*WORKFLOWS)


def test_a_killed_server_comes_back_and_the_page_goes_on(
    page: Page, studio: StudioProcess, start_studio: Callable[..., StudioProcess], complaints: list[str], tmp_path: Path
) -> None:
    page.goto("/workflows/gated/run/")
    page.get_by_label("Gate").fill(str(tmp_path / "gate"))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator('#flow .node[data-path="rest"]')).to_have_attribute("data-s", "running")
    expect(page.locator("#live")).to_have_text("Live")
    address = page.url

    studio.stop(signal.SIGKILL)
    expect(page.locator("#live")).to_contain_text("Reconnecting, last event")
    port = studio.address.rpartition(":")[2]
    start_studio(*WORKFLOWS, "--port", port)
    (tmp_path / "gate").touch()
    expect(page.locator("#head")).to_have_attribute("data-s", "success", timeout=60_000)
    expect(page.locator("#live")).to_have_text("Finished")
    expect(page.locator('#flow .node[data-path="end"]')).to_have_attribute("data-s", "success")
    assert page.url == address

    page.goto(f"{address}events/?format=json")
    kinds = page.evaluate("JSON.parse(document.body.innerText).events.map(e => `${e.kind} ${e.path}`.trim())")
    assert kinds.count("StepSucceeded begin") == 1
    assert kinds.count("StepLost rest") == 1
    assert kinds.count("StepSucceeded rest") == 1
    assert kinds[-1] == "RunFinished"
    # The browser notes every refused connection.
    complaints.clear()

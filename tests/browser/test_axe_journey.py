"""Every kind of page, in both themes and at three widths, looked over by axe."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import node, start_order

Scheme = Literal["light", "dark"]
ADDRESSES = (
    "/",
    "/workflows/",
    "/workflows/order/",
    "/workflows/order/?step=review",
    "/workflows/order/versions/",
    "/workflows/order/run/",
    "/workflows/order/tests/",
    "/workflows/order/tests/new/",
    "/runs/",
    "/runs/?q=x&longer=x",
    "/runs/?group=step",
    "/insights/",
    "/schedules/",
    "/activity/",
    "/jump/?q=o",
    "/views/",
    "/views/new/?of=/runs/",
    "/settings/",
    "/settings/mails/",
    "/settings/tokens/",
    "/settings/webhooks/",
    "/settings/workers/",
    "/settings/members/",
    "/settings/members/new/",
    "/settings/roles/",
    "/settings/roles/Operator/",
    "/settings/grants/",
    "/compare/",
    "/approvals/",
    "/reference/",
)
OF_A_RUN = ("events", "state", "raw", "time-travel", "cancel", "delete", "compare", "usual")


# Colours do not depend on the width, so not every pair is worth its time.
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1000), ("dark", 390)])
def test_axe_finds_nothing(page: Page, scheme: Scheme, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    start_order(page)
    node(page, "review", "suspended")
    run = page.url
    page.goto(run)
    expect(page.locator("#panel form")).to_be_visible()
    for address in (run, *(f"{run}{part}/" for part in OF_A_RUN), *ADDRESSES):
        page.goto(address)
        assert not faults(page), address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} scrolls sideways"


def test_nothing_scrolls_sideways_at_four_times_the_size(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    start_order(page)
    node(page, "review", "suspended")
    run = page.url
    hook = {"url": f"https://hooks.example.org/{'order-desk/' * 12}", "events": ["run.finished"]}
    made = page.request.post("/api/webhooks", data=hook)
    webhook = f"/settings/webhooks/{made.json()['id']}/"
    for address in (run, *(f"{run}{part}/" for part in OF_A_RUN), *ADDRESSES, webhook):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} scrolls sideways"


def faults(page: Page) -> list[str]:
    # Axe takes colours as they are; one that is still changing has no contrast to speak of.
    page.emulate_media(reduced_motion="reduce")
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {json.dumps([node['target'] for node in fault['nodes']])}" for fault in found]

"""The overview stays true while it is open, and its charts lead on."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import head, node, start_order


def hurry(page: Page) -> None:
    """Read the panels again and again, and not only when it is time."""
    page.evaluate(
        "setInterval(() => document.querySelectorAll('[data-refresh]')"
        ".forEach((part) => { part.dataset.refresh = '0.1'; }), 100)"
    )


def test_the_figures_follow_what_happens_without_a_reload(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#live")).to_have_text("Live")
    page.wait_for_load_state()
    loads: list[str] = []
    page.on("load", lambda _: loads.append("again"))
    other = page.context.new_page()
    start_order(other)
    node(other, "review", "suspended")
    waiting = page.get_by_role("link", name=re.compile("^Waiting for people"))
    expect(waiting).to_contain_text("Waiting for people1")
    expect(page.locator("#attention")).to_contain_text("review waits for a person")
    assert not loads


def test_a_bar_opens_the_runs_behind_it(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.locator("#head").get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel this run").click()
    head(page, "canceled")
    page.goto("/")
    hurry(page)
    bars = page.locator("#volume svg rect.slot")
    expect(bars).to_have_count(48)
    bars.last.click()
    expect(page).to_have_url(re.compile(r"/runs/\?by=end&from=.*&to="))


def test_what_is_focused_stays_so_when_it_is_read_again(page: Page) -> None:
    page.goto("/?hours=24")
    hurry(page)
    link = page.get_by_role("link", name=re.compile("^Running now"))
    link.focus()
    with page.expect_response(re.compile("/panels/figures/")):
        pass
    expect(link).to_be_focused()

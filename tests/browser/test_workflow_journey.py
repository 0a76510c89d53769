"""The page of a workflow says where its open runs are, while one looks."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import node, start_order


def test_the_counts_on_the_graph_follow_the_runs(page: Page) -> None:
    page.goto("/workflows/order/")
    review = page.locator('#flow .node[data-path="review"]')
    expect(review).to_contain_text("none open")
    other = page.context.new_page()
    start_order(other)
    node(other, "review", "suspended")
    expect(review).to_contain_text("1 open")
    review.click()
    page.locator("#step").get_by_role("link", name="1", exact=True).click()
    expect(page.locator("tr[data-id]")).to_have_count(1)


def test_a_call_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.clock.install()
    page.goto("/workflows/order/")
    # It says so for a moment only; it is over when the test says so.
    page.clock.pause_at(page.evaluate("Date.now()") + 1_000)
    page.locator("#snippets").get_by_role("button", name="Copy").first.dblclick()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.get_by_role("button", name="Copied")).to_be_hidden()
    assert 'get_workflow("order")' in page.evaluate("navigator.clipboard.readText()")

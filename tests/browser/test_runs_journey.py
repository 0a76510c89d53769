"""Finding runs, watching the list, and doing one thing to many of them."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_run_journey import node, start_order


def make_orders(page: Page, *customers: str) -> None:
    for customer in customers:
        start_order(page, customer)
        node(page, "review", "suspended")


def test_new_runs_are_announced_and_rows_patched_where_they_stand(page: Page) -> None:
    make_orders(page, "Ada")
    page.goto("/runs/")
    expect(page.locator("#live")).to_have_text("Live")
    row = page.locator("tr[data-id]").first
    row.get_by_role("link").focus()
    other = page.context.new_page()
    make_orders(other, "Grace")
    fresh = page.locator("#fresh")
    expect(fresh).to_have_text("1 new run, show it")
    expect(page.locator("tr[data-id]")).to_have_count(1)
    expect(row.get_by_role("link")).to_be_focused()

    other.goto("/runs/")
    other.locator("tr[data-id]").last.get_by_role("checkbox").check()
    other.get_by_role("button", name="Cancel", exact=True).click()
    other.get_by_role("button", name="Cancel this run").click()
    expect(other.get_by_role("heading", name="Cancel: 1 done")).to_be_visible()
    expect(row).to_have_attribute("data-s", "canceled")
    expect(row.get_by_role("link")).to_be_focused()

    fresh.get_by_role("link").click()
    expect(page.locator("tr[data-id]")).to_have_count(2)
    # A row that has nothing to say of a column keeps its place.
    for one in page.locator("tr[data-id]").all():
        expect(one.locator("td:visible")).to_have_count(page.locator("th:visible").count())


def test_many_runs_are_canceled_by_keyboard(page: Page) -> None:
    make_orders(page, "Ada", "Grace", "Edsger")
    page.goto("/runs/")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_role("heading", name="Cancel 2 runs")).to_be_visible()
    page.get_by_label("Reason").fill("Out of stock")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cancel: 2 done")).to_be_visible()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator('tr[data-s="canceled"]')).to_have_count(2)


def test_a_run_is_found_by_what_it_was_given_and_a_filter_dropped(page: Page) -> None:
    make_orders(page, "Ada", "Grace")
    page.goto("/runs/")
    page.keyboard.press("/")
    page.keyboard.type("grace")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=grace$"))
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.get_by_text("Filters").click()
    page.get_by_label("On step").fill("ship")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()
    page.get_by_role("link", name="On step: ship").click()
    expect(page.locator("tr[data-id]")).to_have_count(1)
    expect(page.locator("#live")).to_have_text("Live")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))

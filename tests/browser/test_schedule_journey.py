"""A schedule: made from the form of a workflow, fired at once, paused, deleted."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def test_a_schedule_is_made_fired_paused_and_deleted(page: Page, complaints: list[str]) -> None:
    page.goto("/schedules/")
    expect(page.get_by_role("heading", name="Nothing starts by itself yet")).to_be_visible()
    page.get_by_label("Workflow", exact=True).select_option("order")
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Name").fill("Standing order")
    page.get_by_label("When").fill("0 25 * * *")
    page.get_by_label("Customer").fill("Ada")
    page.get_by_label("Total").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("It takes 0 to 23")
    # The browser notes that the answer was a 422.
    complaints.clear()
    page.get_by_label("When").fill("0 9 * * mon-fri")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Standing order")).to_be_visible()
    expect(page.locator("#schedule")).to_contain_text("Monday to Friday at 09:00")

    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/sched_"))
    expect(page.locator("#flow .node[data-path='review']")).to_have_attribute("data-s", "suspended")
    page.get_by_role("link", name="Schedules").click()
    row = page.get_by_role("row", name="Standing order")
    expect(row).to_contain_text("waiting for a person")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    row.get_by_role("link", name="order · Standing order").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    # Before the scripts have come the link leads to the same question as a page of its own.
    page.wait_for_load_state()
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("what came of 1 time is forgotten")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Standing order")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete this schedule").click()
    expect(page.get_by_text("The schedule is deleted")).to_be_visible()


def test_a_schedule_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/workflows/order/schedules/new/")
    page.get_by_label("Name").fill("A name that is as long as a name of a schedule may be, or nearly so")
    page.get_by_label("When").fill("@hourly")
    page.get_by_label("Customer").fill("Ada")
    page.get_by_label("Total").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#schedule")).to_contain_text("every hour at :00")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto("/schedules/")
    expect(page.locator("#schedules")).to_contain_text("every hour at :00")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

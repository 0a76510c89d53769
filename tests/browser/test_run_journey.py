"""What a person does most: start, watch, answer, cancel."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def start_order(page: Page, customer: str = "Ada", total: str = "120.50") -> None:
    page.goto("/workflows/")
    page.get_by_role("link", name="order", exact=True).click()
    page.get_by_role("link", name="Run", exact=True).click()
    page.get_by_label("Customer").fill(customer)
    page.get_by_label("Total").fill(total)
    page.get_by_role("button", name="Run", exact=True).click()


def node(page: Page, path: str, status: str) -> None:
    """Wait until a node has a status, and the scripts of its page have come."""
    expect(page.locator(f'#flow .node[data-path="{path}"]')).to_have_attribute("data-s", status)
    page.wait_for_load_state()


def head(page: Page, status: str, timeout: float | None = None) -> None:
    """Wait until a run has a status, and the scripts of its page have come."""
    expect(page.locator("#head")).to_have_attribute("data-s", status, timeout=timeout)
    page.wait_for_load_state()


def test_a_run_is_started_watched_answered_and_succeeds(page: Page) -> None:
    start_order(page)
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    page.wait_for_load_state()
    loads: list[str] = []
    page.on("load", lambda _: loads.append("again"))
    for path in ("check", "stock", "fraud"):
        node(page, path, "success")
    node(page, "review", "suspended")
    expect(page.locator("#live")).to_have_text("Live")
    expect(page).to_have_title(re.compile("^waiting for a person · order"))
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="May it be shipped?")).to_be_visible()
    assert not loads, "the page was loaded again instead of being patched"

    expect(panel.get_by_text("Then ship")).to_be_visible()
    panel.get_by_label("Note").fill("Fine")
    panel.get_by_role("button", name="Approve and resume").click()
    node(page, "ship", "success")
    head(page, "success")
    expect(page).to_have_title(re.compile("^succeeded · order"))
    expect(page.locator("#live")).to_have_text("Finished")
    expect(page.locator("#timeline .row[data-path='ship']")).to_have_attribute("data-s", "success")


def test_who_writes_in_a_form_sends_it_from_there(page: Page) -> None:
    page.goto("/workflows/order/run/")
    page.get_by_label("Customer").fill("Ada")
    page.get_by_label("Total").fill("120,50")
    page.get_by_label("Total").press("Control+Enter")
    node(page, "review", "suspended")
    page.locator("#panel").get_by_label("Note").fill("Fine")
    page.locator("#panel").get_by_label("Note").press("Control+Enter")
    node(page, "ship", "success")
    page.goto(f"{page.url.partition('?')[0]}?step=review&tab=output")
    expect(page.locator("#panel")).to_contain_text("approve")


def test_errors_stand_at_their_fields_and_nothing_is_started(page: Page, complaints: list[str]) -> None:
    start_order(page, customer="A", total="-1")
    faults = page.get_by_role("alert")
    expect(faults).to_contain_text("2 answers need another look")
    expect(faults).to_be_focused()
    expect(page.get_by_label("Customer")).to_have_value("A")
    expect(page.get_by_label("Customer")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Total")).to_have_attribute("aria-invalid", "true")
    page.goto("/runs/")
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()
    # The browser notes that the answer was a 422.
    assert all("422" in line for line in complaints)
    complaints.clear()


def test_an_answer_that_does_not_fit_keeps_the_run_waiting(page: Page, complaints: list[str]) -> None:
    start_order(page)
    panel = page.locator("#panel")
    panel.get_by_label("Note").fill("Far too long. " * 20)
    panel.get_by_role("button", name="Approve and resume").click()
    expect(page.get_by_role("alert")).to_contain_text("Note")
    expect(page.locator("#panel").get_by_label("Note")).to_have_value("Far too long. " * 20)
    node(page, "review", "suspended")
    complaints.clear()


def test_what_is_being_written_survives_what_happens_meanwhile(page: Page, complaints: list[str]) -> None:
    start_order(page)
    note = page.locator("#panel").get_by_label("Note")
    note.fill("Half a sen")
    address = page.url
    other = page.context.new_page()
    other.goto(address)
    other.locator("#panel").get_by_role("button", name="Reject").click()
    node(page, "review", "success")
    expect(page.get_by_text("This step has changed while you were writing")).to_be_visible()
    expect(note).to_have_value("Half a sen")
    page.locator("#panel").get_by_role("button", name="Approve and resume").click()
    expect(page.get_by_role("heading", name="Somebody was faster")).to_be_visible()
    expect(page.get_by_text("reject")).to_be_visible()
    complaints.clear()

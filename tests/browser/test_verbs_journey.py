"""What a person does to a run that is there: cancel it, go back in it, delete it; each with foresight."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_axe_journey import faults
from tests.browser.test_inspector_journey import pause_before
from tests.browser.test_run_journey import head, node, start_order


def waiting_order(page: Page) -> str:
    start_order(page)
    node(page, "review", "suspended")
    # The verbs are told anew when the head arrives.
    expect(page.get_by_role("link", name="Time travel")).to_be_enabled()
    return page.url


def test_a_run_is_canceled_with_a_reason_that_the_log_keeps(page: Page) -> None:
    waiting_order(page)
    page.get_by_role("link", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name=re.compile("^Cancel order"))
    expect(dialog).to_contain_text("1 open question is withdrawn")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    assert not faults(page)
    dialog.get_by_label("Reason").fill("Changed my mind")
    dialog.get_by_role("button", name="Cancel this run").click()
    head(page, "canceled")
    node(page, "review", "canceled")
    expect(page.get_by_role("link", name="Cancel", exact=True)).to_be_disabled()
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("row", name="Changed my mind")).to_contain_text("canceled order")


def test_a_dialog_is_left_without_a_trace(page: Page) -> None:
    run = waiting_order(page)
    for leave in ("Escape", "Back"):
        page.get_by_role("link", name="Cancel", exact=True).click()
        expect(page.locator("#verb")).to_be_visible()
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            page.locator("#verb").get_by_role("link", name="Back").click()
        expect(page.locator("#verb")).to_have_count(0)
        expect(page.get_by_role("link", name="Cancel", exact=True)).to_be_focused()
    assert page.url == run
    node(page, "review", "suspended")


def test_a_dialog_gives_the_focus_back_though_its_button_was_drawn_anew(page: Page) -> None:
    waiting_order(page)
    expect(page.locator("#live")).to_have_text("Live")
    page.wait_for_load_state("networkidle")
    cancel = page.get_by_role("link", name="Cancel", exact=True)
    cancel.click()
    expect(page.locator("#verb")).to_be_visible()
    page.locator("#head").evaluate("head => { head.dataset.isOld = ''; }")
    pause_before(page, "ship")
    expect(page.locator("#head[data-is-old]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(cancel).to_be_focused()


def test_what_is_not_possible_says_why_in_words(page: Page) -> None:
    waiting_order(page)
    restart = page.get_by_role("link", name="Restart")
    expect(restart).to_be_disabled()
    restart.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#verb")).to_contain_text("It waits for a person")


def test_a_fork_starts_from_a_step_with_another_input(page: Page, complaints: list[str]) -> None:
    run = waiting_order(page)
    page.locator('#flow .node[data-path="check"]').click()
    expect(page.locator("#panel")).to_have_attribute("data-step", "check")
    page.get_by_role("link", name="Time travel").click()
    dialog = page.get_by_role("dialog")
    step = dialog.get_by_label("Go back to before")
    expect(step).to_have_value("check")
    expect(dialog).to_contain_text("3 steps run again")
    step.select_option("fraud")
    expect(dialog).to_contain_text("2 results are kept and used")
    step.select_option("check")
    expect(dialog).to_contain_text("3 steps run again")
    dialog.get_by_text("Give it another input").click()
    assert not faults(page)
    other = dialog.locator("[name='input.value']")
    other.fill('{"customer": "Grace",')
    dialog.get_by_role("button", name="Make a copy and run it").click()
    expect(dialog.get_by_role("alert").first).to_contain_text("This is not JSON")
    other.fill('{"customer": "Grace", "total": "1"}')
    dialog.get_by_label("Reason").fill("What if Grace had ordered?")
    dialog.get_by_role("button", name="Make a copy and run it").click()
    expect(page.get_by_text("This is a copy of")).to_be_visible()
    assert page.url != run
    node(page, "review", "suspended")
    page.locator('#flow .node[data-path="check"]').click()
    expect(page.locator("#panel")).to_contain_text("Grace")
    page.get_by_role("definition").locator("a.mono").click()
    expect(page).to_have_url(run)
    node(page, "review", "suspended")
    # The browser notes that one answer was a 422.
    assert all("422" in line for line in complaints)
    complaints.clear()


def test_two_runs_are_compared_from_the_page_of_one(page: Page) -> None:
    waiting_order(page)
    waiting_order(page)
    page.locator("#panel").get_by_role("button", name="Approve and resume").click()
    head(page, "success")
    page.get_by_role("link", name="Compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="The last that succeeded")).to_have_count(0)
    dialog.get_by_role("link", name="The run before").click()
    expect(page.get_by_text("The paths part at review")).to_be_visible()
    expect(page.locator('#flow .node[data-path="ship"]')).to_have_attribute("data-mark", "b")
    assert not faults(page)
    page.get_by_role("row").get_by_role("link", name="check").click()
    expect(page.get_by_role("heading", name="check")).to_be_visible()
    page.get_by_role("link", name="Largest change").click()
    expect(page.get_by_role("heading", name="check")).to_be_visible()
    page.get_by_role("link", name="Swap A and B").click()
    expect(page.locator('#flow .node[data-path="ship"]')).to_have_attribute("data-mark", "a")


def test_a_run_is_deleted_from_the_menu_and_brought_back(page: Page) -> None:
    waiting_order(page)
    run = page.url
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete this run").click()
    expect(page).to_have_url(re.compile(r"/runs/$"))
    expect(page.get_by_text("is deleted at")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(run)
    expect(page.get_by_text("The run is kept.")).to_be_visible()

"""Going somewhere by keyboard alone, and keeping what one looks at."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_axe_journey import faults
from tests.browser.test_run_journey import node, start_order


def test_the_jump_box_works_by_keyboard(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    run_id = page.url.rstrip("/").rpartition("/")[2]
    page.goto("/workflows/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Workflow, run id, view or page")
    expect(field).to_be_focused()
    chosen = page.locator("#jump [aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert not faults(page)
    page.keyboard.type("insi")
    expect(chosen).to_have_text("Insights")
    expect(field).to_have_attribute("aria-activedescendant", re.compile("^jump-"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/insights/$"))
    page.wait_for_load_state()

    # Enter means what was typed, also before the list has come.
    page.keyboard.press("Control+k")
    expect(chosen).to_have_count(1)
    page.keyboard.type("approv")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/approvals/$"))
    page.wait_for_load_state()

    page.keyboard.press("Control+k")
    page.keyboard.type(run_id[:6])
    expect(chosen).to_contain_text(run_id)
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Runs with")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{run_id}/$"))


def test_escape_closes_the_jump_box_and_nothing_says_so(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Jump to").click()
    page.keyboard.type("no such thing")
    expect(page.locator("#jump [role=option]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#jump")).to_be_hidden()


def test_letters_lead_to_pages(page: Page) -> None:
    page.goto("/runs/")
    places = {"o": "/", "w": "/workflows/", "r": "/runs/", "a": "/approvals/", "s": "/schedules/", "i": "/insights/"}
    for key, address in places.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{address}$"))
        page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()


def test_a_list_is_kept_and_shown_on_a_wall(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.goto("/runs/?status=suspended")
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill("Who waits")
    page.get_by_label("Everybody sees it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/\?status=suspended&view=who-waits$"))
    expect(page.locator("tr[data-id]")).to_have_count(1)
    page.get_by_role("link", name="Who waits").click()
    page.get_by_role("link", name="Wall Who waits").click()
    expect(page.locator(".nav")).to_be_hidden()
    wall = page.url
    page.goto(f"{wall}&every=5")
    with page.expect_navigation():
        pass
    expect(page.locator(".nav")).to_be_hidden()
    # One that is loaded anew meanwhile cannot be looked over.
    page.goto(f"{wall}&every=3600")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    expect(page.locator(".nav")).to_be_hidden()
    assert not faults(page)
    for control in (".search", ".filters:has(> .chip)", ".listbar", ".pick input", ".seg", ".nav"):
        expect(page.locator(control).first).to_be_hidden()
    page.get_by_role("link", name="Leave the wall").press("Enter")
    expect(page.locator(".nav")).to_be_visible()


def test_a_key_of_ones_own_stands_for_another(page: Page) -> None:
    page.goto("/settings/")
    page.get_by_role("button", name=re.compile("^Add")).click()
    page.get_by_label("You press").fill("x")
    page.get_by_label("In place of").fill("j")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your settings are saved.")).to_be_visible()
    page.goto("/workflows/")
    first = page.locator("[data-row] a").first
    page.keyboard.press("j")
    expect(first).not_to_be_focused()
    page.keyboard.press("x")
    expect(first).to_be_focused()
    page.locator("[data-search]").press("x")
    expect(page.locator("[data-search]")).to_have_value("x")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys dt").filter(has_text=re.compile("^x$|^xk$"))).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/runs/$"))

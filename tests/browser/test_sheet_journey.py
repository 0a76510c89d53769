"""The side panel on a screen that has no room for it: a sheet over the panes, and a breakpoint set in it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.test_run_journey import head, node, start_order

NARROW: ViewportSize = {"width": 1000, "height": 800}
# The sheet slides in and the graph follows in the frames after; for half a minute at most.
BESIDE = """(path) => new Promise((done) => {
  const until = performance.now() + 30000;
  const where = (name) => document.querySelector(name).getBoundingClientRect();
  const look = () => {
    const [box, sheet] = [where(`#flow .node[data-path="${path}"]`), where("#panel")];
    const isBeside = box.left >= 56 && box.right <= sheet.left;
    isBeside || performance.now() > until ? done(isBeside) : requestAnimationFrame(look);
  };
  look();
})"""


def test_the_panel_comes_over_the_panes_and_goes_by_escape(page: Page) -> None:
    page.set_viewport_size(NARROW)
    start_order(page)
    node(page, "review", "suspended")
    panel, fraud = page.locator("#panel"), page.locator("#flow [data-path='fraud']")
    expect(panel).to_be_hidden()
    fraud.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    expect(page.locator("#panel-title")).to_have_text("fraud")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(fraud).to_be_focused()
    expect(page).to_have_url(re.compile("step=fraud&side=closed"))
    page.reload()
    expect(panel).to_be_hidden()

    row = page.locator("#timeline .row[data-path='stock'] a.to")
    row.click()
    expect(page.locator("#panel-title")).to_have_text("stock")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
    expect(row).to_be_focused()
    page.get_by_role("button", name="Details").click()
    expect(page.locator("#panel-title")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_question_opens_the_panel_and_a_wide_screen_has_it_beside(page: Page) -> None:
    page.set_viewport_size(NARROW)
    start_order(page)
    node(page, "review", "suspended")
    run = page.url
    page.goto(run)
    expect(page.locator("#panel form.answer")).to_be_visible()
    page.goto(f"{run}?side=closed")
    expect(page.locator("#panel")).to_be_hidden()
    page.set_viewport_size({"width": 1300, "height": 800})
    expect(page.locator("#panel form.answer")).to_be_visible()
    expect(page.locator("#panel").get_by_role("button", name="Close")).to_be_hidden()
    expect(page.get_by_role("button", name="Details")).to_be_hidden()


def test_the_selected_node_stands_beside_the_sheet(page: Page) -> None:
    page.set_viewport_size(NARROW)
    start_order(page)
    node(page, "review", "suspended")
    for path in ("review", "ship", "stock"):
        page.locator(f"#timeline .row[data-path='{path}'] a.to").click()
        expect(page.locator("#panel-title")).to_have_text(path)
        chosen = page.locator(f"#flow .node[data-path='{path}']")
        expect(chosen).to_have_attribute("aria-current", "true")
        assert page.evaluate(BESIDE, path), path


def test_without_script_the_panel_stands_below(page: Page, browser: Browser) -> None:
    start_order(page)
    node(page, "review", "suspended")
    plain = browser.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 800})
    bare = plain.new_page()
    bare.goto(page.url)
    timeline, panel = (bare.locator(name).bounding_box() for name in ("#timeline", "#panel"))
    assert timeline is not None and panel is not None
    assert panel["y"] >= timeline["y"] + timeline["height"] - 1
    expect(bare.locator("#panel form.answer")).to_be_visible()
    expect(bare.locator("#panel").get_by_role("button", name="Close")).to_be_hidden()
    plain.close()


def test_a_breakpoint_is_set_and_taken_away_while_the_run_goes_on(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    ship = page.locator("#flow [data-path='ship']")
    ship.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("ship")
    page.get_by_role("button", name="Pause before it", exact=True).click()
    expect(ship).to_contain_text("the run pauses before it")
    expect(page.locator("#timeline .row[data-path='ship']")).to_contain_text("the run pauses before it")
    page.keyboard.press("b")
    expect(ship).not_to_contain_text("the run pauses before it")
    page.keyboard.press("b")
    expect(ship).to_contain_text("the run pauses before it")

    page.locator("#flow [data-path='review']").click()
    page.locator("#panel").get_by_role("button", name="Approve and resume").click()
    head(page, "paused")
    node(page, "ship", "pending")
    page.get_by_role("button", name="Run to the end").click()
    node(page, "ship", "success")
    head(page, "success")


def test_what_is_drawn_anew_is_ready_at_once(page: Page) -> None:
    page.set_viewport_size(NARROW)
    start_order(page)
    node(page, "review", "suspended")
    loads: list[str] = []
    page.on("load", lambda _: loads.append("again"))
    page.evaluate(
        """() => {
          document.addEventListener("htmx:afterSwap", () => {
            setTimeout(() => document.querySelector("#timeline .row[data-path='fraud'] a.to").click());
          }, { once: true });
          document.dispatchEvent(new Event("timeline:stale"));
        }"""
    )
    expect(page.locator("#panel-title")).to_have_text("fraud")
    expect(page.locator("#panel-title")).to_be_focused()
    assert not loads, "the link was followed as a page"


def test_what_stands_above_the_panes_is_in_reach_beside_the_panel(page: Page) -> None:
    page.set_viewport_size(NARROW)
    start_order(page)
    node(page, "review", "suspended")
    page.goto(f"{page.url}?step=review")
    expect(page.locator("#panel")).to_be_visible()
    page.get_by_role("button", name="Filter the timeline").click()
    expect(page.locator("#filters")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.get_by_role("button", name="Fit", exact=True)).to_have_attribute("aria-pressed", "false")

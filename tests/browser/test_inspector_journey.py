"""What a person does in the inspector: go back in time, walk by keyboard, move through ten thousand items."""

from __future__ import annotations

import re
from functools import partial
from typing import TypeVar

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.test_run_journey import head, node, start_order

Held = TypeVar("Held")
ELEMENTS = "document.querySelectorAll('*').length"


def start_items(page: Page, number: int) -> None:
    page.goto("/workflows/each/run/")
    page.locator("#f-input\\.value").fill(str(number))
    page.get_by_role("button", name="Run", exact=True).click()
    head(page, "success", timeout=240_000)


def test_a_person_scrubs_through_what_happened_and_comes_back(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    expect(page.locator("#live")).to_have_text("Live")
    scrubber = page.get_by_role("slider", name="Event")
    scrubber.focus()
    page.keyboard.press("Home")
    expect(page.locator("#past")).to_contain_text("You look at event 1 of")
    node(page, "check", "pending")
    node(page, "review", "pending")
    expect(page).to_have_url(re.compile(r"[?&]at=1\b"))
    expect(page.locator("#panel form")).to_have_count(0)
    page.locator("body").press("Shift+ArrowRight")
    node(page, "check", "running")
    shared = page.url

    page.get_by_role("link", name="Back to live").click()
    node(page, "review", "suspended")
    expect(page.locator("#past")).to_be_hidden()
    expect(page.locator("#panel form")).to_be_visible()
    expect(page).not_to_have_url(re.compile(r"[?&]at="))

    page.goto(shared)
    node(page, "check", "running")
    page.get_by_role("button", name="Play from here").click()
    node(page, "review", "suspended")
    expect(page.locator("#past")).to_be_hidden()


def test_a_wait_for_an_event_is_called_so_without_a_reload(page: Page) -> None:
    page.request.post("/api/workflows/invoice/create-run?runId=owed", data={})
    page.goto("/runs/owed/")
    node(page, "event_invoice_0", "pending")
    expect(page.locator("#live")).to_have_text("Live")
    # What the line itself tells is what is looked at, not what is fetched anew.
    page.route(re.compile("/(flow|timeline)/"), lambda route: route.fulfill(status=204))
    page.request.post("/api/workflows/invoice/start?runId=owed", data={"inputData": {}})
    for part in ("#flow", "#timeline"):
        expect(page.locator(f"{part} [data-path='event_invoice_0'] [data-word]")).to_contain_text(
            "waiting for an event"
        )
    expect(page.locator("#timeline [data-path='event_invoice_0'] .bar[data-s='waiting']")).to_have_count(1)


def test_the_past_stands_still_while_the_run_goes_on(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.get_by_role("slider", name="Event").focus()
    page.keyboard.press("Home")
    node(page, "check", "pending")
    other = page.context.new_page()
    other.goto(re.sub(r"\?.*", "", page.url))
    other.locator("#panel").get_by_role("button", name="Approve and resume").click()
    head(page, "success")
    node(page, "check", "pending")
    page.get_by_role("link", name="Back to live").click()
    node(page, "ship", "success")


def test_the_graph_is_walked_by_keyboard_alone(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.locator("#flow [data-path='check']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#flow [data-path='stock']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#flow [data-path='fraud']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("fraud")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#flow [data-path='ship']")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("#flow [data-path='review']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("review")
    assert page.evaluate("document.querySelectorAll('.flow a[tabindex=\"0\"], .flow a:not([tabindex])').length") == 1


def hold(page: Page, part: str) -> list[Route]:
    """Hold back what is asked for under an address, until the test lets it go."""
    held: list[Route] = []
    page.route(re.compile(part), lambda route: held.append(route))
    return held


def held_back(page: Page, held: list[Held]) -> Held:
    """Wait for the next request that is held back."""
    while not held:
        page.wait_for_timeout(20)
    return held.pop(0)


def is_of(route: Route, request: Request) -> bool:
    return request.url == route.request.url


def select(page: Page, step: str) -> None:
    page.locator(f"#flow [data-path='{step}']").focus()
    page.keyboard.press("Enter")


def pause_before(page: Page, step: str) -> None:
    """Change the run from elsewhere: every part of its open page is fetched again."""
    run = re.findall(r"/runs/([^/]+)/", page.url)[0]
    answer = page.request.post(f"/api/workflows/order/break-before?runId={run}", data={"steps": [step]})
    assert answer.ok


def test_who_walks_the_graph_stays_on_the_step_when_it_is_drawn_anew(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    expect(page.locator("#live")).to_have_text("Live")
    select(page, "check")
    expect(page.locator("#panel-title")).to_have_text("check")
    page.locator("#flow").evaluate("flow => { flow.dataset.isOld = ''; }")
    pause_before(page, "ship")
    expect(page.locator("#flow[data-is-old]")).to_have_count(0)
    # The tools above the graph have links to the same address.
    expect(page.locator("#flow [data-path='check']")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#flow [data-path='stock']")).to_be_focused()


def test_news_on_their_way_do_not_take_the_place_of_what_is_selected_meanwhile(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#panel form")).to_be_visible()
    page.wait_for_load_state("networkidle")
    news, wishes = hold(page, "/panel/"), hold(page, r"step=fraud$")
    pause_before(page, "ship")
    late = held_back(page, news)
    select(page, "fraud")
    wish = held_back(page, wishes)
    with page.expect_response(re.compile("/panel/")) as answered:
        late.continue_()
    answered.value.finished()
    wish.continue_()
    expect(page.locator("#panel-title")).to_have_text("fraud")


@pytest.mark.parametrize("in_order", [True, False])
def test_of_two_steps_selected_at_once_the_last_is_shown(page: Page, in_order: bool) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.wait_for_load_state("networkidle")
    wishes = hold(page, r"step=(fraud|ship)$")
    select(page, "fraud")
    first = held_back(page, wishes)
    select(page, "ship")
    second = held_back(page, wishes)
    for late in (first, second) if in_order else (second, first):
        with page.expect_request_finished(partial(is_of, late)):
            late.continue_()
    expect(page.locator("#panel-title")).to_have_text("ship")
    expect(page).to_have_url(re.compile("step=ship$"))


def test_the_timeline_is_walked_and_folded_by_keyboard(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    page.locator("#timeline .row[data-path='check'] a.to").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#timeline .row[data-path='fraud'] a.to")).to_be_focused()
    box = page.locator("#timeline .row[aria-expanded]")
    box.locator(".opens").click()
    expect(page.locator("#timeline .row[data-path='fraud']")).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(page).to_have_url(re.compile("shut="))


MOST_ELEMENTS = 2_500


def test_ten_thousand_items_are_moved_through(page: Page) -> None:
    start_items(page, 10_000)
    page.reload()
    assert page.evaluate(ELEMENTS) <= MOST_ELEMENTS
    rows = page.locator("#timeline .row[data-path='line']")
    rows.locator("a.to").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#timeline .row[data-path='line[0]']")).to_be_visible()
    page.evaluate("document.querySelector('.tl').scrollTop = 28 * 6000")
    expect(page.locator("#timeline .row[data-path='line[6005]']")).to_be_visible()
    assert page.evaluate(ELEMENTS) <= MOST_ELEMENTS
    page.locator("#timeline .row[data-path='line[6005]'] a.to").click()
    expect(page.locator("#panel-title")).to_have_text("line[6005]")
    page.locator("#timeline .row[data-path='line[6005]'] a.to").press("End")
    expect(page.locator("#timeline .row[data-path='line[9999]'] a.to")).to_be_focused()
    page.wait_for_load_state("networkidle")


def test_the_tabs_of_the_timeline_are_pages_of_their_own(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    tabs = page.get_by_role("navigation", name="Timeline")
    tabs.get_by_role("link", name=re.compile("^Events")).click()
    expect(page).to_have_url(re.compile(r"/events/"))
    expect(page.locator("#lanes")).to_contain_text("Step suspended")
    page.locator("#lanes a.seq").first.click()
    expect(page.locator("#past")).to_contain_text("You look at event 1 of")
    page.get_by_role("link", name="Back to live").click()
    expect(page.locator("#past")).to_be_hidden()
    page.get_by_role("button", name="Filter the timeline").click()
    page.get_by_label("Name has").fill("fraud")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#lanes")).to_contain_text("2 found")
    page.go_back()
    expect(page.locator("#lanes")).to_contain_text("Run started")


def test_a_stretch_of_time_is_dragged_and_let_go(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    ticks = page.locator("#timeline .ticks")
    ticks.hover(position={"x": 100, "y": 10})
    page.mouse.down()
    ticks.hover(position={"x": 200, "y": 10}, force=True)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"start=\d+&end=\d+"))
    expect(page.locator("#timeline .only")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#timeline .only")).to_have_count(0)

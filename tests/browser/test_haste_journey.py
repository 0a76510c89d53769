"""Who is quicker than the server, or presses just when news come: what was meant last is what happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Literal

import pytest
from playwright.sync_api import Page, Response, Route, WebSocket, expect

from tests.browser.conftest import WORKFLOWS
from tests.browser.test_approval_journey import ask, inbox
from tests.browser.test_inspector_journey import held_back, hold, is_of
from tests.browser.test_overview_journey import hurry
from tests.browser.test_run_journey import node, start_order
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio("--workflows", "tests.workflows.asking", *WORKFLOWS)


@pytest.mark.parametrize("in_order", [True, False])
def test_of_two_questions_chosen_at_once_the_last_is_shown(page: Page, in_order: bool) -> None:
    for title in ("First", "Second"):
        ask(page, title=title)
    inbox(page)
    wishes = hold(page, r"/approvals/\d+/")
    page.get_by_role("link", name="First").click()
    first = held_back(page, wishes)
    page.get_by_role("link", name="Second").click()
    second = held_back(page, wishes)
    for late in (first, second) if in_order else (second, first):
        with page.expect_request_finished(partial(is_of, late)):
            late.continue_()
    expect(page.locator("#detail .body h2")).to_have_text("Second")
    expect(page.locator("[data-current] .t")).to_have_text("Second")
    expect(page).to_have_url(re.compile(rf"{re.escape(second.request.url.partition('?')[0])}"))


def press(page: Page, name: str, role: Literal["button", "link"] = "link") -> None:
    """Press the button of the mouse on something, and do not let go yet."""
    page.get_by_role(role, name=name).hover()
    page.mouse.down()


def until_drawn(page: Page, part: str) -> None:
    """Wait until htmx is through with the next answer from an address, whether it drew it or not."""
    page.evaluate(
        """(part) => new Promise((done) => document.addEventListener("htmx:afterRequest", ({ detail }) => {
          if (detail.pathInfo.requestPath.includes(part)) done();
        }))""",
        part,
    )


def test_news_leave_the_link_that_is_pressed(page: Page) -> None:
    ask(page)
    inbox(page)
    ask(page.context.new_page(), title="Newer")
    expect(page.get_by_role("link", name="1 new, show it")).to_be_visible()
    press(page, "1 new, show it")
    until_drawn(page, "/news/")
    page.mouse.up()
    expect(page.locator(".asked .it")).to_have_count(2)


def test_a_question_that_changes_leaves_the_button_that_is_pressed(page: Page) -> None:
    ask(page)
    inbox(page)
    expect(page.locator("#live")).to_have_text("Live")
    press(page, "Hold", "button")
    other = page.context.new_page()
    inbox(other)
    with page.expect_response(is_renewed) as renewed:
        other.get_by_role("button", name="Claim").click()
    renewed.value.finished()
    page.evaluate("fetch(location).then((answer) => answer.text())")
    page.mouse.up()
    expect(page.get_by_text("Decided: May it go out?")).to_be_visible()


def is_renewed(answer: Response) -> bool:
    return answer.request.headers.get("hx-target") == "detail"


def test_a_row_that_changes_leaves_the_link_that_is_pressed(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    run = page.url
    lines: list[WebSocket] = []
    page.on("websocket", lambda line: lines.append(line))
    page.goto("/runs/")
    expect(page.locator("#live")).to_have_text("Live")
    page.locator("tr[data-id] a").first.hover()
    page.mouse.down()
    other = page.context.new_page()
    with lines[-1].expect_event("framereceived", lambda said: 'data-s=\\"canceled\\"' in said):
        assert other.request.post(f"/api/workflows/order/runs/{run.split('/')[-2]}/cancel", data={}).ok
    page.mouse.up()
    expect(page).to_have_url(run)


def test_a_panel_that_is_read_again_leaves_the_link_that_is_pressed(page: Page) -> None:
    page.goto("/")
    hurry(page)
    press(page, "Running now")
    answers: list[Route] = []

    def other(route: Route) -> None:
        answers.append(route)
        route.fulfill(body=re.sub("Running now", f"Running now {len(answers)}", route.fetch().text()))

    page.route("**/panels/figures/**", other)
    # It is not asked for again before what came has been drawn.
    for _ in range(3):
        with page.expect_request("**/panels/figures/**"):
            pass
    page.mouse.up()
    expect(page).to_have_url(re.compile("/runs/"))

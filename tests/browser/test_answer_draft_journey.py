"""Answers half written: they are kept while they are written, and are there again, however a page was left."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_approval_journey import ask, inbox
from tests.browser.test_inspector_journey import held_back, hold
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio("--workflows", "tests.workflows.asking")


def test_a_draft_is_there_again_after_the_page_was_left(page: Page) -> None:
    ask(page)
    inbox(page)
    page.get_by_label("Note").fill("Half a thought")
    expect(page.locator("[data-drafted]")).to_have_text("Draft kept")
    page.goto("/runs/")
    inbox(page)
    expect(page.get_by_label("Note")).to_have_value("Half a thought")
    # Also where nobody waited for it to be kept.
    page.get_by_label("Note").fill("A whole thought")
    page.goto("/runs/")
    inbox(page)
    expect(page.get_by_label("Note")).to_have_value("A whole thought")


def test_an_answer_half_written_at_the_run_is_there_again_too(page: Page) -> None:
    ask(page)
    page.get_by_label("Note").fill("Half a thought")
    expect(page.locator("[data-drafted]")).to_have_text("Draft kept")
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("Half a thought")
    expect(page.locator("[data-drafted]")).to_contain_text("Draft kept")
    # Also where nobody waited for it to be kept: by a reload, on the way to another step, or away.
    page.get_by_label("Note").fill("Three quarters of it")
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("Three quarters of it")
    page.get_by_label("Note").fill("A whole thought")
    page.locator('#flow .node[data-path="prepare"]').click()
    expect(page.locator("#panel-title")).to_have_text("prepare")
    page.locator('#flow .node[data-path="ask"]').click()
    expect(page.get_by_label("Note")).to_have_value("A whole thought")
    page.get_by_label("Note").fill("The last word")
    page.goto("/runs/")
    inbox(page)
    expect(page.get_by_label("Note")).to_have_value("The last word")
    page.get_by_role("button", name="Approve and resume").click()
    expect(page.get_by_text("Decided: May it go out?")).to_be_visible()


def test_a_draft_that_was_on_its_way_when_the_page_was_left_is_sent_again(page: Page) -> None:
    ask(page)
    held: list[Route] = []
    page.route("**/draft/", lambda route: held.append(route))
    with page.expect_request("**/draft/"):
        page.get_by_label("Note").fill("On its way")
    with page.expect_request("**/draft/"):
        page.reload()
    # It comes into the page that is there: one that were loaded anew would hear nobody until its scripts had come.
    page.evaluate("window.isTheSame = true")
    held.pop().continue_()
    expect(page.get_by_label("Note")).to_have_value("On its way")
    assert page.evaluate("window.isTheSame")


def test_a_draft_that_comes_after_the_next_page_was_drawn_is_there_in_it(page: Page) -> None:
    # The browser trusts no socket of a page that a test gave it.
    page.route_web_socket("**/ws/runs/**", lambda line: None)
    ask(page)
    pages, drafts = hold(page, f"^{re.escape(page.url)}$"), hold(page, "/draft/")
    page.get_by_label("Note").fill("On its way")
    page.evaluate("setTimeout(() => location.reload())")
    asked_for = held_back(page, pages)
    drawn = page.request.get(page.url)
    draft = held_back(page, drafts)
    for part in ("/draft/", f"^{re.escape(page.url)}$"):
        page.route(re.compile(part), lambda route: route.continue_())
    with page.expect_response("**/draft/") as came:
        draft.continue_()
    came.value.finished()
    asked_for.fulfill(response=drawn)
    expect(page.get_by_label("Note")).to_have_value("On its way")


def test_a_question_is_not_shown_again_before_its_draft_is_kept(page: Page) -> None:
    ask(page)
    drafts: list[Route] = []
    asked: list[str] = []
    page.route("**/draft/", lambda route: drafts.append(route))
    page.get_by_label("Note").fill("A whole thought")
    page.locator('#flow .node[data-path="prepare"]').click()
    expect(page.locator("#panel-title")).to_have_text("prepare")
    page.on("request", lambda request: asked.append(request.url) if "step=ask" in request.url else None)
    page.locator('#flow .node[data-path="ask"]').click()
    page.evaluate("new Promise(requestAnimationFrame)")
    assert not asked
    drafts.pop().continue_()
    expect(page.get_by_label("Note")).to_have_value("A whole thought")


def test_who_only_looks_has_written_nothing(page: Page) -> None:
    ask(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/draft/") else None)
    inbox(page)
    run = page.locator("#detail .crumbs a.mono").get_attribute("href") or ""
    page.clock.install()
    for address in ("/approvals/", run):
        page.goto(address)
        expect(page.get_by_label("Note")).to_be_visible()
        page.clock.run_for(10_000)
    assert not sent
    # Nor is it kept from them that somebody else has decided.
    other = page.context.new_page()
    inbox(other)
    other.get_by_role("button", name="Reject", exact=True).click()
    expect(other.get_by_text("Decided: May it go out?")).to_be_visible()
    page.clock.run_for(10_000)
    expect(page.locator("#panel")).to_contain_text("shipped: false")


def test_a_draft_that_comes_after_the_decision_is_told_so_kindly(page: Page) -> None:
    ask(page)
    # A page whose line has failed hears nothing of the other.
    page.route_web_socket("**/ws/approvals/", lambda line: None)
    inbox(page)
    other = page.context.new_page()
    inbox(other)
    other.get_by_role("button", name="Reject", exact=True).click()
    expect(other.get_by_text("Decided: May it go out?")).to_be_visible()
    page.get_by_label("Note").fill("My view")
    expect(page.locator("[data-drafted]")).to_have_text("local has decided this meanwhile, so no draft is needed.")
    expect(page.get_by_label("Note")).to_have_value("My view")

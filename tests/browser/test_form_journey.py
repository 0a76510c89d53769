"""Starting a run from a rich form: by keyboard alone, checked on the way, kept over a reload, without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.test_run_journey import head
from tests.process import StudioProcess

FORM = "/workflows/claim/run/"


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio("--workflows", "tests.workflows.rich")


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[id='f-input.{name}']")


def kept(page: Page, condition: Callable[[str], bool]) -> str:
    """Wait until what the browser keeps is as it should be, and give it."""
    for _ in range(600):
        text: str = page.evaluate("JSON.stringify(localStorage)")
        if condition(text):
            return text
        page.wait_for_timeout(50)
    raise AssertionError(f"the browser keeps {text}")


def held(page: Page, routes: list[Route], number: int) -> Route:
    """Wait until so many requests are held, and give the last of them."""
    for _ in range(600):
        if len(routes) >= number:
            return routes[number - 1]
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(routes)} requests are held")


def tab_to(page: Page, target: Locator) -> None:
    """Walk with Tab alone until the target has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("Tab never came there")


def test_a_run_is_started_from_nested_data_by_keyboard_alone(page: Page) -> None:
    page.goto(FORM)
    keys = page.keyboard
    tab_to(page, field(page, "customer"))
    keys.type("Ada Lovelace")
    keys.press("Tab")
    keys.press("Space")
    keys.press("ArrowRight")
    keys.press("Tab")
    keys.type("Not ours")
    keys.press("Tab")
    keys.type("12.50")
    tab_to(page, field(page, "tags"))
    keys.type("vip")
    keys.press("Enter")
    keys.type("late")
    keys.press("Enter")
    tab_to(page, page.get_by_role("switch", name="Include Address"))
    keys.press("Space")
    keys.press("Tab")
    keys.type("12 Row")
    keys.press("Tab")
    keys.type("Bath")
    tab_to(page, field(page, "evidence"))
    keys.press("ArrowRight")
    keys.press("Tab")
    keys.type("5")
    keys.press("Tab")
    keys.type("ABC-1")
    tab_to(page, page.get_by_role("button", name="Add Lines"))
    keys.press("Enter")
    keys.type("ABC-2")
    keys.press("Tab")
    keys.press("ControlOrMeta+a")
    keys.type("3")
    tab_to(page, page.get_by_role("button", name="Run", exact=True))
    keys.press("Enter")

    head(page, "success")
    sent = page.request.get(f"{page.url}events/?format=json").json()["events"][0]["data"]["input"]
    assert sent["decision"] == "refuse"
    assert sent["reason"] == "Not ours"
    assert sent["tags"] == ["vip", "late"]
    assert sent["address"] == {"street": "12 Row", "city": "Bath"}
    assert sent["evidence"] == {"kind": "call", "minutes": 5}
    assert sent["lines"] == [{"sku": "ABC-1", "qty": 1}, {"sku": "ABC-2", "qty": 3}]


def test_a_field_is_checked_when_it_is_left(page: Page) -> None:
    page.goto(FORM)
    amount = field(page, "amount")
    amount.fill("9999")
    amount.press("Tab")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_have_accessible_description("At most 2480.")
    expect(field(page, "customer")).not_to_have_attribute("aria-invalid", "true")
    amount.fill("2400")
    amount.press("Tab")
    expect(amount).not_to_have_attribute("aria-invalid", "true")

    page.get_by_role("button", name="Add Lines").click()
    sku = field(page, "lines.1.sku")
    sku.fill("what")
    sku.press("Tab")
    expect(page.locator("[id='f-input.lines.1.sku-error']")).to_contain_text("look like")


def test_mending_one_field_does_not_take_the_focus_back_to_the_summary(page: Page, complaints: list[str]) -> None:
    page.goto(FORM)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    # The browser puts the focus there before the scripts have come, and a field is only heard by them.
    page.wait_for_load_state()
    customer = field(page, "customer")
    customer.fill("Ada")
    with page.expect_response(re.compile("/check/")):
        customer.press("Tab")
    expect(customer).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).not_to_be_focused()
    # The browser notes that the answer was a 422.
    complaints.clear()


def test_a_script_that_comes_late_does_not_take_the_focus_from_who_types(page: Page, complaints: list[str]) -> None:
    page.goto(FORM)
    scripts: list[Route] = []
    page.route("**/js/form*.js", lambda route: scripts.append(route))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert")).to_be_focused()
    customer = field(page, "customer")
    customer.fill("Ada")
    held(page, scripts, 1).continue_()
    page.wait_for_load_state()
    expect(customer).to_be_focused()
    complaints.clear()


def test_what_only_the_whole_can_tell_is_said_before_it_is_sent(page: Page) -> None:
    page.goto(FORM)
    field(page, "customer").fill("Ada")
    page.get_by_text("Pay", exact=True).click()
    field(page, "evidence.~0.url").fill("x")
    field(page, "lines.0.sku").fill("ABC-1")
    page.get_by_role("switch", name="Told").uncheck()
    field(page, "amount").fill("2400")
    field(page, "amount").press("Tab")
    expect(page.locator("#form-input-cross")).to_have_text("Somebody has to be told of more than 2000 EUR.")
    page.get_by_role("switch", name="Told").check()
    expect(page.locator("#form-input-cross")).to_be_empty()


def test_what_is_asked_for_only_then_comes_and_goes(page: Page) -> None:
    page.goto(FORM)
    expect(field(page, "reason")).to_be_hidden()
    page.get_by_text("Refuse", exact=True).click()
    field(page, "reason").fill("Because")
    page.get_by_text("Pay", exact=True).click()
    expect(field(page, "reason")).to_be_hidden()


def test_a_reload_loses_nothing_but_secrets(page: Page) -> None:
    page.goto(FORM)
    expect(page.get_by_text("What you type is kept in this browser")).to_be_visible()
    field(page, "customer").fill("Ada")
    page.get_by_text("Pay", exact=True).click()
    field(page, "token").fill("hunter2")
    field(page, "amount").fill("1")
    field(page, "told").uncheck()
    page.get_by_role("button", name="Add Lines").click()
    field(page, "lines.0.sku").fill("ABC-1")
    field(page, "lines.1.sku").fill("ABC-2")
    assert "hunter2" not in kept(page, lambda text: "ABC-2" in text)

    page.reload()
    expect(page.get_by_text("What you typed here before is back")).to_be_visible()
    expect(field(page, "lines.1.sku")).to_have_value("ABC-2")
    expect(field(page, "customer")).to_have_value("Ada")
    expect(field(page, "token")).to_have_value("")
    expect(field(page, "told")).not_to_be_checked()

    field(page, "evidence.~0.url").fill("x")
    page.get_by_role("button", name="Run", exact=True).click()
    head(page, "success")
    kept(page, lambda text: "draft:" not in text)
    page.goto(FORM)
    expect(field(page, "customer")).to_have_value("")


def test_a_draft_that_comes_late_leaves_what_was_typed_meanwhile(page: Page) -> None:
    page.goto(FORM)
    field(page, "customer").fill("Ada")
    field(page, "amount").fill("1")
    page.reload()
    expect(field(page, "amount")).to_have_value("1")

    scripts: list[Route] = []
    answers: list[Route] = []
    page.route("**/js/draft*.js", lambda route: scripts.append(route))
    page.route("**/check/**", lambda route: answers.append(route))
    page.reload(wait_until="commit")
    customer = field(page, "customer")
    customer.fill("Grace")
    held(page, scripts, 1).continue_()
    first = held(page, answers, 1)
    customer.press("End")
    customer.press_sequentially(" Hopper")
    first.continue_()
    held(page, answers, 2).continue_()
    expect(page.get_by_text("What you typed here before is back")).to_be_visible()
    expect(field(page, "amount")).to_have_value("1")
    expect(customer).to_have_value("Grace Hopper")
    expect(customer).to_be_focused()


def test_a_draft_can_be_thrown_away(page: Page) -> None:
    page.goto(FORM)
    field(page, "customer").fill("Ada")
    kept(page, lambda text: "Ada" in text)
    page.reload()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_text("What you typed here before is back")).to_be_hidden()
    expect(field(page, "customer")).to_have_value("")


def test_rows_and_shapes_work_without_script(browser: Browser, studio: StudioProcess) -> None:
    context = browser.new_context(base_url=studio.address, java_script_enabled=False)
    page = context.new_page()
    page.goto(FORM)
    expect(page.get_by_text("Only if Decision is refuse.")).to_be_visible()
    expect(page.get_by_text("What you type is kept in this browser")).to_be_hidden()
    field(page, "customer").fill("Ada")
    page.get_by_text("Refuse", exact=True).click()
    field(page, "reason").fill("Because")
    field(page, "amount").fill("1")
    field(page, "evidence.~0.url").fill("x")
    field(page, "lines.0.sku").fill("ABC-1")
    page.get_by_role("button", name="Add Lines").click()
    field(page, "lines.1.sku").fill("ABC-2")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    context.close()


def test_an_answer_is_checked_in_the_panel_of_the_run(page: Page) -> None:
    page.goto("/workflows/pick/run/")
    page.get_by_role("button", name="Run", exact=True).click()
    # A field is heard by the scripts of the page, which come after it.
    page.wait_for_url("**/runs/**")
    panel = page.locator("#panel")
    why = panel.get_by_label("Why")
    why.fill("There is far too much to do")
    why.press("Tab")
    expect(why).to_have_accessible_description("Only taken with: Stop. At most 20 characters.")
    why.fill("Too much")
    why.press("Tab")
    expect(why).not_to_have_attribute("aria-invalid", "true")
    panel.get_by_role("button", name="Stop").click()
    head(page, "success")

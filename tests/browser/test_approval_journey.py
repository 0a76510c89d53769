"""Questions in a browser: answered on the page, by a link from a mail, on a phone, together, and too late."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_axe_journey import faults
from tests.process import ROOT, StudioProcess
from tests.web.mailbox import Mailbox, links_in, mail_server

PATIENCE = 30.0
MAIL = "ada@example.org"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    with mail_server() as server:
        yield server


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess], mailbox: tuple[Mailbox, int]) -> StudioProcess:
    """Run a studio that sends mails, whose one person has an address."""
    studio = start_studio("--workflows", "tests.workflows.asking", STUDIO_MAIL=f"smtp://127.0.0.1:{mailbox[1]}")
    code = f"from django.contrib.auth.models import User; User.objects.update(email={MAIL!r})"
    environment = {**os.environ, "STUDIO_DATA_DIR": str(studio.data_dir)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    subprocess.run([sys.executable, "manage.py", "shell", "-c", code], cwd=ROOT, env=environment, check=True)
    return studio


def ask(page: Page, **policy: object) -> None:
    """Start a case by its form, and wait until it asks."""
    page.goto("/workflows/asking/run/")
    form = page.locator("form").filter(has=page.get_by_role("button", name="Run", exact=True))
    form.get_by_role("button", name="JSON").first.click()
    page.get_by_label("Value as JSON").first.fill(json.dumps({"title": "May it go out?", **policy}))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator('#flow .node[data-path="ask"]')).to_have_attribute("data-s", "suspended")
    page.wait_for_load_state()


def inbox(page: Page) -> None:
    page.goto("/approvals/")
    expect(page.locator(".asked .it")).not_to_have_count(0)


def test_a_question_is_found_and_answered_by_keyboard_alone(page: Page) -> None:
    ask(page, title="First", due_in=60)
    ask(page, title="Second", due_in=120)
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator(".asked .it")).to_have_count(2)
    expect(page).to_have_title(re.compile(r"^\(2\)"))
    page.wait_for_load_state()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#detail .body h2")).to_have_text("Second")
    expect(page.locator("#detail .body h2")).to_be_focused()
    page.keyboard.press("e")
    expect(page.get_by_label("Amount")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Go ahead")
    page.get_by_role("button", name="Approve and resume").press("Enter")
    expect(page.get_by_text("Decided: Second. The run goes on.")).to_be_visible()
    expect(page.locator("#detail .body h2")).to_have_text("First")
    expect(page.locator(".asked .it")).to_have_count(1)
    page.goto("/approvals/?queue=decided")
    page.get_by_role("link", name="Second").click()
    expect(page.locator("#detail")).to_contain_text("Go ahead")


def narrowed(page: Page, priority: str) -> None:
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Priority").select_option(priority)
    page.locator("#filters").get_by_role("button", name="Show").click()


def test_what_is_urgent_is_found_and_says_why(page: Page) -> None:
    ask(page, title="Some day", priority="low", due_in=60)
    why = (
        "## Why\n\nIt is **late**, see [the order](https://example.org/7).\n\n1. Call <b>them</b>\n2. > Ask\n\n`x = 1`"
    )
    ask(page, title="At once", priority="urgent", body=why)
    page.goto("/approvals/")
    expect(page.locator(".asked .t")).to_have_text(["Some day", "At once"])
    head = page.locator(".pagehead")
    for width in (1440, 1180):
        page.set_viewport_size({"width": width, "height": 900})
        places = head.locator("> :not(script)").evaluate_all("them => them.map((it) => it.getBoundingClientRect().top)")
        assert max(places) - min(places) < 20, f"the head takes several lines at {width} px"
    narrowed(page, "Urgent first")
    expect(page.locator(".asked .t")).to_have_text(["At once", "Some day"])
    expect(page.locator(".asked .band h2")).to_have_text(["Urgent 1", "Low 1"])
    page.get_by_role("link", name="At once").click()
    body = page.locator("#ask .md")
    expect(body.get_by_role("heading", name="Why", level=3)).to_be_visible()
    expect(body.get_by_role("listitem")).to_have_count(2)
    expect(body).to_contain_text("Call <b>them</b>")
    expect(body.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer nofollow")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not faults(page)
    narrowed(page, "Low")
    expect(page.locator(".asked .t")).to_have_text(["Some day"])


def test_the_slower_of_two_is_told_who_was_faster_and_keeps_nothing_by_mistake(
    page: Page, complaints: list[str]
) -> None:
    ask(page)
    inbox(page)
    expect(page.locator("#live")).to_have_text("Live")
    # A page whose line has failed hears nothing of the other.
    page.route_web_socket("**/ws/approvals/", lambda line: None)
    inbox(page)
    page.get_by_label("Note").fill("My view")
    other = page.context.new_page()
    inbox(other)
    other.get_by_role("button", name="Reject", exact=True).click()
    expect(other.get_by_text("Decided: May it go out?")).to_be_visible()
    page.get_by_role("button", name="Approve and resume").click()
    expect(page.get_by_role("alert")).to_contain_text("this had been answered before")
    expect(page.locator("#detail")).to_contain_text("Decided by local")
    expect(page.locator("#detail .ended")).to_contain_text("reject")
    assert all("409" in line for line in complaints)
    complaints.clear()


def test_a_question_is_answered_on_a_phone(browser: Browser, page: Page, studio: StudioProcess) -> None:
    ask(page)
    context = browser.new_context(
        base_url=studio.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    phone = context.new_page()
    inbox(phone)
    expect(phone.locator("#detail")).to_be_hidden()
    phone.get_by_role("link", name="May it go out?").tap()
    expect(phone.locator("#detail .body h2")).to_be_visible()
    expect(phone.locator("#asked")).to_be_hidden()
    decide = phone.get_by_role("button", name="Approve and resume")
    expect(decide).to_be_in_viewport()
    assert (decide.bounding_box() or {"height": 0})["height"] >= 40
    decide.tap()
    expect(phone.get_by_text("Nothing waits for you.")).to_be_visible()
    context.close()


COVERED = """() => {
  const top = (name) => document.querySelector(name).getBoundingClientRect().top;
  const fields = [...document.querySelectorAll("#decide .fields :is(input, textarea)")];
  return fields.filter((field) => {
    field.focus();
    return field.getBoundingClientRect().bottom > Math.min(top(".foot"), top(".nav"));
  }).map((field) => field.name);
}"""


def test_nothing_in_hand_lies_under_the_bars_of_a_phone(browser: Browser, page: Page, studio: StudioProcess) -> None:
    ask(page)
    run = page.url
    context = browser.new_context(
        base_url=studio.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    phone = context.new_page()
    inbox(phone)
    phone.get_by_role("link", name="May it go out?").tap()
    expect(phone.locator("#detail .body h2")).to_be_visible()
    for address in (phone.url, run):
        phone.goto(address)
        foot, bar = (phone.locator(name).bounding_box() for name in (".foot", ".nav"))
        assert foot is not None
        assert bar is not None
        assert foot["y"] + foot["height"] <= bar["y"]
        expect(phone.get_by_label("Note")).to_be_editable()
        assert phone.evaluate(COVERED) == []
    context.close()


def test_a_link_from_a_mail_answers_without_the_studio_around_it(
    page: Page, browser: Browser, studio: StudioProcess, mailbox: tuple[Mailbox, int]
) -> None:
    ask(page, title="Ship it?", assign_to="local", due_in=3600)
    deadline = time.monotonic() + PATIENCE
    while not (mails := mailbox[0].to(MAIL)):
        assert time.monotonic() < deadline, "no mail came"
        page.wait_for_timeout(50)
    assert mails[0]["subject"] == "You are asked: Ship it?"
    [link] = links_in(mails[0])
    context = browser.new_context(base_url=studio.address)
    mine = context.new_page()
    for scheme in ("light", "dark"):
        mine.emulate_media(color_scheme=scheme)
        mine.goto(link)
        assert not faults(mine)
    expect(mine.get_by_role("navigation")).to_have_count(0)
    mine.get_by_label("Note").fill("From the train")
    mine.get_by_role("button", name="Hold", exact=True).click()
    expect(mine.get_by_text("Decided by local")).to_be_visible()
    expect(mine.get_by_text("From the train")).to_be_visible()
    assert not faults(mine)
    mine.reload()
    expect(mine.get_by_text("Decided by local")).to_be_visible()
    context.close()


def test_several_are_decided_together(page: Page) -> None:
    for number in range(3):
        ask(page, title=f"Case {number}", total=number)
    inbox(page)
    button = page.get_by_role("button", name="Decide selected")
    expect(button).to_be_disabled()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    button.click()
    expect(page.get_by_role("heading", name="Decide 3 questions together")).to_be_visible()
    assert not faults(page)
    page.get_by_role("button", name="Approve, all 3").click()
    expect(page.get_by_role("heading", name="3 of 3 answers were taken")).to_be_visible()
    assert not faults(page)


def test_new_questions_are_announced_while_one_is_read(page: Page) -> None:
    ask(page)
    inbox(page)
    other = page.context.new_page()
    ask(other, title="Newer")
    expect(page.get_by_role("link", name="1 new, show it")).to_be_visible()
    expect(page.locator(".asked .it")).to_have_count(1)
    expect(page).to_have_title(re.compile(r"^\(2\)"))
    expect(page.locator(".nav .badge")).to_contain_text("2")
    inbox(other)
    other.get_by_role("link", name="May it go out?").click()
    expect(other.locator("#detail .body h2")).to_have_text("May it go out?")
    other.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator(".asked .it.gone")).to_have_count(1)
    expect(page).to_have_title(re.compile(r"^\(1\)"))
    page.get_by_role("link", name="1 new, show it").click()
    expect(page.locator(".asked .it")).to_have_count(1)
    expect(page.locator(".asked .it")).to_contain_text("Newer")


def test_what_others_do_is_seen_while_an_answer_is_being_written(page: Page) -> None:
    ask(page)
    inbox(page)
    page.get_by_label("Note").fill("My view")
    other = page.context.new_page()
    inbox(other)
    other.keyboard.press("m")
    expect(other.locator("#remark")).to_be_focused()
    other.keyboard.type("Why is it so much?")
    other.keyboard.press("Tab")
    other.keyboard.press("Enter")
    expect(other.locator("#said")).to_contain_text("Why is it so much?")
    expect(other.locator("#remark")).to_be_focused()
    expect(other.locator("#remark")).to_have_value("")
    expect(page.locator("#said li")).to_have_count(1)
    page.get_by_label("Your comment").fill("Half an ans")
    other.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Give back")).to_be_visible()
    other.get_by_role("button", name="Reject", exact=True).click()
    expect(page.locator("#standing")).to_contain_text("Decided by local")
    expect(page.get_by_role("button", name="Approve and resume")).to_have_count(0)
    expect(page.get_by_label("Note")).to_have_value("My view")
    expect(page.get_by_label("Your comment")).to_have_value("Half an ans")
    assert not faults(page)


def test_what_changed_below_an_open_menu_is_shown_once_it_is_closed(page: Page) -> None:
    ask(page, title="May it go out?")
    inbox(page)
    # Loaded as a page, so that nothing that is still on its way takes the menu away.
    page.goto(page.get_by_role("link", name="May it go out?").get_attribute("href") or "")
    expect(page.locator("#live")).to_have_text("Live")
    page.get_by_role("button", name="Put aside").click()
    expect(page.locator("#snooze")).to_be_visible()
    other = page.context.new_page()
    inbox(other)
    other.get_by_role("link", name="May it go out?").click()
    other.get_by_role("button", name="Approve and resume").click()
    expect(other.get_by_text("Decided: May it go out?")).to_be_visible()
    # What is in hand stays, while the rest of the page says what has happened.
    expect(page.locator("#standing")).to_contain_text("Decided by")
    expect(page.locator("#snooze")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#acts")).to_have_count(0)


def test_a_comment_is_sent_without_script(page: Page, browser: Browser, studio: StudioProcess) -> None:
    ask(page)
    context = browser.new_context(base_url=studio.address, java_script_enabled=False)
    plain = context.new_page()
    inbox(plain)
    plain.get_by_label("Your comment").fill("From a plain page")
    plain.get_by_role("button", name="Comment", exact=True).click()
    expect(plain.locator("#said li")).to_contain_text("From a plain page")
    context.close()


@pytest.mark.parametrize("width", [1600, 1180, 390])
def test_axe_finds_nothing(page: Page, width: int, complaints: list[str]) -> None:
    ask(page, title="Overdue", due_in=0.1, on_due=["remind", {"assign_to": "managers", "after": 3600}])
    ask(page, title="A title without any end " * 8, approvals=2, due_in=7200)
    page.set_viewport_size({"width": width, "height": 900})
    inbox(page)
    address = page.locator(".asked .t").first.get_attribute("href") or ""
    record = re.sub(r"(\d+)/.*", r"\1/print/", address)
    page.goto(address)
    page.get_by_label("Your comment").fill("A word without any end " + "x" * 200)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#said li")).to_have_count(1)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for where in ("/approvals/", address, record, "/approvals/?queue=mine", "/approvals/?queue=decided", "/a/x/"):
            page.goto(where)
            assert not faults(page), where
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} scrolls sideways"
    # The browser notes that a made-up link is a 404.
    assert all("404" in line for line in complaints)
    complaints.clear()

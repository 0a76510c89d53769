"""A browser that tells its person of questions: turned on at the settings, told by the studio, and turned off.

No push service can be reached from a test, so the page is given the address of a receiver here. What comes there is
decrypted and handed to the browser as its own push service would hand it over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, Worker, expect

from tests.browser.test_approval_journey import ask
from tests.browser.test_axe_journey import faults
from tests.process import StudioProcess
from tests.subscriber import Subscriber
from tests.web.receiver import Receiver, listening

FAKE = """
    const given = %s;
    const own = { toJSON: () => given, unsubscribe: async () => localStorage.removeItem("on") };
    PushManager.prototype.getSubscription = async () => (localStorage.getItem("on") ? own : null);
    PushManager.prototype.subscribe = async (options) => {
      if (options.applicationServerKey.length !== 87) throw new Error("no key");
      if (localStorage.getItem("refuse")) throw new DOMException("Denied", "NotAllowedError");
      localStorage.setItem("on", "yes");
      return own;
    };
"""
SPY = """() => {
    self.led = [];
    clients.openWindow = async (path) => { self.led.push(`opened ${path}`); };
    WindowClient.prototype.focus = async function () { self.led.push(`focused ${new URL(this.url).pathname}`); };
}"""
CLICK = """async () => {
    const [notification] = await registration.getNotifications();
    const click = new NotificationEvent("notificationclick", { notification });
    const done = new Promise((go) => { click.waitUntil = (led) => led.then(go); });
    dispatchEvent(click);
    await done;
    return [self.led, (await registration.getNotifications()).length];
}"""
SHOWN = """async () => {
    const registration = await navigator.serviceWorker.getRegistration("/static/js/");
    return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
}"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    """Run a studio that has a key for web push and may send to this machine."""
    options = {"STUDIO_PUSH_KEY": secrets.token_urlsafe(32), "STUDIO_WEBHOOK_ALLOW": "127.0.0.0/8"}
    return start_studio("--workflows", "tests.workflows.asking", **options)


@pytest.fixture
def mine(page: Page, receiver: Receiver) -> Subscriber:
    """Let the page be given a subscription whose messages come to the receiver."""
    mine = Subscriber()
    page.context.grant_permissions(["notifications"])
    page.add_init_script(FAKE % json.dumps(mine.given(receiver.url)))
    return mine


def test_a_browser_tells_of_a_question_and_leads_to_it(
    page: Page, studio: StudioProcess, receiver: Receiver, mine: Subscriber
) -> None:
    registered = registrations(page)
    turn_on(page)
    ask(page, title="Ship it?", assign_to="local", due_in=3600)
    deliver(page, studio, registered, mine.read(message(page, receiver)))
    [shown] = page.evaluate(SHOWN)
    path = shown.pop("data")
    assert shown == {"title": "You are asked: Ship it?", "body": "asking", "tag": f"question-{path.split('/')[2]}"}

    [worker] = page.context.service_workers
    worker.evaluate(SPY)
    assert click(worker) == [f"opened {path}"]
    deliver(page, studio, registered, mine.read(receiver.came[0][1]))
    page.goto(f"{path}?queue=mine")
    expect(page.get_by_role("heading", name="Ship it?")).to_be_visible()
    assert click(worker) == [f"opened {path}", f"focused {path}"]


def test_it_is_turned_off_and_on_again(page: Page, mine: Subscriber) -> None:
    turn_on(page)
    page.reload()
    expect(page.get_by_role("button", name="Turn on in this browser")).to_be_hidden()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not faults(page)
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("That browser tells you nothing more.")).to_be_visible()
    expect(page.get_by_text("this browser", exact=True)).to_have_count(0)
    turn_on(page)


def test_a_browser_that_has_forgotten_it_offers_it_again(page: Page, mine: Subscriber) -> None:
    turn_on(page)
    page.evaluate("localStorage.removeItem('on')")
    page.reload()
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_text("this browser", exact=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Turn off")).to_have_count(1)


def test_a_browser_that_does_not_allow_it_says_so(page: Page, mine: Subscriber) -> None:
    page.goto("/settings/mails/")
    page.evaluate("localStorage.setItem('refuse', 'yes')")
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser did not allow it.")
    page.reload()
    expect(page.get_by_text("this browser", exact=True)).to_have_count(0)


def turn_on(page: Page) -> None:
    page.goto("/settings/mails/")
    page.get_by_role("button", name="Turn on in this browser").click()
    expect(page.get_by_text("This browser tells you of questions from now on.")).to_be_visible()
    expect(page.get_by_text("this browser", exact=True)).to_be_visible()


def registrations(page: Page) -> tuple[CDPSession, list[str]]:
    """Hear which service workers come, by the numbers that the browser has for them."""
    line, found = page.context.new_cdp_session(page), list[str]()

    def hear(event: Any) -> None:
        found.extend(one["registrationId"] for one in event["registrations"])

    line.on("ServiceWorker.workerRegistrationUpdated", hear)
    line.send("ServiceWorker.enable")
    return line, found


def message(page: Page, receiver: Receiver) -> bytes:
    """Wait for what the studio sends to the push service."""
    for _try in range(600):
        if receiver.came:
            return receiver.came[0][1]
        page.wait_for_timeout(50)
    raise AssertionError("no push came")


def deliver(page: Page, studio: StudioProcess, registered: tuple[CDPSession, list[str]], text: bytes) -> None:
    """Be the push service of the browser."""
    line, found = registered
    said = {"origin": studio.address, "registrationId": found[-1], "data": text.decode()}
    line.send("ServiceWorker.deliverPushMessage", said)
    page.wait_for_function(f"async () => (await ({SHOWN})()).length")


def click(worker: Worker) -> list[str]:
    """Click the notification, and give where clicks have led so far; it is gone by that."""
    led, left = worker.evaluate(CLICK)
    assert left == 0
    return list(led)

"""Pages without sockets, and without scripts, still do their work."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.test_run_journey import head, node, start_order
from tests.process import StudioProcess

# As behind a proxy that swallows what asks for a socket.
MUTE = """window.WebSocket = class extends EventTarget {
  static CONNECTING = 0; static OPEN = 1;
  readyState = 0;
  close() {}
};"""
HELD: list[WebSocketRoute] = []


def hold(socket: WebSocketRoute) -> None:
    socket.connect_to_server()
    HELD.append(socket)


def test_where_sockets_are_blocked_the_page_asks_instead(page: Page) -> None:
    page.route_web_socket("**/ws/**", lambda socket: socket.close())
    start_order(page)
    expect(page.locator("#live")).to_have_text("Live, asking every 2 s")
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#panel").get_by_role("button", name="Approve and resume").click()
    head(page, "success")
    node(page, "ship", "success")


def test_where_nobody_answers_the_handshake_the_page_asks_instead(page: Page) -> None:
    page.clock.install()
    page.add_init_script(MUTE)
    start_order(page)
    page.wait_for_load_state()
    # Time for three handshakes; the answer to what is asked for instead takes time of its own.
    page.clock.run_for(60_000)
    expect(page.locator("#live")).to_have_text("Live, asking every 2 s")


def test_a_part_that_could_not_be_fetched_comes_with_the_next_sign_of_life(page: Page, complaints: list[str]) -> None:
    page.route_web_socket("**/ws/runs/**", hold)
    start_order(page)
    node(page, "review", "suspended")
    expect(page.locator("#live")).to_have_text("Live")
    page.wait_for_load_state("networkidle")
    page.route("**/head/**", lambda route: route.abort())
    # That a request has failed is known here before the page knows it.
    page.evaluate("document.addEventListener('htmx:sendError', () => { document.body.dataset.failed = ''; })")
    HELD[-1].send('{"seq": 1, "shape": "head"}')
    expect(page.locator("body[data-failed]")).to_have_count(1)
    page.unroute("**/head/**")
    with page.expect_response("**/head/**"):
        HELD[-1].send('{"beat": 1}')
    complaints.clear()


def test_an_answer_begun_before_the_scripts_came_is_kept(page: Page) -> None:
    start_order(page)
    node(page, "review", "suspended")
    held: list[Route] = []
    page.route("**/js/live*.js", lambda route: held.append(route))
    page.reload(wait_until="commit")
    note = page.locator("#panel").get_by_label("Note")
    note.fill("Half a thought")
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#panel").get_by_role("button", name="Approve and resume").click()
    node(other, "ship", "success")
    held[0].continue_()
    node(page, "ship", "success")
    expect(page.locator("#panel .changed")).to_be_visible()
    expect(note).to_have_value("Half a thought")


def test_everything_works_without_scripts(browser: Browser, studio: StudioProcess) -> None:
    context = browser.new_context(base_url=studio.address, java_script_enabled=False)
    page = context.new_page()
    start_order(page)
    while page.locator("#panel form").count() == 0:
        page.reload()
    page.locator("#panel").get_by_role("button", name="Reject").click()
    while page.locator("#head").get_attribute("data-s") != "success":
        page.reload()
    node(page, "ship", "success")
    start_order(page)
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("Reason").fill("No script here")
    page.get_by_role("button", name="Cancel this run").click()
    head(page, "canceled")
    context.close()

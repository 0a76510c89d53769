"""A person's browser, as far as these tests need one: open a page, fill in its form as it stands, send it."""

from __future__ import annotations

import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from uuid import uuid4

SECONDS = 30


class Fields(HTMLParser):
    """Collects what the forms of a page would send if nobody changed them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._text: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if name is None:
            return
        if tag == "input":
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.values[name] = given.get("value") or ("on" if kind == "checkbox" else "")
        elif tag == "textarea":
            self._text, self.values[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self.values[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = None


class Staying(urllib.request.HTTPErrorProcessor):
    """Do not go where a form leads: the step that it started may have ended the studio by then."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        is_redirect = 300 <= response.status < 400
        return response if is_redirect else super().http_response(request, response)


class Visitor:
    """Somebody at the studio of an address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.browser = urllib.request.build_opener(Staying, urllib.request.HTTPCookieProcessor(CookieJar()))

    def start(self, workflow: str) -> str:
        """Run a workflow with what its form proposes; give the run's id."""
        page = f"{self.address}/workflows/{workflow}/run/"
        run_id = str(uuid4())
        self._send(page, page, run=run_id)
        return run_id

    def answer(self, run_id: str, step: str) -> None:
        """Answer a suspended step with what its form proposes."""
        self._send(f"{self.address}/runs/{run_id}/?step={step}", f"{self.address}/runs/{run_id}/resume/?step={step}")

    def cancel(self, run_id: str) -> None:
        page = f"{self.address}/runs/{run_id}/cancel/"
        self._send(page, page)

    def _send(self, page: str, action: str, **changes: str) -> None:
        """Open a page and send its fields. Raises: HTTPError when the studio refuses."""
        with self.browser.open(page, timeout=SECONDS) as answer:
            fields = Fields()
            fields.feed(answer.read().decode())
        sent = urllib.parse.urlencode({**fields.values, **changes}).encode()
        with self.browser.open(action, sent, timeout=SECONDS) as answer:
            answer.read()

"""The reference of the API as a page."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from workflows_app.web.api import api
from workflows_app.web.reference import chapters_of

pytestmark = pytest.mark.usefixtures("studio")


def test_every_call_stands_on_the_page_with_its_command(client: Client) -> None:
    page = client.get("/reference/").content.decode()
    document = api.get_openapi_schema()
    for path, ways in document["paths"].items():
        for method, operation in ways.items():
            part = page[page.index(f'<section class="card" id="{operation["operationId"]}"') :].partition("</section>")[
                0
            ]
            assert (f">{method.upper()}<" in part, path in part) == (True, True)
            assert "http://testserver/api/" in part


def test_a_command_says_what_is_needed_and_no_more() -> None:
    calls = {c.name: c for chapter in chapters_of(api.get_openapi_schema(), "http://x") for c in chapter.calls}
    assert calls["time_travel"].curl == (
        'curl -H "authorization: Bearer $TOKEN" -H \'content-type: application/json\' -d \'{"step": "text"}\' '
        "'http://x/api/workflows/WORKFLOW/time-travel?runId=RUN'"
    )
    assert calls["get_run"].curl == ('curl -H "authorization: Bearer $TOKEN" http://x/api/workflows/WORKFLOW/runs/RUN')


def test_nothing_on_the_page_runs_or_comes_from_elsewhere(client: Client) -> None:
    page = unescape(client.get("/reference/").content.decode())
    body = page[page.index("<main") :]
    assert not re.search(r"<script|<style|style=|\son\w+=|src=\"http", body)

"""What one page asks a browser to fetch of styles: only what it uses, and little of it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client

from tests.web.studio import orders

pytestmark = pytest.mark.usefixtures("studio")
STATIC = Path(__file__).resolve().parents[2] / "static"
MOST = 16 * 1024
SHEET = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)"')
ADDRESSES = (
    "/",
    "/workflows/",
    "/workflows/order/",
    "/workflows/order/run/",
    "/runs/",
    "/runs/{run}/",
    "/runs/{run}/time-travel/",
    "/compare/?a={run}&b={run}",
    "/approvals/",
    "/insights/",
    "/schedules/",
    "/activity/",
    "/settings/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_styles_of_a_page_stay_small(client: Client, address: str) -> None:
    page = client.get(address.format(run=orders())).content.decode()
    names = SHEET.findall(page)
    assert len(names) == len(set(names)) >= 4
    whole = b"".join((STATIC / name).read_bytes() for name in names)
    size = len(gzip.compress(whole, 9))
    assert size <= MOST, f"{address} fetches {names}, {size} bytes"


def test_only_pages_with_a_graph_fetch_its_styles(client: Client) -> None:
    run = orders()
    pages = {address: client.get(address.format(run=run)).content.decode() for address in ADDRESSES}
    drawn = {address for address, page in pages.items() if "css/flow.css" in page}
    assert drawn == {"/workflows/order/", "/runs/{run}/", "/compare/?a={run}&b={run}"}

"""Every kind of node in every status, looked over by axe in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WORKFLOWS
from tests.browser.test_axe_journey import Scheme, faults
from tests.process import StudioProcess


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess]) -> StudioProcess:
    return start_studio(*WORKFLOWS, STUDIO_DEBUG="true")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing(page: Page, scheme: Scheme, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/__gallery__/")
    expect(page.locator(".card.definition")).to_have_count(13)
    assert not faults(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

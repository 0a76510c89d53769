"""A studio with accounts: the first administrator, a member who is invited, and what each may do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WORKFLOWS
from tests.browser.test_axe_journey import faults
from tests.browser.test_run_journey import node, start_order
from tests.process import ROOT, StudioProcess

ACCOUNTS = {"STUDIO_AUTH": "django"}
FIRST = {"DJANGO_SUPERUSER_PASSWORD": "first-password", "DJANGO_SUPERUSER_USERNAME": "root"}


@pytest.fixture
def studio(start_studio: Callable[..., StudioProcess], tmp_path: Path) -> StudioProcess:
    """Start a studio with accounts, as the README says."""
    data_dir = tmp_path / "accounts"
    environment = {**ACCOUNTS, **FIRST, "STUDIO_DATA_DIR": str(data_dir)}
    for command in (["migrate", "--verbosity", "0"], ["createsuperuser", "--noinput", "--email", ""]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
    return start_studio(*WORKFLOWS, data_dir=data_dir, **ACCOUNTS)


@pytest.fixture
def other(browser: Browser, studio: StudioProcess) -> Iterator[Page]:
    """Give the browser of somebody else."""
    context = browser.new_context(base_url=studio.address)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_member_is_invited_and_may_do_what_the_role_says(page: Page, other: Page, complaints: list[str]) -> None:
    sign_in(page, "root", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert not faults(page)
    complaints.clear()
    sign_in(page, "root", "first-password")
    start_order(page)
    node(page, "review", "suspended")
    run = page.url

    page.goto("/settings/members/")
    page.get_by_role("link", name="Add a member").click()
    page.get_by_label("Name", exact=False).first.fill("bob")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Give bob this link")).to_be_visible()
    assert not faults(page)
    link = page.locator(".secret").inner_text()

    other.goto(link)
    assert not faults(other)
    other.get_by_label("New password", exact=True).fill("bobs-long-password")
    other.get_by_label("New password confirmation").fill("bobs-long-password")
    other.get_by_role("button", name="Set it").click()
    sign_in(other, "bob", "bobs-long-password")
    other.goto(run)
    expect(other.get_by_role("link", name="Cancel", exact=True)).to_be_disabled()
    expect(other.locator("#panel form")).to_have_count(0)
    expect(other.locator("#live")).to_have_text("Live")

    page.goto("/settings/members/bob/")
    page.get_by_label("Operator").check()
    page.get_by_role("button", name="Save").click()
    other.reload()
    other.get_by_role("link", name="Cancel", exact=True).click()
    other.get_by_label("Reason").fill("Bob may now")
    other.get_by_role("button", name="Cancel this run").click()
    expect(other.locator("#head")).to_have_attribute("data-s", "canceled")

    page.goto("/activity/?who=bob")
    expect(page.get_by_role("row", name="Bob may now")).to_contain_text("canceled order")


def test_a_workflow_that_is_granted_to_others_is_not_there(page: Page, other: Page, complaints: list[str]) -> None:
    sign_in(page, "root", "first-password")
    page.goto("/settings/grants/")
    page.locator("select[name='grant.workflow']").select_option("order")
    page.get_by_label("Members of").select_option("Operator")
    page.get_by_label("Have the role").select_option("Operator")
    page.get_by_role("button", name="Grant it").click()
    expect(page.get_by_role("row", name="order Operator Operator")).to_be_visible()
    page.goto("/settings/members/new/")
    page.get_by_label("Name", exact=False).first.fill("eve")
    page.get_by_role("button", name="Add", exact=True).click()
    other.goto(page.locator(".secret").inner_text())
    other.get_by_label("New password", exact=True).fill("eves-long-password")
    other.get_by_label("New password confirmation").fill("eves-long-password")
    other.get_by_role("button", name="Set it").click()
    sign_in(other, "eve", "eves-long-password")
    other.goto("/workflows/")
    expect(other.get_by_role("link", name="echo", exact=True)).to_be_visible()
    expect(other.get_by_role("link", name="order", exact=True)).to_have_count(0)
    assert other.goto("/workflows/order/").status == 404  # type: ignore[union-attr]


def test_somebody_who_is_signed_out_elsewhere_is_asked_to_sign_in(page: Page, other: Page) -> None:
    sign_in(page, "root", "first-password")
    sign_in(other, "root", "first-password")
    other.goto("/runs/")
    page.goto("/settings/sessions/")
    page.get_by_role("button", name="Sign out the other browsers").click()
    expect(page.get_by_text("Every other browser is signed out")).to_be_visible()
    other.goto("/runs/")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_two_who_look_at_the_same_question_know_of_each_other(page: Page, other: Page) -> None:
    sign_in(page, "root", "first-password")
    start_order(page)
    node(page, "review", "suspended")
    page.goto("/settings/members/new/")
    page.get_by_label("Name", exact=False).first.fill("bob")
    page.get_by_label("Operator").check()
    page.get_by_role("button", name="Add", exact=True).click()
    other.goto(page.locator(".secret").inner_text())
    other.get_by_label("New password", exact=True).fill("bobs-long-password")
    other.get_by_label("New password confirmation").fill("bobs-long-password")
    other.get_by_role("button", name="Set it").click()
    sign_in(other, "bob", "bobs-long-password")
    page.goto("/approvals/")
    expect(page.locator("#others")).to_be_hidden()
    other.goto("/approvals/")
    expect(page.locator("#others")).to_have_text("bob looks at this too.")
    expect(other.locator("#others")).to_have_text("root looks at this too.")
    for one in (page, other):
        assert not faults(one)
    other.goto("/")
    expect(page.locator("#others")).to_be_hidden()

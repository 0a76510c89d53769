"""A NUL in an address: no database has such a text, and PostgreSQL takes none in a query either."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.web.asking import asked

pytestmark = pytest.mark.usefixtures("studio")
NUL = "a%00b"


@pytest.mark.parametrize(
    "address",
    [
        f"/runs/?q={NUL}", f"/runs/?status={NUL}", f"/runs/?workflow={NUL}", f"/runs/?tag={NUL}", f"/runs/?by={NUL}",
        f"/runs/?resource={NUL}", f"/runs/?older=1:{NUL}", f"/runs/{NUL}/", f"/runs/{NUL}/panel/",
        f"/workflows/{NUL}/", f"/approvals/?q={NUL}", f"/approvals/?queue={NUL}", f"/approvals/?workflow={NUL}",
        f"/approvals/?to={NUL}", f"/jump/?q={NUL}", f"/activity/?q={NUL}", f"/activity/?actor={NUL}",
        f"/activity/?verb={NUL}", f"/activity/?kind={NUL}", f"/activity/export.csv?actor={NUL}",
        f"/insights/?workflow={NUL}", f"/compare/?a={NUL}&b={NUL}", f"/views/{NUL}/",
        f"/settings/members/{NUL}/", f"/settings/roles/{NUL}/", f"/a/{NUL}/", f"/api/workflows/{NUL}",
        f"/api/workflows/{NUL}/runs", f"/api/workflows/greet/runs?status={NUL}", f"/api/workflows/greet/runs/{NUL}",
        f"/api/workflows/greet/runs?resourceId={NUL}", f"/settings/members/?q={NUL}", f"/workflows/?q={NUL}&tag={NUL}",
        f"/workflows/order/run/?from={NUL}", f"/workflows/order/run/?tags={NUL}&resource={NUL}&pause={NUL}",
        f"/workflows/order/tests/new/?run={NUL}", f"/workflows/order/versions/?a={NUL}&b={NUL}",
        f"/compare/?run={NUL}&run={NUL}", f"/insights/?range={NUL}", f"/views/new/?of={NUL}",
    ],
)  # fmt: skip
def test_it_is_answered(client: Client, address: str) -> None:
    assert client.get(address).status_code in (200, 302, 400, 404), address


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/runs/bulk/", {"verb": "cancel", "run": "a\0b", "query": f"?workflow={NUL}"}),
        ("/runs/bulk/", {"verb": "cancel", "all": "1", "query": f"?workflow={NUL}&tag={NUL}"}),
        ("/runs/keep/", {"run": "a\0b"}),
        ("/workflows/order/run/", {"tags": "a\0b", "resource": "a\0b", "run": "a\0b", "title": "a\0b"}),
    ],
)
def test_what_is_sent_is_answered(client: Client, address: str, sent: dict[str, str]) -> None:
    assert client.post(address, sent).status_code in (200, 302, 400, 404, 422), address


def test_a_claim_of_nobody_is_answered(client: Client) -> None:
    approval = asked()
    assert client.post(f"/approvals/{approval.pk}/claim/", {"over": "a\0b"}).status_code == 302
    assert client.post(f"/approvals/{approval.pk}/hand-over/", {"to": "a\0b"}).status_code == 302


def test_nobody_signs_in_under_such_a_name(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    assert client.post("/accounts/login/", {"username": "a\0b", "password": "x"}).status_code == 422

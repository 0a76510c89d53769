"""Rights by role, and on single workflows: on pages, fragments, sockets and the API alike."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from tests.web.studio import orders, started, wait_for
from workflows_app import runtime
from workflows_app.approvals.gather import catch_up
from workflows_app.models import Approval, Run, WorkflowGrant
from workflows_app.rights import reach_of
from workflows_app.roles import RIGHTS, ROLES
from workflows_app.web.live.consumers import RunConsumer

pytestmark = pytest.mark.usefixtures("studio")


@pytest.fixture
def people(settings: Any) -> None:
    """Have everybody sign in."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]


def person(client: Client, *groups: str, name: str = "grace") -> User:
    user = User.objects.create_user(name)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    client.force_login(user)
    return user


def tie(workflow: str, group: str, role: str) -> None:
    given = [Group.objects.get_or_create(name=name)[0] for name in (group, role)]
    WorkflowGrant.objects.create(workflow_id=workflow, group=given[0], role=given[1])


def rights_of(role: str) -> set[str]:
    return set(Permission.objects.filter(group__name=role).values_list("codename", flat=True))


def test_migrate_makes_the_roles_with_their_rights() -> None:
    assert {role: rights_of(role) for role in ROLES} == {role: set(rights) for role, rights in ROLES.items()}
    assert set(RIGHTS) < set(Permission.objects.values_list("codename", flat=True))


def test_what_somebody_made_of_a_role_outlives_the_next_migrate() -> None:
    Group.objects.get(name="Viewer").permissions.clear()
    Group.objects.get(name="Operator").delete()
    call_command("migrate", verbosity=0)
    assert rights_of("Viewer") == set()
    assert rights_of("Operator") == set(ROLES["Operator"])


@pytest.mark.parametrize(
    ("roles", "place"), [((), "/settings/"), (("Approver",), "/approvals/"), (("Viewer",), "/runs/")]
)
def test_a_refusal_leads_only_where_one_may_go(people: None, client: Client, roles: list[str], place: str) -> None:
    person(client, *roles)
    page = client.get("/settings/members/").content.decode()
    [way] = re.findall(r'<p class="acts"><a class="btn" href="([^"]+)"', page)
    assert way == place
    assert client.get(way).status_code == 200


VERBS = {
    "cancel": "cancel_run",
    "restart": "restart_run",
    "time-travel": "timetravel_run",
    "delete": "delete_run",
    "step": "start_run",
    "unpause": "start_run",
    "adopt": "restart_run",
    "": "view_run",
    "events": "view_run",
    "frames": "view_run",
    "head": "view_run",
    "compare": "view_run",
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("role", [*ROLES, "none"])
def test_each_role_may_do_what_it_says_and_no_more(client: Client, role: str) -> None:
    run_id = wait_for(started("echo", 1), "success")
    person(client, *([] if role == "none" else [role]))
    rights: Iterable[str] = ROLES.get(role, ())
    for verb, right in VERBS.items():
        address = f"/runs/{run_id}/{verb}/" if verb else f"/runs/{run_id}/"
        send = client.post if verb in ("step", "unpause", "adopt") else client.get
        allowed = send(address).status_code not in (403, 404)
        assert allowed == ({"view_run", right} <= set(rights)), verb
    for address, right in {"/activity/": "view_audit", "/workflows/echo/run/": "start_run"}.items():
        assert (client.get(address).status_code == 200) == ({"view_run", right} <= set(rights)), address


@pytest.mark.usefixtures("people")
def test_a_workflow_that_is_tied_is_not_there_for_others(client: Client) -> None:
    hidden, seen = wait_for(started("echo", 1), "success"), orders()
    tie("echo", "Payroll", "Operator")
    person(client, "Developer")
    for address in (f"/runs/{hidden}/", f"/runs/{hidden}/head/", f"/runs/{hidden}/events/", "/workflows/echo/"):
        answer = client.get(address)
        assert answer.status_code == 404, address
    assert client.post(f"/runs/{hidden}/cancel/").status_code == 404
    assert client.get(f"/compare/?a={hidden}&b={seen}").status_code == 404
    assert client.get(f"/runs/{seen}/").status_code == 200
    for address in ("/", "/runs/", "/workflows/", "/workflows/nothing/"):
        assert hidden[:8] not in client.get(address).content.decode(), address
        assert "echo" not in client.get(address).content.decode(), address


@pytest.mark.usefixtures("people")
def test_a_grant_gives_its_role_on_that_workflow_alone(client: Client) -> None:
    echo, order = wait_for(started("echo", 1), "success"), orders()
    tie("order", "Sales", "Operator")
    person(client, "Sales")
    assert client.get(f"/runs/{order}/cancel/").status_code == 200
    assert client.get(f"/runs/{order}/delete/").status_code == 403
    assert client.get(f"/runs/{echo}/").status_code == 404
    listed = client.get("/runs/").content.decode()
    assert order[:8] in listed
    assert echo[:8] not in listed


@pytest.mark.usefixtures("people")
def test_values_are_hidden_where_a_role_may_not_read_them(client: Client) -> None:
    run_id = wait_for(started("echo", {"word": "secret"}), "success")
    lookers = Group.objects.create(name="Lookers")
    lookers.permissions.set(Permission.objects.filter(codename="view_run"))
    tie("echo", "Staff", "Lookers")
    person(client, "Viewer", "Staff")
    page = client.get(f"/runs/{run_id}/?step=echo&tab=output")
    assert page.status_code == 200
    assert "secret" not in page.content.decode()


@pytest.mark.usefixtures("people")
def test_an_approver_sees_what_is_asked_of_them_and_nothing_else(client: Client) -> None:
    asked, other = orders(), wait_for(started("echo", 1), "success")
    person(client, "Approver")
    assert client.get("/approvals/").status_code == 200
    assert client.get("/")["Location"] == "/approvals/"
    assert client.get(f"/runs/{asked}/").status_code == 200
    assert client.get(f"/runs/{asked}/cancel/").status_code == 403
    assert client.get(f"/runs/{other}/").status_code in (403, 404)
    assert client.get("/runs/").status_code == 403


@pytest.mark.usefixtures("people")
def test_a_grant_lets_an_approver_decide_on_that_workflow_alone(client: Client) -> None:
    asked = orders()
    catch_up(runs=[asked])
    approval = Approval.objects.get(run=asked)
    tie("order", "Sales", "Approver")
    person(client, "Developer")
    assert "Nothing waits for you" in client.get("/approvals/").content.decode()
    assert client.post(f"/approvals/{approval.pk}/decide/").status_code == 404
    person(client, "Sales", name="ada")
    assert approval.title in client.get("/approvals/").content.decode()
    assert client.get(f"/approvals/{approval.pk}/").status_code == 200


@pytest.mark.usefixtures("people")
def test_the_api_knows_the_same_rights(client: Client) -> None:
    run_id = wait_for(started("echo", 1), "success")
    tie("echo", "Payroll", "Operator")
    person(client, "Developer")
    assert "echo" not in client.get("/api/workflows").json()
    assert "echo" not in client.get("/api/workflows/run-counts").json()
    assert client.get("/api/workflows/echo").status_code == 404
    assert client.get(f"/api/workflows/echo/runs/{run_id}").status_code == 404
    assert client.get("/api/workflows/order").status_code == 200


def test_a_socket_asks_for_the_right_on_its_run(client: Client) -> None:
    hidden, seen = wait_for(started("echo", 1), "success"), orders()
    tie("echo", "Payroll", "Operator")
    user = person(client, "Viewer")

    async def knock(run_id: str) -> str:
        communicator: Any = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run_id}/")
        communicator.scope |= {"user": user, "url_route": {"kwargs": {"run_id": run_id}}}
        await communicator.connect(timeout=10)
        first = await communicator.receive_output(10)
        await communicator.disconnect()
        return str(first["type"])

    assert asyncio.run(knock(hidden)) == "websocket.close"
    assert asyncio.run(knock(seen)) == "websocket.send"


def test_who_manages_the_members_reaches_everything(client: Client) -> None:
    tie("echo", "Payroll", "Operator")
    assert reach_of(person(client, "Admin")).allows("delete_run", "echo")
    assert not reach_of(person(client, "Developer", name="ada")).allows("delete_run", "echo")


def test_accounts_answer_for_single_workflows(client: Client) -> None:
    tie("echo", "Payroll", "Operator")
    user = person(client, "Payroll")
    assert user.has_perm("workflows_app.cancel_run", Run(workflow_id="echo"))
    assert not user.has_perm("workflows_app.cancel_run", Run(workflow_id="order"))
    assert not user.has_perm("workflows_app.cancel_run")
    assert not user.has_perm("auth.add_user", Run(workflow_id="echo"))


@pytest.mark.usefixtures("people")
def test_an_address_means_the_same_workflow_to_the_guard_and_to_the_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {offer.key: offer for offer in runtime.get_catalogue()}
    # The first has the id that is the key of the second.
    both = [replace(known["echo"], key="first"), replace(known["order"], key="echo")]
    monkeypatch.setattr(runtime, "get_catalogue", lambda: both)
    tie("echo", "Payroll", "Operator")
    person(client, "Developer")
    page = client.get("/workflows/echo/")
    assert (page.status_code, "<title>order" in page.content.decode()) == (200, True)

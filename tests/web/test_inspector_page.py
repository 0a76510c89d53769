"""The page of a run, its fragments and its journal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from tests.web.studio import accounts, order, orders, started, wait_for
from workflows_app import runtime
from workflows_app.models import Run, Version

PARTS = ("head", "flow", "timeline", "panel")

pytestmark = pytest.mark.usefixtures("studio")


def test_it_opens_at_the_step_that_waits_with_its_form(client: Client) -> None:
    run_id = orders()
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "May it be shipped?" in page
    assert 'name="answer.decision"' in page
    assert f'data-seq="{order(run_id).head.seq}"' in page
    assert re.search(r"<title>waiting for a person · order", page)


@pytest.mark.parametrize("part", PARTS)
def test_a_fragment_is_itself_for_htmx_and_a_page_for_people(client: Client, part: str) -> None:
    address = f"/runs/{orders()}/{part}/"
    fragment = client.get(address, headers={"HX-Request": "true"})
    assert re.match(rf'\s*<\w+ class="[^"]+" id="{part}"', fragment.content.decode())
    assert "<html" not in fragment.content.decode()
    assert fragment["Run-Seq"].isdecimal()
    assert "HX-Request" in fragment["Vary"]
    assert "<html" in client.get(address).content.decode()


def test_a_boosted_link_gets_the_panel_alone(client: Client) -> None:
    address = f"/runs/{orders()}/?step=check&tab=input"
    response = client.get(address, headers={"HX-Request": "true", "HX-Target": "panel"})
    assert 'id="panel"' in response.content.decode()
    assert 'id="flow"' not in response.content.decode()


def test_a_failed_run_opens_at_its_error(client: Client) -> None:
    page = client.get(f"/runs/{wait_for(started('failing', None), 'failed')}/").content.decode()
    assert "The cupboard is bare" in page
    assert "journeys.py" in page


@pytest.mark.parametrize("address", ["/runs/nothing/", "/runs/nothing/events/", "/runs/nothing/raw/?format=json"])
def test_an_unknown_run_is_a_page(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_head_says_which_version_of_the_workflow_runs(client: Client) -> None:
    run_id = orders()
    mark = Run.objects.get(pk=run_id).fingerprint
    assert "/versions/?b=" not in client.get(f"/runs/{run_id}/").content.decode()
    Version.objects.create(workflow_id="order", number=41, fingerprint=mark, first_at=now(), last_at=now())
    page = client.get(f"/runs/{run_id}/head/", headers={"HX-Request": "true"}).content.decode()
    link = '<a class="link" href="/workflows/order/versions/?b=41">v41</a>'
    assert f'{link} <span class="mono dim">{mark[:7]}</span>' in page


def test_an_unknown_step_is_a_page(client: Client) -> None:
    response = client.get(f"/runs/{orders()}/?step=nothing")
    assert response.status_code == 404
    assert "nothing" in response.content.decode()


def test_a_run_outlives_the_code_of_its_workflow(client: Client) -> None:
    run_id = orders()
    runtime.get_engine().registry.by_id.pop("order")
    response = client.get(f"/runs/{run_id}/")
    assert response.status_code == 200
    assert "The code of this workflow is not there any more" in response.content.decode()
    assert 'data-path="check"' in response.content.decode()


def test_a_large_value_is_read_when_it_is_looked_at(client: Client) -> None:
    words = [f"word {i}" for i in range(3_000)]
    run_id = wait_for(started("echo", {"words": words}), "success")
    page = client.get(f"/runs/{run_id}/?step=echo&tab=output").content.decode()
    assert "word 17" in page


def test_a_list_too_large_to_lie_in_the_journal_can_be_walked(client: Client) -> None:
    run_id = wait_for(started("each", 1_200), "success")
    page = client.get(f"/runs/{run_id}/?step=line").content.decode()
    assert "1,200</span>" in page
    assert client.get(f"/runs/{run_id}/frames/?after=0").json()["frames"]


def test_without_the_right_values_are_not_shown(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = wait_for(started("echo", {"words": ["the secret"]}), "success")
    accounts(settings, client, django_user_model, "view_run")
    for address in ("?step=echo&tab=output", "?step=/&tab=input", "events/", "?step=echo&tab=input"):
        response = client.get(f"/runs/{run_id}/{address}")
        assert response.status_code == 200
        assert "the secret" not in response.content.decode()


def test_without_the_right_no_run_is_shown(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model)
    assert client.get(f"/runs/{run_id}/").status_code == 403
    assert client.get("/runs/").status_code == 403
    assert client.get("/").status_code == 403


def test_nobody_who_is_not_signed_in_sees_anything(client: Client, settings: Any) -> None:
    run_id = orders()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    for address in ("/", "/runs/", "/workflows/", f"/runs/{run_id}/", f"/runs/{run_id}/events/"):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")
    page = client.get("/accounts/login/").content.decode()
    assert 'name="password"' in page


def test_pages_without_sockets_can_ask_for_frames(client: Client) -> None:
    run_id = orders()
    seq = order(run_id).head.seq
    assert client.get(f"/runs/{run_id}/frames/?after={seq}").json() == {"seq": seq, "frames": []}
    first, *shapes = client.get(f"/runs/{run_id}/frames/?after=0").json()["frames"]
    assert {delta[1]: delta[2] for delta in first["e"]}["review"] == "suspended"
    assert [frame["shape"] for frame in shapes] == list(PARTS)


def test_a_run_whose_id_holds_a_slash_has_its_pages(client: Client) -> None:
    engine = runtime.get_engine()
    run = runtime.call(engine.create_run(engine.get_workflow("order"), run_id="2026/7 #3?"))
    runtime.call(run.start_async(input_data={"customer": "Ada", "total": 1}))
    wait_for(run.id, "suspended")
    row = Run.objects.get()
    page = client.get("/runs/").content.decode()
    assert 'href="/runs/2026/7%20%233%3F/"' in page
    assert client.get("/runs/2026/7%20%233%3F/").status_code == 200
    assert client.post("/runs/2026/7%20%233%3F/cancel/").status_code == 302
    wait_for(row.id, "canceled")

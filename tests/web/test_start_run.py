"""Starting a run from its form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, order, orders, value_of, wait_for
from workflows_app.models import Run

FORM = "/workflows/order/run/"
GOOD = {"input.customer": "Ada", "input.total": "12.50"}

pytestmark = pytest.mark.usefixtures("studio")


def test_the_form_is_made_from_the_input_schema(client: Client) -> None:
    page = client.get(FORM).content.decode()
    assert 'name="input.customer"' in page
    assert "Who ordered." in page


def test_it_starts_a_run_with_what_was_given(client: Client) -> None:
    response = client.post(FORM, GOOD)
    run = Run.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/runs/{run.id}/"
    assert run.started_by == "local"
    started = order(run.id).history
    assert started.input.data == {"customer": "Ada", "total": "12.50", "express": False}
    assert started.context.data == {"user": "local"}


def test_what_does_not_fit_stands_at_its_field_and_starts_nothing(client: Client) -> None:
    response = client.post(FORM, {"input.customer": "A", "input.total": "-3"})
    page = response.content.decode()
    assert response.status_code == 422
    assert value_of(page, "input.customer") == "A"
    assert page.count('aria-invalid="true"') == 2
    assert not Run.objects.exists()


def test_a_form_with_very_many_rows_comes_back_as_it_was_typed(client: Client) -> None:
    labels = {f"input.labels.{row}.__key": f"key {row}" for row in range(1_200)}
    response = client.post(FORM, {**GOOD, **labels})
    assert response.status_code == 422
    assert "more than 500 fields. Send the value as JSON instead." in response.content.decode()
    assert 'value="Ada"' in response.content.decode()


def test_json_starts_a_run_as_well(client: Client) -> None:
    sent = {"input.__mode": "json", "input.__json": '{"customer": "Ada", "total": 3, "express": true}'}
    assert client.post(FORM, sent).status_code == 302
    assert order(Run.objects.get().id).history.input.data["express"] is True


def test_json_that_is_none_is_told(client: Client) -> None:
    response = client.post(FORM, {"input.__mode": "json", "input.__json": '{"customer": '})
    assert response.status_code == 422
    assert not Run.objects.exists()


def test_switching_to_json_keeps_the_values_and_complains_about_nothing(client: Client) -> None:
    response = client.post(FORM, {**GOOD, "input.total": "", "input.__show": "json"})
    assert response.status_code == 200
    assert "Ada" in response.content.decode()
    assert 'role="alert"' not in response.content.decode()


def test_the_request_context_is_part_of_the_form(client: Client) -> None:
    client.post(FORM, {**GOOD, "context.value": '{"tenant": "north", "user": "somebody else"}'})
    assert order(Run.objects.get().id).history.context.data == {"tenant": "north", "user": "local"}


def test_the_field_of_the_request_context_is_labelled(client: Client) -> None:
    page = client.get("/workflows/order/run/").content.decode()
    label = page[: page.index('name="context.value"')].rpartition("<label")[2]
    assert "Request context" in label


def test_a_request_context_that_is_no_object_is_refused(client: Client) -> None:
    response = client.post(FORM, {**GOOD, "context.value": "[1]"})
    assert response.status_code == 422
    assert "<details open>" in response.content.decode()
    assert not Run.objects.exists()


def test_sending_the_same_form_twice_starts_one_run(client: Client) -> None:
    found = re.search(r'name="run" value="([^"]+)"', client.get(FORM).content.decode())
    assert found is not None
    sent = {**GOOD, "run": found[1]}
    places = [client.post(FORM, sent)["Location"] for _ in range(2)]
    assert places == [f"/runs/{found[1]}/"] * 2
    assert Run.objects.count() == 1


def test_a_form_can_begin_with_the_input_of_an_earlier_run(client: Client) -> None:
    run_id = orders("Grace")
    assert value_of(client.get(f"{FORM}?from={run_id}").content.decode(), "input.customer") == "Grace"


def test_a_run_again_fills_the_fields_of_a_model_with_aliases(client: Client) -> None:
    client.post("/workflows/crate/run/", {"input.sideLength": "3", "input.packedBy": "Ada"})
    run_id = wait_for(Run.objects.get().id, "success")
    page = client.get(f"/workflows/crate/run/?from={run_id}").content.decode()
    assert (value_of(page, "input.sideLength"), value_of(page, "input.packedBy")) == ("3", "Ada")


def test_an_initial_state_can_be_given_where_one_is_declared(client: Client) -> None:
    response = client.post("/workflows/stateful/run/", {"input.value": "1", "state.counter": "41"})
    assert response.status_code == 302
    run = wait_for(Run.objects.get().id, "success")
    assert order(run).history.result is not None
    assert order(run).history.state.data == {"counter": 42}


def test_a_run_again_begins_with_the_context_and_the_state_of_the_first(client: Client) -> None:
    fields = {"input.value": "1", "state.counter": "41", "context.value": '{"tenant": "acme"}'}
    client.post("/workflows/stateful/run/", fields)
    run_id = wait_for(Run.objects.get().id, "success")
    page = client.get(f"/workflows/stateful/run/?from={run_id}").content.decode()
    assert value_of(page, "state.counter") == "41"
    assert "&quot;tenant&quot;: &quot;acme&quot;" in page
    assert "&quot;user&quot;" not in page
    assert "<details open>" in page


def test_a_wrong_initial_state_stands_at_its_field(client: Client) -> None:
    response = client.post("/workflows/stateful/run/", {"input.value": "1", "state.counter": "many"})
    assert response.status_code == 422
    assert not Run.objects.exists()


def test_an_unknown_workflow_is_a_page_that_names_what_exists(client: Client) -> None:
    response = client.get("/workflows/nothing/run/")
    assert response.status_code == 404
    assert "order" in response.content.decode()


def test_it_needs_the_right_to_start(client: Client, settings: Any, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model, "view_run")
    assert client.get(FORM).status_code == 403
    assert client.post(FORM, GOOD).status_code == 403
    assert not Run.objects.exists()


def test_hostile_input_is_only_ever_text(client: Client) -> None:
    hostile = "</script><img src=x onerror=alert(1)>{{ 7|add:7 }}"
    page = client.post(FORM, {"input.customer": hostile, "input.total": "-1"}).content.decode()
    assert "<img" not in page
    assert "{{ 7|add:7 }}" in page


def test_a_run_gets_tags_an_owner_and_pauses_where_it_is_told_to(client: Client) -> None:
    sent = {**GOOD, "tags": "rush, eu,rush", "resource": "shop-7", "pause": ["stock", "ship"]}
    assert client.post(FORM, sent).status_code == 302
    run = Run.objects.get()
    assert (run.tag_list, run.resource_id) == (["rush", "eu"], "shop-7")
    wait_for(run.id, "paused")
    page = client.get(f"/runs/{run.id}/").content.decode()
    assert "The run pauses before" in page
    assert order(run.id).history.find("stock") is None


def test_a_run_is_started_one_step_at_a_time(client: Client) -> None:
    client.post(FORM, {**GOOD, "per_step": "1"})
    run_id = wait_for(Run.objects.get().id, "paused")
    assert order(run_id).history.find("review") is None


def test_a_tag_that_is_none_is_told_at_its_field(client: Client) -> None:
    response = client.post(FORM, {**GOOD, "tags": "x" * 201, "pause": "nowhere"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'aria-describedby="tags-error"' in page
    assert not Run.objects.exists()


def test_the_last_runs_are_offered_with_what_they_were_given(client: Client) -> None:
    run_id = orders("Grace")
    page = client.get(FORM).content.decode()
    assert f'<option value="{run_id}"' in page
    assert "Customer Grace" in page
    assert value_of(client.get(FORM, {"from": run_id}).content.decode(), "input.customer") == "Grace"


def test_a_step_leads_to_a_run_that_pauses_before_it(client: Client) -> None:
    page = client.get("/workflows/order/?step=review").content.decode()
    assert 'href="/workflows/order/run/?pause=review"' in page
    assert 'value="review" checked' in client.get(FORM, {"pause": "review"}).content.decode()


def test_who_may_not_read_values_is_offered_none(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run", "start_run")
    assert run_id not in client.get(FORM).content.decode()

"""Saving what a run is started with, and starting others with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.cases import kept
from tests.web.studio import accounts, value_of
from workflows_app.models import Activity, Run, SavedInput

FORM = "/workflows/order/run/"
GOOD = {"input.customer": "Ada", "input.total": "12.50"}

pytestmark = pytest.mark.usefixtures("studio")


@pytest.mark.parametrize("pressed", [{"keep": "1"}, {}], ids=["the button", "enter in the name"])
def test_an_input_is_saved_under_a_name_and_offered_again(client: Client, pressed: dict[str, str]) -> None:
    response = client.post(FORM, {**GOOD, **pressed, "title": "  Small   order ", "shared": "on"})
    saved = SavedInput.objects.get()
    assert response.headers["location"] == f"{FORM}?saved={saved.pk}"
    assert (saved.title, saved.is_shared, saved.owner, saved.is_test) == ("Small order", True, "local", False)
    assert not Run.objects.exists()
    assert Activity.objects.get(verb="save_input").reason == "Small order"
    page = client.get(response.headers["location"]).content.decode()
    assert (value_of(page, "input.customer"), value_of(page, "input.total")) == ("Ada", "12.50")
    assert f'href="?saved={saved.pk}" aria-current="true"' in page
    assert "Small order" in client.get(FORM).content.decode()


def test_how_it_shall_run_stays_in_the_form_when_the_input_is_saved(client: Client) -> None:
    how = {"tags": "trial, nightly", "resource": "ops", "per_step": "1", "pause": ["ship"]}
    response = client.post(FORM, {**GOOD, **how, "keep": "1", "title": "Small order"})
    page = client.get(response.headers["location"]).content.decode()
    assert (value_of(page, "tags"), value_of(page, "resource")) == ("trial, nightly", "ops")
    assert 'name="per_step" value="1" checked' in page
    assert 'name="pause" value="ship" checked' in page


def test_run_starts_a_run_though_a_name_was_typed(client: Client) -> None:
    client.post(FORM, {**GOOD, "start": "1", "title": "Small order"})
    assert Run.objects.exists()
    assert not SavedInput.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": "  "}, "Give it a name."),
        ({"title": "x" * 81}, "Make the name shorter"),
        ({"input.total": "-1"}, "aria-invalid"),
    ],
)
def test_what_cannot_be_saved_is_said_and_kept_in_the_form(client: Client, change: dict[str, str], said: str) -> None:
    response = client.post(FORM, {**GOOD, "title": "Small", **change, "keep": "1"})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert value_of(page, "input.customer") == "Ada"
    assert not SavedInput.objects.exists()


def test_state_and_context_are_saved_as_well(client: Client) -> None:
    form = {"input.value": "3", "state.counter": "4", "context.value": '{"tenant": "a"}', "title": "All", "keep": "1"}
    client.post("/workflows/stateful/run/", form)
    assert SavedInput.objects.get().values == {"input": 3, "state": {"counter": 4}, "context": {"tenant": "a"}}
    page = client.get(f"/workflows/stateful/run/?saved={SavedInput.objects.get().pk}").content.decode()
    assert value_of(page, "state.counter") == "4"
    assert "&quot;tenant&quot;: &quot;a&quot;" in page


def test_secrets_are_not_saved(client: Client) -> None:
    form = {"input.name": "Ada", "input.key": "s3cret", "title": "Known", "keep": "1"}
    assert client.post("/workflows/guarded/run/", form).status_code == 302
    assert "s3cret" not in SavedInput.objects.get().given
    assert SavedInput.objects.get().values["input"] == {"name": "Ada"}
    client.post("/workflows/echo/run/", {"input.value": '{"password": "s3cret"}', "title": "Named", "keep": "1"})
    assert SavedInput.objects.get(title="Named").values["input"] == {}


def test_a_secret_is_saved_under_none_of_its_names(client: Client) -> None:
    inner = {"sideLength": 1, "bolt": "s3cret"}
    for name, crate in {"bolt": {"side_length": 1}, "sealedWith": {"sideLength": 1}}.items():
        given = json.dumps({**crate, name: "s3cret", "inside": [inner]})
        form = {"input.__mode": "json", "input.__json": given, "title": name, "keep": "1"}
        assert client.post("/workflows/crate/run/", form).status_code == 302
        saved = SavedInput.objects.get(title=name)
        assert saved.values["input"] == {**crate, "inside": [{"sideLength": 1}]}


def test_people_see_their_own_and_what_is_shared(settings: Any, client: Client, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model, "view_run", "view_payload", "start_run")
    mine, shared, hidden = (
        kept(title=title, owner=owner, shared=is_shared)
        for title, owner, is_shared in (("Mine", "grace", False), ("Shared", "ada", True), ("Hidden", "ada", False))
    )
    page = client.get(FORM).content.decode()
    assert "Mine" in page
    assert "Shared" in page
    assert "Hidden" not in page
    assert 'value="Ada"' not in client.get(f"{FORM}?saved={hidden.pk}").content.decode()
    codes = [client.post(f"/workflows/order/tests/{one.pk}/delete/").status_code for one in (mine, shared, hidden)]
    assert codes == [302, 403, 404]


def test_who_may_not_read_values_is_offered_none(settings: Any, client: Client, django_user_model: type[User]) -> None:
    saved = kept()
    accounts(settings, client, django_user_model, "view_run", "start_run")
    page = client.get(f"{FORM}?saved={saved.pk}").content.decode()
    assert "Small order" not in page
    assert 'value="Ada"' not in page

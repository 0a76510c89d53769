"""Going back to before a step: in a copy or in the run, with what may be different this time."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import DIALOG, accounts, order, orders, started, wait_for, wait_for_step
from workflows_app.models import Activity, Run

pytestmark = pytest.mark.usefixtures("studio")


def shipped(client: Client) -> str:
    """Give an order that went all the way."""
    run_id = orders()
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"})
    wait_for(run_id, "success")
    return run_id


def travel(client: Client, run_id: str, **fields: Any) -> Any:
    return client.post(f"/runs/{run_id}/time-travel/", fields)


def page_of(client: Client, run_id: str, step: str = "") -> str:
    return client.get(f"/runs/{run_id}/time-travel/", {"step": step} if step else {}).content.decode()


def the_copy(run_id: str) -> str:
    return Run.objects.get(forked_from=run_id).id


def test_the_form_says_what_will_run_again_and_what_is_kept(client: Client) -> None:
    page = page_of(client, shipped(client), "review")
    assert re.search(r"2 steps run again.*?review, ship", page, re.DOTALL)
    assert re.search(r"3 results are kept and used.*?check, stock, fraud", page, re.DOTALL)
    assert '<option value="review" selected>' in page


def test_without_a_word_it_goes_to_the_step_that_waits(client: Client) -> None:
    assert '<option value="review" selected>' in page_of(client, orders())


def test_it_is_a_dialog_for_who_asks_for_one(client: Client) -> None:
    run_id = orders()
    shown = client.get(f"/runs/{run_id}/time-travel/?step=check", headers=DIALOG).content.decode()
    assert shown.lstrip().startswith('<section class="verb" id="verb">')
    sent = client.post(f"/runs/{run_id}/time-travel/", {"step": "check", "where": "copy"}, headers=DIALOG)
    assert sent["HX-Redirect"] == f"/runs/{the_copy(run_id)}/"


def test_a_copy_leaves_the_run_as_it_is_and_says_where_it_comes_from(client: Client) -> None:
    run_id = shipped(client)
    before = order(run_id).head
    response = travel(client, run_id, step="review", where="copy", reason="What if not?")
    copy = the_copy(run_id)
    assert response["Location"] == f"/runs/{copy}/"
    page = client.get(f"/runs/{wait_for(copy, 'suspended')}/").content.decode()
    assert f'<dt>Copy of</dt><dd><a class="link mono" href="/runs/{run_id}/">' in page
    assert order(run_id).head == before
    act = Activity.objects.get(verb="fork")
    assert (act.object_id, act.reason) == (run_id, "What if not?")
    assert json.loads(act.after) == {"step": "review", "copy": copy}


def test_in_the_run_what_came_after_is_replaced(client: Client) -> None:
    run_id = shipped(client)
    assert travel(client, run_id, step="review", where="here")["Location"] == f"/runs/{run_id}/"
    history = order(wait_for(run_id, "suspended")).history
    assert history.find("ship") is None
    assert Activity.objects.filter(verb="time_travel").count() == 1
    assert Run.objects.count() == 1


def test_an_input_that_is_too_large_to_be_edited_is_not_sent_to_the_page(client: Client) -> None:
    run_id = wait_for(started("echo", ["needle" * 12_000]), "success")
    page = page_of(client, run_id, "echo")
    assert "needle" not in page
    assert "What is recorded is too large to be shown here (72" in page
    # What is recorded is used all the same.
    travel(client, run_id, step="echo", where="here")
    wait_for(run_id, "success")


def test_breakpoints_outlive_it_as_the_form_says(client: Client) -> None:
    run_id = orders()
    assert "It pauses before" not in page_of(client, run_id, "check")
    client.post(f"/runs/{run_id}/breakpoints/", {"step": "ship", "pause": "1"})
    # A run that has ended shows its breakpoints nowhere else.
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"})
    wait_for(run_id, "paused")
    client.post(f"/runs/{run_id}/unpause/")
    wait_for(run_id, "success")
    assert "It pauses before ship again, as this run was told." in page_of(client, run_id, "review")
    travel(client, run_id, step="ship", where="here")
    wait_for(run_id, "paused")


def test_another_input_is_used_only_when_its_switch_is_on(client: Client) -> None:
    run_id = wait_for(started("echo", {"word": "old"}), "success")
    fields = {"step": "echo", "where": "copy", "input.value": '{"word": "new"}'}
    travel(client, run_id, **fields)
    assert result_of(the_copy(run_id)) == {"word": "old"}
    Run.objects.filter(forked_from=run_id).delete()
    travel(client, run_id, **fields, edit="input")
    assert result_of(the_copy(run_id)) == {"word": "new"}


def result_of(run_id: str) -> Any:
    result = order(wait_for(run_id, "success")).history.result
    assert result is not None
    return result.data


def test_the_form_is_filled_in_with_what_is_recorded(client: Client) -> None:
    page = page_of(client, wait_for(started("echo", {"word": "old"}), "success"))
    assert "&quot;word&quot;: &quot;old&quot;" in page


def test_other_results_of_earlier_steps_are_used(client: Client) -> None:
    run_id = shipped(client)
    other = {"check": {"customer": "Ada", "total": "12"}, "stock": {"in_stock": True}, "fraud": {"score": 99}}
    travel(client, run_id, step="review", where="copy", edit="results", **{"results.value": json.dumps(other)})
    copy = wait_for(the_copy(run_id), "suspended")
    record = order(copy).history.find("review")
    assert record is not None
    assert record.suspend_payload is not None
    assert record.suspend_payload.data == {"score": 99}


def test_a_foreach_is_given_another_list(client: Client) -> None:
    run_id = wait_for(started("each", 2), "success")
    assert "line 1" in page_of(client, run_id, "line")
    fields = {"step": "line", "where": "copy", "edit": "input"}
    response = travel(client, run_id, **fields, **{"input.value": "1"})
    assert response.status_code == 422
    travel(client, run_id, **fields, **{"input.value": '["a", "b", "c"]'})
    assert result_of(the_copy(run_id)) == ["a", "b", "c"]


def test_its_question_is_answered_at_once(client: Client) -> None:
    run_id = orders()
    answer = {"edit": "answer", "answer-now.decision": "reject"}
    travel(client, run_id, step="review", where="copy", **answer)
    assert result_of(the_copy(run_id)) == {"shipped": False}


def test_another_state_is_begun_with(client: Client) -> None:
    run_id = wait_for(started("stateful", 5), "success")
    travel(client, run_id, step="count", where="copy", edit="state", **{"state.counter": "100"})
    copy = wait_for(the_copy(run_id), "success")
    assert order(copy).history.state.data == {"counter": 105}


def test_one_step_at_a_time_pauses_after_the_first(client: Client) -> None:
    run_id = shipped(client)
    travel(client, run_id, step="check", where="copy", per_step="1")
    assert order(wait_for(the_copy(run_id), "paused")).history.find("stock") is None


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        ("echo", {"edit": "input", "input.value": "{"}, "This is not JSON"),
        ("echo", {"edit": "results", "results.value": "[]"}, "This is a JSON object."),
        ("echo", {"edit": "results", "results.value": '{"nope": 1}'}, "There is no step"),
        ("echo", {"edit": "context", "context.value": "1"}, "This is a JSON object."),
    ],
)
def test_what_does_not_fit_is_said_at_its_place_and_kept(
    client: Client, step: str, fields: dict[str, str], words: str
) -> None:
    run_id = wait_for(started("echo", 1), "success")
    response = travel(client, run_id, step=step, where="here", reason="Because", **fields)
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert 'value="Because"' in page
    assert f'value="{fields["edit"]}" checked' in page
    assert order(run_id).head.status == "success"
    assert not Activity.objects.exists()


def test_a_result_that_is_missing_is_named_before_and_can_be_given(client: Client) -> None:
    run_id = wait_for(started("failing", None), "failed")
    assert "comes before the target" not in page_of(client, run_id, "fail")
    run_id = orders()
    page = page_of(client, run_id, "ship")
    assert "Use other results" in page
    response = travel(
        client, run_id, step="ship", where="copy", edit="input", **{"input.value": '{"decision": "approve"}'}
    )
    assert response.status_code == 302
    assert result_of(the_copy(run_id)) == {"shipped": True}


def test_a_running_run_is_left_alone(client: Client) -> None:
    run_id = wait_for_step(started("patient", {"seconds": 30}), "rest", "running")
    assert "It is running." in page_of(client, run_id)
    assert travel(client, run_id, step="begin", where="copy").status_code == 409
    assert Run.objects.count() == 1


def test_an_unknown_step_is_a_page(client: Client) -> None:
    run_id = orders()
    assert client.get(f"/runs/{run_id}/time-travel/?step=nope").status_code == 404
    assert travel(client, run_id, step="nope", where="here").status_code == 404


def test_who_may_not_read_values_travels_with_what_is_recorded(
    client: Client, settings: Any, django_user_model: type[User]
) -> None:
    run_id = wait_for(started("echo", {"word": "secret"}), "success")
    accounts(settings, client, django_user_model, "view_run", "timetravel_run")
    page = page_of(client, run_id)
    assert "secret" not in page
    assert "another input" not in page
    travel(client, run_id, step="echo", where="copy", edit="input", **{"input.value": "1"})
    assert result_of(the_copy(run_id)) == {"word": "secret"}


def test_it_needs_the_right_to_travel(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run", "restart_run", "cancel_run")
    assert client.get(f"/runs/{run_id}/time-travel/").status_code == 403
    assert travel(client, run_id, step="check", where="here").status_code == 403
    assert client.put(f"/runs/{run_id}/time-travel/").status_code == 405

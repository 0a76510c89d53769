"""The test bench: writing tests, running them, and what is said of how they went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.asking import at_once
from tests.web.cases import APPROVE, SUCCEEDS, kept, verdict
from tests.web.form_page import Page
from tests.web.studio import accounts, answered, orders, started, value_of, wait_for
from workflows_app import runtime
from workflows_app.engine.schema import encode
from workflows_app.models import Activity, Run, SavedInput, Trial
from workflows_app.trials.examiner import KEPT, LIMIT, conclude, due_trials

BENCH = "/workflows/order/tests/"
STARTER = ("view_run", "view_payload", "start_run")

pytestmark = pytest.mark.usefixtures("studio")


def run_all(client: Client, *tests: SavedInput, of: str = "order") -> Any:
    return client.post(f"/workflows/{of}/tests/run/", {"test": [test.pk for test in tests]})


def page_of(client: Client, address: str = BENCH) -> str:
    return client.get(address).content.decode()


def test_an_empty_bench_says_how_to_begin(client: Client) -> None:
    assert "Save an input from any run to make a test" in page_of(client)
    run_id = orders()
    assert f'href="/workflows/order/tests/new/?run={run_id}"' in page_of(client)


def test_a_test_goes_through_an_approval_and_passes(client: Client) -> None:
    test = kept(expectations=[*SUCCEEDS, {"what": "asks", "step": "review"}], answers=APPROVE)
    assert run_all(client, test).headers["location"] == BENCH
    trial = verdict(test)
    assert (trial.state, [finding["is_met"] for finding in trial.found]) == ("passed", [True, True])
    run = Run.objects.get(pk=trial.run_id)
    assert (run.tag_list, run.started_by, run.status) == (["test"], "local", "success")
    assert "passed" in page_of(client)
    assert Activity.objects.get(verb="test").object_id == "order"


def test_a_test_that_fails_says_why_and_leads_to_its_last_good_run(client: Client) -> None:
    test = kept(expectations=SUCCEEDS, answers=APPROVE)
    run_all(client, test)
    good = verdict(test)
    SavedInput.objects.update(
        expectations=encode([{"what": "result", "at": "/shipped", "compare": "equals", "value": False}])
    )
    run_all(client, test)
    bad = verdict(test)
    page = page_of(client)
    assert "<b>The result at /shipped equals false</b>, but true" in page
    assert f'href="/compare/?a={good.run_id}&amp;b={bad.run_id}"' in page
    assert client.get(f"/compare/?a={good.run_id}&b={bad.run_id}").status_code == 200
    assert "The result at /shipped equals false, but true" in page_of(client, f"{BENCH}{test.pk}/")


def test_a_run_that_nobody_answers_is_judged_where_it_waits_and_ended(client: Client) -> None:
    test = kept(expectations=[{"what": "status", "status": "suspended"}, {"what": "did not run", "step": "ship"}])
    run_all(client, test)
    trial = verdict(test)
    assert trial.state == "passed"
    wait_for(trial.run_id, "canceled")


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        (["ask", "ask", "ask"], [True, False, True]),
        (["ask[1]", "ask", "ask"], [False, True, True]),
        (["ask", "ask[2]", "ask"], [True, True, False]),
    ],
)
def test_answers_for_a_step_are_given_to_its_items_one_after_another(
    client: Client, steps: list[str], result: list[bool]
) -> None:
    answers = [{"step": step, "data": {"sure": place != 1}} for place, step in enumerate(steps)]
    asks = [{"what": "asks", "step": step} for step in ("ask", "ask[2]")]
    expected = [{"what": "result", "value": result}, *asks]
    test = kept("asking-each", given={"input": ["a", "b", "c"]}, expectations=expected, answers=answers)
    run_all(client, test, of="asking-each")
    assert verdict(test).unmet == []


def test_an_answer_that_does_not_fit_fails_the_test(client: Client) -> None:
    test = kept(expectations=SUCCEEDS, answers=[{"step": "review", "data": {"decision": "maybe"}}])
    run_all(client, test)
    assert [finding["expected"] for finding in verdict(test).unmet] == [
        "The status is “succeeded”",
        "review takes the answer",
    ]


def test_an_input_that_does_not_fit_fails_without_a_run(client: Client) -> None:
    test = kept(given={"input": {"customer": "A"}}, expectations=SUCCEEDS)
    run_all(client, test)
    assert verdict(test).unmet[0]["expected"] == "The workflow takes the input"
    assert not Run.objects.exists()


def test_who_may_not_answer_cannot_have_a_test_answer(
    settings: Any, client: Client, django_user_model: type[User]
) -> None:
    accounts(settings, client, django_user_model, *STARTER)
    test = kept(expectations=SUCCEEDS, answers=APPROVE)
    run_all(client, test)
    trial = verdict(test)
    assert "Your account may not decide approvals" in trial.unmet[-1]["found"]


def test_who_asks_for_it_cannot_approve_by_a_test_what_another_must(
    settings: Any, client: Client, django_user_model: type[User]
) -> None:
    accounts(settings, client, django_user_model, *STARTER, "decide")
    answer = [{"step": "ask", "data": {"decision": "approve"}}]
    test = kept("asking", given={"input": {"allow_requester": False}}, expectations=SUCCEEDS, answers=answer)
    run_all(client, test, of="asking")
    assert "somebody else must decide" in verdict(test).unmet[-1]["found"]


def test_a_test_that_is_being_run_is_not_started_again(client: Client) -> None:
    test = kept("patient", given={"input": {"seconds": 30}}, expectations=SUCCEEDS)
    run_all(client, test, of="patient")
    run_all(client, test, of="patient")
    trial = Trial.objects.get()
    assert 'data-refresh="1"' in page_of(client, "/workflows/patient/tests/")
    runtime.call(runtime.call(runtime.get_engine().get_run(trial.run_id)).cancel())
    assert verdict(test).unmet[0]["found"].startswith("canceled")


def test_a_test_that_is_asked_for_twice_at_once_is_started_once(client: Client) -> None:
    test = kept("patient", given={"input": {"seconds": 30}}, expectations=SUCCEEDS)
    page_of(client, "/workflows/patient/tests/")
    at_once([lambda: run_all(Client(), test, of="patient")] * 6)
    assert (Trial.objects.count(), Run.objects.count()) == (1, 1)


def test_a_test_that_is_deleted_while_it_is_run_ends_its_run(client: Client) -> None:
    test = kept("patient", given={"input": {"seconds": 30}}, expectations=SUCCEEDS)
    run_all(client, test, of="patient")
    run_id = test.trials.get().run_id
    assert client.post(f"/workflows/patient/tests/{test.pk}/delete/").status_code == 302
    wait_for(run_id, "canceled")


def test_a_run_that_takes_too_long_fails_its_test_and_is_ended(client: Client) -> None:
    test = kept("patient", given={"input": {"seconds": 30}}, expectations=SUCCEEDS)
    run_all(client, test, of="patient")
    assert not due_trials()
    Trial.objects.update(started_at=timezone.now() - LIMIT - timedelta(seconds=1))
    examine()
    trial = verdict(test)
    assert trial.unmet[-1] == {"expected": "It ends within 5 minutes", "found": "it has not ended", "is_met": False}
    wait_for(trial.run_id, "canceled")


def test_a_trial_whose_run_is_gone_is_concluded() -> None:
    test = kept(expectations=SUCCEEDS)
    Trial.objects.create(test=test, run_id="gone", started_at=timezone.now() - LIMIT - timedelta(seconds=1))
    examine()
    assert verdict(test).unmet[0]["found"] == "it is not there"


def test_a_test_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    run_id = wait_for(started("echo", 1), "success")
    tests = [kept("echo", expectations=wanted) for wanted in ([{"what": "of another version"}], SUCCEEDS)]
    for test in tests:
        Trial.objects.create(test=test, run_id=run_id, started_at=timezone.now())
    examine()
    assert [verdict(test).state for test in tests] == ["failed", "passed"]
    assert verdict(tests[0]).unmet[0]["expected"] == "The test can be judged"


def examine() -> None:
    """Have the examiner look now."""
    background = runtime.process.background
    assert background is not None
    background.call(background.examiner.look())


def test_only_the_newest_trials_are_kept_and_a_verdict_stands() -> None:
    test = kept(expectations=SUCCEEDS)
    trials = [Trial.objects.create(test=test, run_id=str(n), started_at=timezone.now()) for n in range(KEPT + 3)]
    conclude(trials[-1], [])
    assert list(test.trials.order_by("id").values_list("run_id", flat=True)) == [str(n) for n in range(3, KEPT + 3)]
    conclude(trials[-1], [])
    assert test.trials.get(pk=trials[-1].pk).state == "passed"


def test_a_test_is_made_from_a_run_with_its_answers(client: Client) -> None:
    run_id = answered(orders("Grace"))
    page = page_of(client, f"{BENCH}new/?run={run_id}")
    assert value_of(page, "input.customer") == "Grace"
    sent = form_of(page)
    assert client.post(f"{BENCH}new/", sent).headers["location"] == BENCH
    test = SavedInput.objects.get()
    assert test.title == f"As run {run_id[:8]}"
    assert '"value":{"shipped":true}' in test.expectations
    run_all(client, test)
    assert verdict(test).state == "passed"


def test_a_test_made_from_a_failed_run_expects_the_failure(client: Client) -> None:
    run_id = wait_for(started("failing", None), "failed")
    page = page_of(client, f"/workflows/failing/tests/new/?run={run_id}")
    client.post("/workflows/failing/tests/new/", form_of(page))
    test = SavedInput.objects.get()
    run_all(client, test, of="failing")
    assert verdict(test).state == "passed"


def form_of(page: str) -> dict[str, list[str]]:
    """Gather the form of a test as a browser would send it."""
    return Page(page[page.index('<form class="runform"') :]).sent


def test_a_test_is_changed_and_what_is_wrong_stands_at_its_field(client: Client) -> None:
    test = kept(expectations=[{"what": "ran", "step": "gone-step"}])
    sent = form_of(page_of(client, f"{BENCH}{test.pk}/"))
    assert client.post(f"{BENCH}{test.pk}/", {**sent, "test.title": ""}).status_code == 422
    assert client.post(f"{BENCH}{test.pk}/", {**sent, "input.total": "-1"}).status_code == 422
    assert client.post(f"{BENCH}{test.pk}/", {**sent, "test.title": "Other"}).status_code == 302
    assert SavedInput.objects.get().title == "Other"
    assert "gone-step" in SavedInput.objects.get().expectations
    added = client.post(f"{BENCH}{test.pk}/", {**sent, "test.__add": "test.answers"})
    assert (added.status_code, b"test.answers.0.step" in added.content) == (200, True)


def test_steps_are_offered_under_the_names_they_have(client: Client) -> None:
    test = kept(expectations=[{"what": "ran", "step": "gone-step"}])
    page = page_of(client, f"{BENCH}{test.pk}/")
    assert ">gone-step</option>" in page
    assert ">Gone-step" not in page
    assert "Expectation 1" in page


def test_a_secret_of_an_answer_is_not_kept_with_the_test(client: Client) -> None:
    test = kept("unlocking", given={"input": None}, expectations=SUCCEEDS, answers=[{"step": "ask", "data": {}}])
    sent = form_of(page_of(client, f"/workflows/unlocking/tests/{test.pk}/"))
    name = next(name for name in sent if name.endswith(".data"))
    sent[name] = ['{"pin": "s3cret", "who": "ada"}']
    assert client.post(f"/workflows/unlocking/tests/{test.pk}/", sent).status_code == 302
    assert SavedInput.objects.get().answers == '[{"step":"ask","data":{"who":"ada"}}]'


def test_a_saved_input_becomes_a_test_and_goes(client: Client) -> None:
    saved = kept()
    page = page_of(client)
    assert "Nothing is expected of their runs" in page
    assert "run-tests" not in page
    assert client.post(f"{BENCH}{saved.pk}/delete/").status_code == 302
    assert not SavedInput.objects.exists()
    assert client.get(f"{BENCH}{saved.pk}/").status_code == 404


def test_a_workflow_that_is_not_there_or_broken_has_no_tests(client: Client) -> None:
    assert client.get("/workflows/nothing/tests/").status_code == 404
    assert client.get("/workflows/tests.workflows.broken/tests/").status_code == 404


def test_the_page_is_refreshed_by_its_rows_alone(client: Client) -> None:
    kept(expectations=SUCCEEDS)
    rows = client.get(BENCH, headers={"hx-request": "true"}).content.decode()
    assert rows.lstrip().startswith('<div id="tests"')
    assert "<html" not in rows


def test_a_trial_that_a_dead_process_left_is_judged_by_the_next() -> None:
    test = kept(expectations=SUCCEEDS)
    Trial.objects.create(test=test, run_id=answered(orders()), started_by="local", started_at=timezone.now())
    examine()
    assert verdict(test).state == "passed"

"""Answering a suspended step."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.asking import asked
from tests.web.studio import accounts, order, orders, started, wait_for
from workflows_app import runtime

GOOD = {"answer.decision": "approve", "answer.note": "Fine"}

pytestmark = pytest.mark.usefixtures("studio")


def address(run_id: str, step: str = "review") -> str:
    return f"/runs/{run_id}/resume/?step={step}"


def test_the_page_of_a_run_says_how_long_there_is_to_decide(client: Client) -> None:
    question = asked(due_in=2 * 3600)
    page = client.get(f"/runs/{question.run_id}/").content.decode()
    _before, _term, told = page.partition('<dt>Decide by</dt><dd><span class="status" data-s="suspended"><span><time')
    assert "</time>, in 2 h</span>" in told[:200]


def test_an_answer_takes_the_run_on_in_the_name_of_who_gave_it(client: Client) -> None:
    run_id = orders()
    response = client.post(address(run_id), GOOD)
    assert response.status_code == 302
    assert response["Location"].startswith(f"/runs/{run_id}/")
    record = order(wait_for(run_id, "success")).history.find("review")
    assert record is not None
    assert record.by == "local"
    assert record.output is not None
    assert record.output.data == {"decision": "approve", "note": "Fine"}


def test_an_answer_that_does_not_fit_keeps_the_run_waiting(client: Client) -> None:
    run_id = orders()
    before = order(run_id).head.seq
    response = client.post(address(run_id), {"answer.note": "x" * 201})
    page = response.content.decode()
    assert response.status_code == 422
    assert "1 answer needs another look" in page
    assert "Choose one of the decisions." in page
    assert "x" * 201 in page
    assert order(run_id).head.seq == before
    assert order(run_id).head.status == "suspended"


def test_of_two_answers_one_wins_and_the_other_is_told_whose(client: Client) -> None:
    run_id = orders()
    assert client.post(address(run_id), {**GOOD, "answer.note": "the first word"}).status_code == 302
    response = client.post(address(run_id), {"answer.decision": "reject"})
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody was faster" in page
    assert "local" in page
    assert "the first word" in page
    result = order(wait_for(run_id, "success")).history.result
    assert result is not None
    assert result.data == {"shipped": True}


def test_an_answer_to_an_earlier_question_of_the_same_step_is_not_taken(client: Client) -> None:
    run_id = orders()
    response = client.post(address(run_id), {**GOOD, "asked": "12345"})
    assert response.status_code == 409
    assert order(run_id).head.status == "suspended"


def test_a_step_that_does_not_wait_cannot_be_answered(client: Client) -> None:
    run_id = orders()
    assert client.post(address(run_id, "ship"), GOOD).status_code == 409
    assert client.post(address(run_id, "nothing"), GOOD).status_code == 409
    assert order(run_id).head.status == "suspended"


def test_an_unknown_run_is_a_page(client: Client) -> None:
    assert client.post(address("nothing"), GOOD).status_code == 404


def test_looking_does_not_answer(client: Client) -> None:
    assert client.get(address(orders())).status_code == 405


def test_it_needs_the_right_to_answer(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run")
    assert client.post(address(run_id), GOOD).status_code == 403
    assert "Approve and resume" not in client.get(f"/runs/{run_id}/").content.decode()
    assert order(run_id).head.status == "suspended"


def test_an_answer_needs_the_csrf_token() -> None:
    run_id = orders()
    assert Client(enforce_csrf_checks=True).post(address(run_id), GOOD).status_code == 403


def test_two_answers_at_the_same_moment_leave_one_winner(client: Client) -> None:
    run_id = orders()
    engine = runtime.get_engine()

    async def both() -> list[Any]:
        run = await engine.get_run(run_id)
        answers = [
            run.resume_async(step="review", resume_data={"decision": "approve", "note": name}, by=name)
            for name in ("ada", "grace")
        ]
        return list(await asyncio.gather(*answers, return_exceptions=True))

    outcomes = runtime.call(both())
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    response = client.post(address(run_id), GOOD)
    assert response.status_code == 409
    winner = "ada" if outcomes[0] == run_id else "grace"
    assert winner in response.content.decode()


def test_a_failed_step_waits_for_nobody(client: Client) -> None:
    run_id = wait_for(started("failing", None), "failed")
    response = client.post(address(run_id, "fail"), GOOD)
    assert response.status_code == 409
    assert "does not wait" in response.content.decode()

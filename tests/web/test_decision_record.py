"""The record of a decision: to be printed, and to be checked against the journal."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client

from tests.web.asking import asked, closed, pass_time, person, resume, signed_in
from tests.web.studio import order
from workflows_app import runtime
from workflows_app.approvals.gather import catch_up
from workflows_app.approvals.talk import say
from workflows_app.engine.events import StepResumed, StepSuspended
from workflows_app.models import Approval

pytestmark = pytest.mark.usefixtures("studio")


def text(client: Client, approval: Approval) -> str:
    response = client.get(f"/approvals/{approval.pk}/print/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_tells_who_was_asked_what_and_what_they_said(client: Client) -> None:
    approval = asked(title="Ship it?", total=99)
    resume(approval, {"decision": "approve", "note": "Fine", "pin": "swordfish"}, by="ada")
    closed(approval)
    page = text(client, approval)
    for words in ("Ship it?", "<dt>Total</dt><dd>99", "Decided by ada", "<dt>Note</dt><dd>Fine", approval.run_id):
        assert words in page
    assert "swordfish" not in page


def test_it_can_be_checked_against_the_journal(client: Client) -> None:
    approval = asked()
    resume(approval, {"decision": "approve"}, by="ada")
    closed(approval)
    page = text(client, approval)
    events = order(approval.run_id).moment.reading.events
    question = next(event for event in events if isinstance(event, StepSuspended))
    answer = next(event for event in events if isinstance(event, StepResumed))
    assert question.payload is not None
    assert sha256(question.payload.text.encode()).hexdigest() in page
    assert sha256(answer.data.text.encode()).hexdigest() in page


def test_it_names_everybody_who_voted(client: Client) -> None:
    approval = asked(approvals=2)
    resume(approval, {"decision": "approve"}, by="ada")
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    page = text(client, approval).partition("Who decided")[2]
    assert "ada" in page
    assert "bo" in page


def test_it_tells_what_time_did(client: Client) -> None:
    approval = asked(due_in=60, on_due=["remind", {"answer": {"decision": "reject"}}])
    pass_time(61)
    engine = runtime.get_engine()
    while Approval.objects.get().is_open:
        runtime.call(engine.fire_due_timers())
        catch_up(runs=[approval.run_id])
    page = text(client, approval)
    assert "the default answer was taken" in page
    assert "a reminder is sent" in page
    assert Approval.objects.get().via == "due"


def test_an_open_question_says_what_will_happen(client: Client) -> None:
    approval = asked(due_in=3600, on_due=["remind", {"assign_to": "managers", "after": 60}, "fail"])
    page = client.get(f"/approvals/{approval.pk}/").content.decode()
    told = page.partition("If nobody decides")[2].partition("</ul>")[0]
    assert told.index("a reminder is sent") < told.index("it goes to managers") < told.index("the step fails")
    assert "Not decided yet." in text(client, approval)


def test_it_needs_the_right(settings: Any) -> None:
    approval = asked()
    assert signed_in(settings, person("eve", rights=("view_run",))).get(
        f"/approvals/{approval.pk}/print/"
    ).status_code == 403  # fmt: skip


def test_every_instant_has_its_day_however_recent(client: Client) -> None:
    approval = asked(due_in=3600, approvals=2, on_due=["remind"])
    say(approval, "ada", "Why?")
    resume(approval, {"decision": "approve"}, by="ada")
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    told = re.findall(r"<time[^>]*>(.*?)</time>", text(client, approval))
    assert len(told) == 9
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", words) for words in told), told


def test_a_step_that_failed_for_want_of_an_answer_says_so(client: Client) -> None:
    approval = asked(due_in=60, on_due=["fail"])
    pass_time(61)
    engine = runtime.get_engine()
    while Approval.objects.get().is_open:
        runtime.call(engine.fire_due_timers())
        catch_up(runs=[approval.run_id])
    assert (Approval.objects.get().state, Approval.objects.get().via) == ("withdrawn", "due")
    page = text(client, approval)
    assert "Not decided in time, so the step failed" in page
    assert "Withdrawn" not in page

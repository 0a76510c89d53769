"""A question that proposes an answer: its form begins with that, wherever it is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pydantic import BaseModel, SecretStr

from tests.web.asking import YES, asked, closed, person, signed_in
from workflows_app.engine.schema import Schema
from workflows_app.web.forms import form_from_schema
from workflows_app.web.values.schemas import checked_by, json_schema_of

pytestmark = pytest.mark.usefixtures("studio")


def value_of(page: str, name: str) -> str:
    """Read what stands in a field."""
    area = re.search(rf'<textarea[^>]* name="{re.escape(name)}"[^>]*>\n?([^<]*)</textarea>', page)
    field = re.search(rf'<input[^>]* name="{re.escape(name)}"[^>]*>', page)
    if area:
        return area.group(1)
    assert field, name
    found = re.search(r' value="([^"]*)"', field.group())
    return found.group(1) if found else ""


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_form_begins_with_it_in_the_inbox_and_at_the_run(client: Client) -> None:
    question = asked(proposal={"decision": "hold", "amount": 300, "note": "<b>As last year</b>"})
    for address in (f"/approvals/{question.pk}/", f"/runs/{question.run_id}/"):
        page = get(client, address)
        assert value_of(page, "answer.amount") == "300"
        assert value_of(page, "answer.note") == "&lt;b&gt;As last year&lt;/b&gt;"
        assert "There are" not in page


def test_half_an_answer_and_a_wrong_one_are_begun_with_too(client: Client) -> None:
    question = asked(proposal={"amount": 30_000})
    page = get(client, f"/approvals/{question.pk}/")
    assert value_of(page, "answer.amount") == "30000"
    assert value_of(page, "answer.note") == ""
    assert 'role="alert"' not in page
    client.post(f"/approvals/{question.pk}/decide/", {**YES, "answer.amount": "30000"})
    question.refresh_from_db()
    assert question.is_open


def test_what_no_field_can_hold_is_shown_as_json(client: Client) -> None:
    question = asked(proposal={"amount": [1, 2], "other": "kept"})
    page = get(client, f"/approvals/{question.pk}/")
    assert "&quot;other&quot;: &quot;kept&quot;" in value_of(page, "answer.__json")


def test_a_secret_is_not_proposed(client: Client) -> None:
    question = asked(proposal={"amount": 300, "pin": "1234-canary"})
    for address in (f"/approvals/{question.pk}/", f"/runs/{question.run_id}/"):
        page = get(client, address)
        assert "canary" not in page
        assert value_of(page, "answer.amount") == "300"


def test_a_draft_is_newer(client: Client) -> None:
    question = asked(proposal={"amount": 300})
    client.post(f"/approvals/{question.pk}/draft/", {"answer.amount": "301"})
    assert value_of(get(client, f"/approvals/{question.pk}/"), "answer.amount") == "301"


def test_what_is_sent_is_what_counts(client: Client) -> None:
    question = asked(proposal={"decision": "reject", "amount": 300})
    client.post(f"/approvals/{question.pk}/decide/", YES)
    decided = closed(question)
    assert decided.state == "decided"
    assert "<dt>Amount</dt><dd>12</dd>" in get(client, f"/approvals/{question.pk}/")


def test_questions_that_are_decided_together_propose_nothing(client: Client) -> None:
    together = [asked(proposal={"note": f"Case {number}"}) for number in range(2)]
    page = get(client, f"/approvals/bulk/?{'&'.join(f'id={one.pk}' for one in together)}")
    assert value_of(page, "answer.note") == ""


def test_who_may_not_look_at_values_sees_no_proposal(settings: Any) -> None:
    question = asked(proposal={"amount": 4711})
    client = signed_in(settings, person("eve", rights=("view_run",)))
    assert "4711" not in get(client, f"/runs/{question.run_id}/")


class Door(BaseModel):
    number: int = 1
    pin: SecretStr = SecretStr("canary")


def test_what_is_not_proposed_keeps_its_default() -> None:
    schema = Schema(Door)
    form = form_from_schema(json_schema_of(schema), validate=checked_by(schema)).initial(schema.spoken({"number": 2}))
    assert dict(form.controls[1].attributes)["placeholder"] == "Empty keeps the default"

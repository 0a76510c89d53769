"""A field is checked while the form is being filled in; nothing is started, answered or kept by it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.asking import asked
from tests.web.studio import accounts, order, orders, started, wait_for
from workflows_app.models import Run

START = "/workflows/claim/check/"
CLAIM = {
    "input.customer": "Ada",
    "input.decision": "pay",
    "input.amount": "12",
    "input.evidence.__alt": "0",
    "input.evidence.~0.url": "x",
    "input.lines.0.sku": "ABC-1",
    "input.told": "true",
}

pytestmark = pytest.mark.usefixtures("studio")


def notes(client: Client, address: str, field: str, sent: dict[str, str], at: str = "") -> dict[str, str]:
    """Check a field and give the texts by the ids that the answer swaps in."""
    response = client.post(f"{address}{'&' if '?' in address else '?'}field={field}&at={at or field}", sent)
    assert response.status_code == 200
    found = re.findall(
        r'id="([^"]+)"[^>]*hx-swap-oob="true">(.*?)</(?:span|p)>\n', response.content.decode(), re.DOTALL
    )
    return {name: " ".join(re.sub("<[^>]*>", "", text).split()) for name, text in found}


def test_a_wrong_field_gets_its_note_and_only_its_own(client: Client) -> None:
    found = notes(client, START, "input.customer", {**CLAIM, "input.customer": "A", "input.amount": "-1"})
    assert found == {"f-input.customer-error": "At least 2 characters.", "form-input-cross": ""}
    assert not Run.objects.exists()


def test_a_right_field_loses_its_note_whatever_is_wrong_elsewhere(client: Client) -> None:
    found = notes(client, START, "input.customer", {**CLAIM, "input.amount": "-1"})
    assert found == {"f-input.customer-error": "", "form-input-cross": ""}


def test_fields_in_rows_and_shapes_are_checked_where_they_stand(client: Client) -> None:
    sent = {**CLAIM, "input.lines.0.sku": "?", "input.evidence.__alt": "1", "input.evidence.~1.minutes": "91"}
    assert "look like" in notes(client, START, "input.lines.0.sku", sent)["f-input.lines.0.sku-error"]
    assert notes(client, START, "input.evidence.~1.minutes", sent)["f-input.evidence.~1.minutes-error"] == "At most 90."


def test_what_has_no_note_of_its_own_is_told_at_its_list(client: Client) -> None:
    sent = {**CLAIM, "input.labels.0.__key": "", "input.labels.0.__value": "x"}
    found = notes(client, START, "input.labels.0.__key", sent)
    assert found["f-input.labels.0.__key-error"] == "Give each row a name of its own."


def test_what_only_the_whole_can_tell_comes_once_every_field_is_right(client: Client) -> None:
    much = {**CLAIM, "input.amount": "2400", "input.told": "", "input.told.__set": "1"}
    assert notes(client, START, "input.amount", much)["form-input-cross"].startswith("Somebody has to be told")
    assert notes(client, START, "input.amount", {**much, "input.customer": ""})["form-input-cross"] == ""


def test_json_is_checked_as_well(client: Client) -> None:
    found = notes(client, START, "input.__json", {"input.__mode": "json", "input.__json": "{"})
    assert "line 1, column 2" in found["f-input.__json-error"]


def test_a_field_of_nobody_is_answered_with_nothing(client: Client) -> None:
    found = notes(client, START, "nothing", CLAIM)
    assert found == {"f-nothing-error": ""}


def test_hostile_names_are_only_text(client: Client) -> None:
    response = client.post(f'{START}?field="><script>alert(1)</script>&at="><b>', CLAIM)
    assert b"<script>" not in response.content
    assert b"<b>" not in response.content


def test_a_draft_is_drawn_as_it_was_left_without_complaints(client: Client) -> None:
    sent = {"input.customer": "A", "input.lines.0.sku": "?", "input.lines.1.sku": "half", "context.value": '{"a": '}
    page = client.post(f"{START}?restore=1", sent).content.decode()
    assert 'name="input.lines.1.sku" value="half"' in page
    assert "{&quot;a&quot;: " in page
    assert 'class="err"' not in page
    assert page.count('hx-swap-oob="true"') == 2
    assert page.count(f'hx-post="{START}"') == 2


def test_a_draft_that_was_json_stays_json(client: Client) -> None:
    sent = {"input.__mode": "json", "input.__json": '{"customer": "A"'}
    page = client.post(f"{START}?restore=1", sent).content.decode()
    assert "{&quot;customer&quot;: &quot;A&quot;" in page


def test_an_answer_is_checked_by_the_schema_of_its_question(client: Client) -> None:
    run_id = orders()
    address = f"/runs/{run_id}/check/?step=review"
    assert notes(client, address, "answer.note", {"answer.note": "x" * 201}) == {
        "f-answer.note-error": "At most 200 characters.",
        "form-answer-cross": "",
    }
    assert order(run_id).head.status == "suspended"
    assert f"/runs/{run_id}/check/?step=review" in client.get(f"/runs/{run_id}/").content.decode()


def test_what_goes_with_a_decision_is_checked_before_one_is_made(client: Client) -> None:
    run_id = wait_for(started("pick", {}), "suspended")
    found = notes(client, f"/runs/{run_id}/check/?step=choose", "answer.why", {"answer.why": "far too much to be said"})
    assert found["f-answer.why-error"] == "At most 20 characters."


def test_a_decision_is_checked_on_its_page(client: Client) -> None:
    approval = asked()
    found = notes(client, f"/approvals/{approval.pk}/check/", "answer.amount", {"answer.amount": "many"})
    assert found["f-answer.amount-error"]
    assert f"/approvals/{approval.pk}/check/" in client.get(f"/approvals/{approval.pk}/").content.decode()


def test_a_step_that_is_not_there_cannot_be_checked(client: Client) -> None:
    assert client.post(f"/runs/{orders()}/check/?step=nothing&field=x", {}).status_code == 409


def test_looking_does_not_check(client: Client) -> None:
    assert client.get(START).status_code == 405


def test_it_needs_the_right_to_act(client: Client, settings: Any, django_user_model: type[User]) -> None:
    run_id = orders()
    accounts(settings, client, django_user_model, "view_run")
    assert client.post(START, CLAIM).status_code == 403
    assert client.post(f"/runs/{run_id}/check/?step=review", {}).status_code == 403

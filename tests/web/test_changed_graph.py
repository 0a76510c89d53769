"""A run whose workflow lost a step: the page says so and lets a person decide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts, orders, wait_for
from tests.workflows.journeys import Order
from workflows_app import create_step, create_workflow, runtime
from workflows_app.approvals import gather
from workflows_app.models import Approval

pytestmark = pytest.mark.usefixtures("studio")

REASON = "The workflow &#x27;order&#x27; has no check, fraud, review, stock any more."


@pytest.fixture
def run_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a run that waits at a step which its workflow has lost since."""
    run_id = orders()
    engine = runtime.get_engine()
    shrunk = create_workflow(id="order", input_schema=Order)
    shrunk.then(create_step(id="ship", execute=lambda ctx: "shipped")).commit()
    shrunk.engine = engine
    for workflows in (engine.registry.by_id, engine.registry.workflows):
        monkeypatch.setitem(workflows, "order", shrunk)
    runtime.call(engine.review())
    yield run_id


def test_the_page_says_what_is_gone(client: Client, run_id: str) -> None:
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert REASON in page
    assert "Go on without it" in page


def test_the_panel_offers_the_choice_instead_of_an_answer_that_is_refused(client: Client, run_id: str) -> None:
    page = client.get(f"/runs/{run_id}/panel/?step=review", headers={"HX-Request": "true", "HX-Target": "panel"})
    panel = page.content.decode()
    assert REASON in panel
    assert 'form="adopt"' in panel
    assert "nd resume" not in panel
    assert '<form class="answer"' not in panel


def test_who_may_not_choose_is_told_who_may(
    client: Client, run_id: str, settings: object, django_user_model: type[User]
) -> None:
    accounts(settings, client, django_user_model, "view_run", "decide", "resume_run", "view_payload")
    page = client.get(f"/runs/{run_id}/?step=review").content.decode()
    assert REASON in page
    assert 'form="adopt"' not in page
    assert page.count("Whoever may restart runs lets it go on without it.") == 2


def test_an_answer_is_refused_and_the_question_stays(client: Client, run_id: str) -> None:
    response = client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"})
    assert response.status_code == 409
    assert "The workflow has changed" in response.content.decode()
    assert REASON in client.get(f"/runs/{run_id}/").content.decode()


def test_the_question_says_so_before_somebody_answers(client: Client, run_id: str) -> None:
    approval = asked_by(run_id)
    page = client.get(f"/approvals/{approval.pk}/").content.decode()
    assert REASON in page
    assert "lets it go on" in page
    assert "and resume" not in page


def test_an_answer_in_the_inbox_is_refused_with_the_way_to_the_run(client: Client, run_id: str) -> None:
    response = client.post(f"/approvals/{asked_by(run_id).pk}/decide/", {"answer.decision": "approve"})
    assert response.status_code == 409
    assert f'href="/runs/{run_id}/"' in response.content.decode()


def asked_by(run_id: str) -> Approval:
    gather.catch_up("default")
    return Approval.objects.get(run_id=run_id)


def test_a_person_lets_it_go_on(client: Client, run_id: str) -> None:
    assert client.post(f"/runs/{run_id}/adopt/").status_code == 302
    page = client.get(f"/runs/{wait_for(run_id, 'success')}/").content.decode()
    assert REASON not in page


def test_looking_changes_nothing(client: Client, run_id: str) -> None:
    assert client.get(f"/runs/{run_id}/adopt/").status_code == 405


def test_it_needs_the_right_to_control(
    client: Client, run_id: str, settings: object, django_user_model: type[User]
) -> None:
    accounts(settings, client, django_user_model, "view_run", "resume_run")
    assert client.post(f"/runs/{run_id}/adopt/").status_code == 403

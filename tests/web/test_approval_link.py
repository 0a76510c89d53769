"""Answering by a signed link: without signing in, once, for one question, never by looking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from tests.web.asking import YES, asked, closed, person, resume, signed_in
from tests.web.studio import order, wait_for
from workflows_app import runtime
from workflows_app.approvals.links import LONGEST, SALT, token_for
from workflows_app.models import Activity, Approval

pytestmark = pytest.mark.usefixtures("studio")


@pytest.fixture(autouse=True)
def nobody_is_signed_in(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]


def link(approval: Approval, name: str = "ada", *, now: Any = None, **more: Any) -> str:
    user = person(name, **more)
    return f"/a/{token_for(approval, user.pk, now or timezone.now())}/"


def test_a_link_shows_the_question_and_its_buttons_to_who_is_not_signed_in(client: Client) -> None:
    approval = asked(title="Ship it?", total=99, assign_to="ada")
    response = client.get(link(approval))
    page = response.content.decode()
    assert response.status_code == 200
    assert "Ship it?" in page
    assert "<dt>Total</dt><dd>99</dd>" in page
    assert "Approve and resume" in page
    assert "/runs/" not in page
    assert "no-store" in response["Cache-Control"]


def test_looking_decides_nothing_however_often(client: Client) -> None:
    approval = asked(assign_to="ada")
    address = link(approval)
    before = order(approval.run_id).head.seq
    for _ in range(3):
        client.get(address)
        client.head(address)
    assert order(approval.run_id).head.seq == before
    assert not Activity.objects.exists()


def test_an_answer_by_link_is_one_of_the_person_it_was_sent_to(client: Client) -> None:
    approval = asked(assign_to="ada")
    address = link(approval)
    response = client.post(address, YES, follow=True)
    assert response.status_code == 200
    assert "Decided by ada" in response.content.decode()
    assert "by a link from a mail" in response.content.decode()
    done = closed(approval)
    assert (done.decided_by, done.via) == ("ada", "link")
    wait_for(approval.run_id, "success")
    act = Activity.objects.get(verb="decide")
    assert (act.actor, act.via) == ("ada", "link")


def test_a_link_decides_once(client: Client) -> None:
    approval = asked(assign_to="ada")
    address = link(approval)
    assert client.post(address, YES).status_code == 302
    again = client.post(address, {"answer.decision": "reject"})
    assert again.status_code == 409
    assert "Decided by ada" in again.content.decode()


def test_the_slower_of_two_links_is_told_who_was_faster(client: Client) -> None:
    approval = asked(assign_to="finance")
    first = f"/a/{token_for(approval, person('ada', 'finance').pk, timezone.now())}/"
    second = f"/a/{token_for(approval, person('bo', 'finance').pk, timezone.now())}/"
    assert client.post(first, {**YES, "answer.note": "first"}).status_code == 302
    late = client.post(second, YES)
    assert late.status_code == 409
    assert "Decided by ada" in late.content.decode()


def test_a_vote_by_link_counts_once(client: Client) -> None:
    approval = asked(approvals=2)
    address = link(approval)
    client.post(address, YES)
    again = client.post(address, YES)
    assert again.status_code == 403
    assert "You have decided" in again.content.decode()
    assert order(approval.run_id).head.status == "suspended"


def test_an_answer_that_does_not_fit_keeps_what_was_written(client: Client) -> None:
    approval = asked(assign_to="ada")
    response = client.post(link(approval), {**YES, "answer.amount": "-1", "answer.note": "kept"})
    assert response.status_code == 422
    assert "kept" in response.content.decode()


def test_an_expired_link_asks_to_sign_in(client: Client) -> None:
    approval = asked()
    address = link(approval, now=timezone.now() - LONGEST - timedelta(seconds=1))
    for response in (client.get(address), client.post(address, YES)):
        assert response.status_code == 410
        assert f'href="/approvals/{approval.pk}/"' in response.content.decode()
    assert order(approval.run_id).head.status == "suspended"


def test_a_link_is_good_until_the_question_is_due(client: Client) -> None:
    approval = asked(due_in=3600)
    made = timezone.now() - timedelta(minutes=59)
    Approval.objects.update(due_at=made + timedelta(minutes=58))
    approval.refresh_from_db()
    assert client.get(link(approval, now=made)).status_code == 410


@pytest.mark.parametrize(
    "token", ["x", "x:y:z", "é", "a" * 2000, pytest.param(signing.dumps({"a": 1}, salt=SALT), id="of nothing")]
)
def test_a_made_up_link_opens_nothing(client: Client, token: str) -> None:
    asked()
    assert client.get(f"/a/{token}/").status_code == 404


def test_a_link_that_was_changed_opens_nothing(client: Client) -> None:
    address = link(asked())
    body, stamp, sign = address.removeprefix("/a/").removesuffix("/").split(":")
    assert client.get(f"/a/{body[:-2]}AA:{stamp}:{sign}/").status_code == 404
    other = signing.dumps(signing.loads(f"{body}:{stamp}:{sign}", salt=SALT), salt="another")
    assert client.get(f"/a/{other}/").status_code == 404


def test_a_link_is_for_one_question_of_one_run(client: Client) -> None:
    first, second = asked(), asked()
    address = link(first)
    Approval.objects.filter(pk=first.pk).update(run=second.run_id, attempt=9)
    assert client.post(address, YES).status_code == 404
    assert order(second.run_id).head.status == "suspended"


def test_a_link_dies_with_its_question(client: Client) -> None:
    approval = asked()
    address = link(approval)
    runtime.call(runtime.call(runtime.get_engine().get_run(approval.run_id)).cancel())
    closed(approval)
    assert "Withdrawn" in client.get(address).content.decode()
    assert client.post(address, YES).status_code == 409


def test_a_link_has_the_rights_that_its_person_has_now(client: Client) -> None:
    approval = asked(assign_to="finance")
    address = link(approval)
    response = client.post(address, YES)
    assert response.status_code == 403
    assert "This is asked of finance." in response.content.decode()
    assert "new address" not in response.content.decode()


def test_a_link_of_somebody_who_left_opens_nothing(client: Client, django_user_model: Any) -> None:
    address = link(asked())
    django_user_model.objects.filter(username="ada").update(is_active=False)
    assert client.get(address).status_code == 404


def test_a_link_survives_a_new_key_as_long_as_the_old_one_is_kept(client: Client, settings: Any) -> None:
    address = link(asked())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key " * 5
    assert client.get(address).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(address).status_code == 404


def test_an_answer_needs_the_csrf_token_and_no_foreign_page() -> None:
    approval = asked()
    address = link(approval)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address, YES).status_code == 403
    assert Client().post(address, YES, headers={"origin": "https://evil.example"}).status_code == 403
    assert order(approval.run_id).head.status == "suspended"


def test_a_link_answers_for_its_person_whoever_is_signed_in(settings: Any) -> None:
    approval = asked()
    address = link(approval)
    other = signed_in(settings, person("bo"))
    other.post(address, YES)
    assert closed(approval).decided_by == "ada"


def test_where_links_need_signing_in_they_only_lead_to_the_page(client: Client, settings: Any) -> None:
    approval = asked(assign_to="ada")
    address = link(approval)
    settings.WORKFLOWS = {**settings.WORKFLOWS, "LINK_SIGN_IN": True}
    page = f"/approvals/{approval.pk}/"
    for response in (client.get(address), client.post(address, YES), client.post(address, {"remark": "Why?"})):
        assert (response.status_code, response["Location"]) == (302, page)
    assert client.get(page)["Location"] == f"/accounts/login/?next={page}"
    assert Approval.objects.get().is_open
    assert not Activity.objects.exists()


def test_what_was_answered_elsewhere_is_shown(client: Client) -> None:
    approval = asked(assign_to="ada")
    address = link(approval)
    resume(approval, {"decision": "reject", "note": "No stock"}, by="bo")
    closed(approval)
    page = client.get(address).content.decode()
    assert "Decided by bo" in page
    assert "No stock" in page

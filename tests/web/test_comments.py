"""What people say about a question: kept as text, shown to who may see the question, noted, and in the record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.asking import asked, closed, person, resume, signed_in
from workflows_app.approvals.links import token_for
from workflows_app.approvals.talk import LONGEST, say
from workflows_app.models import Activity, Approval, Comment

pytestmark = pytest.mark.usefixtures("studio")

PART = {"HX-Request": "true", "HX-Target": "talk"}


def comment(client: Client, approval: Approval, text: str, **options: Any) -> Any:
    return client.post(f"/approvals/{approval.pk}/talk/", {"remark": text}, **options)


def said_on(page: str) -> list[tuple[str, str]]:
    """Give who said what on a page."""
    part = page.partition('id="said"')[2].partition("</ol>")[0]
    return re.findall(r"<b>(.*?)</b>.*?<p>(.*?)</p>", part, re.DOTALL)


def test_a_comment_is_on_the_page_of_everybody_with_who_said_it(settings: Any) -> None:
    approval = asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    response = comment(ada, approval, "  Why so much?\r\nI wonder. ")
    assert response.status_code == 302
    assert response["Location"] == f"/approvals/{approval.pk}/#talk"
    comment(bo, approval, "They ordered twice.")
    page = ada.get(f"/approvals/{approval.pk}/").content.decode()
    assert said_on(page) == [("ada", "Why so much?\nI wonder."), ("bo", "They ordered twice.")]
    assert abs(Comment.objects.earliest("pk").at - timezone.now()) < timedelta(minutes=1)
    assert Approval.objects.get().is_open


def test_with_script_only_the_comments_come_back(client: Client) -> None:
    approval = asked()
    page = comment(client, approval, "Hm.", headers=PART).content.decode()
    assert page.startswith('<section class="talk" id="talk"')
    assert said_on(page) == [("local", "Hm.")]
    assert 'name="remark"' in page
    again = client.get(f"/approvals/{approval.pk}/talk/", headers=PART).content.decode()
    assert said_on(again) == [("local", "Hm.")]
    whole = client.get(f"/approvals/{approval.pk}/talk/").content.decode()
    assert whole.startswith("<!doctype html>")
    assert said_on(whole) == [("local", "Hm.")]


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "{{ 7|add:7 }}", "**bold**", "‮x"])
def test_it_is_text_and_nothing_else(client: Client, hostile: str) -> None:
    approval = asked()
    comment(client, approval, hostile)
    page = client.get(f"/approvals/{approval.pk}/").content.decode()
    assert said_on(page) == [("local", hostile.replace("<", "&lt;").replace(">", "&gt;"))]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("  \n ", "Write something first."),
        ("x" * (LONGEST + 1), "This is 1 character too long."),
        ("x" * (LONGEST + 3), "This is 3 characters too long."),
        ("a\0b", "it holds what is no text"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"headers": PART}])
def test_what_cannot_be_kept_is_said_and_not_lost(
    client: Client, text: str, fault: str, options: dict[str, Any]
) -> None:
    approval = asked()
    response = comment(client, approval, text, **options)
    page = response.content.decode()
    assert response.status_code == 422
    assert fault in page
    assert 'aria-invalid="true"' in page
    assert text.strip() in page
    assert not Comment.objects.exists()


def test_it_is_an_act_of_the_log(client: Client) -> None:
    approval = asked()
    comment(client, approval, "Why?")
    act = Activity.objects.get(verb="comment")
    assert (act.actor, act.object_id, act.workflow_id) == ("local", str(approval.pk), "asking")
    assert act.after == '{"comment": "Why?"}'
    assert "commented on" in client.get("/activity/").content.decode()


def test_it_is_in_the_record_of_the_decision(client: Client) -> None:
    approval = asked()
    comment(client, approval, "Why?")
    resume(approval, {"decision": "approve"}, by="ada")
    closed(approval)
    comment(client, approval, "Paid.")
    page = client.get(f"/approvals/{approval.pk}/print/").content.decode()
    assert said_on(page.partition("What was said")[2]) == [("local", "Why?"), ("local", "Paid.")]
    assert 'name="remark"' not in page


def test_who_may_not_see_the_question_says_and_reads_nothing(settings: Any) -> None:
    approval = asked(assign_to="ada")
    say(approval, "ada", "Between us")
    stranger = signed_in(settings, person("eve", rights=("decide",)))
    assert comment(stranger, approval, "Hello").status_code == 403
    response = stranger.get(f"/approvals/{approval.pk}/talk/", headers=PART)
    assert response.status_code == 403
    assert "Between us" not in response.content.decode()
    viewer = signed_in(settings, person("vi", rights=("view_run",)))
    assert comment(viewer, approval, "Hello").status_code == 403
    assert Comment.objects.count() == 1


def test_who_may_see_it_but_not_answer_may_ask(settings: Any) -> None:
    approval = asked(assign_to="ada")
    assert comment(signed_in(settings, person("bo")), approval, "Is it urgent?").status_code == 302
    assert Comment.objects.get().author == "bo"


def test_by_a_link_one_may_ask_without_signing_in(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "LocalPerson" not in name]
    approval, client = asked(assign_to="ada"), Client()
    address = f"/a/{token_for(approval, person('ada').pk, timezone.now())}/"
    page = client.post(address, {"remark": "Which address?"}, follow=True).content.decode()
    assert said_on(page) == [("ada", "Which address?")]
    assert Approval.objects.get().is_open
    act = Activity.objects.get()
    assert (act.verb, act.actor, act.via) == ("comment", "ada", "link")
    refused = client.post(address, {"remark": " "})
    assert refused.status_code == 422
    assert "Write something first." in refused.content.decode()
    assert client.post(f"/approvals/{approval.pk}/talk/", {"remark": "x"}).status_code == 302
    assert Comment.objects.count() == 1

"""The priority of a question: its author says it, lists are sorted and filtered by it, and mails tell it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.asking import YES, asked, closed, person, resume
from tests.web.mailbox import Mailbox
from tests.web.test_approval_mails import ADDRESS, post
from workflows_app.approvals.digests import take_digests
from workflows_app.models import Approval, Profile
from workflows_app.web.approvals.inbox import PAGE

pytestmark = pytest.mark.usefixtures("studio")

PRIORITIES = ("low", "urgent", "normal", "high")


def text(client: Client, query: str = "") -> str:
    response = client.get(f"/approvals/{query}")
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'<a class="t"[^>]*>([^<]+)</a>', page)


def one_of_each(**policy: Any) -> None:
    for priority in PRIORITIES:
        asked(title=priority, priority=priority, **policy)


def test_the_author_says_it_and_says_nothing_by_default() -> None:
    one_of_each()
    assert {one.title: Approval.Priority(one.priority).word for one in Approval.objects.all()} == dict(
        zip(PRIORITIES, PRIORITIES, strict=True)
    )
    assert asked().priority == Approval.Priority.NORMAL


def test_a_word_that_is_none_is_the_usual_priority() -> None:
    assert Approval.Priority.of("whenever") == Approval.Priority.NORMAL


def test_of_what_is_due_together_the_most_urgent_comes_first(client: Client) -> None:
    one_of_each()
    asked(title="due", priority="low", due_in=3600)
    assert titles(text(client)) == ["due", "urgent", "high", "normal", "low"]


def test_the_list_says_it_where_it_is_not_the_usual_one(client: Client) -> None:
    one_of_each()
    tags = re.findall(r'<span class="m"><b>(\w+)</b>', text(client))
    assert tags == ["Urgent", "High", "Low"]


@pytest.mark.parametrize(("priority", "word"), [("urgent", "Urgent"), ("low", "Low"), ("normal", "")])
def test_the_page_of_a_question_says_it_as_well(client: Client, priority: str, word: str) -> None:
    approval = asked(priority=priority)
    for address in (
        f"/approvals/{approval.pk}/",
        f"/approvals/{approval.pk}/print/",
        f"/runs/{approval.run_id}/?step=ask",
    ):
        page = client.get(address).content.decode()
        assert re.findall(r"<dt>Priority</dt><dd>(\w+)</dd>", page) == ([word] if word else []), address


def test_it_is_sorted_by_priority_for_who_wants_it(client: Client) -> None:
    one_of_each(due_in=7200)
    asked(title="sooner", priority="high", due_in=60)
    page = text(client, "?priority=first")
    assert titles(page) == ["urgent", "sooner", "high", "normal", "low"]
    heads = re.findall(r'<li class="band"><h2>(\w+) <span class="num">(\d)</span>', page)
    assert heads == [("Urgent", "1"), ("High", "2"), ("Normal", "1"), ("Low", "1")]
    assert '<option value="first" selected>Urgent first</option>' in page


def test_it_is_filtered_by_priority(client: Client) -> None:
    one_of_each()
    assert titles(text(client, "?priority=high")) == ["high"]
    assert len(titles(text(client, "?priority=whenever"))) == 4
    Approval.objects.filter(title="high").delete()
    page = text(client, "?priority=high")
    assert "No question matches" in page
    assert '<option value="high" selected>High</option>' in page


def test_decided_questions_are_filtered_by_it_and_keep_their_order(client: Client) -> None:
    for priority in ("urgent", "low"):
        approval = asked(title=priority, priority=priority)
        resume(approval, {"decision": "approve"}, by="ada")
        closed(approval)
    page = text(client, "?queue=decided&priority=first")
    assert titles(page) == ["low", "urgent"]
    assert "Urgent first" not in page
    assert titles(text(client, "?queue=decided&priority=urgent")) == ["urgent"]


@pytest.mark.parametrize("priority", ["", "first"])
def test_the_whole_list_is_walked_there_and_back(client: Client, priority: str) -> None:
    first = asked()
    copies = [
        Approval(
            run_id=first.run_id, path=f"ask[{n}]", attempt=1, seq=2, workflow_id="asking", place="ask",
            title=f"Case {n}", asked_at=first.asked_at, priority=n % 4 + 1,
            due_at=first.asked_at + timedelta(days=n % 3) if n % 2 else first.due_at,
        )
        for n in range(2 * PAGE + 9)
    ]  # fmt: skip
    Approval.objects.bulk_create(copies)
    keys = ("priority", "due_at", "id") if priority else ("due_at", "priority", "id")
    expected = list(Approval.objects.order_by(*keys).values_list("title", flat=True))
    pages, address = [], f"/approvals/?priority={priority}"
    while address:
        pages.append(client.get(address).content.decode())
        address = way(pages[-1], "older")
    assert [title for page in pages for title in titles(page)] == expected
    back = client.get(way(pages[-1], "newer")).content.decode()
    assert titles(back) == titles(pages[-2])


def way(page: str, cursor: str) -> str:
    found = re.search(rf'href="(/approvals/\?[^"]*{cursor}=[^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else ""


def test_after_an_answer_comes_the_next_in_the_same_order(client: Client) -> None:
    one_of_each()
    place = {one.title: one.pk for one in Approval.objects.all()}
    response = client.post(f"/approvals/{place['urgent']}/decide/?priority=first", YES)
    assert response["Location"] == f"/approvals/{place['high']}/?priority=first"


@pytest.mark.parametrize(
    ("priority", "first"), [("urgent", "[Urgent] "), ("high", "[High] "), ("normal", ""), ("low", "")]
)
def test_a_mail_tells_it_and_says_first_what_is_urgent(mailbox: Mailbox, priority: str, first: str) -> None:
    person("ada")
    asked(title="Ship it?", assign_to="ada", priority=priority)
    post()
    [mail] = mailbox.mails
    assert mail["subject"] == f"{first}You are asked: Ship it?"
    assert ("Priority: " in mail.get_content()) is (priority != "normal")


def test_what_is_decided_is_not_urgent_any_more(mailbox: Mailbox) -> None:
    person("local")
    approval = asked(title="Ship it?", priority="urgent")
    resume(approval, {"decision": "approve"}, by="bo")
    closed(approval)
    post()
    assert [mail["subject"] for mail in mailbox.mails] == ["Decided: Ship it?"]


def test_the_daily_mail_tells_it(mailbox: Mailbox) -> None:
    now = timezone.now()
    Profile.objects.create(user=person("ada"), digest_at=now)
    asked(title="Ship it?", priority="high")
    [letter] = take_digests(now, ADDRESS)
    assert "Priority: High" in letter.text

"""The inbox: who sees which question in which queue, in which order, and how fast."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from tests.web.asking import GOOD, asked, closed, person, resume, signed_in, soon
from workflows_app import runtime
from workflows_app.models import Approval, Desk, Run
from workflows_app.models.approval import NEVER
from workflows_app.web.approvals import inbox
from workflows_app.web.approvals.inbox import PAGE, due_words, roughly

pytestmark = pytest.mark.usefixtures("studio")

HOUR = timedelta(hours=1)


def text(client: Client, query: str = "") -> str:
    response = client.get(f"/approvals/{query}")
    assert response.status_code == 200
    return response.content.decode()


def many(count: int, **columns: Any) -> None:
    """Store questions without runs that were performed; the list needs no more."""
    now = timezone.now()
    runs = [
        Run(id=f"run-{n:05}", workflow_id="asking", status="suspended", created_at=now, updated_at=now)
        for n in range(count)
    ]
    Run.objects.bulk_create(runs)
    Approval.objects.bulk_create(
        Approval(
            run=run, path="ask", attempt=1, seq=2, workflow_id="asking", place="ask", title=f"Case {n:05}",
            asked_at=now, due_at=now + n * HOUR if n % 2 else NEVER, **columns,
        )
        for n, run in enumerate(runs)
    )  # fmt: skip


def test_an_empty_inbox_says_so(client: Client) -> None:
    page = text(client)
    assert "Nothing waits for you." in page
    assert 'class="badge"' not in page


def test_a_question_is_listed_with_what_it_is_about(client: Client) -> None:
    asked(title="Ship <b>it</b>?", due_in=2 * 3600, total=99)
    page = text(client)
    assert "Ship &lt;b&gt;it&lt;/b&gt;?" in page
    assert "Total 99 · Flags new address · Score 61" in page
    assert "in 2 h" in page
    assert "Due soon" in page
    assert '<span class="badge">1' in page
    assert "<title>(1) Approvals</title>" in page


def test_a_question_is_listed_in_the_words_of_its_schema(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"total": {"type": "integer", "title": "Order total", "x-unit": "EUR"}, "flags": {"format": "password"}}
    monkeypatch.setattr(inbox, "described", lambda node: {"properties": words} if node.id == "ask" else {})
    asked(total=99)
    assert "Order total 99 EUR · Flags •••••• · Score 61" in text(client)


def test_the_most_urgent_comes_first() -> None:
    titles = {None: "never", -60.0: "over", 3600.0: "soon", 900_000.0: "later"}
    for due_in, title in titles.items():
        asked(title=title, due_in=due_in)
    page = text(Client())
    order = [page.index(f">{title}</a>") for title in ("over", "soon", "later", "never")]
    assert order == sorted(order)
    heads = [page.index(f"<h2>{head}") for head in ("Overdue", "Due soon", "Due later", "Without a due date")]
    assert heads == sorted(heads)


def test_everybody_sees_what_is_theirs(settings: Any) -> None:
    asked(title="For Ada", assign_to="ada")
    asked(title="For finance", assign_to="finance")
    asked(title="For anyone")
    asked(title="For sales", assign_to="sales")
    ada, bo = person("ada", "finance"), person("bo", "sales")
    page = text(signed_in(settings, ada))
    assert "For Ada" in page
    assert "For finance" in page
    assert "For anyone" in page
    assert "For sales" not in page
    client = signed_in(settings, bo)
    assert "For Ada" not in text(client)
    for query, title in (("?queue=groups", "For sales"), ("?queue=anyone", "For anyone")):
        page = text(client, query)
        assert page.count('class="it"') == 1
        assert title in page
    assert "Nothing waits for you." in text(client, "?queue=mine")


def test_a_requester_who_may_not_answer_does_not_see_it(settings: Any) -> None:
    approval = asked(allow_requester=False)
    Approval.objects.filter(pk=approval.pk).update(requester="ada")
    assert "May it go out?" not in text(signed_in(settings, person("ada")))
    assert "May it go out?" in text(signed_in(settings, person("bo")))


@pytest.mark.parametrize("name", ["ada", "zoë"])
def test_who_has_voted_is_not_asked_again(settings: Any, name: str) -> None:
    approval = asked(approvals=2)
    resume(approval, GOOD, by=name)
    soon(lambda: Approval.objects.get(pk=approval.pk).voters)
    assert "Nothing waits for you." in text(signed_in(settings, person(name)))
    page = text(signed_in(settings, person(name.upper())))
    assert "1 of 2 decided" in page


def test_claimed_and_snoozed_are_queues_of_their_own(settings: Any) -> None:
    ada = person("ada")
    taken, later = asked(title="Taken"), asked(title="Later")
    Approval.objects.filter(pk=taken.pk).update(claimed_by="bo", claimed_until=timezone.now() + HOUR)
    Desk.keep(later, ada, snoozed_until=timezone.now() + HOUR)
    client = signed_in(settings, ada)
    assert "Nothing waits for you." in text(client)
    assert "Taken" in text(client, "?queue=claimed")
    assert "claimed by bo" in text(client, "?queue=claimed")
    assert "Later" in text(client, "?queue=snoozed")
    Approval.objects.update(claimed_until=timezone.now() - HOUR)
    Desk.objects.update(snoozed_until=timezone.now() - HOUR)
    page = text(client)
    assert "Taken" in page
    assert "Later" in page


def test_an_empty_inbox_says_what_is_due_next(settings: Any) -> None:
    ada, later = person("ada"), asked(title="Later", due_in=3600)
    Desk.keep(later, ada, snoozed_until=timezone.now() + HOUR)
    page = text(signed_in(settings, ada))
    assert "Due next:" in page
    assert f'href="/approvals/{later.pk}/">Later' in page


def test_it_is_filtered_by_workflow_and_title(client: Client) -> None:
    asked(title="Refund 12")
    asked(title="Ship 13")
    assert "Ship 13" not in text(client, "?q=refund")
    assert "No question matches" in text(client, "?workflow=order")


def test_it_is_filtered_by_what_the_question_tells(client: Client) -> None:
    asked(title="Small", total=12)
    asked(title="Large", total=98765)
    page = text(client, "?q=98765")
    assert ("Large" in page, "Small" in page) == (True, False)
    assert "Large" in text(client, "?q=new+address")
    page = text(client, "?q=nothing+like+it")
    assert "No question matches" in page


def test_facts_are_not_searched_among_what_others_decided(client: Client) -> None:
    approval = asked(title="Large", total=98765)
    resume(approval, GOOD, by="ada")
    closed(approval)
    assert "Large" in text(client, "?queue=decided&q=large")
    assert "No question matches" in text(client, "?queue=decided&q=98765")


def test_it_is_filtered_by_how_long_they_wait(client: Client) -> None:
    old, _new = asked(title="Old"), asked(title="New")
    Approval.objects.filter(pk=old.pk).update(asked_at=timezone.now() - 80 * HOUR)
    page = text(client, "?waits=3d")
    assert ("Old" in page, "New<" in page) == (True, False)
    assert '<option value="3d" selected>over 3 days</option>' in page
    assert "No question matches" in text(client, "?waits=7d")
    assert "New<" in text(client, "?waits=x")


def test_what_was_decided_is_listed_with_who_and_what(client: Client) -> None:
    approval = asked(title="Ship it?")
    resume(approval, {"decision": "reject"}, by="ada")
    closed(approval)
    page = text(client, "?queue=decided")
    assert "Ship it?" in page
    assert "Reject" in page
    assert "by ada" in page


def test_new_questions_are_announced_and_not_pushed(client: Client) -> None:
    first = asked()
    latest = f"?newer={first.pk}"
    assert "new, show" not in client.get(f"/approvals/news/{latest}").content.decode()
    asked()
    assert "1 new, show it" in client.get(f"/approvals/news/{latest}").content.decode()


def news_of(client: Client, page: str) -> str:
    """Ask for the news of a list, as its page does."""
    [address] = re.findall(r'hx-get="(/approvals/news/[^"]+)"', page)
    return str(client.get(html.unescape(address)).content.decode())


def test_what_came_by_other_ways_is_announced_too(settings: Any) -> None:
    approval = asked(assign_to="bo")
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    page = text(ada)
    assert "new, show" not in news_of(ada, page)
    bo.post(f"/approvals/{approval.pk}/hand-over/", {"to": "ada"})
    assert "1 new, show it" in news_of(ada, page)


def test_what_is_not_here_any_more_is_named(settings: Any) -> None:
    mine, theirs = asked(), asked()
    ada, bo = signed_in(settings, person("ada")), signed_in(settings, person("bo"))
    page = text(ada)
    assert 'data-gone=""' in news_of(ada, page)
    bo.post(f"/approvals/{theirs.pk}/claim/")
    news = news_of(ada, page)
    assert f'data-gone="{theirs.pk}"' in news
    assert "1 is not here any more, show the others" in news
    assert '<span class="badge">1' in news
    assert f'data-gone="{theirs.pk}"' in news_of(ada, news)
    bo.post(f"/approvals/{mine.pk}/claim/")
    assert "2 are not here any more" in news_of(ada, page)


def test_on_a_part_of_the_list_only_newer_ones_are_new(client: Client) -> None:
    many(PAGE + 5)
    page = text(client)
    assert "new, show" not in news_of(client, page)
    onward = re.findall(r'href="/approvals/(\?older=[^"]+)"', page)
    assert "new, show" not in news_of(client, text(client, onward[0]))
    asked()
    assert "1 new, show it" in news_of(client, page)


@pytest.mark.parametrize("shown", ["x", "1.y..-3", "9" * 40, "."])
def test_an_odd_list_has_news_all_the_same(client: Client, shown: str) -> None:
    assert client.get(f"/approvals/news/?shown={shown}&whole=1&newer=x").status_code == 200


def test_it_needs_the_right_to_decide(settings: Any) -> None:
    asked()
    client = signed_in(settings, person("eve", rights=("view_run",)))
    assert client.get("/approvals/").status_code == 403
    assert "/approvals/" not in client.get("/runs/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?older=1.2.x",
        "?older=99999999999999999999.1.1",
        "?older=999999999999999999.1.1",
        "?newer=-1.2.3",
        "?older=1..",
        "?older=1.2",
        "?older=1.999999999999999999.1",
        "?priority=first&newer=999999999999999999.1.1",
        "?queue=x",
        "?priority=x",
    ],
)
def test_an_odd_address_shows_the_inbox(client: Client, query: str) -> None:
    assert text(client, query)


def test_it_is_walked_page_by_page_without_gap_or_repeat(client: Client) -> None:
    many(130)
    seen: list[str] = []
    address = "/approvals/"
    while address:
        page = client.get(address).content.decode()
        seen += [part.partition("<")[0] for part in page.split("Case ")[1:] if part[:5].isdigit() and part[5] == "<"]
        _, _, rest = page.partition('href="/approvals/?older=')
        address = f"/approvals/?older={rest.partition(chr(34))[0]}" if rest else ""
    listed = list(dict.fromkeys(seen))
    assert len(listed) == 130
    due = list(Approval.objects.soonest().values_list("title", flat=True))
    assert [f"Case {number}" for number in listed] == due


def test_walking_back_shows_the_same_pages(client: Client) -> None:
    many(120)
    first = client.get("/approvals/").content.decode()
    address = f"/approvals/?older={first.partition('href=' + chr(34) + '/approvals/?older=')[2].partition(chr(34))[0]}"
    second = client.get(address).content.decode()
    back = second.partition('href="/approvals/?newer=')[2].partition('"')[0]
    again = client.get(f"/approvals/?newer={back}").content.decode()
    assert [line for line in again.splitlines() if 'class="t"' in line and "data-current" not in line] != []
    assert "Case 00001" in again


def test_ten_thousand_open_questions_stay_quick(client: Client) -> None:
    many(10_000)
    client.get("/approvals/")
    # What this thread works, not what it waits for while others have the machine.
    began = time.thread_time()
    page = text(client)
    took = time.thread_time() - began
    assert '<span class="badge">99+' in page
    assert took < 1.0


def test_a_page_costs_a_fixed_number_of_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    many(60)
    runtime.get_engine()
    client.get("/approvals/")
    with django_assert_max_num_queries(22):
        client.get("/approvals/?queue=anyone&newer=1.1.1")


def test_times_are_said_as_people_do() -> None:
    now = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    assert due_words(now - timedelta(minutes=18), now).words == "18 m over"
    assert due_words(now + timedelta(hours=3) - timedelta(seconds=2), now).words == "in 3 h"
    assert due_words(now + timedelta(hours=20), now).words == "tomorrow"
    assert due_words(now + timedelta(days=3), now).words == f"{now + timedelta(days=3):%a}"
    assert due_words(None, now).words == "no due date"
    with translation.override("de"):
        assert due_words(datetime(2026, 12, 20, 12, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)).words == "20 Dez"
    assert roughly(timedelta(days=2, hours=5)) == "2 d"


def test_who_only_decides_sees_what_they_had_to_do_with(settings: Any) -> None:
    for assignee, by in (("ada", "bo"), ("bo", "ada"), ("bo", "cy")):
        approval = asked(title=f"{assignee} {by}", assign_to=assignee)
        resume(approval, GOOD, by=by)
        closed(approval)
    page = text(signed_in(settings, person("ada", rights=("decide",))), "?queue=decided")
    assert ("ada bo" in page, "bo ada" in page, "bo cy" in page) == (True, True, False)


def test_what_is_due_at_the_end_of_time_is_listed_in_any_zone(client: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    approval = asked()
    Approval.objects.filter(pk=approval.pk).update(
        due_at=datetime(9999, 12, 30, 23, 59, tzinfo=UTC) + timedelta(days=1)
    )
    assert "31 Dec 9999" in text(client)
    assert client.get(f"/approvals/{approval.pk}/").status_code == 200


def test_a_year_is_said_unless_it_is_this_one() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert due_words(datetime(2026, 5, 1, tzinfo=UTC), now).words == "1 May"
    assert due_words(datetime(2027, 5, 1, tzinfo=UTC), now).words == "1 May 2027"

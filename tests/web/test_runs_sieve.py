"""The filters of the list of runs that no index knows: what they find, and that they look so far and no further."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.web.studio import accounts
from tests.web.test_runs_list import EPOCH, link, listed, make
from workflows_app.models import Ending, Event, Run, Wait
from workflows_app.web.live.listsocket import Shown, count_fresh
from workflows_app.web.people.signin import local_person
from workflows_app.web.runs import pages as runpages

pytestmark = pytest.mark.usefixtures("studio")


def name(number: int) -> str:
    return f"{number:08d}-run"


def update(number: int, **columns: object) -> None:
    Run.objects.filter(pk=name(number)).update(**columns)


def fact(number: int, seq: int, kind: str, data: object) -> None:
    Event.objects.create(
        run_id=name(number), seq=seq, stream=seq, kind=kind, path="", at=EPOCH, version=1, data=json.dumps(data)
    )


@pytest.mark.parametrize(
    "path", ["review", "review#2", "review[3]", "review~2.legal", "outer#4.review", "review/condition"]
)
def test_open_runs_are_found_by_the_step_they_are_on(client: Client, path: str) -> None:
    make(3, status="suspended")
    Wait.objects.create(run_id=name(1), path=path, kind="suspension")
    Wait.objects.create(run_id=name(2), path="reviewed", kind="suspension")
    step = "outer.review" if path.startswith("outer") else "review"
    assert listed(client, f"/runs/?step={step}") == ["1"]


def test_a_tag_is_found_whole_and_as_it_is_written(client: Client) -> None:
    make(4)
    for number, tags in enumerate(('["eu", "vip"]', '["europe"]', '["EU"]', '["a\\\\"eu\\\\""]')):
        update(number, tags=tags)
    assert listed(client, "/runs/?tag=eu") == ["0"]


def test_runs_are_found_by_who_started_them(client: Client) -> None:
    make(2)
    update(1, started_by="ada")
    assert listed(client, "/runs/?who=ada") == ["1"]
    assert listed(client, "/runs/?who=ad") == []


def test_runs_are_found_by_how_long_they_took(client: Client) -> None:
    make(3)
    for number, seconds in enumerate((1, 90, 7200)):
        update(number, started_at=EPOCH, finished_at=EPOCH + timedelta(seconds=seconds))
    assert listed(client, "/runs/?longer=90s") == ["2", "1"]
    assert listed(client, "/runs/?shorter=1.5+m") == ["1", "0"]
    assert listed(client, "/runs/?longer=2&shorter=1h") == ["1"]


def test_a_run_that_is_open_has_taken_up_to_now(client: Client) -> None:
    make(1, status="running")
    assert listed(client, "/runs/?longer=1d") == ["0"]


def test_what_cannot_be_read_is_said_at_its_field_and_filters_nothing(client: Client) -> None:
    make(2)
    page = client.get("/runs/?longer=soon&since=tomorrow").content.decode()
    assert page.count('aria-invalid="true"') == 2
    assert "Write it as 90 s, 5 m or 2 h." in page
    assert 'value="soon"' in page
    assert listed(client, "/runs/?longer=soon") == ["1", "0"]


def test_failed_runs_are_found_by_what_they_failed_with(client: Client) -> None:
    make(2, status="failed")
    for number, fault in enumerate(("ValueError", "KeyError")):
        Ending.objects.create(
            run_id=name(number), workflow_id="order", status="failed", ended_at=EPOCH, took=1, active=1, human=0,
            retries=0, fault=fault, step="pay",
        )  # fmt: skip
    assert listed(client, "/runs/?fault=KeyError") == ["1"]
    assert listed(client, "/runs/?fault=ValueError&where=pay") == ["0"]
    assert listed(client, "/runs/?where=ship") == []


def test_a_text_is_found_in_input_output_error_and_id(client: Client) -> None:
    make(5)
    fact(0, 1, "RunStarted", {"input": {"customer": 'Ada "the" Countess'}})
    fact(1, 2, "RunFinished", {"status": "success", "result": [{"city": "Gent"}]})
    update(1, seq=2)
    update(2, error="The cupboard is bare")
    assert listed(client, "/runs/?q=%22the%22+count") == ["0"]
    assert listed(client, "/runs/?q=gent") == ["1"]
    assert listed(client, "/runs/?q=cupboard") == ["2"]
    assert listed(client, f"/runs/?q={name(3)[:8]}") == ["3"]


def test_a_text_is_not_found_in_the_names_of_fields(client: Client) -> None:
    make(1)
    fact(0, 1, "RunStarted", {"input": {"customer": "Ada"}, "state": {}})
    assert listed(client, "/runs/?q=customer") == []
    assert listed(client, "/runs/?q=stat") == []


def test_who_may_not_read_what_runs_took_cannot_search_it(
    client: Client, settings: object, django_user_model: type[User]
) -> None:
    accounts(settings, client, django_user_model, "view_run")
    make(2)
    fact(0, 1, "RunStarted", {"input": "secret"})
    assert listed(client, "/runs/?q=secret") == ["1", "0"]
    assert 'id="q"' not in client.get("/runs/").content.decode()


def test_a_look_ends_after_so_many_runs_says_so_and_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runpages, "LOOKED_AT", 10)
    make(30)
    update(2, started_by="ada")
    page = client.get("/runs/?who=ada").content.decode()
    assert "Nothing among these runs" in page
    assert "Looked through the runs back to" in page
    further = link(client, "/runs/?who=ada", "Look further back")
    assert listed(client, further) == []
    assert listed(client, link(client, further, "Look further back")) == ["2"]


def test_what_lies_beyond_the_look_is_not_announced_as_new(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runpages, "LOOKED_AT", 10)
    make(30)
    update(2, started_by="ada")
    assert news_of(client, "/runs/?who=ada") == 0
    assert news_of(client, link(client, "/runs/?who=ada", "Look further back")) == 0
    page = client.get("/runs/?who=ada").content.decode()
    make(1)
    update(30, started_by="ada")
    assert news_of(client, "/runs/?who=ada", page) == 1


def news_of(client: Client, address: str, page: str | None = None) -> int:
    """Count what is announced to a page as its script introduces it."""
    top = re.search(r' data-top="([^"]*)"', page or client.get(address).content.decode())
    shown = Shown.of({"rows": {}, "query": address.partition("/runs/")[2], "top": top and top[1]})
    assert shown is not None
    return count_fresh(shown, local_person())


def test_a_look_for_a_text_opens_so_many_runs_and_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runpages, "OPENED", 5)
    make(12)
    for number in range(12):
        fact(number, 1, "RunStarted", {"input": {"wanted": "Ada" if number == 1 else "wanted" * (number == 11)}})
    first = "/runs/?q=wanted"
    assert listed(client, first) == ["11"]
    second = link(client, first, "Look further back")
    assert "Looked through" in client.get(first).content.decode()
    assert listed(client, second) == []


def test_pages_of_what_is_found_follow_each_other_and_back(client: Client) -> None:
    make(120)
    Run.objects.filter(pk__lt=name(110)).update(started_by="ada")
    first = listed(client, "/runs/?who=ada")
    older = link(client, "/runs/?who=ada", "Older")
    second = listed(client, older)
    assert [*first, *second] == [str(number) for number in range(109, 9, -1)]
    assert listed(client, link(client, older, "Newer")) == first


def test_runs_are_sorted_by_status(client: Client) -> None:
    make(7)
    make(1, status="failed")
    page = client.get("/runs/?group=status&workflow=order").content.decode()
    assert re.findall(r"<h2>.*?</svg>(\w+) <a[^>]*href=\"(.*?)\">(\d+)</a>", page, re.DOTALL) == [
        ("Succeeded", "?status=success&amp;workflow=order", "7"),
        ("Failed", "?status=failed&amp;workflow=order", "1"),
    ]
    assert page.count("data-row") == 6


def test_open_runs_are_sorted_by_the_step_they_are_on(client: Client) -> None:
    make(4, status="suspended")
    for number, path in enumerate(("ship", "review#2", "review", "review[1]")):
        Wait.objects.create(run_id=name(number), path=path, kind="suspension")
    Wait.objects.create(run_id=name(3), path="review[2]", kind="suspension")
    page = client.get("/runs/?group=step").content.decode()
    assert re.findall(r'<h2>(order · \w+) <a[^>]*href="(.*?)">(\d+)</a>', page) == [
        ("order · review", "?workflow=order&amp;step=review", "3"),
        ("order · ship", "?workflow=order&amp;step=ship", "1"),
    ]


@pytest.mark.parametrize(
    ("asked", "groups"),
    [
        ("tag=eu", [("order · review", "?workflow=order&amp;step=review&amp;tag=eu", "1")]),
        (f"id={name(2)}", [("order · ship", f"?workflow=order&amp;id={name(2)}&amp;step=ship", "1")]),
        ("status=waiting", [("order · ship", "?status=waiting&amp;workflow=order&amp;step=ship", "1")]),
        ("status=failed", []),
        ("within=1h", []),
    ],
)
def test_only_runs_that_match_are_sorted_by_step(
    client: Client, asked: str, groups: list[tuple[str, str, str]]
) -> None:
    make(2, status="suspended")
    make(1, status="waiting")
    update(0, tags='["eu"]')
    for number, path in enumerate(("review", "review", "ship")):
        Wait.objects.create(run_id=name(number), path=path, kind="suspension")
    page = client.get(f"/runs/?group=step&{asked}").content.decode()
    assert re.findall(r'<h2>(order · \w+) <a[^>]*href="(.*?)">(\d+)</a>', page) == groups


def test_of_what_may_hold_a_text_no_step_is_counted(client: Client) -> None:
    make(2, status="suspended")
    for number, customer in enumerate(("Ada", "Bob")):
        fact(number, 1, "RunStarted", {"input": {"customer": customer}})
        Wait.objects.create(run_id=name(number), path=f"review-{number}", kind="suspension")
    page = client.get("/runs/?group=step&q=ada&longer=1&by=").content.decode()
    assert re.findall(r'<h2>(order · [\w-]+) <a[^>]*href="(.*?)">(.*?)</a>', page) == [
        ("order · review-0", "?workflow=order&amp;step=review-0&amp;longer=1&amp;q=ada", "show all")
    ]

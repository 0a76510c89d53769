"""The activity log: what is noted, who may read it, and taking it away."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, transaction
from django.test import Client, RequestFactory

from tests.web.studio import accounts, orders, wait_for
from workflows_app.models import Activity, Run
from workflows_app.web.activity import Thing, note

pytestmark = pytest.mark.usefixtures("studio")


def acted(verb: str = "cancel", actor: str = "ada", **columns: Any) -> Activity:
    """Note an act without doing it."""
    request = RequestFactory().post("/")
    thing = Thing(columns.pop("kind", "run"), columns.pop("id", "r-1"), columns.pop("workflow_id", "order"))
    return note(request, verb, thing, actor=actor, **columns)


def listed(client: Client, query: str = "") -> list[str]:
    """Give the names and verbs of the rows."""
    page = client.get(f"/activity/{query}").content.decode()
    return re.findall(r"<tr data-row.*?\?who=[^>]*>([^<]*)</a>", page, re.DOTALL)


def test_an_act_is_noted_with_everything_that_is_known_of_it(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/cancel/", {"reason": "Ordered twice"})
    act = Activity.objects.get()
    assert (act.actor, act.verb, act.object_kind, act.object_id) == ("local", "cancel", "run", run_id)
    assert (act.workflow_id, act.reason, act.ip, act.via) == ("order", "Ordered twice", "127.0.0.1", "page")
    assert json.loads(act.before) == {"status": "suspended"}
    assert json.loads(act.after) == {"status": "canceled"}
    assert len(act.request_id) == 16


def test_every_verb_leaves_a_row(client: Client) -> None:
    response = client.post("/workflows/order/run/", {"input.customer": "Ada", "input.total": "12"})
    run_id = wait_for(response.headers["Location"].split("/")[2], "suspended")
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.decision": "approve"})
    assert list(Activity.objects.order_by("id").values_list("verb", flat=True)) == ["start", "resume"]


def test_what_was_refused_is_no_act(client: Client) -> None:
    run_id = orders()
    client.post(f"/runs/{run_id}/restart/")
    client.post(f"/runs/{run_id}/resume/?step=review", {"answer.note": "No decision"})
    assert not Activity.objects.exists()


def losing(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Have the database go away between an act and its note, so often."""
    left, save = [OperationalError("gone")] * times, Activity.save

    def lose(act: Activity, **options: Any) -> None:
        if left:
            raise left.pop()
        save(act, **options)

    monkeypatch.setattr(Activity, "save", lose)


@pytest.mark.parametrize("door", ["/runs/{}/cancel/", "/api/workflows/order/runs/{}/cancel"])
def test_an_act_that_took_effect_is_not_refused_for_want_of_its_note(
    client: Client, door: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = orders()
    losing(monkeypatch, 2)
    response = client.post(door.format(run_id), {"reason": "Ordered twice"}, content_type="application/json")
    assert response.status_code in (200, 302)
    assert Run.objects.get(pk=run_id).status == "canceled"
    assert not Activity.objects.exists()
    [told] = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert told.exc_info
    for fact in ("local", "cancel", run_id, "127.0.0.1"):
        assert fact in told.getMessage()


def test_a_note_is_written_on_a_new_connection_where_the_old_one_was_cut(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = orders()
    losing(monkeypatch, 1)
    assert client.post(f"/runs/{run_id}/cancel/", {"reason": "Ordered twice"}).status_code == 302
    assert Activity.objects.get().reason == "Ordered twice"


def test_an_act_that_shares_a_transaction_with_its_note_is_undone_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    losing(monkeypatch, 1)
    with pytest.raises(OperationalError), transaction.atomic():
        Group.objects.create(name="auditors")
        acted()
    assert not Group.objects.filter(name="auditors").exists()


def test_the_log_is_only_ever_added_to() -> None:
    act = acted()
    for change in (act.save, act.delete, Activity.objects.all().delete, Activity.objects.filter(verb="x").delete):
        with pytest.raises(TypeError, match="only ever added to"):
            change()
    with pytest.raises(TypeError, match="only ever added to"):
        Activity.objects.update(actor="somebody else")


def test_the_newest_act_comes_first_with_its_reason_and_what_it_changed(client: Client) -> None:
    acted(actor="ada")
    acted(actor="bob", reason="<b>bold</b>", before={"status": "running"}, after={"status": "canceled"})
    assert listed(client) == ["bob", "ada"]
    page = client.get("/activity/").content.decode()
    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page
    assert "<del>running</del>" in page


def test_what_is_said_in_one_word_is_offered_and_found_as_one(client: Client) -> None:
    acted("delete_view", "eve", kind="view", id="late", workflow_id="")
    acted("delete", "dan", id="r-3")
    acted("webhook_deleted", "cy", kind="webhook", id="7", workflow_id="")
    for query in ("?did=delete", "?did=delete_view"):
        assert listed(client, query) == ["cy", "dan", "eve"]
        page = client.get(f"/activity/{query}").content.decode()
        assert page.count(">Deleted</option>") == 1
        assert f'value="{query[5:]}" selected>Deleted</option>' in page
    assert listed(client, "?did=delete&kind=view") == ["eve"]
    assert listed(client, "?did=delete&kind=webhook") == ["cy"]
    assert listed(client, "?did=nothing") == []


def test_each_filter_narrows_the_list(client: Client) -> None:
    acted("cancel", "ada", reason="Ordered twice")
    acted("start", "bob", id="r-2", workflow_id="echo")
    acted("sign_in", "cy", kind="account", id="cy", workflow_id="")
    for query, names in {
        "?who=ada": ["ada"],
        "?did=start": ["bob"],
        "?kind=account": ["cy"],
        "?kind=run&id=r-2": ["bob"],
        "?workflow=order": ["ada"],
        "?q=twice": ["ada"],
        "?since=2020-01-01": ["cy", "bob", "ada"],
        "?until=2020-01-01": [],
        "?until=9999-12-31": ["cy", "bob", "ada"],
    }.items():
        assert listed(client, query) == names, query


def test_a_day_that_is_none_is_said_at_its_field_and_kept(client: Client) -> None:
    acted()
    page = client.get("/activity/?since=yesterday").content.decode()
    assert 'aria-describedby="since-fault"' in page
    assert 'value="yesterday"' in page


def test_pages_are_walked_both_ways(client: Client) -> None:
    for number in range(120):
        acted(actor=f"p{number}")
    first = client.get("/activity/").content.decode()
    older = re.search(r'href="(\?older=\d+)"', first)
    assert older is not None
    assert listed(client, older[1])[0] == "p69"
    newer = re.search(r'href="(\?newer=\d+)"', client.get(f"/activity/{older[1]}").content.decode())
    assert newer is not None
    assert listed(client, newer[1])[0] == "p119"


def test_news_are_announced_and_push_nothing_away(client: Client) -> None:
    latest = acted().id
    address = f"/activity/news/?newer={latest}"
    assert "new, show" not in client.get(address).content.decode()
    acted("start")
    assert "1 new, show it" in client.get(address).content.decode()
    assert "new, show" not in client.get(f"{address}&did=cancel").content.decode()


def test_it_is_taken_away_as_json_lines(client: Client) -> None:
    acted(after={"status": "canceled"})
    acted("start", "bob")
    response = client.get("/activity/export.jsonl?did=cancel")
    assert "attachment" in response["Content-Disposition"]
    (line,) = [json.loads(line) for line in response.content.decode().splitlines()]
    assert (line["actor"], line["after"], line["before"]) == ("ada", {"status": "canceled"}, None)


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"])
def test_a_spreadsheet_takes_nothing_for_a_formula(client: Client, start: str) -> None:
    acted(reason=start, actor=start)
    rows = list(csv.DictReader(io.StringIO(client.get("/activity/export.csv").content.decode(), newline="")))
    assert rows[0]["reason"] == rows[0]["actor"] == f"'{start}"


def test_it_needs_the_right_to_read_it(client: Client, settings: Any, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model, "view_run")
    for address in ("/activity/", "/activity/news/", "/activity/export.csv", "/activity/export.jsonl"):
        assert client.get(address).status_code == 403, address
    assert "/activity/" not in client.get("/").content.decode()


def test_looking_is_all_that_can_be_done(client: Client) -> None:
    assert client.post("/activity/").status_code == 405


def test_signing_in_and_out_is_noted(client: Client, settings: Any, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model)
    django_user_model.objects.create_user("bob", password="right-password")
    client.logout()
    client.post("/accounts/login/", {"username": "bob", "password": "wrong"})
    client.post("/accounts/login/", {"username": "my-password", "password": "bob"})
    client.post("/accounts/login/", {"username": "bob", "password": "right-password"})
    client.post("/accounts/logout/")
    noted = list(Activity.objects.order_by("id").values_list("verb", "actor"))
    assert noted[-4:] == [
        ("sign_in_failed", "bob"),
        ("sign_in_failed", "unknown"),
        ("sign_in", "bob"),
        ("sign_out", "bob"),
    ]


@pytest.mark.parametrize(("proxy", "ip"), [(None, "127.0.0.1"), (("HTTP_X_FORWARDED_PROTO", "https"), "10.0.0.9")])
def test_the_address_is_what_the_nearest_proxy_saw(settings: Any, proxy: Any, ip: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = proxy
    request = RequestFactory().post("/", headers={"x-forwarded-for": "6.6.6.6, 10.0.0.9"})
    assert note(request, "start", Thing("run"), actor="ada").ip == ip

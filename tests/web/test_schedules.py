"""The pages of the schedules: what is due, what came of it, making and changing one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.web.studio import accounts, value_of, wait_for
from workflows_app import runtime
from workflows_app.models import Activity, Firing, Run, Schedule
from workflows_app.models.seal import seal
from workflows_app.rights import Reach, answering_to
from workflows_app.web.figures.stuck import stuck

MORNING = "wf_report__morning"
FORM = {
    "schedule.title": "Nightly", "schedule.cron": "30 2 * * *", "schedule.zone": "Europe/Berlin",
    "schedule.overlap": "skip", "schedule.catch_up": "none", "schedule.jitter": "0", "input.region": "north",
}  # fmt: skip


@pytest.fixture(autouse=True)
def timed(transactional_db: None, settings: Any) -> Iterator[ModuleType]:
    """Give a studio with workflows that have schedules, which looks for what is due once, at its start."""
    settings.WORKFLOWS = {**settings.WORKFLOWS, "MODULES": ["tests.workflows.timed"], "TICK_SECONDS": 14.0}
    runtime.process.catalogue = None
    runtime.start_background()
    yield runtime
    runtime.stop_background()
    runtime.process.catalogue = None


def text(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def made(client: Client, **changes: str) -> Schedule:
    response = client.post("/workflows/report/schedules/new/", {**FORM, **changes})
    assert response.status_code == 302, response.content.decode()
    return Schedule.objects.get(made_by="local")


def verbs() -> list[str]:
    return list(Activity.objects.order_by("id").values_list("verb", flat=True))


def test_the_list_says_when_each_starts_next_and_that_it_stands_in_the_code(client: Client) -> None:
    page = text(client, "/schedules/")
    assert "report · morning" in page
    assert "Monday to Friday at 09:00" in page
    assert "in code" in page
    assert "report · monthly" not in text(client, "/schedules/?workflow=seconds")
    assert text(client, "/workflows/").count("next start") == 2
    assert text(client, "/workflows/report/").count("/schedules/wf_report") == 2


def test_without_schedules_the_list_says_how_to_get_one(client: Client) -> None:
    Schedule.objects.all().delete()
    assert "Nothing starts by itself yet" in text(client, "/schedules/")


def test_one_is_made_from_a_form_changed_and_deleted(client: Client) -> None:
    page = text(client, "/workflows/report/schedules/new/")
    assert all(f'name="{name}"' in page for name in FORM)
    row = made(client)
    assert (row.workflow_id, row.title, row.cron, row.timezone) == ("report", "Nightly", "30 2 * * *", "Europe/Berlin")
    assert (row.overlap, row.catch_up, row.made_by) == ("skip", "none", "local")
    assert row.given["input"] == {"region": "north"}
    assert row.next_at is not None
    assert timezone.now() < row.next_at < timezone.now() + timedelta(days=1)
    page = text(client, f"/schedules/{row.id}/")
    assert "every day at 02:30" in page
    assert "is left out" in page
    assert "north" in page
    edit = text(client, f"/schedules/{row.id}/edit/")
    assert value_of(edit, "schedule.cron") == "30 2 * * *"
    assert "<h1>Nightly</h1>" in edit
    Schedule.objects.update(title="")
    assert "<h1>Change the schedule</h1>" in text(client, f"/schedules/{row.id}/edit/")
    response = client.post(f"/schedules/{row.id}/edit/", {**FORM, "schedule.cron": "@daily", "input.region": "south"})
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.cron, row.given["input"], row.made_by) == ("@daily", {"region": "south"}, "local")
    assert client.post(f"/schedules/{row.id}/delete/").status_code == 302
    assert not Schedule.objects.filter(pk=row.id).exists()
    assert verbs() == ["schedule", "schedule_changed", "schedule_deleted"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schedule.cron": "99 * * * *"}, "It takes 0 to 59"),
        ({"schedule.cron": "0 0 30 2 *"}, "This time never comes"),
        ({"schedule.cron": ""}, 'href="#f-schedule.cron"'),
        ({"schedule.zone": "Mars/Olympus"}, 'href="#f-schedule.zone"'),
        ({"schedule.overlap": "x"}, 'href="#f-schedule.overlap"'),
        ({"schedule.jitter": "-1"}, 'href="#f-schedule.jitter"'),
        ({"input.region": ""}, 'href="#f-input.region"'),
    ],
)
def test_what_cannot_be_is_told_at_its_field(client: Client, changes: dict[str, str], complaint: str) -> None:
    response = client.post("/workflows/report/schedules/new/", {**FORM, **changes})
    assert response.status_code == 422
    assert complaint in response.content.decode()
    assert not Schedule.objects.filter(is_declared=False).exists()


def test_a_secret_is_given_to_the_runs_and_shown_nowhere(client: Client) -> None:
    row = made(client, **{"input.token": "s3cret-token"})
    assert row.given["input"]["token"] == "s3cret-token"
    assert "s3cret" not in row.sealed_given
    for address in (f"/schedules/{row.id}/", f"/schedules/{row.id}/edit/"):
        assert "s3cret" not in text(client, address)


def test_one_that_stands_in_the_code_is_changed_there(client: Client) -> None:
    assert client.get(f"/schedules/{MORNING}/edit/").status_code == 302
    assert client.post(f"/schedules/{MORNING}/delete/").status_code == 302
    assert Schedule.objects.filter(pk=MORNING).exists()
    assert "The code of the workflow says when it is" in text(client, f"/schedules/{MORNING}/")
    assert "/edit/" not in text(client, f"/schedules/{MORNING}/")


def test_it_is_paused_and_goes_on_from_now(client: Client) -> None:
    assert client.post(f"/schedules/{MORNING}/pause/", {"list": "1"})["Location"] == "/schedules/"
    assert Schedule.objects.get(pk=MORNING).is_paused
    Schedule.objects.filter(pk=MORNING).update(next_at=timezone.now() - timedelta(days=3))
    assert "paused" in text(client, f"/schedules/{MORNING}/")
    assert client.post(f"/schedules/{MORNING}/resume/")["Location"] == f"/schedules/{MORNING}/"
    row = Schedule.objects.get(pk=MORNING)
    assert not row.is_paused
    assert row.next_at is not None
    assert row.next_at > timezone.now()
    client.post(f"/schedules/{MORNING}/resume/")
    assert verbs() == ["schedule_paused", "schedule_resumed"]


def test_one_whose_zone_is_there_no_more_stays_paused_and_says_why(client: Client) -> None:
    row = made(client)
    Schedule.objects.filter(pk=row.pk).update(timezone="Europe/Atlantis", state="paused")
    page = client.post(f"/schedules/{row.pk}/resume/", follow=True).content.decode()
    assert "There is no time zone &#x27;Europe/Atlantis&#x27;" in page
    assert Schedule.objects.get(pk=row.pk).is_paused


def test_a_run_is_started_at_once_and_shown(client: Client) -> None:
    before = Schedule.objects.get(pk=MORNING).next_at
    shown = client.post(f"/schedules/{MORNING}/run/")["Location"]
    run_id = wait_for(shown.split("/")[2], "success")
    assert Run.objects.get(pk=run_id).started_by == "local"
    assert Schedule.objects.get(pk=MORNING).next_at == before
    page = text(client, f"/schedules/{MORNING}/")
    assert run_id in page
    assert "local asked for it" in page
    assert "succeeded" in text(client, "/schedules/")


def test_what_came_of_each_time_is_told(client: Client) -> None:
    row = Schedule.objects.get(pk=MORNING)
    at = {"due_at": timezone.now(), "fired_at": timezone.now()}
    for outcome in Firing.Outcome:
        row.firings.create(outcome=outcome, error="<b>no</b>" if outcome == "failed" else "", **at)
    page = text(client, f"/schedules/{MORNING}/")
    for words in ("its run is deleted", "missed", "left out", "could not start", "&lt;b&gt;no&lt;/b&gt;"):
        assert words in page


def test_what_is_overdue_and_what_cannot_be_read_is_said(client: Client) -> None:
    Schedule.objects.filter(pk="wf_seconds").update(cron="nonsense", next_at=None)
    now = timezone.now()
    late = {"next_at": now - timedelta(minutes=5), "created_at": now, "changed_at": now}
    Schedule.objects.create(id="lost", workflow_id="gone", cron="@daily", **late)
    Schedule.objects.create(id="late", workflow_id="report", cron="@daily", **late)
    page = text(client, "/schedules/")
    assert "overdue" in page
    assert "never again" in page
    assert "nonsense" in text(client, "/schedules/wf_seconds/")
    assert "The code of this workflow is not here" in text(client, "/schedules/lost/")
    row = made(client)
    Schedule.objects.filter(pk=row.pk).update(sealed_given="nonsense")
    assert "sealed under another key" in text(client, f"/schedules/{row.id}/")
    assert "sealed under another key" in text(client, f"/schedules/{row.id}/edit/")
    assert client.post(f"/schedules/{row.id}/run/").status_code == 302


def test_one_whose_workflow_is_gone_says_so_and_can_be_removed(client: Client) -> None:
    now = timezone.now()
    for id, is_declared in (("wf_gone", True), ("made", False)):
        Schedule.objects.create(
            id=id, workflow_id="gone", cron="@daily", is_declared=is_declared,
            next_at=now, created_at=now, changed_at=now,
        )  # fmt: skip
    page = text(client, "/schedules/?workflow=gone")
    assert page.count("its code is gone") == 2
    for id in ("wf_gone", "made"):
        assert f'href="/schedules/{id}/delete/" data-dialog' in page
        # What cannot be done is not offered.
        assert f"/schedules/{id}/run/" not in page
        detail = text(client, f"/schedules/{id}/")
        assert f'href="/schedules/{id}/delete/" data-dialog' in detail
        assert f"/schedules/{id}/edit/" not in detail
    assert "If its code comes back, it is there again." in text(client, "/schedules/wf_gone/delete/")
    assert "comes back" not in text(client, "/schedules/made/delete/")
    assert client.post("/schedules/wf_gone/delete/").headers["location"] == "/schedules/"
    assert client.delete("/api/schedules/made").status_code == 200
    assert not Schedule.objects.filter(workflow_id="gone").exists()


def test_a_program_removes_what_was_declared_by_code_that_is_gone(client: Client) -> None:
    now = timezone.now()
    Schedule.objects.create(
        id="wf_gone", workflow_id="gone", cron="@daily", is_declared=True, created_at=now, changed_at=now
    )
    assert client.delete(f"/api/schedules/{MORNING}").status_code == 400
    assert client.delete("/api/schedules/wf_gone").status_code == 200
    assert not Schedule.objects.filter(pk="wf_gone").exists()


def attention(client: Client) -> str:
    return client.get("/panels/attention/", headers={"HX-Request": "true"}).content.decode()


def test_one_that_could_not_start_a_run_needs_attention_until_it_starts_one_or_is_changed(client: Client) -> None:
    assert "/schedules/" not in attention(client)
    row = made(client)
    at = {"due_at": timezone.now(), "fired_at": timezone.now()}
    row.firings.create(outcome="failed", error="Invalid input data: \n- region: <gone>", **at)
    shown = attention(client)
    assert f'href="/schedules/{row.id}/"' in shown
    assert "Nightly" in shown
    assert "its schedule could not start a run: Invalid input data: region: &lt;gone&gt;" in shown
    client.post(f"/schedules/{row.id}/pause/")
    assert "/schedules/" not in attention(client)
    client.post(f"/schedules/{row.id}/resume/")
    assert f"/schedules/{row.id}/" in attention(client)
    client.post(f"/schedules/{row.id}/edit/", FORM)
    assert "/schedules/" not in attention(client)
    row.firings.create(outcome="failed", error="no", due_at=timezone.now(), fired_at=timezone.now())
    assert f"/schedules/{row.id}/" in attention(client)
    client.post(f"/schedules/{row.id}/run/")
    assert "/schedules/" not in attention(client)


def test_one_whose_input_no_longer_fits_needs_attention_before_it_fires(client: Client) -> None:
    row = made(client)
    Schedule.objects.filter(pk=row.pk).update(title="", sealed_given=seal('{"input": {"place": "north"}}'))
    shown = attention(client)
    assert f'href="/schedules/{row.id}/"' in shown
    assert "every day at 02:30" in shown
    assert "its schedule will start no run: Invalid input data: region: Field required" in shown
    assert "Invalid input data: region: Field required" in text(client, f"/schedules/{row.id}/")
    Schedule.objects.filter(pk=row.pk).update(sealed_given="nonsense")
    assert "will start no run: This secret was sealed under another key" in attention(client)


def test_without_the_right_to_see_values_no_error_is_told(
    client: Client, settings: Any, django_user_model: type[User]
) -> None:
    row, unfit = Schedule.objects.get(pk=MORNING), made(client)
    row.firings.create(
        outcome="failed", error="Invalid input data: '4711'", due_at=timezone.now(), fired_at=timezone.now()
    )
    Schedule.objects.filter(pk=unfit.pk).update(sealed_given=seal('{"input": {"place": "north"}}'))
    accounts(settings, other := Client(), django_user_model, "view_run")
    shown = attention(other)
    assert "its schedule could not start a run" in shown
    assert "its schedule will start no run" in shown
    for page in (shown, text(other, f"/schedules/{row.id}/"), text(other, f"/schedules/{unfit.id}/")):
        assert "4711" not in page
        assert "region" not in page
    assert "does not take what this gives" in text(other, f"/schedules/{unfit.id}/")


def test_one_that_nobody_starts_needs_attention_unless_it_waits_for_its_last_run(client: Client) -> None:
    now = timezone.now()
    late = {"cron": "@daily", "next_at": now - timedelta(minutes=5), "created_at": now, "changed_at": now}
    Schedule.objects.create(id="lost", workflow_id="gone", **late)
    Schedule.objects.create(id="queued", workflow_id="gone", overlap="queue", **late)
    Run.objects.create(id="open", workflow_id="gone", status="running", created_at=now, updated_at=now)
    Firing.objects.create(schedule_id="queued", run_id="open", due_at=now, fired_at=now, outcome="started")
    shown = attention(client)
    assert 'href="/schedules/lost/"' in shown
    assert "its schedule is overdue: no process starts its runs" in shown
    assert "/schedules/queued/" not in shown
    Run.objects.filter(pk="open").update(status="success", finished_at=now)
    assert 'href="/schedules/queued/"' in attention(client)


def test_who_may_not_look_at_a_workflow_sees_nothing_of_its_schedules(client: Client) -> None:
    Schedule.objects.filter(pk=MORNING).update(next_at=timezone.now() - timedelta(hours=1))
    with answering_to(Reach(frozenset({"view_run"}), {"report": frozenset()})):
        assert stuck(timezone.now()) == []
    assert [one.row.pk for one in stuck(timezone.now())] == [MORNING]


def test_what_is_not_there_is_not_found(client: Client) -> None:
    for address in ("/schedules/nothing/", "/schedules/nothing/edit/", "/workflows/nothing/schedules/new/"):
        text(client, address, 404)
    text(client, "/schedules/new/?workflow=nothing", 404)
    assert client.get("/schedules/new/?workflow=report")["Location"] == "/workflows/report/schedules/new/"
    assert client.post("/schedules/nothing/pause/").status_code == 404


def test_there_are_not_more_than_the_studio_looks_through(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.web.views.schedules.MOST", 3)
    response = client.post("/workflows/report/schedules/new/", FORM)
    assert response.status_code == 409
    assert "There are 3 schedules" in response.content.decode()


def test_rights_decide_who_sees_and_who_changes(client: Client, settings: Any, django_user_model: type[User]) -> None:
    row = made(Client())
    accounts(settings, client, django_user_model, "view_run")
    page = text(client, f"/schedules/{row.id}/")
    assert "north" not in page
    for verb in ("pause", "resume", "run", "delete", "edit"):
        assert f"/schedules/{row.id}/{verb}/" not in page
        assert client.post(f"/schedules/{row.id}/{verb}/").status_code == 403
    text(client, "/workflows/report/schedules/new/", 403)
    assert not row.firings.exists()


def test_who_may_not_look_sees_nothing(client: Client, settings: Any, django_user_model: type[User]) -> None:
    accounts(settings, client, django_user_model, "decide")
    for address in ("/schedules/", f"/schedules/{MORNING}/"):
        text(client, address, 403)

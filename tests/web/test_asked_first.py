"""What deletes for good asks first, and says what is lost; looking at the question deletes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.web.studio import DIALOG, accounts
from workflows_app.models import SavedInput, SavedView, Schedule, Trial, Webhook

pytestmark = pytest.mark.usefixtures("studio")


def schedule() -> tuple[str, str, str]:
    row = Schedule.objects.create(
        id="nightly", title="Nightly", workflow_id="order", cron="30 2 * * *",
        next_at=timezone.now(), created_at=timezone.now(), changed_at=timezone.now(),
    )  # fmt: skip
    for outcome in ("started", "missed"):
        row.firings.create(due_at=timezone.now(), fired_at=timezone.now(), outcome=outcome)
    return "/schedules/nightly/", "/schedules/nightly/delete/", "what came of 2 times is forgotten"


def view() -> tuple[str, str, str]:
    SavedView.objects.create(
        slug="late", title="Late", path="/runs/", query="", owner="local", is_shared=True, changed_at=timezone.now()
    )
    return "/views/late/edit/", "/views/late/delete/", "everybody"


def webhook() -> tuple[str, str, str]:
    hook = Webhook.objects.create(url="http://10.0.0.1/x", created_at=timezone.now())
    hook.deliveries.create(
        run_id="r", workflow_id="order", seq=1, kind="finished", at=timezone.now(), again_at=timezone.now()
    )
    return f"/settings/webhooks/{hook.pk}/", f"/settings/webhooks/{hook.pk}/delete/", "1 message"


def role() -> tuple[str, str, str]:
    group = Group.objects.create(name="Night")
    group.user_set.add(User.objects.create_user("grace"))
    return "/settings/roles/Night/", "/settings/roles/Night/delete/", "grace"


def trial() -> tuple[str, str, str]:
    test = SavedInput.objects.create(
        workflow_id="order", title="Small", owner="local", given="{}", changed_at=timezone.now()
    )
    Trial.objects.create(test=test, run_id="r", state="passed", started_at=timezone.now())
    return f"/workflows/order/tests/{test.pk}/", f"/workflows/order/tests/{test.pk}/delete/", "1 time"


KINDS: dict[str, tuple[Any, type[Any]]] = {
    "schedule": (schedule, Schedule),
    "view": (view, SavedView),
    "webhook": (webhook, Webhook),
    "role": (role, Group),
    "test": (trial, SavedInput),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_asks_and_says_what_is_lost(client: Client, kind: str) -> None:
    make, model = KINDS[kind]
    page, address, lost = make()
    there = model.objects.count()
    assert f'href="{address}" data-dialog' in client.get(page).content.decode()
    asked = client.get(address, headers=DIALOG).content.decode()
    assert lost in asked
    assert f'action="{address}"' in asked
    assert "<html" not in asked
    # Without script the same question is a page of its own.
    whole = client.get(address).content.decode()
    assert lost in whole
    assert f'href="{page}"' in whole
    assert model.objects.count() == there


@pytest.mark.parametrize("kind", KINDS)
def test_a_dialog_is_led_away_when_it_is_done(client: Client, kind: str) -> None:
    make, _ = KINDS[kind]
    _, address, _ = make()
    response = client.post(address, headers=DIALOG)
    assert response.headers["HX-Redirect"] in page_of_all(kind)


def page_of_all(kind: str) -> tuple[str, ...]:
    return {
        "schedule": ("/schedules/",), "view": ("/views/",), "webhook": ("/settings/webhooks/",),
        "role": ("/settings/roles/",), "test": ("/workflows/order/tests/",),
    }[kind]  # fmt: skip


def test_the_question_is_for_those_who_may(client: Client, settings: Any, django_user_model: type[User]) -> None:
    addresses = [make()[1] for make, _ in KINDS.values() if make is not role]
    accounts(settings, client, django_user_model, "view_run")
    assert {client.get(address).status_code for address in addresses} <= {403, 404}

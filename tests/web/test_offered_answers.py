"""A question may offer what an earlier step of its run gave."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.web.asking import soon
from tests.web.studio import order, started, wait_for
from workflows_app.models import Approval

pytestmark = pytest.mark.usefixtures("studio")


def picking() -> str:
    return wait_for(started("pick", None), "suspended")


def test_the_form_of_the_run_offers_what_the_step_gave(client: Client) -> None:
    run_id = picking()
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "Europe 1" in page
    assert 'name="answer.shards.1" value="1"' in page
    assert "<dt>Shards</dt><dd>eu-1, us-1</dd>" in page
    client.post(f"/runs/{run_id}/resume/?step=choose", {"answer.decision": "run", "answer.shards.1": "1"})
    result = order(wait_for(run_id, "success")).history.result
    assert result is not None
    assert result.data == {"shards": ["us-1"]}


def test_the_page_of_the_approval_offers_it_too_and_says_what_a_field_goes_with(client: Client) -> None:
    run_id = picking()
    approval = soon(lambda: Approval.objects.filter(run=run_id).first())
    page = client.get(f"/approvals/{approval.pk}/").content.decode()
    assert "America 1" in page
    assert "Only taken with: Stop." in page

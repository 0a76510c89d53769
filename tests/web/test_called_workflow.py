"""A tool that calls a workflow: its question is asked with the form of the workflow that asks."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.web.studio import order, started, wait_for
from tests.workflows.agents import calls, sure
from workflows_app import runtime

pytestmark = pytest.mark.usefixtures("studio")


def test_the_form_of_the_question_inside_is_shown_and_takes_the_answer(client: Client) -> None:
    engine = runtime.get_engine()
    for workflow in (sure, calls):
        engine.add_workflow(workflow.copy())
    run_id = wait_for(started("calls", {"inputData": "Leap"}), "suspended")
    page = client.get(f"/runs/{run_id}/").content.decode()
    assert "Are you sure?" in page
    assert 'name="answer.sure"' in page
    assert 'name="answer.note"' in page
    client.post(f"/runs/{run_id}/resume/?step=workflow-sure", {"answer.sure": "true", "answer.note": "Yes"})
    result = order(wait_for(run_id, "success")).history.result
    assert result is not None
    assert result.data["result"] == {"sure": True, "note": "Yes"}
    called = order(result.data["runId"])
    assert (called.head.workflow_id, called.head.status) == ("sure", "success")

"""What can be done to a run, and the sentence that says why something cannot."""

from __future__ import annotations

from typing import Any

import pytest

from workflows_app.web.inspector.acts import obstacle_of
from workflows_app.web.inspector.page import RunFacts

FINISHED = ("success", "failed", "canceled", "tripwire")


def run(status: str, **more: Any) -> RunFacts:
    facts = {"finished": status in FINISHED, **more}
    return RunFacts(id="r", workflow_id="w", status=status, seq=1, created_at=0, **facts)


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("pending", {"cancel", "delete"}),
        ("running", {"cancel"}),
        ("waiting", {"cancel", "time-travel", "delete"}),
        ("suspended", {"cancel", "time-travel", "delete"}),
        ("paused", {"cancel", "time-travel", "delete"}),
        ("success", {"time-travel", "delete"}),
        ("failed", {"time-travel", "delete"}),
        ("canceled", {"time-travel", "delete"}),
    ],
)
def test_each_status_allows_what_makes_sense(status: str, possible: set[str]) -> None:
    verbs = ("cancel", "restart", "time-travel", "delete")
    assert {verb for verb in verbs if not obstacle_of(verb, run(status))} == possible


def test_only_a_run_that_lost_its_process_is_restarted() -> None:
    assert "process has died" in obstacle_of("restart", run("running"))
    assert obstacle_of("restart", run("running", worker_lost=True)) == ""
    # What sleeps, or waits for its next try, needs no process until its time has come.
    assert "goes on by itself" in obstacle_of("restart", run("waiting"))


def test_a_run_that_lost_its_process_can_be_deleted() -> None:
    assert obstacle_of("delete", run("running", worker_lost=True)) == ""


@pytest.mark.parametrize("verb", ["cancel", "restart", "time-travel"])
def test_without_the_code_nothing_but_deleting_is_left(verb: str) -> None:
    gone = run("suspended", code_gone=True)
    assert "code" in obstacle_of(verb, gone)
    assert obstacle_of("delete", gone) == ""


@pytest.mark.parametrize("verb", ["cancel", "restart", "time-travel"])
def test_a_run_that_is_being_canceled_is_left_alone(verb: str) -> None:
    assert "canceled already" in obstacle_of(verb, run("canceled", finished=False))

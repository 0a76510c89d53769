"""How calls end: answers that a rewind carried, and what comes when nobody waits for it any more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.short import echo, go, started
from workflows_app import create_step, create_workflow
from workflows_app.engine import ends
from workflows_app.engine.active import ActiveRun, Underway
from workflows_app.engine.history import History
from workflows_app.engine.outcomes import Call
from workflows_app.engine.ports import RunHead
from workflows_app.errors import RunNotFound


def active() -> ActiveRun:
    workflow = create_workflow(id="w").then(echo("a")).commit()
    return ActiveRun(RunHead("r", "w"), workflow)


def test_data_of_a_rewind_that_does_not_fit_the_question_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    def ask(ctx: Any) -> Any:
        return ctx.suspend() if ctx.resume_data is None else ctx.resume_data

    async def scenario() -> None:
        asking = create_step(id="ask", execute=ask, resume_schema=int)
        run, _ = await started(create_workflow(id="w").then(asking).commit())
        assert (await run.resume(resume_data=1)).status == "success"
        assert (await run.time_travel(step="ask", resume_data="no number")).status == "suspended"
        assert (await run.resume(resume_data=2)).result == 2
        assert (await run.time_travel(step="ask", resume_data=3)).result == 3

    go(scenario())
    assert "the resume data of the time travel is ignored" in caplog.text


def test_a_step_that_cancels_itself_when_nobody_waits_for_it_records_nothing() -> None:
    run, call, underway = active(), Call("a", 1, None, None), Underway(1)
    run.history = History()
    run.calls["a"] = underway
    assert ends.cancelled(run, call, underway, [], 1, 10.0) == []
    assert run.calls == {}


def test_a_run_that_is_not_loaded_says_so() -> None:
    with pytest.raises(RunNotFound, match="is not loaded"):
        _ = active().known

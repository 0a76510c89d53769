"""A run whose record cannot be read says so, and stands in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.short import chain, echo, go, sus
from workflows_app import Engine, MemoryJournal
from workflows_app.engine import events as e
from workflows_app.engine.history import History
from workflows_app.engine.loading import needed
from workflows_app.engine.schema import Value
from workflows_app.errors import UnreadableEvent


def damage(journal: MemoryJournal, run_id: str) -> None:
    row = journal.rows[run_id]
    kind, version, at, path, by, _ = row.events[1]
    row.events[1] = (kind, version, at, path, by, '{"input":')


def test_a_list_tells_of_it_what_its_head_tells() -> None:
    async def scenario() -> None:
        journal, workflow = MemoryJournal(), chain(echo("a"))
        Engine([workflow], journal=journal)
        runs = [await workflow.create_run() for _ in range(2)]
        for run in runs:
            await run.start(input_data=1)
        damage(journal, runs[0].run_id)
        page = await workflow.list_workflow_runs()
        listed = {run.run_id: run for run in page.runs}
        assert [listed[run.run_id].status for run in runs] == ["success"] * 2
        assert [sorted(listed[run.run_id].steps or {}) for run in runs] == [[], ["a"]]
        with pytest.raises(UnreadableEvent):
            await workflow.get_workflow_run_by_id(runs[0].run_id)

    go(scenario())


def test_events_that_do_not_fit_one_another_are_named() -> None:
    with pytest.raises(UnreadableEvent, match="StepSucceeded"):
        History([e.StepSucceeded(1, "a", 1, Value.of(1))])


def test_a_review_passes_over_it() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        before = chain(sus("ask"), echo("behind"))
        engine = Engine([before], journal=journal)
        runs = [await before.create_run() for _ in range(2)]
        for run in runs:
            await run.start(input_data=1)
        await engine.close()
        damage(journal, runs[0].run_id)
        await Engine([chain(sus("other"))], journal=journal).review()
        reasons = [journal.rows[run.run_id].head.blocked_reason for run in runs]
        assert reasons[0] is None
        assert reasons[1] is not None

    go(scenario())


def test_before_a_fold_lists_and_states_must_be_there() -> None:
    absent, state, there = Value(None, "sha", 9), Value(None, "sho", 9), Value.of([1])
    started: list[Any] = [
        e.StepStarted(1, "a", 1, input=absent, role="foreach"),
        e.StepStarted(1, "b", 1, input=there, role="foreach"),
        e.StepStarted(1, "c", 1, input=absent),
        e.StepSucceeded(2, "c", 1, absent, state=state),
    ]
    assert needed(started) == [absent, state]

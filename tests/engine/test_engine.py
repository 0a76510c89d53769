"""Engines: the door to runs, from another process too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.short import Gate, Stubborn, echo, go, started, sus
from workflows_app import Engine, MemoryJournal, Workflow, create_step, create_workflow
from workflows_app.engine.ports import RunHead
from workflows_app.errors import InvalidInput, RunNotFound, StillRunning


def flow(step: Any, id: str = "w", **options: Any) -> Workflow:
    return create_workflow(id=id, **options).then(step).commit()


@pytest.mark.parametrize("run_id", ["", "x" * 201, 3])
def test_a_run_id_is_a_text_of_some_length(run_id: Any) -> None:
    async def scenario() -> None:
        workflow = flow(echo("a"))
        Engine([workflow])
        with pytest.raises(InvalidInput, match="1 to 200 characters"):
            await workflow.create_run(run_id=run_id)

    go(scenario())


def test_what_is_not_there_is_told() -> None:
    async def scenario() -> None:
        workflow, other = flow(echo("a")), flow(echo("a"), id="other")
        engine = Engine([workflow, other])
        run = await workflow.create_run()
        for asking in (engine.read("nothing"), engine.get_run("nothing"), engine.delete_run("nothing")):
            with pytest.raises(RunNotFound):
                await asking
        with pytest.raises(RunNotFound, match="of 'other' not found"):
            await other.delete_workflow_run_by_id(run.id)
        assert await other.get_workflow_run_by_id(run.id) is None
        await workflow.delete_workflow_run_by_id(run.id)
        assert await workflow.get_workflow_run_by_id(run.id) is None

    go(scenario())


def test_a_run_under_way_is_not_deleted() -> None:
    async def scenario() -> None:
        gate = Gate()
        workflow = flow(gate.step())
        Engine([workflow])
        run = await workflow.create_run()
        await run.start_async()
        await gate.begun.wait()
        with pytest.raises(StillRunning, match="Cancel it before"):
            await workflow.delete_workflow_run_by_id(run.id)
        gate.open.set()

    go(scenario())


@pytest.mark.parametrize("paging", [{"page": -1}, {"per_page": 0}, {"page": 1.5}])
def test_a_page_that_cannot_be_is_refused(paging: dict[str, Any]) -> None:
    async def scenario() -> None:
        workflow = flow(echo("a"))
        Engine([workflow])
        with pytest.raises(InvalidInput, match="must be a whole number"):
            await workflow.list_workflow_runs(**paging)

    go(scenario())


def test_a_field_that_is_not_known_is_refused() -> None:
    async def scenario() -> None:
        run, _ = await started(flow(echo("a")))
        with pytest.raises(InvalidInput, match="fields are a list of texts, got 'status'"):
            await run.workflow.get_workflow_run_by_id(run.id, fields="status")
        with pytest.raises(InvalidInput, match="Unknown fields \\['colour'\\]"):
            await run.workflow.get_workflow_run_by_id(run.id, fields=["colour"])

    go(scenario())


def test_a_cancel_of_another_process_reaches_the_step() -> None:
    async def scenario() -> None:
        seen: list[str] = []

        async def patient(ctx: Any) -> None:
            seen.append("begun")
            await ctx.abort_signal.wait()
            seen.append("aborted")

        journal = MemoryJournal()
        workflow = flow(create_step(id="patient", execute=patient))
        here, there = Engine([workflow], journal=journal), Engine([workflow], journal=journal)
        run = await here.get_workflow("w").create_run()
        starting = asyncio.create_task(run.start())
        while not seen:
            await asyncio.sleep(0)
        await here.hear_news()
        assert seen == ["begun"]
        await (await there.get_run(run.id)).cancel()
        await there.hear_news()
        await here.hear_news()
        assert (await starting).status == "canceled"
        assert seen == ["begun", "aborted"]

    go(scenario())


def test_a_run_that_cannot_be_restarted_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        gates = {name: Gate() for name in ("one", "two")}
        crashing = Engine([flow(gate.step(), id=name) for name, gate in gates.items()], journal=journal)
        for name, gate in gates.items():
            await (await crashing.get_workflow(name).create_run(run_id=name)).start_async()
            await gate.begun.wait()
        crashing.kill()
        engine = Engine([flow(echo("renamed"), id="one"), flow(echo("held"), id="two")], journal=journal)
        await engine.restart_all_active_workflow_runs()
        assert (await engine.head("two")).status == "success"
        assert (await engine.head("one")).status == "running"

    go(scenario())
    assert "a run could not be restarted: The workflow 'one' has no held any more" in caplog.text


def test_a_run_that_is_deleted_meanwhile_keeps_no_other_from_being_restarted(caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(MemoryJournal):
        """A journal in which a run is deleted after it was listed."""

        async def head(self, run_id: str) -> RunHead | None:
            self.rows.pop("gone", None)
            return await super().head(run_id)

    async def scenario() -> None:
        journal, gate = Forgetful(), Gate()
        crashing = Engine([flow(gate.step())], journal=journal)
        for name in ("kept", "gone"):
            await (await crashing.get_workflow("w").create_run(run_id=name)).start_async()
        while gate.calls < 2:
            await asyncio.sleep(0)
        crashing.kill()
        gate.open.set()
        engine = Engine([flow(gate.step())], journal=journal)
        await engine.restart_all_active_workflow_runs()
        assert (await engine.head("kept")).status == "success"

    go(scenario())
    assert "a run could not be restarted: Run 'gone' not found." in caplog.text


def test_a_run_that_is_gone_by_the_time_it_is_looked_at_is_passed_over() -> None:
    class Forgetful(MemoryJournal):
        """A journal whose runs are deleted between two looks."""

        async def read(self, run_id: str, *, after: int = 0, resolve: bool = True) -> None:
            return None

    async def scenario() -> None:
        journal = Forgetful()
        await journal.create(replace(RunHead("r", "w"), fingerprint="of another graph", status="suspended"))
        engine = Engine([flow(sus("a"))], journal=journal)
        await engine.review()
        assert (await engine.head("r")).blocked_reason is None

    go(scenario())


def test_a_cancel_waits_no_longer_than_its_grace() -> None:
    async def scenario() -> None:
        stubborn = Stubborn()
        workflow = flow(stubborn.step)
        Engine([workflow], cancel_grace=0.01)
        run = await workflow.create_run()
        starting = asyncio.create_task(run.start())
        await stubborn.began.wait()
        await run.cancel()
        result = await starting
        assert (result.status, result.steps["stubborn"].status) == ("canceled", "canceled")
        stubborn.end.set()

    go(scenario())


def test_who_waits_for_a_run_that_sleeps_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows_app.engine.resting.POLL_SECONDS", 0.01)

    async def scenario() -> None:
        workflow = create_workflow(id="w").sleep(0.1).then(echo("a")).commit()
        _, result = await started(workflow, 1)
        assert (result.status, result.result) == ("success", 1)

    go(scenario())


def test_a_restart_may_be_asked_for_without_waiting() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        crashing = Engine([flow(gate.step())], journal=journal)
        run = await crashing.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        await gate.begun.wait()
        crashing.kill()
        gate.open.set()
        engine = Engine([flow(gate.step())], journal=journal)
        again = await engine.get_run(run.id)
        assert await again.restart_async() == run.id
        assert (await again.observe_stream().result).result == 1
        assert gate.calls == 2

    go(scenario())

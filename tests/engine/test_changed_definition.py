"""A run whose workflow has changed since: it goes on where that is safe, and waits for a person where not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.short import ForwardClock, Gate
from workflows_app.engine import DefinitionChanged, Engine, MemoryJournal, RetryPolicy, create_step, create_workflow
from workflows_app.engine.history import History
from workflows_app.engine.workflow import Workflow


async def ask(ctx: Any) -> Any:
    return await ctx.suspend({}) if ctx.resume_data is None else ctx.resume_data


def echo(ctx: Any) -> Any:
    return ctx.input_data


def workflow_of(*ids: str) -> Workflow:
    workflow = create_workflow(id="w")
    for step_id in ids:
        workflow.then(create_step(id=step_id, execute=ask if step_id == "ask" else echo))
    return workflow.commit()


async def suspended(journal: MemoryJournal) -> str:
    run = await Engine([workflow_of("first", "ask")], journal=journal).get_workflow("w").create_run()
    assert (await run.start(input_data=1)).status == "suspended"
    run_id: str = run.id
    return run_id


def test_a_step_that_was_added_behind_is_run() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        run = await Engine([workflow_of("first", "ask", "last")], journal=journal).get_run(run_id)
        result = await run.resume(resume_data="yes")
        assert (result.status, result.step_execution_path) == ("success", ["first", "ask", "ask", "last"])

    asyncio.run(scenario())


def test_a_step_that_is_gone_refuses_the_answer_and_keeps_the_question() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        run = await Engine([workflow_of("ask")], journal=journal).get_run(run_id)
        with pytest.raises(DefinitionChanged, match="first"):
            await run.resume(resume_data="yes")
        assert (await run.engine.head(run_id)).status == "suspended"

    asyncio.run(scenario())


def test_a_timer_does_not_wake_a_run_whose_steps_are_gone(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        before = create_workflow(id="w").then(create_step(id="first", execute=echo)).sleep(60).commit()
        first = Engine([before], journal=journal)
        run = await first.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        while (await first.head(run.id)).status != "waiting":
            await asyncio.sleep(0.005)
        first.kill()
        second = Engine([workflow_of("other")], journal=journal, clock=ForwardClock(60))
        assert [await second.fire_due_timers() for _ in range(2)] == [0, 0]
        head = await second.head(run.id)
        assert (head.status, head.blocked_reason) == ("waiting", "The workflow 'w' has no first, sleep_w_0 any more.")

    asyncio.run(scenario())
    assert len([record for record in caplog.records if "is left as it is" in record.message]) == 1


def test_a_step_that_was_added_before_a_step_that_waits_leaves_no_timer_behind() -> None:
    def workflow(*before: str) -> Workflow:
        def stumble(ctx: Any) -> Any:
            if ctx.retry_count == 0:
                raise ValueError("the first time it fails")

        made = create_workflow(id="w")
        for step_id in before:
            made.then(create_step(id=step_id, execute=echo))
        return made.then(create_step(id="later", execute=stumble, retry=RetryPolicy(attempts=1, delay=60))).commit()

    async def scenario() -> None:
        journal = MemoryJournal()
        first = Engine([workflow("first")], journal=journal)
        run = await first.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        while (await first.head(run.id)).status != "waiting":
            await asyncio.sleep(0.005)
        first.kill()
        second = Engine([workflow("first", "added")], journal=journal, clock=ForwardClock(60))
        assert await second.fire_due_timers() == 1
        while not (await second.head(run.id)).finished_at:
            await asyncio.sleep(0.005)
        assert journal.rows[run.id].waits == {}
        await second.close()

    asyncio.run(scenario())


def test_a_timer_that_is_left_to_others_does_not_ring_all_the_time() -> None:
    class Counting(MemoryJournal):
        reads = 0

        async def read(self, *args: Any, **options: Any) -> Any:
            self.reads += 1
            return await super().read(*args, **options)

    async def scenario() -> None:
        journal = Counting()
        before = create_workflow(id="w").then(create_step(id="first", execute=echo)).sleep(60).commit()
        first = Engine([before], journal=journal)
        run = await first.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        while (await first.head(run.id)).status != "waiting":
            await asyncio.sleep(0.005)
        first.kill()
        second = Engine([workflow_of("other")], journal=journal, clock=ForwardClock(60))
        journal.reads = 0
        assert await second.fire_due_timers() == 0
        await asyncio.sleep(0.2)
        assert journal.reads <= 3
        await second.close()

    asyncio.run(scenario())


def test_force_answers_all_the_same_and_what_is_gone_is_not_missed_again() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        engine = Engine([workflow_of("ask", "last")], journal=journal)
        run = await engine.get_run(run_id)
        await engine.review()
        assert (await engine.head(run_id)).blocked_reason == "The workflow 'w' has no first any more."
        result = await run.resume(resume_data="yes", force=True)
        assert (result.status, result.result) == ("success", "yes")
        assert (await engine.head(run_id)).blocked_reason is None

    asyncio.run(scenario())


def test_a_step_that_became_a_foreach_blocks_the_run() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        changed = create_workflow(id="w").foreach(create_step(id="first", execute=echo))
        changed.then(create_step(id="ask", execute=ask))
        engine = Engine([changed.commit()], journal=journal)
        with pytest.raises(DefinitionChanged, match="has something else at first") as refused:
            await (await engine.get_run(run_id)).resume(resume_data="yes")
        assert refused.value.details == {"changed": ["first"]}

    asyncio.run(scenario())


def test_items_and_nested_steps_are_found_again_in_a_longer_graph() -> None:
    def shape(*, longer: bool) -> Workflow:
        each = create_workflow(id="each").then(create_step(id="ask", execute=ask)).commit()
        workflow = create_workflow(id="w").foreach(create_step(id="first", execute=echo)).foreach(each)
        return (workflow.sleep(0) if longer else workflow).commit()

    async def scenario() -> None:
        journal = MemoryJournal()
        run = await Engine([shape(longer=False)], journal=journal).get_workflow("w").create_run()
        assert (await run.start(input_data=[1, 2])).status == "suspended"
        engine = Engine([shape(longer=True)], journal=journal)
        await engine.review()
        assert (await engine.head(run.id)).blocked_reason is None
        later = await engine.get_run(run.id)
        await later.resume(resume_data="a")
        assert (await later.resume(resume_data="b")).result == ["a", "b"]

    asyncio.run(scenario())


def test_the_note_goes_when_the_old_graph_comes_back() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        await Engine([workflow_of("ask")], journal=journal).review()
        restored = Engine([workflow_of("first", "ask")], journal=journal)
        assert (await restored.head(run_id)).blocked_reason
        await restored.review()
        assert (await restored.head(run_id)).blocked_reason is None

    asyncio.run(scenario())


def test_a_person_may_let_a_sleeping_run_go_on_with_the_new_graph() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        before = create_workflow(id="w").then(create_step(id="first", execute=echo)).sleep(60, id="rest").commit()
        first = Engine([before], journal=journal)
        run = await first.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        while (await first.head(run.id)).status != "waiting":
            await asyncio.sleep(0.005)
        first.kill()
        second = Engine([workflow_of("first", "last")], journal=journal)
        await (await second.get_run(run.id)).adopt_definition(by="ann")
        while not (head := await second.head(run.id)).finished_at:
            await asyncio.sleep(0.005)
        assert head.status == "success"
        assert [event.by for event in (await second.read(run.id)).events if event.kind == "RunMigrated"] == ["ann"]

    asyncio.run(scenario())


def test_a_canceled_run_needs_no_definition() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run_id = await suspended(journal)
        run = await Engine([workflow_of("other")], journal=journal).get_run(run_id)
        await run.cancel()
        assert (await run.engine.head(run_id)).status == "canceled"

    asyncio.run(scenario())


@pytest.mark.parametrize("verb", ["cancel", "resume"])
def test_nothing_is_waited_for_any_more_where_the_graph_has_lost_it(verb: str) -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        gate, workflow = Gate(), create_workflow(id="w")
        workflow.parallel([create_step(id="ask", execute=ask), create_step(id="gone", execute=ask), gate.step()])
        first = Engine([workflow.commit()], journal=journal)
        run = await first.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        while [event.kind for event in (await first.read(run.id)).events].count("StepSuspended") < 2:
            await asyncio.sleep(0.005)
        gate.open.set()
        while (await first.head(run.id)).status != "suspended":
            await asyncio.sleep(0.005)
        shorter = create_workflow(id="w").parallel([create_step(id="ask", execute=ask), gate.step()]).commit()
        again = await Engine([shorter], journal=journal).get_run(run.id)
        if verb == "cancel":
            await again.cancel()
        else:
            assert (await again.resume(step="ask", resume_data="yes", force=True)).status == "success"
        assert journal.rows[run.id].waits == {}
        await first.close()
        records = History((await first.read(run.id)).events).records.values()
        assert [record.path for record in records if record.is_open] == []

    asyncio.run(scenario())

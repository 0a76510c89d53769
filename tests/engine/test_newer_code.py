"""A process with older code beside one with newer: it leaves alone what it does not know."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.engine.short import Gate, echo, go, sus
from workflows_app.engine import Engine, MemoryJournal, Step, create_workflow
from workflows_app.engine.history import History


def engine_of(journal: MemoryJournal, slow: Step, *asking: Step, **options: Any) -> Engine:
    workflow = create_workflow(id="w").parallel([slow, list(asking)]).then(echo("last")).commit()
    return Engine([workflow], journal=journal, **options)


async def begun(engine: Engine) -> Any:
    """Start a run, and wait until a step of it asks."""
    run = await engine.get_workflow("w").create_run()
    await run.start_async(input_data=1)
    while "StepSuspended" not in [event.kind for event in (await engine.read(run.id)).events]:
        await asyncio.sleep(0.005)
    return run


def test_the_outcome_of_a_step_is_left_to_the_code_that_knows_the_rest() -> None:
    async def scenario() -> None:
        journal, old, new, extra = MemoryJournal(), Gate(), Gate(), Gate()
        before = engine_of(journal, old.step("slow"), sus("ask"))
        after = engine_of(journal, new.step("slow"), sus("ask"), extra.step("extra"))
        run = await begun(before)
        newer = await after.get_run(run.id)
        await newer.resume_async(step="ask", resume_data="yes")
        await extra.begun.wait()
        old.open.set()
        while before.turns.active:
            await asyncio.sleep(0.005)
        assert await after.recover() == 1
        new.open.set()
        extra.open.set()
        assert (await newer.observe_stream().finish()).status == "success"
        assert (old.calls, new.calls) == (1, 1)
        assert History((await after.read(run.id)).events).records["slow"].crashes == 0
        await before.close()
        await after.close()

    go(scenario())


def test_a_run_that_newer_code_has_ended_stays_as_it_is() -> None:
    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        gate.open.set()
        before = engine_of(journal, gate.step("slow"), sus("ask"))
        after = engine_of(journal, gate.step("slow"), sus("ask"), echo("extra"))
        run = await begun(before)
        await before.close()
        assert (await (await after.get_run(run.id)).resume(resume_data="yes")).status == "success"
        older = await engine_of(journal, gate.step("slow"), sus("ask")).get_run(run.id)
        await older.cancel()
        assert (await after.head(run.id)).status == "success"
        await after.close()

    go(scenario())


def test_a_run_that_newer_code_runs_is_canceled_by_older_code() -> None:
    async def scenario() -> None:
        journal, gate, extra = MemoryJournal(), Gate(), Gate()
        gate.open.set()
        after = engine_of(journal, gate.step("slow"), sus("ask"), extra.step("extra"))
        newer = await begun(after)
        await newer.resume_async(step="ask", resume_data="yes")
        await extra.begun.wait()
        older = await engine_of(journal, gate.step("slow"), sus("ask")).get_run(newer.id)
        await older.cancel()
        older = await engine_of(journal, gate.step("slow"), sus("ask")).get_run(newer.id)
        await older.cancel()
        assert (await after.head(newer.id)).status == "canceled"
        extra.open.set()
        assert (await newer.observe_stream().finish()).status == "canceled"
        await after.close()

    go(scenario())


def test_what_was_under_way_gets_what_it_got_before_when_a_step_was_added_before_it() -> None:
    """Of two members the second begins only once the new graph lets two be performed at a time."""

    def engine_of(journal: MemoryJournal, held: Gate, most: int, *added: Step) -> Engine:
        workflow = create_workflow(id="w", max_concurrency=most).parallel([sus("ask"), echo("plain")], id="before")
        for step in added:
            workflow.then(step)
        return Engine([workflow.parallel([held.step("held"), echo("other")], id="both").commit()], journal=journal)

    async def scenario() -> None:
        journal, gate = MemoryJournal(), Gate()
        before = engine_of(journal, gate, 1)
        run = await before.get_workflow("w").create_run()
        assert (await run.start(input_data=1)).status == "suspended"
        await run.resume_async(resume_data=2)
        await gate.begun.wait()
        between = engine_of(journal, gate, 1, echo("added"))
        newer = await between.get_run(run.id)
        await newer.adopt_definition()
        await newer.break_before(["added"])
        after = engine_of(journal, gate, 2, echo("added"))
        await (await after.get_run(run.id)).clear_breakpoints()
        before.kill()
        gate.open.set()
        assert await after.recover() == 1
        result = await (await after.get_run(run.id)).observe_stream().finish()
        both = {"ask": 2, "plain": 1}
        assert (result.status, result.result) == ("success", {"held": both, "other": both})
        assert result.step_execution_path == ["ask", "plain", "ask", "held", "other", "added", "held"]
        await between.close()
        await after.close()

    go(scenario())

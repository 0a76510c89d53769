"""The dry run of a verb: what it says it would do is what the verb then does, and it changes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workflows_app.engine import Engine, InvalidInput, NotActive, UnknownStep, create_step, create_workflow
from workflows_app.engine.workflow import Workflow


def a_chain() -> Workflow:
    async def add(ctx: Any) -> int:
        return int(ctx.input_data) + 1

    async def ask(ctx: Any) -> Any:
        return await ctx.suspend({"sure": True}) if ctx.resume_data is None else ctx.input_data

    return (
        create_workflow(id="chain")
        .then(create_step(id="first", execute=add))
        .then(create_step(id="mail", execute=add, effects=["sends a mail"]))
        .then(create_step(id="ask", execute=ask))
        .commit()
    )


def test_time_travel_names_what_runs_again_and_which_effects_repeat() -> None:
    async def scenario() -> None:
        run = await Engine([a_chain()]).get_workflow("chain").create_run()
        await run.start(input_data=1)
        await run.resume(resume_data=True)
        plan = await run.preview("time_travel", step="mail")
        assert (plan.runs_again, plan.reused) == (["mail", "ask"], ["first"])
        assert plan.effects == {"mail": ["sends a mail"]}
        assert plan.to_json()["runsAgain"] == ["mail", "ask"]

    asyncio.run(scenario())


def test_a_preview_changes_nothing() -> None:
    async def scenario() -> None:
        engine = Engine([a_chain()])
        run = await engine.get_workflow("chain").create_run()
        await run.start(input_data=1)
        before = await engine.head(run.id)
        await run.preview("cancel")
        await run.preview("resume", resume_data=True)
        assert await engine.head(run.id) == before

    asyncio.run(scenario())


def test_cancel_names_the_questions_that_are_withdrawn() -> None:
    async def scenario() -> None:
        run = await Engine([a_chain()]).get_workflow("chain").create_run()
        await run.start(input_data=1)
        plan = await run.preview("cancel")
        assert (plan.withdrawn, plan.runs_again, plan.reused) == (["ask"], [], ["first", "mail"])

    asyncio.run(scenario())


def test_cancel_names_the_steps_that_are_stopped() -> None:
    async def scenario() -> None:
        is_under_way = asyncio.Event()

        async def work(ctx: Any) -> None:
            is_under_way.set()
            await ctx.abort_signal.wait()

        working = create_step(id="work", execute=work, effects=["sends a mail"])
        Engine([both := create_workflow(id="both").parallel([working]).commit()])
        run = await both.create_run()
        await run.start_async(input_data=1)
        await asyncio.wait_for(is_under_way.wait(), 20)
        plan = await run.preview("cancel")
        assert (plan.canceled, plan.runs_again) == (["work"], [])
        await run.cancel()
        assert (await run.preview("cancel")).canceled == []

    asyncio.run(scenario())


def test_time_travel_to_one_item_withdraws_no_question_of_another() -> None:
    async def scenario() -> None:
        ask = create_step(id="ask", execute=lambda ctx: ctx.suspend({"sure": ctx.input_data}))
        Engine([each := create_workflow(id="each").foreach(ask, concurrency=2).commit()])
        run = await each.create_run()
        await run.start(input_data=[1, 2])
        plan = await run.preview("time_travel", step="ask[1]")
        assert (plan.runs_again, plan.withdrawn) == (["ask[1]"], [])
        assert (await run.time_travel(step="ask[1]")).suspended == [["ask", 0], ["ask", 1]]
        assert (await run.preview("cancel")).withdrawn == ["ask[0]", "ask[1]"]

    asyncio.run(scenario())


def test_time_travel_withdraws_the_question_of_a_member_whose_result_is_given() -> None:
    async def scenario() -> None:
        asking = [create_step(id=name, execute=lambda ctx: ctx.suspend({})) for name in ("ask", "ask2")]
        other = create_step(id="other", execute=lambda ctx: 1)
        Engine([block := create_workflow(id="block").parallel([*asking, other]).commit()])
        run = await block.create_run()
        await run.start(input_data=1)
        assert (await run.preview("time_travel", step="other")).withdrawn == []
        context = {"ask2": {"output": 1}}
        assert (await run.preview("time_travel", step="other", context=context)).withdrawn == ["ask2"]

    asyncio.run(scenario())


def test_resume_runs_the_asking_step_again() -> None:
    async def scenario() -> None:
        run = await Engine([a_chain()]).get_workflow("chain").create_run()
        await run.start(input_data=1)
        plan = await run.preview("resume", resume_data=True)
        assert (plan.runs_again, plan.reused, plan.withdrawn) == (["ask"], ["first", "mail"], [])

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("verb", "arguments", "error"),
    [
        ("time_travel", {"step": "nope"}, UnknownStep),
        ("time_travel", {}, UnknownStep),
        ("restart", {}, NotActive),
        ("delete", {}, InvalidInput),
    ],
)
def test_a_refused_verb_has_no_preview(verb: str, arguments: dict[str, Any], error: type[Exception]) -> None:
    async def scenario() -> None:
        run = await Engine([a_chain()]).get_workflow("chain").create_run()
        await run.start(input_data=1)
        with pytest.raises(error):
            await run.preview(verb, **arguments)

    asyncio.run(scenario())

"""A guard that stops an agent stops the run, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.agents import Says, delta
from tests.engine.short import boom, chain, echo, go, started
from workflows_app import Engine, MemoryJournal, NotActive, NotSuspended, Tripwire, create_step, create_workflow

PROMPT = {"prompt": "What is the card number?"}
STOP = {"type": "tripwire", "reason": "A card number", "metadata": {"digits": 16}, "processorId": "cards"}
TOLD = {"reason": "A card number", "metadata": {"digits": 16}, "processorId": "cards"}


def guarded(*chunks: Any, **options: Any) -> Any:
    return create_step(Says(delta("It is "), *(chunks or [STOP]), delta("never")), **options)


async def stopped(workflow: Any) -> Any:
    run, result = await started(workflow, PROMPT)
    assert result.status == "tripwire"
    return run, result


def test_the_run_and_the_step_say_what_the_guard_said() -> None:
    async def scenario() -> None:
        workflow = chain(guarded(), echo("next"))
        run, result = await stopped(workflow)
        assert result.tripwire == TOLD
        assert result.error == {"name": "Tripwire", "message": "A card number"}
        step = result.steps["sage"]
        assert (step.status, step.tripwire, step.error) == ("failed", TOLD, result.error)
        assert "next" not in result.steps
        document = result.to_json()
        assert document["tripwire"] == document["steps"]["sage"]["tripwire"] == TOLD
        stored = await workflow.get_workflow_run_by_id(run.id)
        assert stored is not None
        assert (stored.status, stored.tripwire) == ("tripwire", TOLD)
        assert stored.to_json()["tripwire"] == TOLD
        assert (await workflow.list_workflow_runs(status="tripwire")).total == 1

    go(scenario())


def test_the_stream_ends_with_the_guards_words() -> None:
    async def scenario() -> None:
        workflow = chain(guarded())
        Engine([workflow])
        stream = (await workflow.create_run()).stream(input_data=PROMPT)
        *_, told, finish = [event["payload"] async for event in stream]
        assert (told["status"], told["tripwire"]) == ("failed", TOLD)
        assert (finish["workflowStatus"], finish["tripwire"]) == ("tripwire", TOLD)
        assert (await stream.result).status == "tripwire"

    go(scenario())


def test_a_reason_is_not_needed() -> None:
    async def scenario() -> None:
        _, result = await stopped(chain(guarded({"type": "tripwire"})))
        assert result.tripwire == {"reason": "A guard stopped the agent."}

    go(scenario())


def test_a_guards_stop_passes_through_nested_workflows_and_lists() -> None:
    async def scenario() -> None:
        inner = create_workflow(id="inner").then(guarded()).commit()
        for workflow in (
            create_workflow(id="wf").then(inner),
            create_workflow(id="wf").map(lambda ctx: [ctx.input_data]).foreach(inner),
            create_workflow(id="wf").parallel([inner, echo("b")]),
            create_workflow(id="wf").dowhile(inner, lambda ctx: False),
        ):
            _, result = await stopped(workflow.commit())
            assert result.tripwire == TOLD

    go(scenario())


def test_the_first_failure_in_order_decides_whether_a_guard_stopped_the_run() -> None:
    async def scenario() -> None:
        _, result = await started(create_workflow(id="wf").parallel([boom("a"), guarded()]).commit(), PROMPT)
        assert (result.status, result.tripwire) == ("failed", None)
        _, result = await started(
            create_workflow(id="wf").parallel([guarded(), echo("b")], on_error="collect").commit(), PROMPT
        )
        assert result.result == {"sage": None, "b": PROMPT}

    go(scenario())


@pytest.mark.parametrize(("retry", "tries"), [(False, 1), (True, 3)])
def test_a_guards_stop_is_tried_again_only_if_the_guard_says_so(retry: bool, tries: int) -> None:
    async def scenario() -> None:
        agent = Says({**STOP, "retry": retry})
        _, result = await stopped(chain(create_step(agent, retries=2)))
        assert len(agent.asked) == tries
        assert result.tripwire.get("retry", False) is retry

    go(scenario())


def test_callbacks_hear_of_it() -> None:
    async def scenario() -> None:
        heard: list[Any] = []
        options = {"on_finish": heard.append, "on_error": heard.append}
        await stopped(chain(guarded(), **options))
        assert [(info.status, info.tripwire) for info in heard] == [("tripwire", TOLD)] * 2

    go(scenario())


def test_the_run_is_over() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        workflow = chain(guarded())
        Engine([workflow], journal=journal)
        run = await workflow.create_run()
        await run.start(input_data=PROMPT)
        again = await run.restart()
        assert (again.status, again.tripwire) == ("tripwire", TOLD)
        await run.cancel()
        assert (await run.engine.head(run.id)).status == "tripwire"
        with pytest.raises(NotSuspended):
            await run.resume(resume_data=1)
        with pytest.raises(NotActive):
            await run.step()

    go(scenario())


def test_time_travel_takes_it_up_again() -> None:
    async def scenario() -> None:
        agent = Says(STOP)
        run, _ = await stopped(chain(create_step(agent)))
        agent.chunks = [delta("Ask in person.")]
        result = await run.time_travel(step="sage")
        assert (result.status, result.result, result.tripwire) == ("success", {"text": "Ask in person."}, None)

    go(scenario())


def test_any_step_may_stop_the_run_as_a_guard() -> None:
    async def scenario() -> None:
        def guard(ctx: Any) -> Any:
            raise Tripwire("Not today", metadata={"why": object()})

        _, result = await stopped(chain(create_step(id="guard", execute=guard)))
        assert result.tripwire == {"reason": "Not today"}

    go(scenario())


def test_an_error_that_is_only_called_tripwire_is_a_failure() -> None:
    async def scenario() -> None:
        class Lookalike(Exception):
            tripwire = "I wish"

        Lookalike.__name__ = "Tripwire"

        def fail(ctx: Any) -> Any:
            raise Lookalike("no")

        _, result = await started(chain(create_step(id="a", execute=fail)), 1)
        assert (result.status, result.tripwire) == ("failed", None)

    go(scenario())

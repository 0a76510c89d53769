"""The spans of runs, as an exporter of OpenTelemetry gets them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from pydantic import BaseModel, SecretStr

from tests.telemetry.collector import Collector, attributes
from workflows_app import Engine, RetryPolicy, StepContext, Workflow, create_step, create_workflow
from workflows_app.engine.memory import MemoryJournal


class Login(BaseModel):
    password: SecretStr


PARENT = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "parentSpanId": "00f067aa0ba902b7"}


@pytest.fixture
def collector() -> Collector:
    return Collector()


def do(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


async def outcome(engine: Engine, name: str, **options: Any) -> Any:
    run = await engine.get_workflow(name).create_run()
    return await run.start(**options)


def returns(name: str, value: Any = None) -> Any:
    return create_step(id=name, execute=lambda ctx: value)


def test_a_run_and_its_steps_are_one_trace_with_the_ids_that_they_told(collector: Collector) -> None:
    seen: list[str] = []

    def look(ctx: StepContext) -> str:
        seen.append(ctx.span_id)
        return "made"

    workflow = create_workflow(id="wf").then(create_step(id="look", execute=look)).commit()
    result = do(outcome(collector.engine(workflow), "wf", input_data={"n": 1}))
    assert collector.tree() == {"workflow run: 'wf'": {"workflow step: 'look'": {}}}
    run, step = collector.named("workflow run: 'wf'"), collector.named("workflow step: 'look'")
    assert run.context is not None
    assert step.context is not None
    assert {f"{span.context.trace_id:032x}" for span in (run, step) if span.context} == {result.trace_id}
    assert (f"{run.context.span_id:016x}", f"{step.context.span_id:016x}") == (result.span_id, seen[0])
    assert attributes(run) == {
        "id": "wf", "run_id": result.run_id, "node.kind": "run", "status": "success",
        "input": '{"n":1}', "output": '"made"',
    }  # fmt: skip
    assert attributes(step) == {
        "id": "wf", "run_id": result.run_id, "node.kind": "step", "path": "look", "step": "look", "status": "success",
        "attempt": 1, "input": '{"n":1}', "output": '"made"',
    }  # fmt: skip
    assert (run.start_time or 0) <= (step.start_time or 0) <= (step.end_time or 0) <= (run.end_time or 0)


def test_blocks_stand_between_a_run_and_its_steps(collector: Collector) -> None:
    inner = (
        create_workflow(id="inner")
        .branch([(lambda ctx: True, returns("taken")), (lambda ctx: False, returns("left"))])
        .commit()
    )
    workflow = (
        create_workflow(id="wf")
        .parallel([returns("a"), inner], id="both")
        .map(lambda ctx: [1, 2], id="list")
        .foreach(returns("each", 0))
        .map(lambda ctx: 0, id="zero")
        .dountil(create_step(id="count", execute=lambda ctx: ctx.input_data + 1), lambda ctx: ctx.input_data >= 2)
        .sleep(0.001, id="nap")
        .commit()
    )
    do(outcome(collector.engine(workflow), "wf", input_data={}))
    condition = "condition: 'taken'"
    branch = inner.root.children()[0].id
    loop = workflow.root.children()[4].id
    assert collector.tree() == {
        "workflow run: 'wf'": {
            "parallel: 'both'": {
                "workflow step: 'a'": {},
                "workflow: 'inner'": {
                    f"branch: {branch!r}": {condition: {}, "condition: 'left'": {}, "workflow step: 'taken'": {}}
                },
            },
            "map: 'list'": {},
            "foreach: 'each'": {"workflow step: 'each'": {}},
            "map: 'zero'": {},
            f"loop: {loop!r}": {"workflow step: 'count'": {}, "condition: 'count'": {}},
            "sleep: 'nap'": {},
        }
    }
    assert len([span for span in collector.spans if span.name == "workflow step: 'each'"]) == 2
    assert {attributes(span)["path"] for span in collector.spans if "'count'" in span.name} == {
        "count#1", "count#2", "count#1/condition", "count#2/condition"
    }  # fmt: skip


def test_tries_stand_together_and_the_last_one_says_how_it_ended(collector: Collector) -> None:
    def fail(ctx: StepContext) -> None:
        raise ValueError(f"no {ctx.retry_count}")

    workflow = create_workflow(id="wf").then(create_step(id="shaky", execute=fail, retries=1)).commit()
    do(outcome(collector.engine(workflow), "wf", input_data={}))
    assert collector.tree() == {
        "workflow run: 'wf'": {"workflow step: 'shaky' with retries": {"workflow step: 'shaky'": {}}}
    }
    tries = [span for span in collector.spans if span.name == "workflow step: 'shaky'"]
    assert [attributes(span)["attempt"] for span in tries] == [1, 2]
    assert [span.status.description for span in tries] == ["no 0", "no 1"]
    together, run = collector.named("workflow step: 'shaky' with retries"), collector.named("workflow run: 'wf'")
    assert attributes(together)["attempts"] == 2
    assert {span.status.status_code for span in (together, run)} == {StatusCode.ERROR}
    assert [dict(event.attributes or {}) for event in run.events] == [
        {"exception.type": "ValueError", "exception.message": "no 1"}
    ]


def test_what_a_step_traces_itself_belongs_to_its_try(collector: Collector) -> None:
    own = trace.get_tracer("shop", tracer_provider=collector.provider)

    async def awaited(ctx: StepContext) -> None:
        with own.start_as_current_span("call the shop"):
            await asyncio.sleep(0)

    def threaded(ctx: StepContext) -> None:
        own.start_span("call the bank").end()

    workflow = create_workflow(id="wf").then(create_step(id="a", execute=awaited))
    workflow = workflow.then(create_step(id="b", execute=threaded)).commit()

    async def scenario() -> None:
        await outcome(collector.engine(workflow), "wf", input_data={})
        own.start_span("outside").end()

    do(scenario())
    assert collector.tree() == {
        "workflow run: 'wf'": {
            "workflow step: 'a'": {"call the shop": {}},
            "workflow step: 'b'": {"call the bank": {}},
        },
        "outside": {},
    }


async def ask(ctx: StepContext) -> Any:
    return await ctx.suspend({"sure": True}) if ctx.resume_data is None else "answered"


def test_each_leg_is_a_span_and_the_wait_between_them_too(collector: Collector) -> None:
    workflow = create_workflow(id="wf").parallel([create_step(id="ask", execute=ask), returns("a")], id="both").commit()

    async def scenario() -> None:
        run = await collector.engine(workflow).get_workflow("wf").create_run()
        await run.start(input_data={}, tracing_options=PARENT)
        await asyncio.sleep(0.02)
        await run.resume(resume_data={})

    do(scenario())
    top = int(PARENT["parentSpanId"], 16)
    assert collector.below(top) == {
        "workflow run: 'wf'": {"parallel: 'both'": {"workflow step: 'ask'": {}, "workflow step: 'a'": {}}},
        "wait: 'ask'": {},
        "workflow run: 'wf' (resumed)": {"parallel: 'both'": {"workflow step: 'ask'": {}}},
    }
    first, second = collector.named("workflow run: 'wf'"), collector.named("workflow run: 'wf' (resumed)")
    wait = collector.named("wait: 'ask'")
    assert {f"{span.context.trace_id:032x}" for span in collector.spans if span.context} == {PARENT["traceId"]}
    assert [link.context.span_id for link in second.links] == [first.context and first.context.span_id]
    assert attributes(first)["status"] == "suspended"
    assert attributes(wait)["status"] == "resumed"
    assert (wait.end_time or 0) - (wait.start_time or 0) >= 20_000_000


def test_an_event_that_is_waited_for_is_a_wait(collector: Collector) -> None:
    workflow = create_workflow(id="wf").wait_for_event("paid", id="paid").commit()
    late = create_workflow(id="late").wait_for_event("never", id="late", timeout=0.01).commit()

    async def scenario() -> None:
        engine = collector.engine(workflow, late)
        await outcome(engine, "wf", input_data={})
        await engine.send_event("paid", {})
        run = await engine.get_workflow("late").create_run()
        stream = run.stream(close_on_suspend=False)
        assert (await stream.result).status == "failed"
        await (await engine.get_run(run.id)).restart()

    do(scenario())
    assert attributes(collector.named("wait: 'paid'"))["status"] == "resumed"
    assert attributes(collector.named("wait: 'late'"))["status"] == "timeout"


def test_a_cancel_ends_all_that_is_open(collector: Collector) -> None:
    began = asyncio.Event()

    async def hang(ctx: StepContext) -> None:
        began.set()
        await asyncio.Event().wait()

    def fail(ctx: StepContext) -> None:
        raise ValueError("no")

    members = [
        create_step(id="hang", execute=hang),
        create_step(id="shaky", execute=fail, retry=RetryPolicy(attempts=1, delay=60)),
        create_step(id="ask", execute=ask),
    ]
    workflow = create_workflow(id="wf").parallel(members, id="all").sleep(60, id="nap").commit()
    sleeper = create_workflow(id="sleeper").sleep(60, id="nap").commit()

    async def scenario() -> None:
        engine = collector.engine(workflow, sleeper, cancel_grace=0.0)
        run = await engine.get_workflow("wf").create_run()
        stream = run.stream(input_data={})
        await began.wait()
        await run.cancel()
        await stream.result
        other = await engine.get_workflow("sleeper").create_run()
        await other.start_async()
        await other.cancel()

    do(scenario())
    assert collector.below(None)["workflow run: 'wf'"]["parallel: 'all'"] == {
        "workflow step: 'hang'": {},
        "workflow step: 'shaky' with retries": {"workflow step: 'shaky'": {}},
        "workflow step: 'ask'": {},
    }
    for name in ("workflow run: 'wf'", "workflow step: 'hang'", "wait: 'ask'", "sleep: 'nap'"):
        assert attributes(collector.named(name))["status"] == "canceled", name


def test_a_crash_leaves_its_try_and_another_process_tells_the_rest(collector: Collector) -> None:
    began = asyncio.Event()

    def made(hangs: bool) -> Workflow:
        async def work(ctx: StepContext) -> None:
            if hangs:
                began.set()
                await asyncio.Event().wait()

        return create_workflow(id="wf").then(create_step(id="work", execute=work)).commit()

    async def scenario() -> None:
        journal = MemoryJournal()
        first = collector.engine(made(True), journal=journal, lease=0.05)
        run = await first.get_workflow("wf").create_run()
        await run.start_async()
        await began.wait()
        first.kill()
        await asyncio.sleep(0.1)
        second = collector.engine(made(False), journal=journal, lease=0.05)
        assert await second.recover() == 1
        await (await second.get_run(run.id)).observe_stream().result

    do(scenario())
    assert collector.tree() == {
        "workflow run: 'wf'": {"workflow step: 'work' with retries": {"workflow step: 'work'": {}}}
    }
    tries = [attributes(span)["status"] for span in collector.spans if span.name == "workflow step: 'work'"]
    assert tries == ["lost", "success"]


def test_a_restart_by_hand_tells_of_the_lost_try_too(collector: Collector) -> None:
    began = asyncio.Event()

    async def work(ctx: StepContext) -> None:
        if not ctx.restarted:
            began.set()
            await asyncio.Event().wait()

    workflow = create_workflow(id="wf").then(create_step(id="work", execute=work)).commit()

    async def scenario() -> None:
        journal = MemoryJournal()
        first = collector.engine(workflow, journal=journal, lease=0.05)
        run = await first.get_workflow("wf").create_run()
        await run.start_async()
        await began.wait()
        first.kill()
        await asyncio.sleep(0.1)
        second = collector.engine(workflow, journal=journal, lease=0.05)
        await (await second.get_run(run.id)).restart()

    do(scenario())
    tries = [attributes(span)["status"] for span in collector.spans if span.name == "workflow step: 'work'"]
    assert tries == ["lost", "success"]


def test_a_fork_does_not_tell_again_what_the_run_did_that_it_is_of(collector: Collector) -> None:
    workflow = create_workflow(id="wf").then(returns("a")).then(returns("b")).commit()

    async def scenario() -> None:
        run = await collector.engine(workflow).get_workflow("wf").create_run()
        await run.start(input_data={})
        collector.exporter.clear()
        await run.time_travel(step="b", fork=True)

    do(scenario())
    assert collector.tree() == {"workflow run: 'wf' (resumed)": {"workflow step: 'b'": {}}}


def test_values_are_told_only_where_that_is_wished_and_not_hidden(collector: Collector) -> None:
    workflow = create_workflow(id="wf").then(returns("a", "made")).commit()
    do(outcome(collector.engine(workflow, values=False), "wf", input_data="given"))
    do(outcome(collector.engine(workflow), "wf", input_data="given", tracing_options={"hideInput": True}))
    do(outcome(collector.engine(workflow), "wf", input_data="given", tracing_options={"hideOutput": True}))
    told = [{"input", "output"} & attributes(span).keys() for span in collector.spans]
    assert told == [set(), set(), {"output"}, {"output"}, {"input"}, {"input"}]


def test_a_secret_is_told_to_nobody(collector: Collector) -> None:
    workflow = create_workflow(id="wf", input_schema=Login).then(
        create_step(id="a", input_schema=Login, execute=lambda ctx: ctx.input_data)
    )
    do(outcome(collector.engine(workflow.commit()), "wf", input_data={"password": "hunter22"}))
    assert [attributes(span)["input"] for span in collector.spans] == ['{"password":"**********"}'] * 2
    assert "hunter22" not in str([span.to_json() for span in collector.spans])


def test_what_the_starter_said_stands_on_the_run(collector: Collector) -> None:
    workflow = create_workflow(id="wf").then(returns("a")).commit()

    async def scenario() -> None:
        engine = collector.engine(workflow)
        run = await engine.get_workflow("wf").create_run(tags=["nightly"], resource_id="ada")
        asked = {"tags": ["slow"], "metadata": {"team": "tills", "at": [1]}, "requestContextKeys": ["tier", "none"]}
        await run.start(request_context={"tier": "gold", "secret": "x"}, tracing_options=asked)

    do(scenario())
    said = attributes(collector.named("workflow run: 'wf'"))
    assert said["tags"] == ("nightly", "slow")
    assert said["resource_id"] == "ada"
    assert (said["metadata.team"], said["metadata.at"]) == ("tills", "[1]")
    assert [name for name in said if name.startswith("request_context")] == ["request_context.tier"]


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_a_trace_is_sampled_whole_or_not_at_all(ratio: float) -> None:
    collector = Collector(ratio)
    own = trace.get_tracer("shop", tracer_provider=collector.provider)

    def work(ctx: StepContext) -> None:
        own.start_span("call").end()

    workflow = create_workflow(id="wf").then(create_step(id="a", execute=work)).commit()
    for number in range(4):
        # The sampler looks at the last half of the id.
        given = {"traceId": "1" + "0" * 15 + ("f" if number % 2 else "1") + "0" * 15}
        do(outcome(collector.engine(workflow), "wf", tracing_options=given))
    assert len(collector.spans) == (0 if ratio == 0.0 else 6)


def test_a_mistake_while_telling_is_logged_and_the_run_goes_on(
    collector: Collector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = create_workflow(id="wf").then(returns("a")).commit()

    async def scenario() -> Any:
        engine = collector.engine(workflow)
        monkeypatch.setattr("workflows_app.telemetry.sending.Trace", None)
        return await outcome(engine, "wf")

    assert do(scenario()).status == "success"
    assert "the spans of run" in caplog.text

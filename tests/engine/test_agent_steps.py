"""An agent as a step: what it says, what it may ask, and how it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.agents import Says, delta, finish, value
from tests.engine.short import chain, echo, go
from workflows_app import DefinitionError, Engine, StepContext, create_step, create_workflow
from workflows_app.engine.history import History
from workflows_app.engine.schema import Value

PROMPT = {"prompt": "How warm is it?"}


class City(BaseModel):
    name: str
    people: int


async def ran(workflow: Any, data: Any = PROMPT, **options: Any) -> tuple[Any, Any]:
    Engine([workflow], **options)
    run = await workflow.create_run()
    return run, await run.start(input_data=data)


def outcome(workflow: Any, data: Any = PROMPT, **options: Any) -> Any:
    async def scenario() -> None:
        found.append((await ran(workflow, data, **options))[1])

    found: list[Any] = []
    go(scenario())
    return found[0]


@pytest.mark.parametrize(
    "chunks",
    [
        [delta("Hel"), delta("lo")],
        [{"type": "text-delta", "delta": "Hel"}, {"type": "text-delta", "textDelta": "lo"}],
        [{"type": "text-delta", "payload": {"text": "Hello"}}, {"type": "text-delta"}],
        [delta("Let me see. "), {"type": "tool-call", "toolName": "look"}, {"type": "finish", "text": "Hello"}],
    ],
    ids=["deltas", "other names", "in a payload", "the finish knows better"],
)
def test_the_text_of_an_agent_is_the_output(chunks: list[Any]) -> None:
    assert outcome(chain(create_step(Says(*chunks)))).result == {"text": "Hello"}


def test_an_agent_in_a_dict_of_keys_is_found_by_its_key_and_by_its_id() -> None:
    for name in ("key", "sage"):
        result = outcome(create_workflow(id="wf").agent(name).commit(), agents={"key": Says(delta("Yes"))})
        assert result.result == {"text": "Yes"}


@pytest.mark.parametrize(("kind", "known"), [("agent", "Known: a, b."), ("tool", "Known: none.")])
def test_an_unknown_id_fails_the_step_and_names_what_is_known(kind: str, known: str) -> None:
    workflow = create_workflow(id="wf")
    workflow = workflow.agent("oracle") if kind == "agent" else workflow.tool("oracle")
    result = outcome(workflow.commit(), agents=[Says(id="a"), Says(id="b")])
    assert result.status == "failed"
    assert result.error["name"] == "UnknownReference"
    assert result.error["message"] == f"No {kind} 'oracle' is registered. {known}"


@pytest.mark.parametrize("prompt", [{}, {"prompt": 7}, "How?"])
def test_an_agent_needs_a_prompt(prompt: Any) -> None:
    for workflow in (create_workflow(id="wf"), create_workflow(id="wf", validate_inputs=False)):
        result = outcome(workflow.agent(Says(delta("Yes"))).commit(), prompt)
        assert (result.status, result.error["name"]) == ("failed", "InvalidInput")


def test_without_validation_a_prompt_is_read_off_plain_data() -> None:
    workflow = create_workflow(id="wf", validate_inputs=False).agent(Says(delta("Yes"))).commit()
    assert outcome(workflow).result == {"text": "Yes"}


def test_options_reach_the_agent_however_they_are_given() -> None:
    agent = Says(delta("Yes"))
    workflow = (
        create_workflow(id="wf")
        .agent(agent, id="one", temperature=0, options={"timeout": 3})
        .map(lambda ctx: PROMPT)
        .then(create_step(agent, id="two", max_steps=2, description="asks again"))
        .commit()
    )
    assert outcome(workflow).status == "success"
    first, second = [{k: v for k, v in asked.items() if k != "abort_signal"} for asked in agent.asked]
    assert first == {"prompt": PROMPT["prompt"], "temperature": 0, "timeout": 3, "output_schema": None}
    assert second == {"prompt": PROMPT["prompt"], "max_steps": 2, "output_schema": None}
    assert [step.description for step in workflow.steps.values()][-1] == "asks again"


def test_a_step_is_made_of_a_function_too_but_of_nothing_else() -> None:
    assert outcome(chain(create_step(lambda ctx: 7, id="a"))).result == 7
    with pytest.raises(DefinitionError, match="A step is made of a function, a tool or an agent, got 7"):
        create_step(7)


def test_only_an_agent_takes_further_options() -> None:
    with pytest.raises(DefinitionError, match="A step does not take retires; only an agent"):
        create_step(id="a", execute=print, retires=3)


def test_the_graph_names_the_agent_behind_a_step() -> None:
    workflow = create_workflow(id="wf").agent(Says(), id="ask").agent("oracle", metadata={"k": 1}).commit()
    assert workflow.serialized_step_graph == [
        {"type": "agent", "id": "ask", "agentId": "sage", "description": "Says what it was told"},
        {"type": "agent", "id": "oracle", "agentId": "oracle", "description": None, "metadata": {"k": 1}},
    ]


def test_a_coroutine_that_gives_the_stream_will_do() -> None:
    class Plain:
        id = "plain"

        async def stream(self, prompt: str, **options: Any) -> Any:
            return self

        def __aiter__(self) -> AsyncIterator[Any]:
            return self

        async def __anext__(self) -> Any:
            raise StopAsyncIteration

    assert outcome(chain(create_step(Plain()))).result == {"text": ""}


def test_an_agent_may_bind_itself_to_the_step() -> None:
    class Bound(Says):
        def within(self, ctx: StepContext) -> Says:
            return Says(delta(ctx.run_id))

    async def scenario() -> None:
        run, result = await ran(chain(create_step(Bound())))
        assert result.result == {"text": run.id}

    go(scenario())


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        ("Hello", "An agent's chunk is a dict with a type, got 'Hello'"),
        ({"text": "Hello"}, "An agent's chunk is a dict with a type"),
        ({"type": "error", "error": "no credit"}, "no credit"),
        ({"type": "error", "error": {"message": "no credit"}}, "no credit"),
        ({"type": "error"}, "The agent failed."),
        (RuntimeError("no credit"), "no credit"),
    ],
)
def test_an_agent_that_goes_wrong_fails_the_step(chunk: Any, message: str) -> None:
    agent = Says(delta("Well, "), chunk, delta("more"))
    result = outcome(chain(create_step(agent)))
    assert result.status == "failed"
    assert result.error["message"].startswith(message)
    assert agent.closed == [False]


# Structured answers


def test_the_agents_own_schema_holds_where_the_step_has_none() -> None:
    agent = Says(value({"name": "Oulu", "people": "7"}))
    agent.output_schema = City
    assert outcome(chain(create_step(agent))).result == {"name": "Oulu", "people": 7}
    by_id = create_workflow(id="wf").agent("sage").commit()
    assert outcome(by_id, agents=[agent]).result == {"name": "Oulu", "people": 7}
    assert [asked["output_schema"] for asked in agent.asked] == [City, City]


def test_null_may_be_the_value() -> None:
    assert outcome(chain(create_step(Says(value(None)), output_schema=int | None))).result is None


def test_a_value_that_does_not_fit_fails_the_step() -> None:
    result = outcome(chain(create_step(Says(value({"name": "Oulu"})), output_schema=City)))
    assert result.error["name"] == "InvalidOutput"
    assert result.error["details"]["errors"] == [{"path": "people", "message": "Field required"}]


def test_an_agent_may_answer_better_when_it_is_asked_again() -> None:
    class Learns(Says):
        async def stream(self, prompt: str, **options: Any) -> AsyncIterator[Any]:
            self.asked.append(options)
            yield value({"name": "Oulu", "people": len(self.asked)} if len(self.asked) > 1 else {})
            yield finish(2, 1)

    result = outcome(chain(create_step(Learns(), output_schema=City, retries=3)))
    assert result.result == {"name": "Oulu", "people": 2}
    assert result.steps["sage"].retry_count == 1
    assert result.steps["sage"].metadata["usage"]["totalTokens"] == 6


# Chunks and usage


def test_every_chunk_is_streamed_and_the_usage_is_recorded() -> None:
    chunks = [delta("Hi"), {"type": "tool-call", "toolName": "look", "args": {"x": 1}}, finish(3, 2)]

    async def scenario() -> None:
        workflow = chain(create_step(Says(*chunks)), echo("next"))
        Engine([workflow])
        run = await workflow.create_run()
        stream = run.stream(input_data=PROMPT)
        events = [event async for event in stream]
        outputs = [event["payload"] for event in events if event["type"] == "workflow-step-output"]
        assert [payload["output"] for payload in outputs] == chunks
        assert {payload["stepName"] for payload in outputs} == {"sage"}
        result = await stream.result
        usage = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
        assert result.steps["sage"].metadata == {"usage": usage}
        assert result.to_json()["steps"]["sage"]["metadata"] == {"usage": usage}
        assert stream.usage == usage
        told = next(event for event in events if event["type"] == "workflow-step-result")
        assert told["payload"]["metadata"] == {"usage": usage}
        assert "usage" not in result.steps["next"].metadata
        stored = await workflow.get_workflow_run_by_id(run.id)
        assert stored is not None and stored.steps is not None
        assert stored.steps["sage"].metadata == {"usage": usage}

    go(scenario())


def test_a_step_that_asks_an_agent_itself_is_charged_too() -> None:
    async def ask(ctx: StepContext) -> str:
        agent = ctx.engine.get_agent("sage")
        async for chunk in agent.stream("again", abort_signal=ctx.abort_signal):
            ctx.writer.write(chunk)
        return "done"

    result = outcome(chain(create_step(id="by-hand", execute=ask)), agents=[Says(delta("Hi"), finish(3, 2))])
    assert result.steps["by-hand"].metadata["usage"]["totalTokens"] == 5


# Cancel and timeouts


async def begun(workflow: Any, agent: Says) -> Any:
    Engine([workflow])
    run = await workflow.create_run()
    await run.start_async(input_data=PROMPT)
    await agent.began.wait()
    return run


def test_a_cancel_reaches_the_agent_at_once() -> None:
    async def scenario() -> None:
        agent = Says(delta("Well, "), finish(), asyncio.Event(), delta("never"))
        workflow = chain(create_step(agent), echo("next"))
        run = await begun(workflow, agent)
        await run.cancel()
        result = await run.observe_stream().result
        assert result.status == "canceled"
        assert result.steps["sage"].status == "canceled"
        assert result.steps["sage"].metadata["usage"]["totalTokens"] == 2
        assert "next" not in result.steps
        assert agent.closed == [True]

    go(scenario(), patience=3)


def test_a_timeout_reaches_the_agent() -> None:
    async def scenario() -> None:
        agent = Says(asyncio.Event())
        result = (await ran(chain(create_step(agent, timeout=0.05))))[1]
        assert result.error["name"] == "StepTimeout"
        assert agent.closed == [True]

    go(scenario())


def test_a_failing_sibling_reaches_the_agent() -> None:
    async def scenario() -> None:
        agent = Says(asyncio.Event())

        async def fail(ctx: StepContext) -> None:
            await agent.began.wait()
            raise ValueError("no")

        members = [create_step(agent), create_step(id="bad", execute=fail)]
        result = (await ran(create_workflow(id="wf").parallel(members, on_error="fail_fast").commit()))[1]
        assert (result.status, result.steps["sage"].status) == ("failed", "canceled")
        await asyncio.sleep(0)
        assert agent.closed == [True]

    go(scenario())


def test_an_agent_that_never_waits_leaves_others_their_turns() -> None:
    class Endless(Says):
        async def stream(self, prompt: str, **options: Any) -> AsyncIterator[Any]:
            while True:
                yield delta("")

    result = outcome(chain(create_step(Endless(), timeout=0.05)))
    assert result.error["name"] == "StepTimeout"


# Questions


class Asks(Says):
    """An agent that asks which city is meant, and remembers what it was asked."""

    async def stream(self, prompt: str, **options: Any) -> AsyncIterator[Any]:
        self.asked.append({"prompt": prompt, **options})
        if "resume_data" not in options:
            cities = ["Paris, France", "Paris, Texas"]
            question = {"payload": {"cities": cities}, "title": "Which Paris?", "proposal": cities[0]}
            yield {"type": "suspend", "memory": [prompt], **question}
            yield delta("never")
        else:
            yield delta(f"{options['memory'][0]} In {options['resume_data']} it is 20 degrees.")


def test_an_agent_may_ask_a_person_and_remembers_where_it_was() -> None:
    async def scenario() -> None:
        agent = Asks()
        run, result = await ran(chain(create_step(agent, resume_schema=str)))
        assert result.suspended == [["sage"]]
        assert result.suspend_payload == {"sage": {"cities": ["Paris, France", "Paris, Texas"]}}
        assert result.steps["sage"].suspend_output == [PROMPT["prompt"]]
        [record] = History((await run.engine.read(run.id)).events).suspended
        assert record.proposal == Value.of("Paris, France")
        result = await run.resume(resume_data="Paris, Texas")
        assert result.result == {"text": "How warm is it? In Paris, Texas it is 20 degrees."}
        assert [sorted(asked) for asked in agent.asked] == [
            ["abort_signal", "output_schema", "prompt"],
            ["abort_signal", "memory", "output_schema", "prompt", "resume_data"],
        ]

    go(scenario())


def test_what_an_agent_remembers_is_not_streamed() -> None:
    async def scenario() -> None:
        workflow = chain(create_step(Asks()))
        Engine([workflow])
        stream = (await workflow.create_run()).stream(input_data=PROMPT)
        [asked] = [e["payload"]["output"] async for e in stream if e["type"] == "workflow-step-output"]
        assert asked["title"] == "Which Paris?"
        assert "memory" not in asked

    go(scenario())


def test_an_agent_may_put_its_question_to_the_context_itself() -> None:
    class Bound:
        """An agent that is given the context of its step."""

        id, description = "bound", None

        def __init__(self, ctx: Any = None) -> None:
            self.ctx = ctx

        def within(self, ctx: Any) -> Bound:
            return Bound(ctx)

        async def stream(self, prompt: str, **options: Any) -> AsyncIterator[Any]:
            self.ctx.suspend({"really": prompt}, title="Really?")
            yield {"type": "suspend", "payload": {"other": 1}, "memory": ["it asked"]}

    result = outcome(chain(create_step(Bound())))
    assert result.suspend_payload == {"bound": {"really": PROMPT["prompt"]}}
    assert result.steps["bound"].suspend_output == ["it asked"]

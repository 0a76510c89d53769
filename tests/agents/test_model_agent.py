"""An agent of pydantic-ai as a step: what it says, gives, uses, and how it fails and is stopped."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, DeferredToolRequests, RunContext, UsageLimits
from pydantic_ai.exceptions import ContentFilterError
from pydantic_ai.models.function import DeltaThinkingPart
from pydantic_ai.models.test import TestModel

from tests.agents.models import PROMPT, Said, calling, first_then, go, model, outcome, ran
from tests.engine.conformance.fixtures import chain
from workflows_app import DefinitionError, Engine, StepContext, create_step, create_workflow
from workflows_app.agents import from_pydantic_ai


class City(BaseModel):
    name: str
    people: int


def weather(**options: Any) -> Agent[Any, Any]:
    return Agent(TestModel(custom_output_text="It is 20 degrees."), **options)


async def chunks_of(agent: Any, **options: Any) -> list[dict[str, Any]]:
    workflow = chain("wf", create_step(agent, **options))
    Engine([workflow])
    stream = (await workflow.create_run()).stream(input_data=PROMPT)
    return [event["payload"]["output"] async for event in stream if event["type"] == "workflow-step-output"]


def test_it_answers_with_a_text_that_is_streamed() -> None:
    async def scenario() -> None:
        agent = from_pydantic_ai(weather(name="weather"), id="weather-agent")
        assert agent.description == "weather"
        *deltas, finish = await chunks_of(agent)
        assert [chunk["type"] for chunk in deltas] == ["text-delta"] * 4
        assert "".join(chunk["text"] for chunk in deltas) == "It is 20 degrees."
        assert finish["reason"] == "stop"
        result = (await ran(agent))[1]
        assert result.result == {"text": "It is 20 degrees."}
        assert result.steps["weather-agent"].metadata["usage"] == finish["usage"]
        assert finish["usage"]["inputTokens"] > 0

    go(scenario())


def test_it_is_found_by_its_id() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").agent("weather").commit()
        Engine([workflow], agents=[from_pydantic_ai(weather(), id="weather")])
        result = await (await workflow.create_run()).start(input_data=PROMPT)
        assert result.result == {"text": "It is 20 degrees."}

    go(scenario())


def test_its_tools_are_called_and_shown() -> None:
    agent = Agent(first_then("Let me look. ", calling("look", '{"city": "Oulu"}')))

    @agent.tool_plain
    def look(city: str) -> dict[str, Any]:
        return {"city": city, "degrees": 20}

    async def scenario() -> None:
        made = from_pydantic_ai(agent, id="weather")
        said = await chunks_of(made)
        assert [chunk["type"] for chunk in said] == ["text-delta", "tool-call", "tool-result", "text-delta", "finish"]
        assert said[1] | {"args": None} == {
            "type": "tool-call", "toolCallId": "call-1", "toolName": "look", "args": None
        }  # fmt: skip
        assert said[2]["result"] == {"city": "Oulu", "degrees": 20}
        assert (await ran(made))[1].result == {"text": "[{'city': 'Oulu', 'degrees': 20}]"}

    go(scenario())


def test_what_it_thinks_is_streamed_apart() -> None:
    hm: Said = {0: DeltaThinkingPart(content="Hm")}
    thinking = model(lambda messages, info: [hm, hm, "20"])

    async def scenario() -> None:
        said = await chunks_of(from_pydantic_ai(Agent(thinking), id="weather"))
        assert [(chunk["type"], chunk.get("text")) for chunk in said] == [
            ("reasoning-delta", "Hm"), ("reasoning-delta", "Hm"), ("text-delta", "20"), ("finish", "20")
        ]  # fmt: skip

    go(scenario())


# Structured answers


@pytest.mark.parametrize("declared", ["by the step", "by the agent", "by both"])
def test_it_gives_a_value_of_the_type_that_is_wanted(declared: str) -> None:
    options: dict[str, Any] = {} if declared == "by the step" else {"output_type": City}
    agent: Agent[Any, Any] = Agent(TestModel(custom_output_args={"name": "Oulu", "people": 7}), **options)
    made = from_pydantic_ai(agent, id="mapper")
    assert made.output_schema is (None if declared == "by the step" else City)
    result = outcome(made, **({} if declared == "by the agent" else {"output_schema": City}))
    assert result.result == {"name": "Oulu", "people": 7}


def test_a_value_that_the_model_cannot_give_fails_the_step() -> None:
    agent = Agent(TestModel(custom_output_args={"name": "Oulu"}), retries=0)
    result = outcome(from_pydantic_ai(agent, id="mapper"), output_schema=City)
    assert result.status == "failed"
    assert result.error["name"] == "UnexpectedModelBehavior"


def test_several_types_are_no_schema() -> None:
    for declared in ([str, City], [City, int], lambda city: city):
        assert from_pydantic_ai(weather(output_type=declared), id="a").output_schema is None
    either = weather(output_type=[City, DeferredToolRequests])
    assert from_pydantic_ai(either, id="a").output_schema is City


# Options and dependencies


def test_options_go_to_the_run() -> None:
    made = from_pydantic_ai(weather(), id="weather")
    result = outcome(made, usage_limits=UsageLimits(request_limit=0))
    assert result.error["name"] == "UsageLimitExceeded"


def test_dependencies_are_made_of_the_steps_context() -> None:
    agent = Agent(first_then(calling("look", "{}")), deps_type=str)

    @agent.tool
    def look(run: RunContext[str]) -> str:
        return run.deps

    async def scenario() -> None:
        made = from_pydantic_ai(agent, id="weather", deps=lambda ctx: f"for {ctx.request_context['user']}")
        workflow = chain("wf", create_step(made))
        Engine([workflow])
        run = await workflow.create_run()
        result = await run.start(input_data=PROMPT, request_context={"user": "Ada"})
        assert result.result == {"text": "['for Ada']"}

    go(scenario())


def test_a_step_may_stream_it_by_hand() -> None:
    made = from_pydantic_ai(weather(), id="weather")

    async def ask(ctx: StepContext) -> Any:
        return [chunk["type"] async for chunk in ctx.engine.get_agent("weather").stream("How warm?")]

    async def scenario() -> None:
        workflow = chain("wf", create_step(id="by-hand", execute=ask))
        Engine([workflow], agents=[made])
        result = await (await workflow.create_run()).start(input_data=PROMPT)
        assert result.result == ["text-delta"] * 4 + ["finish"]

    go(scenario())


def test_it_needs_an_id_that_can_stand_in_a_path() -> None:
    with pytest.raises(DefinitionError):
        from_pydantic_ai(weather(), id="a.b")


# Errors, guards, cancel


class NoCredit(Exception):
    def __init__(self) -> None:
        super().__init__("no credit left")
        self.status_code = 402


def test_an_error_of_the_model_fails_the_step_and_what_was_used_counts() -> None:
    def reply(messages: Any, info: Any) -> Any:
        if len(messages) > 1:
            raise NoCredit
        return [calling("look", "{}")]

    agent = Agent(model(reply))

    @agent.tool_plain
    def look() -> int:
        return 20

    result = outcome(from_pydantic_ai(agent, id="weather"))
    assert result.error["message"] == "no credit left"
    assert result.error["details"] == {"status_code": 402}
    assert result.steps["weather"].metadata["usage"]["inputTokens"] > 0


def test_a_content_filter_stops_the_run_as_a_guard() -> None:
    def reply(messages: Any, info: Any) -> Any:
        raise ContentFilterError("Content filter triggered")

    result = outcome(from_pydantic_ai(Agent(model(reply)), id="weather"), retries=2)
    assert result.status == "tripwire"
    assert result.tripwire == {"reason": "Content filter triggered", "processorId": "content-filter"}


@pytest.mark.parametrize("way", ["cancel", "timeout"])
def test_a_cancel_and_a_timeout_reach_the_model(way: str) -> None:
    async def scenario() -> None:
        began, stopped = asyncio.Event(), asyncio.Event()
        agent = Agent(first_then(calling("look", "{}")))

        @agent.tool_plain
        async def look() -> int:
            began.set()
            try:
                return await asyncio.Event().wait()
            finally:
                stopped.set()

        limit = 0.2 if way == "timeout" else None
        workflow = chain("wf", create_step(from_pydantic_ai(agent, id="weather"), timeout=limit))
        Engine([workflow])
        run = await workflow.create_run()
        await run.start_async(input_data=PROMPT)
        await began.wait()
        if way == "cancel":
            await run.cancel()
        result = await run.observe_stream().result
        assert result.steps["weather"].status == ("canceled" if way == "cancel" else "failed")
        assert stopped.is_set()

    go(scenario())


# The extra


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_nothing_but_the_adapter_imports_pydantic_ai() -> None:
    assert python("import sys, workflows_app; print('pydantic_ai' in sys.modules)") == "False"
    assert python("import sys, workflows_app.agents; print('pydantic_ai' in sys.modules)") == "True"


def test_without_it_the_import_says_what_to_install() -> None:
    said = python(
        "import sys; sys.modules['pydantic_ai'] = None\n"
        "try: import workflows_app.agents\n"
        "except ImportError as error: print(error)"
    )
    assert said == 'Agents of pydantic-ai need it: pip install "pydantic-ai-slim>=2,<3"'

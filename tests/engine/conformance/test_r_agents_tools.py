"""Section R: agents and tools as steps."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.engine.conformance.agents import FakeAgent
from tests.engine.conformance.fixtures import Json, Steps, Value, World, chain, plain
from workflows_app import ToolContext, create_step, create_tool, create_workflow, tool
from workflows_app.errors import WorkflowsError


class City(BaseModel):
    name: str
    people: int


PROMPT = {"prompt": "Say hello"}


def test_r1_an_agent_step_turns_a_prompt_into_a_text(world: World) -> None:
    agent = FakeAgent("greeter", ["Hel", "lo"])
    result = world.outcome(chain("wf", create_step(agent)), PROMPT)
    assert (result.status, result.result) == ("success", {"text": "Hello"})
    assert result.steps["greeter"].payload == PROMPT
    assert agent.prompts == ["Say hello"]


def test_r1_an_agent_is_found_by_its_id(world: World) -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").agent("greeter").commit()
        world.engine(workflow, agents=[FakeAgent("greeter", ["Hello"])])
        result = await (await workflow.create_run()).start(input_data=PROMPT)
        assert (result.status, result.result) == ("success", {"text": "Hello"})

    world.run(scenario())


def test_r2_agents_stand_in_a_chain_of_maps(world: World) -> None:
    one, two = FakeAgent("one", ["first"]), FakeAgent("two", ["second"])
    workflow = (
        create_workflow(id="wf")
        .map(lambda ctx: {"prompt": ctx.input_data["topic"]})
        .agent(one)
        .map(lambda ctx: {"prompt": f"more than {ctx.input_data['text']}"})
        .agent(two)
        .map(lambda ctx: {"final": ctx.input_data["text"]})
        .commit()
    )
    assert world.outcome(workflow, {"topic": "begin"}).result == {"final": "second"}
    assert one.prompts == ["begin"]
    assert two.prompts == ["more than first"]


def test_r3_an_agents_error_fails_the_run(world: World) -> None:
    agent = FakeAgent("broken", ["never"], error=RuntimeError("no credit left"))
    result = world.outcome(chain("wf", create_step(agent)), PROMPT)
    assert result.status == "failed"
    assert result.steps["broken"].error["message"] == "no credit left"


def test_r4_agents_work_in_parallel(world: World) -> None:
    agents = [FakeAgent("a", ["A"]), FakeAgent("b", ["B"])]
    workflow = create_workflow(id="wf").parallel([create_step(agent) for agent in agents]).commit()
    assert world.outcome(workflow, PROMPT).result == {"a": {"text": "A"}, "b": {"text": "B"}}


def test_r5_agents_work_levels_below(world: World) -> None:
    workflow = create_workflow(id="low").agent(FakeAgent("deep", ["found"])).commit()
    for id in ("mid", "top"):
        workflow = chain(id, workflow)
    result = world.outcome(workflow, PROMPT)
    assert result.result == {"text": "found"}
    assert result.steps["mid.low.deep"].output == {"text": "found"}


def test_r6_an_agent_gets_the_schema_and_the_abort_signal(world: World) -> None:
    agent = FakeAgent("poet", value={"name": "Oulu", "people": 1})
    world.outcome(create_workflow(id="wf").agent(agent, output_schema=City).commit(), PROMPT)
    [options] = agent.options
    assert options["output_schema"] is City
    assert options["abort_signal"].aborted is False


def test_r7_a_tool_may_suspend_its_step(world: World, steps: Steps) -> None:
    async def confirm(data: Value, ctx: ToolContext) -> Json:
        if ctx.resume_data is None:
            return await ctx.suspend({"sure": data.value})
        return {"value": data.value + plain(ctx.resume_data)["value"]}

    async def scenario() -> None:
        asking = create_tool(
            id="confirm", input_schema=Value, output_schema=Value, resume_schema=Value, execute=confirm
        )
        workflow = create_workflow(id="wf").tool(asking).commit()
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data={"value": 1})
        assert (result.status, result.suspended) == ("suspended", [["confirm"]])
        assert result.steps["confirm"].suspend_payload == {"sure": 1}
        result = await run.resume(resume_data={"value": 10})
        assert (result.status, result.result) == ("success", {"value": 11})

    world.run(scenario())


def test_r7_a_tool_is_made_from_an_annotated_function(world: World) -> None:
    @tool(id="double-tool", description="Doubles")
    async def double(data: Value, ctx: ToolContext) -> Value:
        return Value(value=data.value * 2)

    result = world.outcome(create_workflow(id="wf").tool(double, id="twice").commit(), {"value": 4})
    assert result.steps["twice"].output == {"value": 8}


def test_r7_a_tool_is_found_by_its_id(world: World) -> None:
    async def scenario() -> None:
        @tool(id="double-tool")
        async def double(data: Value, ctx: ToolContext) -> Value:
            return Value(value=data.value * 2)

        workflow = create_workflow(id="wf").tool("double-tool").commit()
        world.engine(workflow, tools=[double])
        result = await (await workflow.create_run()).start(input_data={"value": 4})
        assert result.result == {"value": 8}

    world.run(scenario())


@pytest.mark.parametrize("missing", ["input_schema", "output_schema"])
def test_r8_a_tool_without_schemas_is_no_step(missing: str) -> None:
    schemas: dict[str, Json] = {"input_schema": Value, "output_schema": Value}
    del schemas[missing]
    bare = create_tool(id="bare", execute=lambda data, ctx: data, **schemas)
    with pytest.raises(WorkflowsError):
        create_step(bare)


def test_r9_a_structured_answer_is_the_result(world: World) -> None:
    agent = FakeAgent("mapper", value={"name": "Oulu", "people": 210000})
    result = world.outcome(create_workflow(id="wf").agent(agent, output_schema=City).commit(), PROMPT)
    assert result.result == {"name": "Oulu", "people": 210000}


def test_r9_no_structured_answer_fails_the_step(world: World) -> None:
    agent = FakeAgent("mapper", ["just words"])
    result = world.outcome(create_workflow(id="wf").agent(agent, output_schema=City).commit(), PROMPT)
    assert result.status == "failed"
    assert result.steps["mapper"].status == "failed"


def test_r_a_workflow_is_a_tool(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        inner = chain("inner", steps.inc("a"), input_schema=Value, output_schema=Value)
        as_tool = inner.as_tool()
        assert as_tool.id == "workflow-inner"
        outer = chain("outer", create_step(as_tool))
        world.engine(inner, outer)
        result = await (await outer.create_run()).start(input_data={"inputData": {"value": 1}})
        assert result.status == "success"
        assert result.result["result"] == {"value": 2}
        assert (await inner.get_workflow_run_by_id(result.result["runId"])).status == "success"

    world.run(scenario())

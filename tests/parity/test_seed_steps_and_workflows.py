"""The seed document on steps and workflows: creating, nesting and cloning them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tests.parity.seed import (
    Emphasized,
    Formatted,
    Message,
    emphasizing,
    finished,
    run,
    shouting,
    two_steps,
)
from workflows_app import (
    Engine,
    StepContext,
    ToolContext,
    clone_workflow,
    create_step,
    create_tool,
    create_workflow,
    step,
)


class Counted(BaseModel):
    counter: int


def test_creating_a_workflow_step() -> None:
    workflow = create_workflow(id="test-workflow").then(shouting()).commit()
    assert finished(workflow, {"message": "Hello world"}).result == {"formatted": "HELLO WORLD"}


def test_creating_a_workflow_step_from_a_function() -> None:
    @step(id="step-1")
    async def format_message(data: Message, ctx: StepContext) -> Formatted:
        return Formatted(formatted=data.message.upper())

    workflow = create_workflow(id="test-workflow").then(format_message).commit()
    assert finished(workflow, {"message": "Hello world"}).result == {"formatted": "HELLO WORLD"}


def test_a_step_takes_its_id_from_its_function() -> None:
    @step()
    def format_message(data: Message) -> Formatted:
        return Formatted(formatted=data.message.upper())

    result = finished(create_workflow(id="test-workflow").then(format_message).commit(), {"message": "Hi"})
    assert result.steps["format-message"].output == {"formatted": "HI"}


class Greeter:
    """An agent that greets."""

    id = "greeter"
    description = "Greets"

    async def stream(self, prompt: str, **options: Any) -> Any:
        yield {"type": "text-delta", "text": f"Hello, {prompt}"}
        yield {"type": "finish", "usage": {}}


def test_using_agents_and_tools() -> None:
    async def find_name(data: Message, ctx: ToolContext) -> dict[str, str]:
        return {"prompt": data.message.split()[-1]}

    async def ask_again(ctx: StepContext) -> str:
        agent = ctx.engine.get_agent("greeter")
        chunks = [chunk async for chunk in agent.stream("again")]
        return f"{ctx.input_data['text']}; {chunks[0]['text']}"

    async def scenario() -> None:
        tool = create_tool(id="find-name", input_schema=Message, output_schema=dict[str, str], execute=find_name)
        workflow = (
            create_workflow(id="test-workflow")
            .then(create_step(tool))
            .agent("greeter")
            .then(create_step(id="by-hand", execute=ask_again))
            .commit()
        )
        engine = Engine(workflows=[workflow], agents=[Greeter()])
        result = await (await workflow.create_run()).start(input_data={"message": "I am Ada"})
        assert result.result == "Hello, Ada; Hello, again"
        await engine.close()

    run(scenario())


def test_creating_a_workflow() -> None:
    workflow = (
        create_workflow(id="test-workflow", input_schema=Message, output_schema=Formatted).then(shouting()).commit()
    )
    assert workflow.id == "test-workflow"
    assert list(workflow.steps) == ["step-1"]
    assert list(workflow.input_schema.json_schema()["properties"]) == ["message"]
    assert finished(workflow, {"message": "Hello world"}).status == "success"


def test_understanding_control_flow() -> None:
    def is_long(ctx: StepContext) -> bool:
        return len(ctx.input_data["formatted"]) > 3

    workflow = (
        create_workflow(id="test-workflow", input_schema=Message)
        .then(shouting())
        .branch([(is_long, emphasizing())])
        .map(lambda ctx: ctx.input_data["step-2"])
        .commit()
    )
    assert finished(workflow, {"message": "Hello"}).result == {"emphasized": "HELLO!!!"}


def test_workflow_state() -> None:
    async def count(ctx: StepContext) -> Formatted:
        await ctx.set_state({**ctx.state.model_dump(), "counter": ctx.state.counter + 1})
        return Formatted(formatted=ctx.input_data.message.upper())

    counting = create_step(
        id="step-1", input_schema=Message, output_schema=Formatted, state_schema=Counted, execute=count
    )
    workflow = create_workflow(id="test-workflow", state_schema=Counted).then(counting).commit()
    result = finished(workflow, {"message": "Hi"}, initial_state={"counter": 4}, include_state=True)
    assert result.to_json()["state"] == {"counter": 5}


def test_workflows_as_steps() -> None:
    parent = (
        create_workflow(id="test-workflow", input_schema=Message, output_schema=Emphasized)
        .then(two_steps(id="child-workflow"))
        .commit()
    )
    result = finished(parent, {"message": "Hello world"})
    assert result.result == {"emphasized": "HELLO WORLD!!!"}
    assert result.steps["child-workflow"].output == {"emphasized": "HELLO WORLD!!!"}
    assert result.steps["child-workflow.step-1"].output == {"formatted": "HELLO WORLD"}


def test_cloning_a_workflow() -> None:
    async def scenario() -> None:
        parent = two_steps(id="parent-workflow")
        cloned = clone_workflow(parent, id="cloned-workflow")
        first = create_step(id="first", execute=lambda ctx: {"message": f"{ctx.input_data}?"})
        workflow = create_workflow(id="test-workflow").then(first).then(cloned).commit()
        engine = Engine(workflows=[parent, cloned, workflow])
        assert set(engine.list_workflows()) == {"parent-workflow", "cloned-workflow", "test-workflow"}
        result = await (await workflow.create_run()).start(input_data="Hello")
        assert result.steps["cloned-workflow"].output == {"emphasized": "HELLO?!!!"}
        await (await cloned.create_run()).start(input_data={"message": "Hi"})
        assert (await cloned.list_workflow_runs()).total == 1
        assert (await parent.list_workflow_runs()).total == 0
        await engine.close()

    run(scenario())

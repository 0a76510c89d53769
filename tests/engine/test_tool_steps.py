"""A tool as a step: by object or by id, async or blocking, and what it may ask."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import chain, go
from workflows_app import Engine, InvalidResumeData, Tool, ToolContext, create_step, create_tool, create_workflow, tool
from workflows_app.engine.context import Exchange
from workflows_app.engine.schema import Value
from workflows_app.engine.tools import call_tool


class Pair(BaseModel):
    a: int
    b: int


class Sum(BaseModel):
    sum: int


class Sure(BaseModel):
    sure: bool


@tool(id="add-tool", description="Adds two numbers")
async def add(data: Pair, ctx: ToolContext) -> Sum:
    return Sum(sum=data.a + data.b)


async def confirm(data: Pair, ctx: ToolContext) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"sure": "really?"})
    return Sum(sum=data.a + data.b if ctx.resume_data.sure else 0)


asking = create_tool(
    id="confirm", input_schema=Pair, output_schema=Sum, suspend_schema=dict[str, str], resume_schema=Sure,
    execute=confirm,
)  # fmt: skip
DATA = {"a": 1, "b": 2}


async def ran(workflow: Any, data: Any = DATA, **options: Any) -> tuple[Any, Any]:
    Engine([workflow], **options)
    run = await workflow.create_run()
    return run, await run.start(input_data=data)


def test_one_decorator_makes_each_function_a_tool_of_its_own() -> None:
    decorate = tool(output_schema=Sum)

    def total(data: Pair) -> Any:
        """Adds them up."""

    def size(data: str) -> Any:
        """Counts the letters."""

    one, other = decorate(total), decorate(size)
    assert [(made.id, made.description) for made in (one, other)] == [
        ("total", "Adds them up."),
        ("size", "Counts the letters."),
    ]
    assert (one.input_schema.declared, other.input_schema.declared) == (Pair, str)


@pytest.mark.parametrize("tools", [[add], {"key": add}])
def test_a_tool_is_a_step_by_object_and_by_id(tools: Any) -> None:
    async def scenario() -> None:
        for workflow in (
            chain(create_step(add)),
            chain(add),
            create_workflow(id="wf").tool(add).commit(),
            create_workflow(id="wf").tool("add-tool", retries=1, description="Adds").commit(),
        ):
            assert (await ran(workflow, tools=tools))[1].result == {"sum": 3}

    go(scenario())


def test_the_graph_names_the_tool_behind_a_step() -> None:
    workflow = create_workflow(id="wf").tool(add, id="one").tool("other", id="two").commit()
    assert workflow.serialized_step_graph == [
        {"type": "tool", "id": "one", "toolId": "add-tool", "description": "Adds two numbers"},
        {"type": "tool", "id": "two", "toolId": "other", "description": None},
    ]


@pytest.mark.parametrize("given", [add, "add-tool"])
def test_what_does_not_fit_the_tool_fails_the_step(given: Any) -> None:
    async def scenario() -> None:
        _, result = await ran(create_workflow(id="wf").tool(given).commit(), {"a": 1}, tools=[add])
        assert result.error["name"] == "InvalidInput"
        assert result.error["details"]["errors"] == [{"path": "b", "message": "Field required"}]

    go(scenario())


@pytest.mark.parametrize("given", ["object", "id", "decorated"])
def test_a_tool_that_blocks_runs_in_a_thread(given: str) -> None:
    def where(data: Pair, ctx: ToolContext) -> dict[str, bool]:
        return {"main": threading.current_thread() is threading.main_thread()}

    async def scenario() -> None:
        made = create_tool(id="where", input_schema=Pair, output_schema=dict[str, bool], execute=where)
        given_tool: Any = {"object": made, "id": "where", "decorated": tool(where)}[given]
        _, result = await ran(create_workflow(id="wf").tool(given_tool).commit(), tools=[made])
        assert result.result == {"main": False}

    go(scenario())


@pytest.mark.parametrize("given", [asking, "confirm"])
def test_a_tool_may_ask_and_its_answer_is_checked_first(given: Any) -> None:
    async def scenario() -> None:
        run, result = await ran(create_workflow(id="wf").tool(given).commit(), tools=[asking])
        assert result.suspend_payload == {"confirm": {"sure": "really?"}}
        with pytest.raises(InvalidResumeData):
            await run.resume(resume_data={"sure": "perhaps"})
        assert (await run.resume(resume_data={"sure": True})).result == {"sum": 3}

    go(scenario())


def test_an_unknown_tool_takes_any_answer() -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").tool("confirm").commit()
        engine = Engine([workflow], tools=[asking])
        run = await workflow.create_run()
        await run.start(input_data=DATA)
        engine.registry.tools.clear()
        result = await run.resume(resume_data=7)
        assert result.error["name"] == "UnknownReference"

    go(scenario())


@pytest.mark.parametrize("given", [asking, "confirm"])
def test_a_question_must_fit_the_tools_schema(given: Any) -> None:
    async def ask_wrongly(data: Pair, ctx: ToolContext) -> Any:
        return await ctx.suspend({"sure": 1})

    async def scenario() -> None:
        wrong = create_tool(
            id="confirm", input_schema=Pair, output_schema=Sum, suspend_schema=dict[str, str], execute=ask_wrongly
        )
        workflow = create_workflow(id="wf").tool(wrong if given is asking else given).commit()
        assert (await ran(workflow, tools=[wrong]))[1].error["name"] == "InvalidSuspendData"

    go(scenario())


def test_a_tool_knows_its_run_and_may_change_its_state() -> None:
    @tool
    async def look(data: Pair, ctx: ToolContext) -> dict[str, Any]:
        await ctx.set_state({"seen": ctx.state.get("seen", 0) + 1})
        await ctx.writer.write("looked")
        return {
            "run": ctx.run_id, "workflow": ctx.workflow_id, "user": ctx.request_context["user"],
            "tools": list(ctx.engine.registry.tools), "aborted": ctx.abort_signal.aborted, "asked": ctx.suspend_data,
        }  # fmt: skip

    async def scenario() -> None:
        workflow = create_workflow(id="wf").tool(look).commit()
        Engine([workflow], tools=[look])
        run = await workflow.create_run()
        result = await run.start(input_data=DATA, request_context={"user": "Ada"}, include_state=True)
        assert result.result == {
            "run": run.id, "workflow": "wf", "user": "Ada", "tools": ["look"], "aborted": False, "asked": None
        }  # fmt: skip
        assert result.state == {"seen": 1}

    go(scenario())


# Calls that an agent makes


def called(function: Any, **options: Any) -> Tool:
    return create_tool(id="called", input_schema=Pair, output_schema=Sum, execute=function, **options)


async def inside(function: Any) -> Any:
    """Run a step that calls tools as an agent would."""
    return (await ran(chain(create_step(id="agent", execute=function))))[1]


def test_an_agents_call_has_a_question_and_a_key_of_its_own() -> None:
    async def work(ctx: Any) -> Any:
        first = ctx.inside(asking, "call-1")
        assert await call_tool(asking, DATA, first) is None
        assert first.asked.payload.data == {"sure": "really?"}
        assert (ctx.asked, ctx.suspend_data) == (None, None)
        assert first.idempotency_key == f"{ctx.idempotency_key}/call-1"
        earlier = Exchange(Value.of({"sure": "really?"}), None, Value.of({"sure": True}))
        again = ctx.inside(asking, "call-1", earlier)
        assert again.suspend_data == {"sure": "really?"}
        return await call_tool(asking, DATA, again)

    async def scenario() -> None:
        result = await inside(work)
        assert (result.status, result.result) == ("success", {"sum": 3})

    go(scenario())


def test_an_agents_call_changes_the_state_of_the_step() -> None:
    def change(data: Pair, ctx: ToolContext) -> Sum:
        ctx.set_state({"sum": data.a + data.b})
        return Sum(sum=0)

    async def work(ctx: Any) -> Any:
        return await call_tool(called(change), DATA, ctx.inside(called(change), "1"))

    async def scenario() -> None:
        workflow = chain(create_step(id="agent", execute=work), create_step(id="next", execute=lambda ctx: ctx.state))
        assert (await ran(workflow))[1].result == {"sum": 3}

    go(scenario())

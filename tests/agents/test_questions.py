"""Tools in the hands of a model: ours, those of workflows, and those that need somebody's word."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, CallDeferred, DeferredToolRequests

from tests.agents.models import PROMPT, calling, first_then, go, model, outcome, ran, tool_results
from tests.engine.conformance.fixtures import chain
from workflows_app import (
    DefinitionError,
    Engine,
    MemoryJournal,
    NonRetryableError,
    SchemaMismatch,
    StepContext,
    Tool,
    ToolContext,
    Tripwire,
    create_step,
    create_tool,
    create_workflow,
    step,
    tool,
)
from workflows_app.agents import from_pydantic_ai
from workflows_app.engine.history import History


class Refund(BaseModel):
    euros: int


class Word(BaseModel):
    ok: bool


@tool(id="pay-back", description="Pays money back", resume_schema=Word)
async def pay_back(data: Refund, ctx: ToolContext) -> Any:
    """Ask before much is paid back."""
    if data.euros < 100:
        return {"paid": data.euros}
    if ctx.resume_data is None:
        proposal = {"pay": data.euros < 100}
        ctx.suspend({"euros": data.euros}, title=f"Pay back {data.euros}?", assign_to="chiefs", proposal=proposal)
        return "noted"
    return {"paid": data.euros if ctx.resume_data.ok else 0, "noted": ctx.suspend_output, "asked": ctx.suspend_data}


def paying(*calls: Any, tools: Any = (pay_back,), **options: Any) -> Any:
    return from_pydantic_ai(Agent(first_then(*calls), **options), id="payer", tools=tools)


def pay(euros: int, call_id: str = "call-1", index: int = 0) -> Any:
    return calling("pay-back", f'{{"euros": {euros}}}', call_id, index)


def test_a_tool_of_ours_is_called() -> None:
    assert outcome(paying(pay(5))).result == {"text": "[{'paid': 5}]"}


def test_a_plain_function_is_a_tool_too() -> None:
    @tool
    def state(data: Refund, ctx: ToolContext) -> dict[str, Any]:
        ctx.set_state({"euros": data.euros})
        return {"run": ctx.run_id == ctx.idempotency_key.partition(":")[0]}

    async def scenario() -> None:
        agent = paying(calling("state", '{"euros": 5}'), tools=[state])
        workflow = chain("wf", create_step(agent))
        Engine([workflow])
        run = await workflow.create_run()
        result = await run.start(input_data=PROMPT, include_state=True)
        assert (result.result, result.state) == ({"text": "[{'run': True}]"}, {"euros": 5})

    go(scenario())


def test_a_model_that_gives_wrong_arguments_is_told() -> None:
    heard: list[str] = []

    def reply(messages: Any, info: Any) -> Any:
        heard.append(str(messages[-1].parts[0].content))
        said = {1: calling("pay-back", '{"euros": "many"}'), 2: pay(5, "call-2"), 3: "Done."}
        return [said[len(heard)]]

    assert outcome(from_pydantic_ai(Agent(model(reply)), id="payer", tools=[pay_back])).result == {"text": "Done."}
    assert heard[1].startswith("Invalid input data: \n- euros:")
    assert heard[2] == "{'paid': 5}"


def test_a_tool_that_asks_suspends_the_step_and_the_conversation_goes_on() -> None:
    async def scenario() -> None:
        journal = MemoryJournal()
        run, result = await ran(paying(pay(500)), journal=journal)
        assert result.suspend_payload == {"payer": {"euros": 500}}
        [question] = History((await run.engine.read(run.id)).events).suspended
        assert (question.title, question.assign_to) == ("Pay back 500?", "chiefs")
        assert question.form == Word.model_json_schema()
        # Another process goes on, from what is recorded alone.
        workflow = chain("wf", create_step(paying(pay(500))))
        again = Engine([workflow], journal=journal)
        result = await (await again.get_run(run.id)).resume(resume_data={"ok": True})
        assert result.result == {"text": "[{'paid': 500, 'noted': 'noted', 'asked': {'euros': 500}}]"}
        assert result.steps["payer"].metadata["usage"]["inputTokens"] > 0

    go(scenario())


def test_an_answer_that_does_not_fit_is_asked_for_again() -> None:
    async def scenario() -> None:
        run, _ = await ran(paying(pay(500)))
        result = await run.resume(resume_data={"ok": "perhaps"})
        assert result.suspend_payload["payer"]["problem"].startswith("Invalid resume data")
        result = await run.resume(resume_data={"ok": False})
        assert result.result["text"].startswith("[{'paid': 0")

    go(scenario())


def test_two_questions_at_once_are_asked_one_after_another() -> None:
    async def scenario() -> None:
        run, result = await ran(paying(pay(500), pay(600, "call-2", 1), pay(5, "call-3", 2)))
        assert result.suspend_payload == {"payer": {"euros": 500}}
        result = await run.resume(resume_data={"ok": True})
        assert result.suspend_payload == {"payer": {"euros": 600}}
        result = await run.resume(resume_data={"ok": False})
        paid = [word for word in result.result["text"].split("}") if "paid" in word]
        assert [int(word.split("'paid': ")[1].split(",")[0]) for word in paid] in ([500, 0, 5], [5, 500, 0])

    go(scenario())


def test_a_tool_may_ask_again() -> None:
    @tool
    async def talk(data: Refund, ctx: ToolContext) -> Any:
        said = [*(ctx.suspend_output or []), ctx.resume_data]
        return said if len(said) > 2 else (ctx.suspend(), said)[1]

    async def scenario() -> None:
        run, _ = await ran(paying(calling("talk", '{"euros": 1}'), tools=[talk]))
        assert (await run.resume(resume_data=1)).status == "suspended"
        assert (await run.resume(resume_data=2)).result == {"text": "[[None, 1, 2]]"}

    go(scenario())


@pytest.mark.parametrize(("error", "status"), [(NonRetryableError("no"), "failed"), (Tripwire("no"), "tripwire")])
def test_a_tool_that_fails_fails_the_step(error: Exception, status: str) -> None:
    @tool
    def fail(data: Refund) -> Any:
        raise error

    assert outcome(paying(calling("fail", '{"euros": 1}'), tools=[fail])).status == status


def test_an_agent_calls_a_workflow_and_its_question_suspends_the_call() -> None:
    @step(resume_schema=Word)
    async def ask(data: Refund, ctx: StepContext) -> Any:
        if ctx.resume_data is None:
            return await ctx.suspend({"euros": data.euros})
        return data.euros if ctx.resume_data.ok else 0

    async def scenario() -> None:
        inner = create_workflow(id="refund", input_schema=Refund).then(ask).commit()
        call = calling("workflow-refund", '{"inputData": {"euros": 7}}')
        run, result = await ran(paying(call, tools=[inner.as_tool()]))
        asked = result.suspend_payload["payer"]
        assert (asked["step"], asked["suspendPayload"]) == ("ask", {"euros": 7})
        result = await run.resume(resume_data={"ok": True})
        assert result.result == {"text": f"[{{'result': 7, 'runId': '{asked['runId']}'}}]"}
        assert (await inner.list_workflow_runs()).total == 1

    go(scenario())


# The tools of pydantic-ai


def deleting(output_type: Any = (str, DeferredToolRequests)) -> Any:
    agent: Any = Agent(first_then(calling("delete", '{"file": "a.txt"}')), output_type=list(output_type))
    agent.tool_plain(requires_approval=True, name="delete")(lambda file: f"{file} is gone")
    return from_pydantic_ai(agent, id="cleaner")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"approved": True}, "['a.txt is gone']"),
        ({"approved": False}, "['A person did not allow this call.']"),
        ({"approved": False, "message": "Keep it."}, "['Keep it.']"),
    ],
)
def test_a_call_that_needs_an_approval_asks_a_person(answer: Any, said: str) -> None:
    async def scenario() -> None:
        run, result = await ran(deleting())
        assert result.suspend_payload == {"cleaner": {"tool": "delete", "args": {"file": "a.txt"}}}
        result = await run.resume(resume_data="whatever")
        assert result.suspend_payload["cleaner"]["problem"].startswith("Invalid resume data")
        assert (await run.resume(resume_data=answer)).result == {"text": said}

    go(scenario())


def test_a_structured_answer_may_come_after_an_approval() -> None:
    class Report(BaseModel):
        gone: list[str]

    async def scenario() -> None:
        def reply(messages: Any, info: Any) -> Any:
            results = tool_results(messages)
            if not results:
                return [calling("delete", '{"file": "a.txt"}')]
            return [calling(info.output_tools[0].name, f'{{"gone": ["{results[0]}"]}}', "call-2")]

        agent: Any = Agent(model(reply), output_type=[str, DeferredToolRequests])
        agent.tool_plain(requires_approval=True, name="delete")(lambda file: file)
        run, _ = await ran(from_pydantic_ai(agent, id="cleaner"), output_schema=Report)
        assert (await run.resume(resume_data={"approved": True})).result == {"gone": ["a.txt"]}

    go(scenario())


def test_a_call_that_is_done_elsewhere_asks_for_what_it_gave() -> None:
    def elsewhere() -> str:
        raise CallDeferred(metadata={"ticket": 7})

    async def scenario() -> None:
        agent: Any = Agent(first_then(calling("elsewhere", "{}")), output_type=[str, DeferredToolRequests])
        agent.tool_plain(elsewhere)
        run, result = await ran(from_pydantic_ai(agent, id="caller"))
        assert result.suspend_payload == {"caller": {"tool": "elsewhere", "args": {}, "about": {"ticket": 7}}}
        assert (await run.resume(resume_data={"kind": "of", "n": 1})).result == {"text": "[{'kind': 'of', 'n': 1}]"}

    go(scenario())


# What is refused


def test_a_tool_without_an_object_as_input_is_refused() -> None:
    counting = create_tool(id="count", input_schema=int, output_schema=int, execute=lambda data, ctx: data)
    with pytest.raises(SchemaMismatch, match="needs a model or a dict"):
        paying(tools=[counting])


def test_two_tools_of_one_name_are_refused() -> None:
    def named(id: str) -> Tool:
        return create_tool(id=id, input_schema=Refund, output_schema=int, execute=lambda data, ctx: 1)

    assert set(paying(tools=[named("pay back")]).toolbox.tools) == {"pay_back"}
    with pytest.raises(DefinitionError, match="have one name: pay_back"):
        paying(tools=[named("pay back"), named("pay?back")])


def test_tools_need_a_step() -> None:
    async def scenario() -> None:
        with pytest.raises(DefinitionError, match="Tools need a step"):
            async for _chunk in paying(pay(5)).stream("Pay."):
                pass

    go(scenario())


def test_without_a_step_a_question_is_only_told() -> None:
    async def scenario() -> None:
        *_, asked = [chunk async for chunk in deleting().stream("Delete.")]
        assert (asked["type"], asked["title"]) == ("suspend", "Allow delete?")
        [again] = [chunk async for chunk in deleting().stream("Delete.", resume_data=7, memory=asked["memory"])]
        assert "problem" in again["payload"]
        goes_on = deleting().stream("Delete.", resume_data={"approved": True}, memory=asked["memory"])
        *_, finish = [chunk async for chunk in goes_on]
        assert finish["text"] == "['a.txt is gone']"

    go(scenario())

"""A workflow as a tool: each call is a run of its own, and a run that asks something suspends the call."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any

from pydantic import BaseModel, SkipValidation, create_model

from .abort import stopping
from .errors import InvalidData, InvalidResumeData, NotSuspended, ResumeAlreadyClaimed, RunAlreadyStarted
from .history import History
from .paths import ITEM, public
from .questions import Question
from .schema import Json, Value
from .snapshot import suspended_records
from .tools import Tool, create_tool

JOIN = (RunAlreadyStarted, NotSuspended, ResumeAlreadyClaimed)


class WorkflowCall(BaseModel):
    """What a caller of a workflow's tool gives."""

    inputData: Any = None
    initialState: Any = None


def call_of(workflow: Any) -> type[WorkflowCall]:
    """Describe a call to agents: the schemas are shown, and the run itself checks what it is given."""
    parts = {"inputData": workflow.input_schema, "initialState": workflow.state_schema}
    shown: dict[str, Any] = {
        name: (Annotated[schema.declared, SkipValidation], None) for name, schema in parts.items() if schema
    }
    return create_model("WorkflowCall", __base__=WorkflowCall, **shown)


def workflow_tool(workflow: Any) -> Tool:
    """Make a tool that runs a workflow.

    Shape: {"inputData", "initialState"?} → {"result", "runId"} or {"error", "runId"}
    """

    async def run_workflow(data: WorkflowCall, ctx: Any) -> Json:
        run = await begun(workflow, ctx)
        try:
            async with stopping(ctx.abort_signal):
                result = await followed(run, data, ctx)
        except InvalidResumeData as problem:
            return await ask_on(run, ctx, str(problem))
        except InvalidData as problem:
            return {"error": str(problem), "runId": run.id}
        except asyncio.CancelledError:
            if ctx.abort_signal.aborted:
                await run.cancel("what called it was canceled")
            raise
        if result.status == "suspended":
            return await ask_on(run, ctx)
        if result.status == "success":
            return {"result": result.result, "runId": run.id}
        message = result.error["message"] if result.error else f"The workflow ended {result.status}."
        return {"error": message, "runId": run.id}

    return create_tool(
        id=f"workflow-{workflow.id}", description=workflow.description or f"Runs the workflow {workflow.id}.",
        input_schema=call_of(workflow), output_schema=dict[str, Any], execute=run_workflow,
    )  # fmt: skip


async def begun(workflow: Any, ctx: Any) -> Any:
    """Make the run of this call, or find it: a call that is tried again after a crash has one already."""
    known = ctx.engine.registry.by_id.get(workflow.id)
    if known is None:
        ctx.engine.add_workflow(workflow)
        known = ctx.engine.get_workflow(workflow.id)
    if ctx.suspend_output:
        return await known.create_run(run_id=ctx.suspend_output["runId"])
    key = hashlib.sha256(ctx.occasion.encode()).hexdigest()
    return await known.create_run(resource_id=ctx.resource_id, idempotency_key=key)


async def followed(run: Any, data: WorkflowCall, ctx: Any) -> Any:
    """Take the run to its next rest and pass its events on. Raises: InvalidData"""
    asked = ctx.suspend_output
    if asked is None:
        stream = run.stream(
            input_data=data.inputData, initial_state=data.initialState, request_context=dict(ctx.request_context),
            tracing_options={"trace_id": ctx.trace_id, "parent_span_id": ctx.span_id},
        )  # fmt: skip
    else:
        stream = run.resume_stream(step=asked["step"], resume_data=ctx.resume_data, asked=asked["asked"])
    try:
        return await passed_on(stream, ctx)
    except JOIN:
        # Another try of this call, or a person who answered in the run itself, was faster.
        return await passed_on(run.observe_stream(), ctx)


async def passed_on(stream: Any, ctx: Any) -> Any:
    async for event in stream.once():
        ctx.writer.write(event)
    return await stream.result


async def ask_on(run: Any, ctx: Any, problem: str = "") -> Json:
    """Ask the run's first open question in the caller's name, of the same people.

    What was wrong with an answer stands beside it.
    """
    stored = await ctx.engine.read(run.id)
    record = suspended_records(History(stored.events), run.workflow.places)[0]
    step = public(record.path)
    schema = run.workflow.places[ITEM.sub("", step)].answer_schema
    payload = record.suspend_payload.data if record.suspend_payload is not None else None
    told = {"problem": problem} if problem else {}
    ctx.asked = Question(
        Value.of({"runId": run.id, "step": step, "suspendPayload": payload, **told}), title=record.title,
        assign_to=record.assign_to, approvals=record.approvals, groups=record.groups,
        allow_requester=record.allow_requester, form=schema.json_schema() or record.form, body=record.body,
        priority=record.priority, proposal=record.proposal,
    )  # fmt: skip
    return {"runId": run.id, "step": step, "asked": record.asked}

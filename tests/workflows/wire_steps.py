"""The steps of the wire workflows, in the order in which the workflows use them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tests.workflows.wire_shapes import (
    Answer,
    Ask,
    Attempts,
    Climb,
    Confirmed,
    Decided,
    Decision,
    Done,
    Doubled,
    Emitted,
    Emphasized,
    FailTimes,
    Final,
    Formatted,
    HowMany,
    Items,
    Message,
    Ms,
    Name,
    NameOk,
    Names,
    Note,
    Nothing,
    Number,
    Ok,
    Outcome,
    Pair,
    Progress,
    Question,
    Reason,
    Report,
    Request,
    Size,
    Slept,
    Squared,
    Stop,
    Sum,
    Text,
    Tier,
    Topic,
    Total,
    Value,
    Worked,
)
from workflows_app import StepContext, ToolContext, step, tool


async def log_step(ctx: StepContext, name: str) -> Number:
    """Count one more step in the state, and name it there."""
    counter: Number = ctx.state.counter + 1
    await ctx.set_state({"counter": counter, "log": [*ctx.state.log, name]})
    return counter


@step(id="format", description="Upper-cases the message", state_schema=Progress)
async def format_message(data: Message, ctx: StepContext) -> Formatted:
    await log_step(ctx, "format")
    return Formatted(formatted=data.message.upper())


@step(id="emphasize", state_schema=Progress)
async def emphasize(data: Formatted, ctx: StepContext) -> Emphasized:
    return Emphasized(emphasized=f"{data.formatted}!!!", counter=await log_step(ctx, "emphasize"))


@step(id="read-tier")
async def read_tier(data: Nothing, ctx: StepContext) -> Tier:
    tier = ctx.request_context.get("user-tier") or "none"
    return Tier(tier=tier, maxResults=1000 if tier == "enterprise" else 50)


@step(id="double")
async def double(data: Value) -> Doubled:
    return Doubled(doubled=data.value * 2)


@step(id="square")
async def square(data: Value) -> Squared:
    return Squared(squared=data.value**2)


@step(id="big")
async def big(data: Sum) -> Size:
    return Size(size="big")


@step(id="small")
async def small(data: Sum) -> Size:
    return Size(size="small")


@step(id="list-items")
async def list_items(data: Items) -> list[Number]:
    return data.items


@step(id="times-ten")
async def times_ten(data: Number) -> Number:
    return data * 10


@step(id="total")
async def total(data: list[Number]) -> Total:
    return Total(total=sum(data))


@step(id="list-names")
async def list_names(data: Names) -> list[Name]:
    return [Name(name=name) for name in data.names]


@step(id="confirm-item", suspend_schema=Ask, resume_schema=Ok, output_schema=NameOk)
async def confirm_item(data: Name, ctx: StepContext) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"ask": f"confirm {data.name}?"})
    return NameOk(name=data.name, ok=ctx.resume_data.ok)


@step(id="tally")
async def tally(data: list[NameOk]) -> Confirmed:
    return Confirmed(confirmed=[each.name for each in data if each.ok])


@step(id="prepare")
async def prepare(data: Request) -> Request:
    return data


@step(
    id="await-approval",
    description="Waits for a human decision",
    suspend_schema=Reason,
    resume_schema=Decision,
    output_schema=Decided,
)
async def await_approval(data: Request, ctx: StepContext) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"reason": "Human approval required", "requestId": data.requestId})
    reason = Reason.model_validate(ctx.suspend_data).reason if ctx.suspend_data else ""
    return Decided(approved=ctx.resume_data.approved, by=ctx.resume_data.by, reasonSeen=reason)


@step(id="finish")
async def finish(data: Decided) -> Outcome:
    verdict = "approved" if data.approved else "rejected"
    return Outcome(outcome=f"{verdict} by {data.by} ({data.reasonSeen})")


@step(id="note-start")
async def note_start(data: Ms) -> Ms:
    return data


@step(id="note-end")
async def note_end(data: Ms) -> Slept:
    return Slept(slept=data.ms)


@step(id="child-upper")
async def child_upper(data: Text) -> Text:
    return Text(text=data.text.upper())


@step(id="child-star")
async def child_star(data: Text) -> Text:
    return Text(text=f"*{data.text}*")


@step(id="after")
async def after(data: Text) -> Final:
    return Final(final=f"{data.text}.")


@step(id="child-ask", suspend_schema=Question, resume_schema=Answer, output_schema=Answer)
async def child_ask(data: Topic, ctx: StepContext) -> Any:
    if ctx.resume_data is None:
        return await ctx.suspend({"question": f"What about {data.topic}?"})
    return Answer(answer=ctx.resume_data.answer)


@step(id="report")
async def report(data: Answer) -> Report:
    return Report(report=f"answer: {data.answer}")


@step(id="flaky", retries=2)
async def flaky(data: FailTimes, ctx: StepContext) -> Attempts:
    if ctx.retry_count < data.failTimes:
        raise RuntimeError(f"boom on attempt {ctx.retry_count}")
    return Attempts(attempts=ctx.retry_count + 1)


@step(id="increment")
async def increment(data: Climb) -> Climb:
    return Climb(n=data.n + 1, target=data.target)


@step(id="halve")
async def halve(data: Climb) -> Climb:
    return Climb(n=data.n // 2, target=data.target)


@step(id="work")
async def work(data: Ms, ctx: StepContext) -> Worked:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ctx.abort_signal.wait(), data.ms / 1000)
    return Worked(worked=data.ms)


@step(id="wrap-up")
async def wrap_up(data: Worked) -> Done:
    return Done(done=True, worked=data.worked)


@step(id="maybe-bail", output_schema=Note)
async def maybe_bail(data: Stop, ctx: StepContext) -> Any:
    if data.stop:
        return ctx.bail({"note": "bailed out"})
    return Note(note="went on")


@step(id="after-bail")
async def after_bail(data: Note) -> Note:
    return Note(note=f"{data.note} to the end")


@step(id="emit")
async def emit(data: HowMany, ctx: StepContext) -> Emitted:
    for index in range(int(data.count)):
        await ctx.writer.write({"type": "progress", "index": index})
    await ctx.writer.custom({"type": "data-note", "data": {"hello": "world"}})
    return Emitted(emitted=data.count)


@tool(id="add-tool", description="Adds two numbers")
async def add(data: Pair, ctx: ToolContext) -> Sum:
    return Sum(sum=data.a + data.b)

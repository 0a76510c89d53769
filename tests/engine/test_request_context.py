"""The request context: what is set, set to null and deleted in it, and what later steps see of that."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.engine.test_context import run_of
from workflows_app import RequestContext, StepContext, create_step, create_workflow
from workflows_app.engine.context import jsonable


def test_a_request_context_is_a_mapping() -> None:
    context = RequestContext({"a": 1})
    assert context.changes is None
    context.set("b", 2)
    context["c"] = object()
    context.delete("a")
    context.delete("nobody")
    del context["b"]
    assert (context.has("a"), context.get("c") is None, len(context), list(context)) == (False, False, 1, ["c"])
    assert "c" in repr(context)
    changes = context.changes
    assert changes is not None
    assert (changes.data, context.gone) == ({}, ("a", "b"))


def test_a_request_context_keeps_what_is_null_until_it_is_deleted() -> None:
    seen: list[Any] = []

    def look(ctx: StepContext) -> None:
        seen.append(dict(ctx.request_context))
        ctx.request_context.set("n", len(seen))
        if len(seen) == 2:
            ctx.request_context.delete("empty")

    run_of(look, look, look, context={"empty": None})
    assert seen == [{"empty": None}, {"empty": None, "n": 1}, {"n": 2}]


def test_a_request_context_keeps_what_a_step_or_an_answer_sets_to_null() -> None:
    seen: list[Any] = []

    async def ask(ctx: StepContext) -> Any:
        seen.append(dict(ctx.request_context))
        ctx.request_context.set("a", None)
        return await ctx.suspend() if ctx.resume_data is None else None

    def look(ctx: StepContext) -> None:
        seen.append(dict(ctx.request_context))

    async def scenario() -> None:
        wf = create_workflow(id="wf").then(create_step(id="ask", execute=ask))
        run = await wf.then(create_step(id="look", execute=look)).commit().create_run()
        await run.start(request_context={"a": 1, "b": 2})
        await run.resume(resume_data=1, request_context={"b": None})

    asyncio.run(scenario())
    assert seen == [{"a": 1, "b": 2}, {"a": None, "b": None}, {"a": None, "b": None}]


def test_only_what_is_json_of_a_request_context_is_kept() -> None:
    assert jsonable({"a": 1, "b": object(), "c": float("nan")}).data == {"a": 1}
    assert jsonable(None).data == jsonable({"b": object()}).data == {}


def test_a_deleted_key_that_is_no_json_does_not_hold_the_run_up() -> None:
    def work(ctx: StepContext) -> None:
        for key in ("known", "\ud800", "\0"):
            ctx.request_context[key] = 1
            del ctx.request_context[key]
        assert ctx.request_context.gone == ("known",)

    assert run_of(work).status == "success"

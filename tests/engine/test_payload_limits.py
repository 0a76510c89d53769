"""What is too large is refused where it is given, with its name and size, and nothing of it is kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.engine.short import boom, chain, echo, go, sus
from workflows_app import Engine, RetryPolicy, Workflow, create_step, create_workflow
from workflows_app.engine.errors import LONGEST_DETAIL, LONGEST_MESSAGE, describe
from workflows_app.engine.schema import Value
from workflows_app.errors import InvalidInput, InvalidPayload

LIMIT = 1_000
LARGE = "x" * LIMIT


def limited(*steps: Any) -> Engine:
    return Engine([chain(*steps)], max_payload=LIMIT)


@pytest.mark.parametrize("name", ["input_data", "initial_state", "request_context"])
def test_a_run_does_not_start_with_too_much(name: str) -> None:
    async def scenario() -> None:
        run = await limited(echo("a")).get_workflow("wf").create_run()
        given: dict[str, Any] = {name: {"text": LARGE}}
        with pytest.raises(InvalidPayload, match=r"bytes are more than the 1000 allowed") as caught:
            await run.start(**given)
        assert str(caught.value).startswith("Value is too large: \n- ")
        assert caught.value.errors[0]["path"] in name
        assert (await run.start(input_data=1)).status == "success"

    go(scenario())


def test_an_answer_that_is_too_large_leaves_the_question_open() -> None:
    async def scenario() -> None:
        run = await limited(sus("a")).get_workflow("wf").create_run()
        await run.start()
        with pytest.raises(InvalidPayload, match="bytes are more"):
            await run.resume(resume_data=LARGE)
        assert (await run.resume(resume_data=1)).result == 1

    go(scenario())


def test_time_does_not_travel_with_too_much() -> None:
    async def scenario() -> None:
        run = await limited(echo("a"), echo("b")).get_workflow("wf").create_run()
        await run.start(input_data=1)
        with pytest.raises(InvalidPayload, match="bytes are more"):
            await run.time_travel(step="b", context={"a": {"output": LARGE}})
        assert (await run.time_travel(step="b")).result == 1

    go(scenario())


async def writes(ctx: Any) -> None:
    await ctx.writer.write(LARGE)


@pytest.mark.parametrize(
    ("execute", "name"),
    [
        (lambda ctx: LARGE, "output"),
        (lambda ctx: ctx.bail(LARGE), "output"),
        (lambda ctx: ctx.suspend(LARGE), "payload"),
        (lambda ctx: ctx.set_state({"a": LARGE}), "state"),
        (lambda ctx: ctx.update_state(lambda state: {"a": LARGE}), "state"),
        (lambda ctx: ctx.request_context.set("a", LARGE), "context"),
        (writes, "output"),
        (lambda ctx: ctx.writer.custom({"type": "data-x", "data": LARGE}), "output"),
    ],
)
def test_a_step_fails_that_gives_too_much(execute: Any, name: str) -> None:
    async def scenario() -> None:
        run = await limited(create_step(id="a", execute=execute)).get_workflow("wf").create_run()
        result = await run.start()
        assert (result.status, result.error["name"]) == ("failed", "InvalidPayload")
        assert result.error["details"]["errors"][0]["path"] == name

    go(scenario())


def test_a_state_that_grows_too_large_fails_the_step_that_makes_it_so() -> None:
    async def scenario() -> None:
        steps = [
            create_step(id=name, execute=lambda ctx, name=name: ctx.set_state({name: "x" * 400})) for name in "abc"
        ]
        result = await (await limited(*steps).get_workflow("wf").create_run()).start(include_state=True)
        assert [result.steps[name].status for name in "abc"] == ["success", "success", "failed"]
        assert set(result.state) == {"a", "b"}

    go(scenario())


def wide(id: str) -> Any:
    return create_step(id=id, execute=lambda ctx: "x" * 400)


def of_items(workflow: Workflow) -> Workflow:
    return workflow.map(lambda ctx: [1, 2, 3], id="items").foreach(wide("each"))


def inside(workflow: Workflow) -> Workflow:
    members = create_workflow(id="inner").parallel([wide("a"), wide("b"), wide("c")], id="both").commit()
    return workflow.then(members)


@pytest.mark.parametrize(
    ("build", "entry", "failed"),
    [
        (lambda wf: wf.parallel([wide("a"), wide("b"), wide("c")], id="both"), "both", []),
        (lambda wf: wf.branch([(lambda ctx: True, wide(name)) for name in "abc"], id="ways"), "ways", []),
        (of_items, "each", ["each"]),
        (inside, "inner.both", ["inner"]),
    ],
)
def test_what_is_too_large_only_together_fails_the_entry_that_would_put_it_together(
    build: Any, entry: str, failed: list[str]
) -> None:
    async def scenario() -> None:
        workflow = build(create_workflow(id="wf", retry=RetryPolicy(attempts=2))).then(echo("after")).commit()
        Engine([workflow], max_payload=LIMIT)
        run = await workflow.create_run()
        result = await run.start(input_data=1)
        assert (result.status, result.error["name"]) == ("failed", "InvalidPayload")
        [told] = result.error["details"]["errors"]
        assert told["path"] == entry
        assert re.match(r"12\d\d bytes are more than the 1000 allowed", told["message"])
        assert [path for path, step in result.steps.items() if step.status == "failed"] == failed
        assert "after" not in result.steps

    go(scenario())


def test_outputs_that_just_fit_are_put_together() -> None:
    async def scenario() -> None:
        texts = {"a": "x" * 489, "b": "y" * 489}
        members = [create_step(id=id, execute=lambda ctx, text=text: text) for id, text in texts.items()]
        whole = Value.of(texts).size
        for limit, status in ((whole, "success"), (whole - 1, "failed")):
            workflow = create_workflow(id="wf").parallel(members).commit()
            Engine([workflow], max_payload=limit)
            assert (await (await workflow.create_run()).start()).status == status

    go(scenario())


def test_the_request_context_that_grows_too_large_fails_the_step_that_makes_it_so() -> None:
    async def scenario() -> None:
        steps = [
            create_step(id=name, execute=lambda ctx, name=name: ctx.request_context.set(name, "x" * 400))
            for name in "abc"
        ]
        result = await (await limited(*steps).get_workflow("wf").create_run()).start()
        assert [result.steps[name].status for name in "abc"] == ["success", "success", "failed"]
        assert result.error["details"]["errors"][0]["path"] == "context"

    go(scenario())


def test_an_error_is_kept_in_part() -> None:
    error = ValueError("y" * (LONGEST_MESSAGE + 5))
    error.small, error.large = "z", "z" * LONGEST_DETAIL  # type: ignore[attr-defined]
    described = describe(error)

    assert described["message"].endswith("y… (5 more characters)")
    assert described["details"]["small"] == "z"
    assert "too many" in described["details"]["large"]


def test_a_deep_traceback_is_kept_at_its_ends() -> None:
    def deeper(level: int) -> None:
        if level == 0:
            raise ValueError("here")
        deeper(level - 1)

    with pytest.raises(ValueError, match="here") as caught:
        deeper(500)
    frames = describe(caught.value)["traceback"]
    assert len(frames) == 100
    assert frames[0]["function"] == "test_a_deep_traceback_is_kept_at_its_ends"
    assert frames[-1]["line"] < frames[-2]["line"]


def test_a_run_has_not_more_tags_than_a_person_could_read() -> None:
    async def scenario() -> None:
        with pytest.raises(InvalidInput, match="tags are 101; 100 are the most"):
            await limited(boom("a")).get_workflow("wf").create_run(tags=[str(n) for n in range(101)])

    go(scenario())

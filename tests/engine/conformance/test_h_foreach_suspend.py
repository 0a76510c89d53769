"""Section H: foreach with suspension."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.conformance.fixtures import (
    Json,
    StepLike,
    Steps,
    WorkflowLike,
    World,
    chain,
    plain,
    stored,
)
from workflows_app import StepContext, create_workflow
from workflows_app.errors import AmbiguousStep, NotSuspended, ResumeAlreadyClaimed, UnknownStep

ITEMS = [1, 22, 333]


def asking_each(steps: Steps, labelled: bool = False) -> StepLike:
    """Make an item step that suspends first, then gives item + 11 + data."""

    async def ask(ctx: StepContext) -> Json:
        steps.seen["items"].append(ctx.input_data)
        if ctx.resume_data is None:
            label = f"foreach-label-{ITEMS.index(ctx.input_data)}" if labelled else None
            return await ctx.suspend({"item": ctx.input_data}, resume_label=label)
        steps.seen["suspend_data"].append((ctx.input_data, plain(ctx.suspend_data)))
        return ctx.input_data + 11 + ctx.resume_data

    return steps.step("it", ask)


def summed(steps: Steps, concurrency: int, labelled: bool = False) -> WorkflowLike:
    total = steps.step("total", lambda ctx: sum(ctx.input_data))
    body = asking_each(steps, labelled)
    return create_workflow(id="wf").foreach(body, concurrency=concurrency).then(total).commit()


def test_h1_items_are_resumed_in_turn(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = summed(steps, concurrency=1)
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data=ITEMS)).suspended == [["it", 0]]
        assert (await run.resume(resume_data=0)).suspended == [["it", 1]]
        result = await run.resume(resume_data=5)
        assert (result.status, result.suspended) == ("suspended", [["it", 2]])
        result = await run.resume(resume_data=0)
        assert result.status == "success"
        assert result.steps["it"].output == [12, 38, 344]
        assert result.result == 394

    world.run(scenario())


def test_h3_items_are_resumed_by_index(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = summed(steps, concurrency=3)
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data=ITEMS)
        assert result.suspended == [["it", 0], ["it", 1], ["it", 2]]
        assert (await run.resume(for_each_index=0, resume_data=100)).suspended == [["it", 1], ["it", 2]]
        assert (await run.resume(for_each_index=1, resume_data=200)).suspended == [["it", 2]]
        result = await run.resume(for_each_index=2, resume_data=300)
        assert result.status == "success"
        assert result.steps["it"].output == [112, 233, 644]
        assert result.result == 989

    world.run(scenario())


@pytest.mark.parametrize("path", [["it", 1], "it[1]"])
def test_h3_an_item_path_names_an_item(world: World, steps: Steps, path: Json) -> None:
    async def scenario() -> None:
        run = await world.suspended(summed(steps, concurrency=3), ITEMS)
        assert (await run.resume(step=path, resume_data=0)).suspended == [["it", 0], ["it", 2]]

    world.run(scenario())


def test_h4_items_are_resumed_by_label(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = summed(steps, concurrency=3, labelled=True)
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data=ITEMS)
        assert result.resume_labels == {f"foreach-label-{n}": f"it[{n}]" for n in range(3)}
        assert (await run.resume(label="foreach-label-2", resume_data=5)).status == "suspended"
        assert (await run.resume(label="foreach-label-1", resume_data=0)).status == "suspended"
        result = await run.resume(label="foreach-label-0", resume_data=3)
        assert result.status == "success"
        assert result.steps["it"].output == [15, 33, 349]
        assert result.result == 397

    world.run(scenario())


def picky(steps: Steps) -> WorkflowLike:
    """Items over 5 suspend; those that do not, and the late ones, take their time."""

    async def ask(ctx: StepContext) -> Json:
        steps.seen["items"].append(ctx.input_data)
        if ctx.input_data < 5 or ctx.input_data > 400:
            await asyncio.sleep(0.05)
        if ctx.input_data > 5 and ctx.resume_data is None:
            return await ctx.suspend({"item": ctx.input_data})
        return ctx.input_data + 11 + (ctx.resume_data or 0)

    total = steps.step("total", lambda ctx: sum(ctx.input_data))
    return create_workflow(id="wf").foreach(steps.step("it", ask), concurrency=3).then(total).commit()


def test_h5_all_suspended_items_are_resumed_together(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = picky(steps)
        world.engine(workflow)
        run = await workflow.create_run()
        result = await run.start(input_data=[22, 1, 333, 444, 1000])
        assert result.suspended == [["it", 0], ["it", 2]]
        assert sorted(steps.seen["items"]) == [1, 22, 333]
        steps.seen.clear()
        result = await run.resume(step="it", all=True, resume_data=5)
        assert (result.status, result.suspended) == ("suspended", [["it", 3], ["it", 4]])
        assert sorted(steps.seen["items"]) == [22, 333, 444, 1000]
        result = await run.resume(step="it", all=True, resume_data=5)
        assert result.status == "success"
        assert result.steps["it"].output == [38, 12, 349, 460, 1016]
        assert result.result == 1875

    world.run(scenario())


@pytest.mark.parametrize("choice", [{}, {"step": "it"}], ids=["nothing", "step"])
def test_h5_several_items_need_a_choice(world: World, steps: Steps, choice: Json) -> None:
    async def scenario() -> None:
        workflow = summed(steps, concurrency=3)
        run = await world.suspended(workflow, ITEMS)
        with pytest.raises(AmbiguousStep):
            await run.resume(resume_data=1, **choice)
        assert (await workflow.get_workflow_run_by_id(run.run_id)).suspended == [
            ["it", 0],
            ["it", 1],
            ["it", 2],
        ]

    world.run(scenario())


@pytest.mark.parametrize("together", [False, True])
def test_h7_each_item_sees_its_own_payload(world: World, steps: Steps, together: bool) -> None:
    async def scenario() -> None:
        run = await world.suspended(summed(steps, concurrency=2), [1, 22])
        if together:
            await run.resume(all=True, resume_data=0)
        else:
            await run.resume(for_each_index=1, resume_data=0)
            await run.resume(for_each_index=0, resume_data=0)
        assert sorted(steps.seen["suspend_data"]) == [(1, {"item": 1}), (22, {"item": 22})]

    world.run(scenario())


def test_h9_each_pass_sees_the_payload_of_its_item(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        run = await world.suspended(summed(steps, concurrency=1), ITEMS)
        for _ in ITEMS:
            result = await run.resume(resume_data=0)
        assert result.status == "success"
        assert steps.seen["suspend_data"] == [(item, {"item": item}) for item in ITEMS]

    world.run(scenario())


def test_h11_two_resumes_at_once_lose_nothing(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        leaf = asking_each(steps)
        workflow = create_workflow(id="wf").foreach(chain("child", leaf), concurrency=2).commit()
        run = await world.suspended(workflow, [1, 22])

        async def resume(index: int) -> None:
            try:
                await run.resume(for_each_index=index, resume_data=index)
            except ResumeAlreadyClaimed:
                await run.resume(for_each_index=index, resume_data=index)

        await asyncio.gather(resume(0), resume(1))
        record = await stored(workflow, run.run_id)
        assert (record.status, record.result) == ("success", [12, 34])
        assert sorted(steps.seen["items"]) == [1, 1, 22, 22]

    world.run(scenario())


def test_h11_items_of_a_nested_workflow_are_named_by_their_leaf(world: World, steps: Steps) -> None:
    async def scenario() -> None:
        workflow = create_workflow(id="wf").foreach(chain("child", asking_each(steps)), concurrency=2).commit()
        world.engine(workflow)
        run = await workflow.create_run()
        assert (await run.start(input_data=[1, 22])).suspended == [["child", 0, "it"], ["child", 1, "it"]]
        result = await run.resume(for_each_index=1, resume_data=5)
        assert result.suspended == [["child", 0, "it"]]
        assert steps.seen["suspend_data"] == [(22, {"item": 22})]

    world.run(scenario())


@pytest.mark.parametrize(("index", "error"), [(9, UnknownStep), (0, NotSuspended)], ids=["range", "finished"])
def test_h12_a_wrong_index_changes_nothing(world: World, steps: Steps, index: int, error: type[Exception]) -> None:
    async def scenario() -> None:
        workflow = summed(steps, concurrency=3)
        run = await world.suspended(workflow, ITEMS)
        await run.resume(for_each_index=0, resume_data=0)
        calls = dict(steps.calls)
        with pytest.raises(error):
            await run.resume(for_each_index=index, resume_data=0)
        record = await workflow.get_workflow_run_by_id(run.run_id)
        assert (record.status, record.suspended) == ("suspended", [["it", 1], ["it", 2]])
        assert dict(steps.calls) == calls

    world.run(scenario())


def test_h13_items_behind_a_suspended_one_wait(world: World, steps: Steps) -> None:
    async def ask(ctx: StepContext) -> Json:
        steps.seen["items"].append(ctx.input_data)
        if ctx.input_data == "sus" and ctx.resume_data is None:
            return await ctx.suspend({})
        return f"{ctx.input_data}!"

    async def scenario() -> None:
        workflow = create_workflow(id="wf").foreach(steps.step("it", ask), concurrency=1).commit()
        run = await world.suspended(workflow, ["ok", "sus", "last"])
        assert steps.seen["items"] == ["ok", "sus"]
        assert (await run.resume(resume_data=1)).result == ["ok!", "sus!", "last!"]
        assert steps.seen["items"] == ["ok", "sus", "sus", "last"]

    world.run(scenario())

"""The seventeen workflows that the HTTP API is checked with.

Load them into a studio with `python manage.py studio --workflows tests.workflows.wire`. Each shows one thing
that a client must get along with: a branch, a loop, a sleep, an approval, a tool. Sixteen have their id for a
key; the last one has a key of its own, because the API takes either.
"""

from __future__ import annotations

from tests.workflows import wire_shapes as shapes
from tests.workflows import wire_steps as steps
from workflows_app import StepContext, create_step, create_workflow


def sum_up(ctx: StepContext) -> dict[str, shapes.Number]:
    return {"sum": ctx.input_data["double"]["doubled"] + ctx.input_data["square"]["squared"]}


def is_big(ctx: StepContext) -> bool:
    return bool(ctx.input_data["sum"] > 20)


def is_small(ctx: StepContext) -> bool:
    return bool(ctx.input_data["sum"] <= 20)


def nap_seconds(ctx: StepContext) -> float:
    return float(ctx.input_data["ms"] / 1000)


def is_there(ctx: StepContext) -> bool:
    return bool(ctx.input_data["n"] >= ctx.input_data["target"])


def is_above_two(ctx: StepContext) -> bool:
    return bool(ctx.input_data["n"] > 2)


sequential = (
    create_workflow(
        id="wire-sequential",
        description="Two steps in a row sharing state",
        input_schema=shapes.Message,
        output_schema=shapes.Emphasized,
        state_schema=shapes.Progress,
    )
    .then(steps.format_message)
    .then(steps.emphasize)
    .commit()
)

context = (
    create_workflow(id="wire-context", input_schema=shapes.Nothing, output_schema=shapes.Tier)
    .then(steps.read_tier)
    .commit()
)

parallel_branch = (
    create_workflow(id="wire-parallel-branch", input_schema=shapes.Count, output_schema=shapes.Sizes)
    .parallel([steps.double, steps.square])
    .map(sum_up, id="sum-up")
    .branch([(is_big, steps.big), (is_small, steps.small)])
    .commit()
)

foreach = (
    create_workflow(id="wire-foreach", input_schema=shapes.Items, output_schema=shapes.Total)
    .then(steps.list_items)
    .foreach(steps.times_ten, concurrency=2)
    .then(steps.total)
    .commit()
)

foreach_suspend = (
    create_workflow(id="wire-foreach-suspend", input_schema=shapes.Names, output_schema=shapes.Confirmed)
    .then(steps.list_names)
    .foreach(steps.confirm_item, concurrency=1)
    .then(steps.tally)
    .commit()
)

approval = (
    create_workflow(
        id="wire-approval",
        description="Suspends until a human approves",
        input_schema=shapes.Request,
        output_schema=shapes.Outcome,
    )
    .then(steps.prepare)
    .then(steps.await_approval)
    .then(steps.finish)
    .commit()
)

sleep = (
    create_workflow(id="wire-sleep", input_schema=shapes.Ms, output_schema=shapes.Slept)
    .then(steps.note_start)
    .sleep(nap_seconds, id="nap")
    .sleep(0.02, id="short-nap")
    .then(steps.note_end)
    .commit()
)

child = (
    create_workflow(
        id="wire-child",
        description="A workflow used as a step",
        input_schema=shapes.Text,
        output_schema=shapes.Text,
    )
    .then(steps.child_upper)
    .then(steps.child_star)
    .commit()
)

nested = (
    create_workflow(id="wire-nested", input_schema=shapes.Text, output_schema=shapes.Final)
    .then(child)
    .then(steps.after)
    .commit()
)

child_suspend = (
    create_workflow(id="wire-child-suspend", input_schema=shapes.Topic, output_schema=shapes.Answer)
    .then(steps.child_ask)
    .commit()
)

nested_suspend = (
    create_workflow(id="wire-nested-suspend", input_schema=shapes.Topic, output_schema=shapes.Report)
    .then(child_suspend)
    .then(steps.report)
    .commit()
)

retries = (
    create_workflow(id="wire-retries", input_schema=shapes.FailTimes, output_schema=shapes.Attempts)
    .then(steps.flaky)
    .commit()
)

loop = (
    create_workflow(id="wire-loop", input_schema=shapes.Climb, output_schema=shapes.Climb)
    .dountil(steps.increment, is_there)
    .dowhile(steps.halve, is_above_two)
    .commit()
)

slow = (
    create_workflow(id="wire-slow", input_schema=shapes.Ms, output_schema=shapes.Done)
    .then(steps.work)
    .then(steps.wrap_up)
    .commit()
)

bail = (
    create_workflow(id="wire-bail", input_schema=shapes.Stop, output_schema=shapes.Note)
    .then(steps.maybe_bail)
    .then(steps.after_bail)
    .commit()
)

writer = (
    create_workflow(id="wire-writer", input_schema=shapes.HowMany, output_schema=shapes.Emitted)
    .then(steps.emit)
    .commit()
)

with_tool = (
    create_workflow(id="wire-tool", input_schema=shapes.Pair, output_schema=shapes.Sum)
    .then(create_step(steps.add))
    .commit()
)

named_by_their_id = [
    sequential,
    context,
    parallel_branch,
    foreach,
    foreach_suspend,
    approval,
    sleep,
    child,
    nested,
    child_suspend,
    nested_suspend,
    retries,
    loop,
    slow,
    bail,
    writer,
]

workflows = {workflow.id: workflow for workflow in named_by_their_id} | {"wireToolKey": with_tool}
tools = [steps.add]

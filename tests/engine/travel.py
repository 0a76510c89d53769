"""Runs that travel in time, for tests of what a rewind plans and of what then runs."""

from __future__ import annotations

from typing import Any

from tests.engine.simulator import Simulator, randomly
from workflows_app import Workflow, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.rewind import rewind


def echo(id: str, add: int = 1, **options: Any) -> Any:
    async def run(ctx: Any) -> Any:
        return ctx.input_data + add if isinstance(ctx.input_data, int) else ctx.input_data

    return create_step(id=id, execute=run, **options)


def new(**options: Any) -> Workflow:
    return create_workflow(id="wf", **options)


def finished(workflow: Workflow, value: Any = 1) -> Simulator:
    world = Simulator(workflow.commit(), value)
    world.run(randomly(1))
    return world


def plan(world: Simulator, step: Any, **options: Any) -> e.RunRewound:
    [event] = rewind(world.workflow, world.history, 9, step=step, **options)
    assert isinstance(event, e.RunRewound)
    return event


def travelled(world: Simulator, step: Any, **options: Any) -> Any:
    world.turn([plan(world, step, **options)])
    world.run(randomly(2))
    assert world.history.status == "success", world.history.error
    assert world.history.result is not None
    return world.history.result.data


def worked(world: Simulator) -> Simulator:
    """Perform what is open, while no timer fires."""
    while world.under_way:
        key = next(iter(world.under_way))
        world.perform(key)
        world.deliver(key)
    return world


def outputs(world: Simulator) -> dict[str, Any]:
    return {path: record.output and record.output.data for path, record in world.history.records.items()}


def broken(id: str, when: Any = None) -> Any:
    """Make a step that fails on one input, or always; a second try succeeds."""
    tried: list[Any] = []

    async def run(ctx: Any) -> Any:
        if (when is None or ctx.input_data == when) and not tried:
            tried.append(ctx.input_data)
            raise ValueError("no")
        return ctx.input_data

    return create_step(id=id, execute=run)


def nested() -> Workflow:
    inner = create_workflow(id="inner", input_schema=int).then(echo("x")).then(echo("y")).commit()
    return new().then(echo("a")).then(inner).then(echo("z", 0))

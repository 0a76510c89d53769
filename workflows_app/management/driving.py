"""Driving one run from a command: what it asks, and following it until it rests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workflows_app.engine.paths import PublicPath, to_text
from workflows_app.engine.schema import Json
from workflows_app.engine.snapshot import Result
from workflows_app.errors import InvalidData
from workflows_app.management.places import Place, not_found, place_of
from workflows_app.management.progress import Progress


@dataclass(frozen=True, slots=True)
class Question:
    """What a run waits for: where, what is told with it, what an answer looks like, and one to begin with."""

    path: PublicPath
    payload: Json
    schema: Json
    proposal: Json = None

    @property
    def name(self) -> str:
        return to_text(self.path)


async def questions_of(options: Mapping[str, Any]) -> list[Question]:
    """Read what the run that the options name waits for. Raises: CommandError"""
    async with place_of(options) as place:
        workflow = await place.workflow(options["workflow"])
        record = await workflow.get_workflow_run_by_id(options["resume"])
        if record is None:
            raise not_found(workflow, options["resume"])
        proposed = await place.proposals(workflow, record.run_id)
        asked = [question_at(place, workflow, record.steps, path) for path in record.suspended]
        return [replace(question, proposal=proposed.get(question.name)) for question in asked]


def question_at(place: Place, workflow: Any, steps: Mapping[str, Any], path: PublicPath) -> Question:
    public = to_text([part for part in path if isinstance(part, str)])
    step = steps.get(to_text(path)) or steps.get(public)
    return Question(path, step.suspend_payload if step else None, place.answer_schema(workflow, public))


async def drive(options: Mapping[str, Any], given: Mapping[str, Json], shown: Progress) -> tuple[Result, bool]:
    """Start or answer, and show every event until the run rests. Ctrl-C cancels the run, not its record.

    Gives how the run stands, and whether it was Ctrl-C. Raises: CommandError, InvalidData
    """
    async with place_of(options) as place:
        run, stream = await begun(place, options, given)
        follower, was_interrupted = Follower(stream, shown), False
        try:
            await follower.follow()
        except InvalidData:
            if not options["resume"]:
                await place.withdraw(run)
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            was_interrupted = task is not None and task.uncancel() == 0
            shown.say("is being canceled; Ctrl-C again leaves it to itself")
            await run.cancel("Ctrl-C", **place.by)
            await follower.follow()
        return await stream.result, was_interrupted


async def begun(place: Place, options: Mapping[str, Any], given: Mapping[str, Json]) -> tuple[Any, Any]:
    """Find the run that the options mean, and give it with the stream of what they want of it."""
    workflow = await place.workflow(options["workflow"])
    if options["resume"]:
        run = await place.run(workflow, options["resume"])
        return run, run.resume_stream(step=options["step"], resume_data=given["data"], **place.answering)
    started = {
        "input_data": given["input"], "initial_state": given["state"], "request_context": given["context"],
    }  # fmt: skip
    run = await place.new_run(workflow, options["run_id"], started)
    try:
        return run, run.stream(**started, **place.by)
    except InvalidData:
        await place.withdraw(run)
        raise


@dataclass(slots=True)
class Follower:
    """Shows each event of a stream once, also when it has to begin again."""

    stream: Any
    shown: Progress
    seq: int = 0

    async def follow(self) -> None:
        async for event in self.stream:
            if event["seq"] > self.seq:
                self.seq = event["seq"]
                self.shown.show(event)

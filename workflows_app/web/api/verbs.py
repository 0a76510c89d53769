"""What a caller does to a run. Most verbs come in three forms: at once, when the run rests, and as a stream."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from ninja import Query, Router

from workflows_app import runtime
from workflows_app.approvals.policy import Who
from workflows_app.engine.ports import TERMINAL
from workflows_app.engine.run import Run
from workflows_app.engine.verbs import checked_start
from workflows_app.errors import RunAlreadyStarted
from workflows_app.web.activity import note, of_run
from workflows_app.web.api import documents
from workflows_app.web.api.access import asked, run_of, workflow_of
from workflows_app.web.api.bodies import (
    Breaking,
    Cancelling,
    Clearing,
    Observing,
    OfNewRun,
    OfRun,
    Restarting,
    Resuming,
    Starting,
    Travelling,
)
from workflows_app.web.api.streaming import followed, launched
from workflows_app.web.approvals.deciding import check_resume

router = Router(tags=["runs"])
ONE = "/workflows/{workflow_id}"
RESTARTED = {"message": "All active workflow runs restarted"}


def found(request: HttpRequest, right: str, workflow_id: str, run_id: str) -> tuple[Run, str]:
    """Find the run that a verb is about, and who asks."""
    person = asked(request, right)
    return run_of(workflow_of(workflow_id), run_id), person.user.get_username()


def created(request: HttpRequest, workflow_id: str, asking: OfRun | OfNewRun, body: Starting) -> tuple[Run, str]:
    """Find the run of an id, or create it; what cannot be started with leaves none behind. Raises: InvalidData"""
    user = asked(request, "start_run").user.get_username()
    engine, workflow = runtime.get_engine(), workflow_of(workflow_id)
    checked_start(
        workflow, body.input_data, body.initial_state, body.context(asking), breakpoints=body.breakpoints
    )  # fmt: skip
    create = engine.create_run(
        workflow, run_id=asking.run_id, resource_id=body.resource_id, tags=body.tags, started_by=user
    )
    return runtime.call(create), user


# Start


def start_of(body: Starting, asking: OfRun | OfNewRun) -> dict[str, Any]:
    return {
        "input_data": body.input_data, "initial_state": body.initial_state, "per_step": body.per_step,
        "breakpoints": body.breakpoints, "request_context": body.context(asking),
        "tracing_options": body.tracing_options,
    }  # fmt: skip


@router.post(f"{ONE}/start", summary="Start a run")
def start(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Starting) -> dict[str, str]:
    run, user = found(request, "start_run", workflow_id, asking.run_id)
    runtime.call(run.start_async(**start_of(body, asking), by=user))
    note(request, "start", of_run(run.head))
    return {"message": "Workflow run started"}


@router.post(f"{ONE}/start-async", summary="Start a run and wait until it rests")
def start_async(request: HttpRequest, workflow_id: str, asking: Query[OfNewRun], body: Starting) -> dict[str, Any]:
    run, user = created(request, workflow_id, asking, body)
    result = runtime.call(run.start(**start_of(body, asking), by=user))
    note(request, "start", of_run(run.head))
    return documents.answered(result)


@router.post(f"{ONE}/stream", summary="Start a run and stream its events")
def stream(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Starting) -> HttpResponseBase:
    run, user = created(request, workflow_id, asking, body)
    given = start_of(body, asking)
    try:
        response = launched(request, lambda: run.stream(**given, close_on_suspend=body.close_on_suspend, by=user))
    except RunAlreadyStarted as error:
        raise streamed_before(run) or error from None
    note(request, "start", of_run(run.head))
    return response


def streamed_before(run: Run) -> RunAlreadyStarted | None:
    """Say of a run that has ended where its stream is; nothing of one that has not."""
    status = run.head.status
    if status not in TERMINAL:
        return None
    return RunAlreadyStarted(
        f'Workflow run {run.id} already finished with status "{status}". '
        "Use /observe to read its stream back, or stream a new runId."
    )


@router.post(f"{ONE}/observe", summary="Stream what was recorded of a run, then what follows")
def observe(request: HttpRequest, workflow_id: str, asking: Query[Observing]) -> HttpResponseBase:
    asked(request)
    run = run_of(workflow_of(workflow_id), asking.run_id)
    ends = {"close_on_suspend": asking.close_on_suspend, "endless": asking.live}
    return followed(request, lambda: run.observe_stream(asking.offset, **ends))


# Go on


def resuming(
    request: HttpRequest, workflow_id: str, asking: OfRun, body: Resuming
) -> tuple[Run, dict[str, Any]]:  # fmt: skip
    """Find the run to answer, and what to hand it. Raises: AnswerRefused when its question is not the caller's"""
    run, user = found(request, "resume_run", workflow_id, asking.run_id)
    groups = check_resume(Who.of(asked(request, "resume_run").user), run.id, body.step)
    return run, answer_of(body, asking, user, groups)


def answer_of(body: Resuming, asking: OfRun, user: str, groups: Collection[str]) -> dict[str, Any]:
    return {
        "step": body.step, "resume_data": body.resume_data, "label": body.label, "for_each_index": body.for_each_index,
        "all": body.all_, "per_step": body.per_step, "force": body.force, "request_context": body.context(asking),
        "by": user, "groups": groups,
    }  # fmt: skip


@router.post(f"{ONE}/resume", summary="Answer a suspended step")
def resume(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Resuming) -> dict[str, str]:
    run, given = resuming(request, workflow_id, asking, body)
    runtime.call(run.resume_async(**given))
    note(request, "resume", of_run(run.head))
    return {"message": "Workflow run resumed"}


@router.post(f"{ONE}/resume-no-wait", summary="Answer a suspended step, and get the run's id")
def resume_no_wait(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Resuming) -> dict[str, str]:
    resume(request, workflow_id, asking, body)
    return {"runId": asking.run_id}


@router.post(f"{ONE}/resume-async", summary="Answer a suspended step and wait until the run rests")
def resume_async(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Resuming) -> dict[str, Any]:
    run, given = resuming(request, workflow_id, asking, body)
    result = runtime.call(run.resume(**given))
    note(request, "resume", of_run(run.head))
    return documents.answered(result)


@router.post(f"{ONE}/resume-stream", summary="Answer a suspended step and stream what follows")
def resume_stream(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Resuming) -> HttpResponseBase:
    run, given = resuming(request, workflow_id, asking, body)
    response = launched(request, lambda: run.resume_stream(**given))
    note(request, "resume", of_run(run.head))
    return response


def restart_of(body: Restarting | None, asking: OfRun) -> dict[str, Any]:
    given = body or Restarting()
    return {"request_context": given.context(asking), "force": given.force}


@router.post(f"{ONE}/restart", summary="Go on with a run whose process is gone")
def restart(
    request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Restarting | None = None
) -> dict[str, str]:
    run, user = found(request, "restart_run", workflow_id, asking.run_id)
    runtime.call(run.restart_async(**restart_of(body, asking), by=user))
    note(request, "restart", of_run(run.head))
    return {"message": "Workflow run restarted"}


@router.post(f"{ONE}/restart-async", summary="Go on with a run and wait until it rests")
def restart_async(
    request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Restarting | None = None
) -> dict[str, Any]:
    run, user = found(request, "restart_run", workflow_id, asking.run_id)
    result = runtime.call(run.restart(**restart_of(body, asking), by=user))
    note(request, "restart", of_run(run.head))
    return documents.answered(result)


@router.post(f"{ONE}/restart-all-active-workflow-runs", summary="Go on with every run whose process is gone")
def restart_all(request: HttpRequest, workflow_id: str) -> dict[str, str]:
    asked(request, "restart_run")
    engine, workflow = runtime.get_engine(), workflow_of(workflow_id)

    async def begin() -> None:
        engine.start_task(lambda: engine.restart_all_active_workflow_runs(workflow))

    runtime.call(begin())
    return RESTARTED


@router.post(f"{ONE}/restart-all-active-workflow-runs-async", summary="Go on with every run, and wait for them")
def restart_all_async(request: HttpRequest, workflow_id: str) -> dict[str, str]:
    asked(request, "restart_run")
    runtime.call(runtime.get_engine().restart_all_active_workflow_runs(workflow_of(workflow_id)))
    return RESTARTED


# Step by step


@router.post(f"{ONE}/step", summary="Have the next step of a paused run performed")
def step(request: HttpRequest, workflow_id: str, asking: Query[OfRun]) -> dict[str, str]:
    run, user = found(request, "start_run", workflow_id, asking.run_id)
    runtime.call(run.step_async(by=user))
    note(request, "step", of_run(run.head))
    return {"message": "Workflow run goes one step on"}


@router.post(f"{ONE}/resume-all-steps", summary="Let a paused run go on to its end")
def resume_all_steps(request: HttpRequest, workflow_id: str, asking: Query[OfRun]) -> dict[str, str]:
    run, user = found(request, "start_run", workflow_id, asking.run_id)
    runtime.call(run.resume_all_steps_async(by=user))
    note(request, "unpause", of_run(run.head))
    return {"message": "Workflow run goes on"}


@router.post(f"{ONE}/break-before", summary="Have a run that is under way pause before more steps")
def break_before(
    request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Breaking
) -> dict[str, list[str]]:  # fmt: skip
    run, user = found(request, "start_run", workflow_id, asking.run_id)
    left = runtime.call(run.break_before(body.steps, by=user))
    note(request, "breakpoints", of_run(run.head), after={"pauses before": ", ".join(left)})
    return {"breakpoints": left}


@router.post(f"{ONE}/clear-breakpoints", summary="Have a run not pause before steps any more")
def clear_breakpoints(
    request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Clearing | None = None
) -> dict[str, list[str]]:
    run, user = found(request, "start_run", workflow_id, asking.run_id)
    left = runtime.call(run.clear_breakpoints(body.steps if body else None, by=user))
    note(request, "breakpoints", of_run(run.head), after={"pauses before": ", ".join(left)})
    return {"breakpoints": left}


# Go back


def travel_of(body: Travelling, asking: OfRun, user: str) -> dict[str, Any]:
    return {
        "step": body.step, "input_data": body.input_data, "resume_data": body.resume_data,
        "initial_state": body.initial_state, "context": body.context_, "per_step": body.per_step,
        "nested_steps_context": body.nested_steps_context, "request_context": body.context(asking), "by": user,
    }  # fmt: skip


@router.post(f"{ONE}/time-travel", summary="Go back to before a step and run from there")
def time_travel(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Travelling) -> dict[str, str]:
    run, user = found(request, "timetravel_run", workflow_id, asking.run_id)
    run_id = runtime.call(run.time_travel_async(**travel_of(body, asking, user), fork=body.fork))
    note(request, "fork" if body.fork else "time_travel", of_run(run.head))
    return {"message": "Workflow run time travel started", **({"runId": run_id} if body.fork else {})}


@router.post(f"{ONE}/time-travel-async", summary="Go back, and wait until the run rests")
def time_travel_async(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Travelling) -> dict[str, Any]:
    run, user = found(request, "timetravel_run", workflow_id, asking.run_id)
    result = runtime.call(run.time_travel(**travel_of(body, asking, user), fork=body.fork))
    note(request, "fork" if body.fork else "time_travel", of_run(run.head))
    return documents.answered(result)


@router.post(f"{ONE}/time-travel-stream", summary="Go back, and stream what follows")
def time_travel_stream(
    request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Travelling
) -> HttpResponseBase:
    run, user = found(request, "timetravel_run", workflow_id, asking.run_id)
    response = launched(request, lambda: run.time_travel_stream(**travel_of(body, asking, user), fork=body.fork))
    note(request, "fork" if body.fork else "time_travel", of_run(run.head))
    return response


@router.post(f"{ONE}/runs/{{run_id}}/cancel", summary="Cancel a run")
def cancel(request: HttpRequest, workflow_id: str, run_id: str, body: Cancelling | None = None) -> dict[str, str]:
    run, user = found(request, "cancel_run", workflow_id, run_id)
    reason = body.reason if body else None
    runtime.call(run.cancel(reason or None, by=user))
    note(request, "cancel", of_run(run.head), reason=reason or "")
    return {"message": "Workflow run cancelled"}

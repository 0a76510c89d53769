"""What a verb would do, before it is done: the engine's dry run, with the rights and arguments of the verb."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Body, Query, Router

from workflows_app import runtime
from workflows_app.approvals.policy import Who
from workflows_app.web.api.access import asked
from workflows_app.web.api.bodies import Going, OfRun, PreviewCancel, Previewing, PreviewResume, PreviewTravel
from workflows_app.web.api.verbs import ONE, answer_of, found, travel_of
from workflows_app.web.approvals.deciding import check_resume

router = Router(tags=["runs"])
RIGHTS: Final = {
    "restart": "restart_run", "resume": "resume_run", "time_travel": "timetravel_run", "cancel": "cancel_run",
}  # fmt: skip


@router.post(f"{ONE}/preview", summary="Say what a verb would do")
def preview(request: HttpRequest, workflow_id: str, asking: Query[OfRun], body: Body[Previewing]) -> dict[str, Any]:
    """Say which steps would run again, which results are reused, and what is canceled; nothing changes."""
    run, user = found(request, RIGHTS[body.verb], workflow_id, asking.run_id)
    arguments = arguments_of(body, asking, user)
    if isinstance(body, PreviewResume):
        groups = check_resume(Who.of(asked(request).user), run.id, body.step)
        arguments = answer_of(body, asking, user, groups)
    plan = runtime.call(run.preview(body.verb, **arguments))
    return plan.to_json()


def arguments_of(body: Previewing, asking: OfRun, user: str) -> dict[str, Any]:
    match body:
        case PreviewTravel():
            return travel_of(body, asking, user)
        case PreviewCancel():
            return {"reason": body.reason, "by": user}
    return {"request_context": Going.context(body, asking), "by": user}

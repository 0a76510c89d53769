"""Drive a studio from another program, with the names of the run API.

    from workflows_app.client import Studio

    with Studio("http://127.0.0.1:8000", token="wfs_…") as studio:
        run = studio.get_workflow("expenses").create_run()
        for event in run.stream(input_data={"amount": 12}):
            print(event["type"])

`AsyncStudio` is the same to await. What the studio refuses is raised as the engine raises it; `StudioError`
and what is below it say what is wrong between here and there.
"""

from __future__ import annotations

from .awaiting import AsyncApproval, AsyncRun, AsyncStream, AsyncStudio, AsyncWorkflow
from .blocking import Approval, Run, Stream, Studio, Workflow
from .faults import NotAllowed, NotSignedIn, StudioError, TooFast, Unreachable

__all__ = [
    "Approval",
    "AsyncApproval",
    "AsyncRun",
    "AsyncStream",
    "AsyncStudio",
    "AsyncWorkflow",
    "NotAllowed",
    "NotSignedIn",
    "Run",
    "Stream",
    "Studio",
    "StudioError",
    "TooFast",
    "Unreachable",
    "Workflow",
]

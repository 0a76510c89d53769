"""A plain step that hears of no cancel: nobody can stop the thread that it runs in."""

from __future__ import annotations

import time

from workflows_app import create_workflow, step


@step
def sleep_on(data: float) -> float:
    time.sleep(data)
    return data


workflows = [create_workflow(id="deaf", input_schema=float).then(sleep_on).commit()]

"""Documents of a studio, read into what the engine gave."""

from __future__ import annotations

import asyncio
from typing import Any

from workflows_app import Result, create_step, create_workflow
from workflows_app.client import answers


def asking(step_id: str, payload: Any) -> Any:
    async def ask(ctx: Any) -> Any:
        return await ctx.suspend(payload)

    return create_step(id=step_id, execute=ask)


def test_of_two_questions_in_a_nested_workflow_only_one_of_which_says_something_the_right_one_does() -> None:
    inner = create_workflow(id="inner").parallel([asking("silent", None), asking("telling", {"total": 9})]).commit()
    workflow = create_workflow(id="wf").then(inner).commit()

    async def scenario() -> Result:
        result: Result = await (await workflow.create_run()).start()
        return result

    result = asyncio.run(scenario())
    assert result.suspend_payload == {"inner.telling": {"total": 9}}
    assert answers.result_of(result.to_json()).suspend_payload == result.suspend_payload

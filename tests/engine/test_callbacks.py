"""Callbacks: who hears of the end of a run, and of the workflows nested in it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import boom, echo, go, sus
from workflows_app import Engine, RetryPolicy, Workflow, create_step, create_workflow


class Named(BaseModel):
    name: str = "nobody"


class Heard:
    """Notes what callbacks are told."""

    def __init__(self) -> None:
        self.infos: list[Any] = []
        self.order: list[str] = []

    def nested(self, *steps: Any, id: str = "inner", **options: Any) -> Workflow:
        workflow = create_workflow(id=id, on_finish=self.finished, on_error=self.failed, **options)
        for step in steps:
            workflow.then(step)
        return workflow.commit()

    def finished(self, info: Any) -> None:
        self.infos.append(info)
        self.order.append(f"{info.workflow_id} {info.status}")

    def failed(self, info: Any) -> None:
        self.order.append(f"{info.workflow_id} error {info.error['message']}")


def outer(*entries: Any, **options: Any) -> Workflow:
    workflow = create_workflow(id="outer", **options)
    for entry in entries:
        workflow.then(entry)
    return workflow.commit()


async def started(workflow: Workflow, data: Any = None, **options: Any) -> tuple[Any, Any]:
    Engine([workflow])
    run = await workflow.create_run(resource_id="res")
    return run, await run.start(input_data=data, **options)


def test_a_nested_workflow_hears_that_it_succeeded() -> None:
    async def scenario() -> None:
        heard = Heard()
        inner = heard.nested(echo("a"), echo("b"), input_schema=Named, state_schema=Named)
        context = {"user": "ada"}
        run, result = await started(
            outer(inner, echo("last")), {"name": "x"}, initial_state={"name": "s"}, request_context=context
        )
        assert result.status == "success"
        (info,) = heard.infos
        assert (info.run_id, info.workflow_id, info.resource_id) == (run.id, "inner", "res")
        assert (info.status, info.result, info.error) == ("success", {"name": "x"}, None)
        assert (info.get_init_data(), info.state) == (Named(name="x"), Named(name="s"))
        assert list(info.steps) == info.step_execution_path == ["a", "b"]
        assert info.steps["b"].output == {"name": "x"}
        assert dict(info.request_context) == context
        assert heard.order == ["inner success"]

    go(scenario())


def test_a_nested_workflow_hears_that_it_failed_before_the_run_does() -> None:
    async def scenario() -> None:
        heard = Heard()
        whole = outer(heard.nested(boom("b")), on_finish=heard.finished, on_error=heard.failed)
        await started(whole)
        assert heard.order == ["inner failed", "inner error no", "outer failed", "outer error no"]

    go(scenario())


def test_a_try_that_is_followed_by_another_is_no_end() -> None:
    async def scenario() -> None:
        heard = Heard()
        await started(outer(heard.nested(boom("b")), retry=RetryPolicy(attempts=2)))
        assert heard.order == ["inner failed", "inner error no"]

    go(scenario())


def test_a_nested_workflow_hears_that_it_waits_and_that_it_ended() -> None:
    async def scenario() -> None:
        heard = Heard()
        run, _ = await started(outer(heard.nested(heard.nested(sus("ask"), id="core"))))
        assert heard.order == ["core suspended", "inner suspended"]
        await run.resume(resume_data=1)
        assert heard.order[2:] == ["core success", "inner success"]

    go(scenario())


def test_only_what_waits_hears_of_a_suspension() -> None:
    async def scenario() -> None:
        heard = Heard()
        members = [heard.nested(sus("ask"), id="asking"), heard.nested(echo("e"), id="done"), echo("step")]
        await started(create_workflow(id="outer").parallel(members).commit())
        assert sorted(heard.order) == ["asking suspended", "done success"]

    go(scenario())


def test_a_nested_workflow_hears_of_a_cancel() -> None:
    async def scenario() -> None:
        heard = Heard()
        run, _ = await started(outer(heard.nested(sus("ask"))))
        await run.cancel()
        while len(heard.order) < 2:
            await asyncio.sleep(0)
        assert heard.order == ["inner suspended", "inner canceled"]

    go(scenario())


def test_every_item_of_a_foreach_is_heard_of() -> None:
    async def scenario() -> None:
        heard = Heard()
        workflow = create_workflow(id="outer").foreach(heard.nested(echo("a")), concurrency=2).commit()
        await started(workflow, [1, 2, 3])
        assert sorted(info.result for info in heard.infos) == [1, 2, 3]
        assert [list(info.steps) for info in heard.infos] == [["a"]] * 3

    go(scenario())


def test_a_bail_ends_a_nested_workflow_with_success() -> None:
    async def scenario() -> None:
        heard = Heard()
        bailing = create_step(id="bail", execute=lambda ctx: ctx.bail("early"))
        await started(outer(heard.nested(bailing, echo("never"))))
        assert (heard.order, heard.infos[0].result) == (["inner success"], "early")

    go(scenario())


def test_who_starts_a_run_waits_for_the_callbacks_of_what_is_nested() -> None:
    async def scenario() -> None:
        heard = Heard()

        async def slowly(info: Any) -> None:
            await asyncio.sleep(0.7)
            heard.finished(info)

        inner = create_workflow(id="inner", on_finish=slowly).then(echo("a")).commit()
        await started(outer(inner, echo("last")))
        assert heard.order == ["inner success"]

    go(scenario())


def test_a_callback_may_wait_for_its_own_run() -> None:
    async def scenario() -> None:
        answered: list[Any] = []

        async def answer(info: Any) -> None:
            if info.status == "suspended":
                run = await info.engine.get_run(info.run_id)
                answered.append(await run.resume(resume_data="yes"))

        inner = create_workflow(id="inner", on_finish=answer).then(sus("ask")).commit()
        assert (await started(outer(inner)))[1].status == "suspended"
        assert [(one.status, one.result) for one in answered] == [("success", "yes")]

    go(scenario())


def test_on_start_of_a_nested_workflow_is_no_gate() -> None:
    async def scenario() -> None:
        def refuse(info: Any) -> None:
            raise PermissionError("no")

        inner = create_workflow(id="inner", on_start=refuse).then(echo("a")).commit()
        assert (await started(outer(inner)))[1].status == "success"

    go(scenario())


def test_a_callback_that_raises_is_logged_and_the_next_one_is_called(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        heard = Heard()

        def broken(info: Any) -> None:
            raise RuntimeError("broken")

        inner = create_workflow(id="inner", on_finish=broken, on_error=heard.failed).then(boom("b")).commit()
        await started(outer(inner))
        assert heard.order == ["inner error no"]

    with caplog.at_level(logging.ERROR, "workflows"):
        go(scenario())
    assert "a callback of inner raised for the run" in caplog.text


def test_a_callback_may_raise_what_is_no_error() -> None:
    class Odd(BaseException):
        pass

    async def scenario() -> None:
        heard = Heard()

        def broken(info: Any) -> None:
            raise Odd

        await started(create_workflow(id="outer", on_finish=broken, on_error=heard.failed).then(boom("b")))
        assert heard.order == ["outer error no"]

    go(scenario())


def test_what_a_callback_does_to_what_it_is_told_nobody_else_sees() -> None:
    async def scenario() -> None:
        heard = Heard()

        def forgetful(info: Any) -> None:
            info.steps.clear()
            info.error.clear()

        workflow = create_workflow(id="outer", on_finish=forgetful, on_error=heard.failed).then(boom("b"))
        _, result = await started(workflow)
        assert heard.order == ["outer error no"]
        assert (result.error["message"], list(result.steps)) == ("no", ["b"])

    go(scenario())


def test_a_state_that_is_not_what_the_nested_workflow_declares_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Counted(BaseModel):
        count: int

    async def scenario() -> None:
        heard = Heard()
        _, result = await started(outer(heard.nested(echo("a"), state_schema=Counted)))
        assert (result.status, heard.order) == ("success", [])

    with caplog.at_level(logging.ERROR, "workflows"):
        go(scenario())
    assert "a callback of inner raised for the run" in caplog.text


def test_on_start_is_told_that_nothing_has_run_yet() -> None:
    async def scenario() -> None:
        told: list[Any] = []
        await started(outer(echo("a"), on_start=told.append))
        assert [(info.status, info.steps, info.step_execution_path) for info in told] == [("pending", {}, [])]

    go(scenario())


def test_a_callback_may_be_cancelled() -> None:
    async def scenario() -> None:
        def stopped(info: Any) -> None:
            raise asyncio.CancelledError

        workflow = create_workflow(id="wf", on_finish=stopped).then(echo("a"))
        _, result = await started(workflow)
        assert result.status == "success"

    go(scenario())

"""What steps do that no step should: none of it may leave a run stuck."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.short import chain, echo, go, started
from workflows_app.engine import create_step, create_workflow
from workflows_app.engine.errors import message_of


class Odd(BaseException):
    pass


class Mute(Exception):
    """Raises when it is asked for its text, with what no ordinary handler catches."""

    def __str__(self) -> str:
        raise Odd


class Sealed(Exception):
    """Raises when a traceback is written of it, or its attributes are read."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__dict__", "__cause__"):
            raise RuntimeError(name)
        return super().__getattribute__(name)


def raising(error: BaseException) -> Any:
    async def execute(ctx: Any) -> None:
        raise error

    return execute


async def stubborn(ctx: Any) -> str:
    """Swallow a cancellation, and take longer than anybody would wait."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    await asyncio.sleep(60)
    return "late"


async def late(ctx: Any) -> str:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    return "late"


@pytest.mark.parametrize("execute", [raising(Odd("odd")), raising(GeneratorExit())])
def test_an_exception_that_is_no_error_fails_the_step(execute: Any) -> None:
    async def scenario() -> None:
        _, result = await started(chain(create_step(id="a", execute=execute)))
        assert (result.status, result.steps["a"].status) == ("failed", "failed")
        assert result.error["name"] in ("Odd", "GeneratorExit")

    go(scenario())


@pytest.mark.parametrize("error", [StopIteration, GeneratorExit, Odd, asyncio.CancelledError, Mute, Sealed])
def test_whatever_a_plain_function_raises_the_run_ends(error: type[BaseException]) -> None:
    def fails(ctx: Any) -> None:
        raise error

    async def scenario() -> None:
        _, result = await started(chain(create_step(id="a", execute=fails)))
        assert result.status == ("canceled" if error is asyncio.CancelledError else "failed")

    go(scenario())


@pytest.mark.parametrize("error", [Odd, GeneratorExit, asyncio.CancelledError, Mute, Sealed])
def test_an_update_of_the_state_that_raises_anything_fails_the_step(error: type[BaseException]) -> None:
    def fails(state: Any) -> Any:
        raise error

    async def scenario() -> None:
        step = create_step(id="a", execute=lambda ctx: ctx.update_state(fails))
        _, result = await started(chain(step, echo("b")))
        assert (result.status, result.error["name"]) == ("failed", error.__name__)

    go(scenario())


def test_an_error_of_which_no_traceback_can_be_written_is_logged_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", True)

    async def scenario() -> None:
        _, result = await started(chain(create_step(id="a", execute=raising(Sealed("gone")))))
        assert result.error == {"name": "Sealed", "message": "gone"}

    go(scenario())
    assert "step a of run" in caplog.text


@pytest.mark.parametrize("execute", [stubborn, late])
def test_a_step_that_swallows_its_cancellation_has_a_timeout_all_the_same(execute: Any) -> None:
    async def scenario() -> None:
        _, result = await started(chain(create_step(id="a", execute=execute, timeout=0.02)))
        assert (result.status, result.error["name"]) == ("failed", "StepTimeout")

    go(scenario())


@pytest.mark.parametrize(
    "options",
    [
        {"resume_label": "\ud800"}, {"resume_label": [object()]}, {"title": object()}, {"title": "a\0b"},
        {"assign_to": "\ud800"}, {"allow_requester": object()}, {"title": 5}, {"title": 0},
        {"body": 5}, {"body": "\ud800"}, {"body": "x" * 10_001}, {"priority": "soon"}, {"priority": ["high"]},
        {"resume_label": 5}, {"proposal": object()}, {"proposal": {"name": "\ud800"}}, {"proposal": {1, "a"}},
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_kept_fails_the_step_once(options: dict[str, Any]) -> None:
    tries = []

    async def ask(ctx: Any) -> Any:
        tries.append(1)
        return await ctx.suspend({"q": 1}, **options)

    async def scenario() -> None:
        _, result = await started(chain(create_step(id="a", execute=ask)))
        assert result.status == "failed"
        assert result.error["name"] in ("InvalidPayload", "InvalidSuspendData")
        assert len(tries) == 1

    go(scenario())


def test_a_question_may_be_due_so_long_from_now() -> None:
    async def ask(ctx: Any) -> Any:
        return await ctx.suspend({"q": 1}, due=timedelta(hours=1))

    async def scenario() -> None:
        run, result = await started(chain(create_step(id="a", execute=ask)))
        assert result.status == "suspended"
        stored = await run.engine.read(run.id)
        [asked] = [event for event in stored.events if event.kind == "StepSuspended"]
        assert asked.due - asked.at == pytest.approx(3_600_000_000, abs=5_000_000)

    go(scenario())


class Leaving(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


def test_what_ends_the_process_is_not_held_back() -> None:
    with pytest.raises(KeyboardInterrupt):
        message_of(Leaving())


def test_what_ends_the_process_passes_an_update_of_the_state() -> None:
    def leave(state: Any) -> Any:
        raise KeyboardInterrupt

    async def scenario() -> None:
        await started(chain(create_step(id="a", execute=lambda ctx: ctx.update_state(leave))))

    with pytest.raises(KeyboardInterrupt):
        go(scenario())


@pytest.mark.parametrize(
    ("build", "asked", "bailed"),
    [
        (lambda flow, ask: flow.branch([(ask, echo("s"))]), "success", "success"),
        (lambda flow, ask: flow.when(ask, echo("s")), "success", "success"),
        (lambda flow, ask: flow.dowhile(echo("s"), ask), "failed", "success"),
        (lambda flow, ask: flow.sleep(ask), "failed", "failed"),
        (lambda flow, ask: flow.sleep_until(ask), "failed", "failed"),
        (lambda flow, ask: flow.foreach(echo("s"), concurrency=ask), "failed", "success"),
    ],
)
def test_what_only_decides_can_neither_ask_nor_bail(build: Any, asked: str, bailed: str) -> None:
    async def scenario() -> None:
        _, result = await started(build(create_workflow(id="wf"), lambda ctx: ctx.suspend({"q": 1})).commit(), [1])
        assert (result.status, result.suspended) == (asked, [])
        assert result.error is None or result.error["message"].startswith("Only a step can ask")
        _, result = await started(build(create_workflow(id="wf"), lambda ctx: ctx.bail(5)).commit(), [1])
        assert (result.status, result.result == 5) == (bailed, False)

    go(scenario())


def test_a_step_that_is_a_lambda_holds_up_nobody_and_runs_out_of_time() -> None:
    async def scenario() -> None:
        held = threading.Event()
        slow = create_step(id="slow", execute=lambda ctx: held.wait(20), timeout=0.05)
        try:
            _run, result = await started(chain(slow))
        finally:
            held.set()
        assert (result.status, result.error["name"]) == ("failed", "StepTimeout")

    go(scenario())

"""What odd authors once broke: each case stays mended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from tests.engine.short import chain, echo, go, started
from workflows_app.engine import (
    Engine,
    InvalidPayload,
    InvalidResumeData,
    RetryPolicy,
    create_step,
)
from workflows_app.engine.drift import place
from workflows_app.engine.schema import encode


class Odd:
    pass


@dataclass
class Box:
    x: object


class K(str, Enum):  # noqa: UP042 - whose text is not its value
    A = "a"


def test_stop_iteration_in_a_plain_function() -> None:
    async def scenario() -> None:
        def f(ctx: Any) -> Any:
            return next(iter([]))

        _run, result = await started(chain(create_step(id="a", execute=f)))
        assert result.status == "failed"

    go(scenario())


def test_a_message_that_a_database_cannot_hold_is_escaped() -> None:
    async def scenario() -> None:
        async def f(ctx: Any) -> Any:
            raise ValueError("bad name \udcff\0")

        _run, result = await started(chain(create_step(id="a", execute=f)))
        assert result.error["message"] == "bad name \\udcff\\x00"

    go(scenario(), 15)


def test_exception_whose_str_raises() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def scenario() -> None:
        async def f(ctx: Any) -> Any:
            raise Odd

        _run, result = await started(chain(create_step(id="a", execute=f)))
        assert result.status == "failed"

    go(scenario())


def test_a_backoff_that_overflows_is_capped() -> None:
    async def scenario() -> None:
        async def f(ctx: Any) -> Any:
            raise ValueError

        step = create_step(id="a", execute=f, retry=RetryPolicy(attempts=5, delay=0.001, backoff=1e200, max_delay=0.01))
        _run, result = await started(chain(step))
        assert result.status == "failed" and result.steps["a"].retry_count == 5

    go(scenario())


class Unjust(type):
    def __instancecheck__(cls, instance: object) -> bool:
        raise RuntimeError("no judgement")


class Judge(Exception, metaclass=Unjust):
    pass


def test_a_step_fails_whatever_its_failure_is_asked() -> None:
    async def scenario() -> None:
        policy = RetryPolicy(attempts=2, retry_on=Judge)
        _run, result = await started(chain(create_step(id="a", execute=lambda ctx: 1 / 0, retry=policy)))
        assert result.error == {"name": "ZeroDivisionError", "message": "division by zero"}

    go(scenario())


def test_a_delay_of_nothing_is_nothing_whatever_the_backoff() -> None:
    async def scenario() -> None:
        # Ten to this power is more than a float can be.
        policy = RetryPolicy(attempts=320, delay=0.0, backoff=10.0)
        _run, result = await started(chain(create_step(id="a", execute=lambda ctx: 1 / 0, retry=policy)))
        assert (result.status, result.steps["a"].retry_count) == ("failed", 320)

    go(scenario(), 120)


def test_timeout_of_a_function_that_returns_a_coroutine() -> None:
    async def slow(ctx: Any) -> Any:
        await asyncio.sleep(1)

    async def scenario() -> None:
        _run, result = await started(chain(create_step(id="a", execute=lambda ctx: slow(ctx), timeout=0.05)))
        assert result.status == "failed"

    go(scenario())


def test_own_timeout_error_is_no_step_timeout() -> None:
    async def scenario() -> None:
        async def f(ctx: Any) -> Any:
            raise TimeoutError("the database")

        _run, result = await started(chain(create_step(id="a", execute=f, timeout=5)))
        assert result.error["name"] == "TimeoutError"

    go(scenario())


def test_digit_ids() -> None:
    assert place("1") == "1"

    async def scenario() -> None:
        class Yes(BaseModel):
            yes: bool

        async def ask(ctx: Any) -> Any:
            return await ctx.suspend() if ctx.resume_data is None else "ok"

        run, _result = await started(chain(create_step(id="1", execute=ask, resume_schema=Yes)))
        with pytest.raises(InvalidResumeData):
            await run.resume(step="1", resume_data={"nope": 1})
        await run.resume(step="1", resume_data={"yes": True})
        await run.time_travel(step="1")

    go(scenario())


def test_dataclass_with_odd_field_is_invalid_payload() -> None:
    with pytest.raises(InvalidPayload):
        encode({"x": Box(Odd())})


def test_request_context_with_odd_dataclass() -> None:
    async def scenario() -> None:
        wf = chain(echo("a"))
        run = await wf.create_run()
        assert (await run.start(input_data=1, request_context={"x": Box(Odd())})).status == "success"

    go(scenario())


def test_str_enum_keys() -> None:
    assert encode({K.A: 1}) == '{"a":1}'


def test_a_step_that_is_cancelled_itself_ends_soon_and_records_one_cancel() -> None:
    async def scenario() -> None:
        began = asyncio.Event()

        async def f(ctx: Any) -> Any:
            began.set()
            await ctx.abort_signal.wait()
            raise asyncio.CancelledError

        wf = chain(create_step(id="a", execute=f))
        engine = Engine([wf])
        run = await wf.create_run()
        await run.start_async()
        await began.wait()
        await run.cancel()
        await run.observe_stream().result
        kinds = [e.kind for e in (await engine.read(run.id)).events]
        assert kinds.count("RunCancelled") == 1, kinds
        assert kinds[-1] == "RunFinished"

    go(scenario(), patience=8)  # before its grace is over


def test_an_integer_of_5000_digits_fails_its_step() -> None:
    async def scenario() -> None:
        _run, result = await started(chain(create_step(id="a", execute=lambda ctx: 10**5000)))
        assert result.status == "failed"

    go(scenario())

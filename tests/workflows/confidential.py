"""A workflow that is given secrets in every way there is, and gives them away in every way it can."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Annotated, Any

from pydantic import BaseModel, SecretStr

from workflows_app import Sensitive, create_step, create_workflow

CANARY = "canary-5f1c9e"
CRASHED = "STUDIO_TEST_CRASHED"
own_logger = logging.getLogger("tests.confidential")


class Account(BaseModel):
    user: str
    key: SecretStr


class Deploy(BaseModel):
    mode: str
    password: str = ""
    marked: Annotated[str, Sensitive] = ""
    account: Account | None = None
    extra: dict[str, Any] = {}


class State(BaseModel):
    held: Annotated[str, Sensitive] = ""
    noted: str = ""


class Answer(BaseModel):
    decision: str
    one_time: SecretStr = SecretStr("")


def known(ctx: Any) -> list[str]:
    """Read every secret that a step was given; each is the canary."""
    data, context = ctx.input_data, ctx.request_context
    return [
        data.password, data.marked, data.account.key.get_secret_value(), data.extra["list"][0]["api_key"],
        ctx.state.held, context["authorization"],
    ]  # fmt: skip


async def use(ctx: Any) -> Any:
    assert known(ctx) == [CANARY] * 6, known(ctx)
    secret = ctx.input_data.password
    ctx.logger.warning("the studio's logger: %s", secret)
    own_logger.warning("an author's logger: %s", secret)
    await ctx.writer.write({"wrote": secret, "token": secret, "text": f"a longer {secret} text"})
    await ctx.writer.custom({"type": "data-said", "data": {"it": secret}})
    await ctx.set_state({"noted": f"noted {secret}"})
    ctx.request_context.set("seen", [secret])
    return {"plain": secret, "url": f"https://u:{secret}@host/", "access_token": secret, "mode": ctx.input_data.mode}


async def ask(ctx: Any) -> Any:
    secret = ctx.input_data["access_token"]
    assert secret == CANARY
    if ctx.resume_data is None:
        return await ctx.suspend({"question": f"Is {secret} right?", "secret": secret}, title=f"Use {secret}?")
    assert ctx.resume_data.one_time.get_secret_value() == CANARY
    return {**ctx.input_data, "answer": ctx.resume_data.one_time}


async def end(ctx: Any) -> Any:
    data = ctx.input_data
    assert data["answer"] == data["plain"] == CANARY
    assert ctx.request_context["seen"] == [CANARY]
    assert ctx.state.noted == f"noted {CANARY}"
    if data["mode"] == "crash" and not os.environ.get(CRASHED):
        os._exit(9)
    if data["mode"] == "fail":
        error = RuntimeError(f"the service refused {CANARY}")
        error.sent = {"header": f"Bearer {CANARY}"}  # type: ignore[attr-defined]
        raise error from ValueError(CANARY)
    await asyncio.sleep(0)
    return data


confidential = (
    create_workflow(id="confidential", input_schema=Deploy, state_schema=State)
    .then(create_step(id="use", input_schema=Deploy, execute=use))
    .then(create_step(id="ask", execute=ask, resume_schema=Answer))
    .then(create_step(id="end", execute=end, retries=1))
    .commit()
)
workflows = [confidential]


def given(mode: str) -> dict[str, Any]:
    """Give what a run is started with: the canary in every position."""
    return {
        "input_data": {
            "mode": mode, "password": CANARY, "marked": CANARY, "account": {"user": "ada", "key": CANARY},
            "extra": {"list": [{"api_key": CANARY}], "credentials": {"user": "ada", "word": CANARY}},
        },
        "initial_state": {"held": CANARY},
        "request_context": {"authorization": CANARY},
    }  # fmt: skip

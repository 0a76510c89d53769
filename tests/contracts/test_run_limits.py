"""How much a run may record is counted alike on every journal, also by a process that only reads what is there."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.engine.short import chain, echo, sus
from workflows_app import Engine, create_step
from workflows_app.engine.history import History
from workflows_app.engine.ports import Journal
from workflows_app.engine.volume import KEPT_ONCE, Volume
from workflows_app.errors import RunFull

LARGE = "x" * (KEPT_ONCE + 1_000)


def wide(ctx: Any) -> str:
    return "y" * 898


async def test_a_run_is_refused_what_it_has_no_room_for_and_keeps_its_state(journal: Journal) -> None:
    steps = (echo("first"), create_step(id="s", execute=lambda ctx: ctx.set_state({"s": 1})), sus("ask"))
    workflow = chain(*steps, create_step(id="b", execute=wide))
    first = Engine([workflow], journal=journal)
    run = await first.get_workflow("wf").create_run()
    assert (await run.start(input_data=LARGE)).status == "suspended"
    recorded = Volume((await first.read(run.id)).events).size
    assert len(LARGE) < recorded < len(LARGE) + 100
    await first.close()

    second = Engine([workflow], journal=journal, max_run=recorded + 800)
    again = await second.get_run(run.id)
    before = await second.head(run.id)
    try:
        await again.resume(resume_data=wide(None))
    except RunFull as error:
        assert str(error).splitlines()[-1].startswith(f"- run: 900 bytes more than the {recorded} that the run has")
    else:
        raise AssertionError("the answer was taken")
    assert await second.head(run.id) == before

    result = await again.resume(resume_data=1, include_state=True)
    assert (result.status, result.state) == ("failed", {"s": 1})
    assert result.error["details"]["errors"][0]["path"] == "b"
    history = History((await second.read(run.id)).events)
    assert (history.status, history.state.data) == ("failed", {"s": 1})
    await second.close()


async def test_a_state_that_grows_too_large_is_not_recorded(journal: Journal) -> None:
    def grow(ctx: Any) -> Any:
        return ctx.update_state(lambda state: {"n": state.get("n", "") + "x" * 400})

    engine = Engine([chain(*(create_step(id=name, execute=grow) for name in "abc"))], journal=journal, max_state=1_000)
    run = await engine.get_workflow("wf").create_run()
    result = await asyncio.wait_for(run.start(include_state=True), 10)
    assert (result.status, result.state) == ("failed", {"n": "x" * 800})
    assert result.error["details"]["errors"][0]["message"].startswith("1208 bytes are more than the 1000 allowed")
    await engine.close()

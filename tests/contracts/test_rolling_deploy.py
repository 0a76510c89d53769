"""Old and new code side by side on one journal: neither performs what only the other knows."""

from __future__ import annotations

import asyncio
from typing import Any

from workflows_app import Engine, create_step, create_workflow
from workflows_app.engine import events as e
from workflows_app.engine.events import SECOND
from workflows_app.engine.history import History
from workflows_app.engine.memory import SystemClock
from workflows_app.engine.ports import Journal
from workflows_app.engine.review import review_run
from workflows_app.errors import DefinitionChanged

OLD = ("first", "ask", "last")
NEW = ("first", "ask", "extra", "last")


class Later(SystemClock):
    """The clock of a process that looks when every lease has run out."""

    def now(self) -> int:
        return super().now() + 3_600 * SECOND


class Code:
    """A version of the code: a workflow, and what its steps did."""

    def __init__(self, *ids: str, stuck: str = "") -> None:
        self.ids, self.stuck = ids, stuck
        self.performed: list[str] = []
        self.is_stuck = asyncio.Event()

    def engine(self, journal: Journal, **options: Any) -> Engine:
        workflow = create_workflow(id="w")
        for step_id in self.ids:
            workflow.then(create_step(id=step_id, execute=self.step(step_id)))
        return Engine([workflow.commit()], journal=journal, **options)

    def step(self, step_id: str) -> Any:
        async def execute(ctx: Any) -> Any:
            self.performed.append(step_id)
            if step_id == self.stuck:
                self.is_stuck.set()
                await ctx.abort_signal.wait()
            if step_id == "ask" and ctx.resume_data is None:
                return await ctx.suspend({})
            return step_id

        return execute


async def suspended(journal: Journal, code: Code) -> str:
    engine = code.engine(journal)
    run = await engine.get_workflow("w").create_run()
    assert (await run.start()).status == "suspended"
    await engine.close()
    return str(run.id)


async def test_the_old_code_leaves_alone_what_the_new_one_has_begun(journal: Journal) -> None:
    run_id = await suspended(journal, Code(*OLD))
    dying, old, new = Code(*NEW, stuck="extra"), Code(*OLD), Code(*NEW)
    first = dying.engine(journal)
    await (await first.get_run(run_id)).resume_async(resume_data="yes")
    await asyncio.wait_for(dying.is_stuck.wait(), 10)
    first.kill()

    before = old.engine(journal, clock=Later())
    assert await before.recover() == 0
    assert old.performed == []
    after = new.engine(journal, clock=Later())
    assert await after.recover() == 1
    result = await asyncio.wait_for((await after.get_run(run_id)).observe_stream().finish(), 10)

    assert (result.status, new.performed) == ("success", ["extra", "last"])
    for engine in (before, after):
        await engine.close()


async def test_what_only_the_old_code_knows_waits_for_it(journal: Journal) -> None:
    run_id = await suspended(journal, Code(*NEW))
    other = Code("ask", "last")
    engine = other.engine(journal)
    await engine.review()
    head = await engine.head(run_id)
    run = await engine.get_run(run_id)

    assert "has no first any more" in str(head.blocked_reason)
    try:
        await run.resume(resume_data="yes")
    except DefinitionChanged as error:
        assert error.details == {"gone": ["first"]}
    assert other.performed == []
    await engine.close()

    code = Code(*NEW)
    back = code.engine(journal)
    assert (await (await back.get_run(run_id)).resume(resume_data="yes")).status == "success"
    assert (await back.head(run_id)).blocked_reason is None
    await back.close()


async def test_going_on_with_another_graph_is_recorded_once(journal: Journal) -> None:
    run_id = await suspended(journal, Code(*OLD))
    engine = Code(*NEW).engine(journal)
    await (await engine.get_run(run_id)).resume(resume_data="yes")
    stored = await engine.read(run_id)

    assert [event.kind for event in stored.events].count("RunMigrated") == 1
    assert isinstance(stored.events[-1], e.RunFinished)
    assert stored.head.fingerprint == engine.get_workflow("w").fingerprint
    await engine.close()


async def test_a_run_that_has_ended_is_not_blocked_by_who_lags_behind(journal: Journal) -> None:
    engine = Code("first").engine(journal)
    run = await engine.get_workflow("w").create_run()
    assert (await run.start()).status == "success"
    await review_run(Code("other").engine(journal), run.id)
    await journal.block(run.id, "somebody read it before it ended")
    assert (await engine.head(run.id)).blocked_reason is None
    await engine.close()


class Side:
    """A version of the code in which a slow step stands beside a nested workflow that asks."""

    def __init__(self, *inside: str) -> None:
        self.inside = inside
        self.performed: list[str] = []
        self.gates = {name: asyncio.Event() for name in ("slow", *inside, "last")}
        self.begun = {name: asyncio.Event() for name in self.gates}

    def engine(self, journal: Journal, **options: Any) -> Engine:
        inner = create_workflow(id="inner")
        for step_id in self.inside:
            inner.then(self.step(step_id))
        workflow = create_workflow(id="w").parallel([self.step("slow"), inner.commit()]).then(self.step("last"))
        return Engine([workflow.commit()], journal=journal, **options)

    def step(self, step_id: str) -> Any:
        async def execute(ctx: Any) -> Any:
            if step_id == "ask" and ctx.resume_data is None:
                return await ctx.suspend({})
            self.performed.append(step_id)
            self.begun[step_id].set()
            await self.gates[step_id].wait()
            return ctx.input_data if step_id == "last" else step_id

        return create_step(id=step_id, execute=execute)

    def release(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()


async def test_the_old_code_leaves_its_own_step_to_the_new_one_that_went_further_beside_it(journal: Journal) -> None:
    old, new = Side("ask"), Side("ask", "extra")
    old.release("last")
    new.release("slow", "ask", "last")
    before, after = old.engine(journal), new.engine(journal)
    run = await before.get_workflow("w").create_run()
    await run.start_async(input_data=1)
    await asyncio.wait_for(old.begun["slow"].wait(), 10)
    async with asyncio.timeout(10):
        while (await before.read(run.id)).events[-1].kind != "StepSuspended":
            await asyncio.sleep(0.01)
    result = (await after.get_run(run.id)).observe_stream()
    await (await after.get_run(run.id)).resume_async(step="inner.ask", resume_data="yes")
    await asyncio.wait_for(new.begun["extra"].wait(), 10)

    old.release("slow")
    async with asyncio.timeout(10):
        while before.turns.active:
            await asyncio.sleep(0.01)
    assert await before.recover() == 0
    assert await after.recover() == 1
    new.release("extra")
    ended = await asyncio.wait_for(result.finish(), 10)

    assert (ended.status, ended.result) == ("success", {"slow": "slow", "inner": "extra"})
    assert old.performed == ["slow"]
    assert sorted(new.performed) == ["ask", "extra", "last", "slow"]
    record = History((await after.read(run.id)).events).records["slow"]
    assert (record.attempt, record.crashes) == (2, 0)
    for engine in (before, after):
        await engine.close()


class Arms:
    """A version of the code in which an arm with a slow step stands beside a question."""

    def __init__(self, *arm: str) -> None:
        self.arm = arm
        self.performed: list[str] = []
        self.begun, self.gate = asyncio.Event(), asyncio.Event()

    def engine(self, journal: Journal, **options: Any) -> Engine:
        arm = [self.step(step_id) for step_id in self.arm]
        workflow = create_workflow(id="w").parallel([arm, self.step("ask")], id="both").then(self.step("last"))
        return Engine([workflow.commit()], journal=journal, **options)

    def step(self, step_id: str) -> Any:
        async def execute(ctx: Any) -> Any:
            if step_id == "ask" and ctx.resume_data is None:
                return await ctx.suspend({})
            self.performed.append(step_id)
            if step_id == "slow":
                self.begun.set()
                await self.gate.wait()
            return ctx.input_data if step_id == "last" else step_id

        return create_step(id=step_id, execute=execute)

    async def start(self, engine: Engine) -> str:
        """Start a run, and wait until its slow step is under way and somebody is asked."""
        run = await engine.get_workflow("w").create_run()
        await run.start_async(input_data=1)
        async with asyncio.timeout(10):
            await self.begun.wait()
            while (await engine.read(run.id)).events[-1].kind != "StepSuspended":
                await asyncio.sleep(0.01)
        return str(run.id)


async def answered(engine: Engine, run_id: str) -> None:
    """Answer the question, and wait until its step has ended."""
    await (await engine.get_run(run_id)).resume_async(step="ask", resume_data="yes")
    async with asyncio.timeout(10):
        while History((await engine.read(run_id)).events).records["ask"].status != "success":
            await asyncio.sleep(0.01)


async def test_a_step_that_was_added_before_one_under_way_lets_it_end(journal: Journal) -> None:
    old, new = Arms("slow"), Arms("added", "slow")
    before, after = old.engine(journal), new.engine(journal)
    run_id = await old.start(before)
    new.gate.set()
    await answered(after, run_id)
    assert [call.path for call in await journal.claims(run_id)] == ["slow"]

    old.gate.set()
    ended = await asyncio.wait_for((await before.get_run(run_id)).observe_stream().finish(), 10)
    assert (ended.status, ended.result) == ("success", {"slow": "slow", "ask": "ask"})
    assert old.performed + new.performed == ["slow", "last", "ask"]
    for engine in (before, after):
        await engine.close()


async def test_a_step_that_was_added_before_one_whose_process_died_is_performed_before_it(journal: Journal) -> None:
    old, new = Arms("slow"), Arms("added", "slow")
    before, after = old.engine(journal), new.engine(journal, clock=Later())
    run_id = await old.start(before)
    new.gate.set()
    await answered(after, run_id)
    before.kill()
    assert await after.recover() == 1
    ended = await asyncio.wait_for((await after.get_run(run_id)).observe_stream().finish(), 10)
    assert (ended.status, ended.result) == ("success", {"slow": "slow", "ask": "ask"})
    assert new.performed == ["ask", "added", "slow", "last"]
    record = History((await after.read(run_id)).events).records["slow"]
    assert [one.status for one in record.tries] == ["lost", "success"]
    await after.close()

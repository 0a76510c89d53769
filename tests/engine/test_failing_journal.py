"""A journal that fails, or does not say whether it did: nothing is lost, and nothing is performed twice for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.engine.short import Gate, chain, echo, go
from workflows_app import Engine, MemoryJournal, create_step, create_workflow
from workflows_app.engine.ports import Turn
from workflows_app.errors import UnknownStep


class Failing(MemoryJournal):
    """A journal whose commits fail a few times."""

    def __init__(self, after: int, times: int) -> None:
        super().__init__()
        self.after, self.times = after, times

    async def commit(self, turn: Turn, worker: str) -> bool:
        if self.after > 0:
            self.after -= 1
        elif self.times > 0:
            self.times -= 1
            raise OSError("the disk is full")
        return await super().commit(turn, worker)


def test_a_verb_is_told_that_the_journal_failed() -> None:
    async def scenario() -> None:
        workflow = chain(echo("a"))
        Engine([workflow], journal=Failing(0, 1))
        handle = await workflow.create_run()
        with pytest.raises(OSError, match="full"):
            await handle.start(input_data=1)
        assert (await handle.start(input_data=1)).result == 1

    go(scenario(), 20)


def test_an_outcome_that_could_not_be_recorded_is_tried_again() -> None:
    async def scenario() -> None:
        calls = Gate()
        calls.open.set()
        workflow = chain(calls.step())
        Engine([workflow], journal=Failing(1, 1))
        result = await (await workflow.create_run()).start(input_data=1)
        assert (result.status, result.result, calls.calls) == ("success", 1, 1)

    go(scenario(), 20)


@pytest.mark.parametrize("times", [2, 3, 4])
def test_a_step_whose_outcome_waits_to_be_recorded_is_not_performed_again(times: int) -> None:
    async def scenario() -> None:
        calls = Gate()
        calls.open.set()
        workflow = chain(calls.step())
        Engine([workflow], journal=Failing(1, times))
        result = await (await workflow.create_run()).start(input_data=1)
        assert (result.status, calls.calls) == ("success", 1)

    go(scenario(), 20)


def test_what_waits_does_not_grow_while_the_journal_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("workflows_app.engine.turns.LONGEST_SECONDS", 0.001)
        journal, calls, waiting = Failing(1, 40), Gate(), set[int]()
        calls.open.set()
        workflow = chain(calls.step())
        engine = Engine([workflow], journal=journal)
        handle = await workflow.create_run()
        starting = asyncio.create_task(handle.start(input_data=1))
        while not starting.done():
            waiting.add(len(engine.turns.active[handle.id].mailbox) if engine.turns.active else 0)
            await asyncio.sleep(0)
        assert ((await starting).status, calls.calls, journal.times) == ("success", 1, 0)
        assert max(waiting) <= 2

    go(scenario(), 20)


def test_a_run_stays_one_while_its_outcome_waits_to_be_recorded() -> None:
    """What is asked of it meanwhile is asked of the same run, whose calls a cancel must reach."""

    async def scenario() -> None:
        journal, first, second = Failing(1, 2), Gate(), Gate()
        workflow = chain(first.step("a"), second.step("b"))
        engine = Engine([workflow], journal=journal)
        handle = await workflow.create_run()
        starting = asyncio.create_task(handle.start(input_data=1))
        await first.begun.wait()
        first.open.set()
        while journal.times:
            await asyncio.sleep(0.01)
        await second.begun.wait()
        assert list(engine.turns.active) == [handle.id]
        assert list(engine.turns.active[handle.id].calls) == ["b"]
        second.open.set()
        assert (await starting).status == "success"

    go(scenario(), 20)


def test_a_verb_that_was_refused_hears_nothing_of_a_journal_that_fails_after_it() -> None:
    async def scenario() -> None:
        workflow = chain(create_step(id="ask", execute=lambda ctx: ctx.suspend()))
        engine = Engine([workflow], journal=Failing(2, 1))
        handle = await workflow.create_run()
        assert (await handle.start()).status == "suspended"
        verbs: list[Any] = [handle.cancel(), handle.resume(step="nobody")]
        answers = await asyncio.gather(*verbs, return_exceptions=True)
        assert [type(answer) for answer in answers] == [OSError, UnknownStep]
        # It would look at the run again in a moment, which may be the one in which the loop ends.
        await engine.close()

    go(scenario(), 20)


def test_a_call_that_is_still_under_way_is_not_opened_again_after_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("workflows_app.engine.turns.DOUBT_SECONDS", 0.01)
        gate = Gate()
        workflow = create_workflow(id="wf").parallel([gate.step(), echo("quick")]).commit()
        engine = Engine([workflow], journal=Failing(1, 1))
        handle = await workflow.create_run()
        starting = asyncio.create_task(handle.start(input_data=1))
        while "StepSucceeded" not in [event.kind for event in (await engine.read(handle.id)).events]:
            await asyncio.sleep(0.01)
        gate.open.set()
        assert (await starting).result == {"held": 1, "quick": 1}
        assert gate.calls == 1

    go(scenario(), 20)


def test_a_commit_that_fails_after_it_was_written_loses_no_call() -> None:
    class Hiccup(MemoryJournal):
        failures = 0

        async def commit(self, turn: Turn, worker: str) -> bool:
            written = await super().commit(turn, worker)
            if turn.expected_seq == 2 and not self.failures:
                self.failures += 1
                raise OSError("the connection was cut")
            return written

    async def scenario() -> None:
        workflow = chain(echo("a"), echo("b"))
        Engine([workflow], journal=Hiccup())
        assert (await (await workflow.create_run()).start(input_data=1)).status == "success"

    go(scenario())


def test_a_commit_that_was_written_though_its_answer_was_lost_loses_no_call() -> None:
    """A journal that tries again what it does not know to be written hears that the run has moved on."""

    class Repeating(MemoryJournal):
        async def commit(self, turn: Turn, worker: str) -> bool:
            if turn.expected_seq == 2:
                await super().commit(turn, worker)
            return await super().commit(turn, worker)

    async def scenario() -> None:
        workflow = chain(echo("a"), echo("b"))
        Engine([workflow], journal=Repeating())
        async with asyncio.timeout(10):
            assert (await (await workflow.create_run()).start(input_data=1)).status == "success"

    go(scenario())


def test_a_journal_that_was_away_for_a_moment_is_asked_for_news_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(MemoryJournal):
        """Answers no questions for a while."""

        questions = 0

        async def heartbeat(self, worker: str, now: int) -> None:
            self._refuse()
            await super().heartbeat(worker, now)

        async def seqs(self, run_ids: Sequence[str]) -> Mapping[str, int]:
            self._refuse()
            return await super().seqs(run_ids)

        def _refuse(self) -> None:
            self.questions += 1
            if self.questions <= 4:
                raise OSError("the server is away")

    async def scenario() -> None:
        monkeypatch.setattr("workflows_app.engine.engine.NEWS_SECONDS", 0.001)
        journal, gate = Away(), Gate()
        first, second = (Engine([chain(gate.step())], journal=journal, cancel_grace=0) for _ in range(2))
        run = await first.get_workflow("wf").create_run()
        starting = asyncio.create_task(run.start())
        while journal.questions < 4:
            await asyncio.sleep(0.001)
        await (await second.get_run(run.id)).cancel()
        assert (await starting).status == "canceled"
        while first.turns.active:
            await asyncio.sleep(0.001)
        assert await first.live_calls(run.id) == []

    go(scenario())
    assert "the server is away; it is asked again" in caplog.text


def test_what_was_given_up_is_done_again_once_the_journal_works(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("workflows_app.engine.turns.RETRIES", 1)
        monkeypatch.setattr("workflows_app.engine.turns.DOUBT_SECONDS", 0.01)
        engine = Engine([chain(echo("a"))], journal=Failing(1, 8))
        handle = await engine.get_workflow("wf").create_run()
        result = await handle.start(input_data=1)
        assert (result.status, result.result) == ("success", 1)

    go(scenario(), 20)
